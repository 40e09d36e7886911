#include "tcp_flow.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace quicether::bench {
namespace {

using std::chrono::milliseconds;

// RFC 9438, sections 4.1, 4.3 and 4.6.
constexpr double kCubic = 0.4;
constexpr double kBeta = 0.7;
constexpr double kFriendly = 3 * (1 - kBeta) / (1 + kBeta);
// What Linux takes, net/ipv4/tcp.h: TCP_RTO_MIN.
constexpr Duration kTimeOutMin = milliseconds{200};
// RFC 9406, section 4.3.
constexpr Duration kHystartLeast = milliseconds{4};
constexpr Duration kHystartMost = milliseconds{16};
constexpr double kReorderingStepsMax = 255;
constexpr std::size_t kPerAcknowledgement = 16;

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

TcpSender::TcpSender(Carry carry, std::size_t segment_bytes)
    : carry_{std::move(carry)}, segment_bytes_{segment_bytes} {}

void TcpSender::limit_segments(std::size_t bytes) noexcept {
  segment_bytes_ = std::clamp(bytes, kHeader, segment_bytes_);
}

void TcpSender::tick(Instant now) {
  if (!in_flight_.empty() && now - last_progress_ > time_out_after()) {
    time_out();
    last_progress_ = now;
  }
  find_lost(now);
  while (static_cast<double>(in_flight_.size()) < window_) {
    if (lost_.empty()) {
      send(next_++, now, false);
      continue;
    }
    const auto number = *lost_.begin();
    lost_.erase(lost_.begin());
    send(number, now, true);
  }
}

void TcpSender::send(std::uint64_t number, Instant now, bool again) {
  if (in_flight_.empty()) {
    last_progress_ = now;
  }
  in_flight_[number] = {now, again};
  by_time_.emplace(now, number);
  undo_repeats_ += again ? 1U : 0U;
  ByteVector segment(segment_bytes_);
  store_be(Bytes{segment}.first(8), number);
  carry_(segment);
}

void TcpSender::take(ConstBytes acknowledgement, Instant now) {
  for (; acknowledgement.size() >= kHeader; acknowledgement = acknowledgement.subspan(kHeader)) {
    if (acknowledgement[8] != 0) {
      needless_repeat();
    }
    acknowledged(load_be<std::uint64_t>(acknowledgement.first(8)), now);
  }
  find_lost(now);
}

void TcpSender::acknowledged(std::uint64_t number, Instant now) {
  if (lost_.erase(number) != 0) {  // it was late, not lost
    reordering_steps_ = std::min(reordering_steps_ + 1, kReorderingStepsMax);
    take_back_if_needless();
  }
  const auto found = in_flight_.find(number);
  if (found == in_flight_.end()) {
    return;
  }
  const auto sent = found->second;
  by_time_.erase({sent.at, number});
  in_flight_.erase(found);
  last_progress_ = now;
  // Karn: who repeats does not know which of the two was acknowledged.
  if (!sent.again) {
    measure(now - sent.at);
  }
  if ((!sent.again || now - sent.at >= least_) && sent.at >= latest_sent_) {
    latest_sent_ = sent.at;
    latest_ = now - sent.at;
  }
  if (sent.at > recovery_since_) {
    grow(now);
  }
}

void TcpSender::measure(Duration sample) {
  least_ = std::min(least_, sample);
  if (smoothed_ == Duration{0}) {
    smoothed_ = sample;
    variation_ = sample / 2;
  } else {  // RFC 6298, section 2.3
    variation_ = (variation_ * 3 + std::chrono::abs(smoothed_ - sample)) / 4;
    smoothed_ = (smoothed_ * 7 + sample) / 8;
  }
  round_least_ = std::min(round_least_, sample);
  if (in_flight_.empty() || in_flight_.begin()->first < round_end_) {
    return;
  }
  const auto rise = std::clamp(least_ / 8, kHystartLeast, kHystartMost);
  if (window_ < threshold_ && round_least_ >= least_ + rise) {
    threshold_ = window_;
    before_loss_ = window_;
    in_epoch_ = false;
  }
  round_least_ = Duration::max();
  round_end_ = next_;
}

void TcpSender::grow(Instant now) {
  if (window_ < threshold_) {
    window_ += 1;
    return;
  }
  if (!in_epoch_) {
    in_epoch_ = true;
    epoch_ = now;
    before_loss_ = std::max(before_loss_, window_);
    until_plateau_ = std::cbrt((before_loss_ - window_) / kCubic);
    friendly_ = window_;
  }
  const auto elapsed = seconds(now - epoch_ + smoothed_);
  const auto wanted = kCubic * std::pow(elapsed - until_plateau_, 3) + before_loss_;
  friendly_ += kFriendly / window_;
  window_ += std::clamp((wanted - window_) / window_, 0.01 / window_, 0.5);
  window_ = std::max(window_, friendly_);
}

Duration TcpSender::reordering_window() const noexcept {
  if (least_ == Duration::max()) {
    return Duration::max() / 4;
  }
  const auto wanted = std::chrono::duration_cast<Duration>(least_ / 4.0 * reordering_steps_);
  return std::min(wanted, smoothed_);
}

Duration TcpSender::time_out_after() const noexcept {
  if (smoothed_ == Duration{0}) {
    return std::chrono::seconds{1};  // RFC 6298, section 2.1
  }
  return smoothed_ + std::max(kTimeOutMin, variation_ * 4);
}

void TcpSender::find_lost(Instant now) {
  while (!by_time_.empty()) {
    const auto [at, number] = *by_time_.begin();
    if (at >= latest_sent_ || now - at < latest_ + reordering_window()) {
      return;
    }
    by_time_.erase(by_time_.begin());
    in_flight_.erase(number);
    lost_.insert(number);
    if (at > recovery_since_) {
      reduce(now);
    }
  }
}

void TcpSender::reduce(Instant now) {
  undo_window_ = window_;
  undo_threshold_ = threshold_;
  undo_repeats_ = 0;
  // Fast convergence: RFC 9438, section 4.7.
  before_loss_ = window_ < before_loss_ ? window_ * (1 + kBeta) / 2 : window_;
  window_ = std::max(2.0, window_ * kBeta);
  threshold_ = window_;
  in_epoch_ = false;
  recovery_since_ = now;
}

void TcpSender::needless_repeat() {
  reordering_steps_ = std::min(reordering_steps_ + 1, kReorderingStepsMax);
  if (undo_repeats_ > 0) {
    --undo_repeats_;
    take_back_if_needless();
  }
}

void TcpSender::take_back_if_needless() {
  if (undo_repeats_ > 0 || !lost_.empty() || undo_window_ == 0) {
    return;
  }
  window_ = std::max(window_, undo_window_);
  threshold_ = std::max(threshold_, undo_threshold_);
  undo_window_ = 0;
  in_epoch_ = false;
}

void TcpSender::time_out() {
  for (const auto& [number, sent] : in_flight_) {
    lost_.insert(number);
  }
  in_flight_.clear();
  by_time_.clear();
  threshold_ = std::max(2.0, window_ * kBeta);
  before_loss_ = window_;
  window_ = 1;
  in_epoch_ = false;
  undo_window_ = 0;
}

void TcpReceiver::take(ConstBytes segment) {
  if (segment.size() < TcpSender::kHeader) {
    return;
  }
  const auto number = load_be<std::uint64_t>(segment.first(8));
  const bool before = number < next_ || early_.contains(number);
  to_acknowledge_.push_back({number, before});
  if (before) {
    return;
  }
  early_.emplace(number, segment.size());
  while (!early_.empty() && early_.begin()->first == next_) {
    delivered_ += early_.begin()->second;
    early_.erase(early_.begin());
    ++next_;
  }
}

void TcpReceiver::tick() {
  for (std::size_t i = 0; i < to_acknowledge_.size(); i += kPerAcknowledgement) {
    const auto count = std::min(kPerAcknowledgement, to_acknowledge_.size() - i);
    ByteVector acknowledgement(count * TcpSender::kHeader);
    for (std::size_t k = 0; k < count; ++k) {
      const auto& came = to_acknowledge_[i + k];
      const auto place = Bytes{acknowledgement}.subspan(k * TcpSender::kHeader, TcpSender::kHeader);
      store_be(place.first(8), came.number);
      place[8] = came.before ? 1 : 0;
    }
    carry_(acknowledgement);
  }
  to_acknowledge_.clear();
}

}  // namespace quicether::bench
