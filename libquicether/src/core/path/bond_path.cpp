#include "core/path/bond_path.hpp"

#include <algorithm>
#include <utility>

namespace quicether::path {

namespace {

/// IP, UDP and QUIC headers around a datagram: what the bottleneck counts.
constexpr std::size_t kOverhead = 28 + 32;

constexpr std::size_t kProbeBytes = 64;

// Tokens count from 1.
constexpr std::size_t kTokens = queue::kDatagramTokens - 1;

std::uint32_t token_after(std::uint32_t token, std::size_t count) noexcept {
  return static_cast<std::uint32_t>((token - 1 + count) % kTokens + 1);
}

/// What is not reported for so many round trips was dropped before it left.
constexpr int kReportRounds = 8;
constexpr Duration kReportMin = std::chrono::seconds{2};

}  // namespace

void BondPathQueue::bind(BoundDatagram bound) {
  bytes_bound_ += bound.datagram->bytes;
  auto& queue = bound.repeats > 0 ? repeats_ : bound.bulk ? bulk_ : express_;
  queue.push_back(std::move(bound));
}

const queue::WaitingDatagram* BondPathQueue::send(Instant now, std::uint32_t& token) {
  auto* from = &express_;
  if (express_.empty()) {
    from = repeats_.empty() ? &bulk_ : &repeats_;
    if (from->empty() || !rate_.may_send(now)) {
      return nullptr;
    }
  }
  auto bound = std::move(from->front());
  from->pop_front();
  const auto* const datagram = bound.datagram.get();
  bytes_bound_ -= datagram->bytes;
  token = note_sent(now, std::move(bound), datagram->bytes + kOverhead);
  return datagram;
}

std::uint32_t BondPathQueue::send_probe(Instant now) {
  ++probes_;
  probed_ = now;
  return note_sent(now, {}, kProbeBytes);
}

std::uint32_t BondPathQueue::note_sent(Instant now, BoundDatagram bound, std::size_t bytes) {
  if (unreported_++ == 0) {
    heard_ = std::max(heard_, now);
  }
  sent_.push_back({std::move(bound), rate_.on_sent(now, bytes), bytes, false});
  return token_after(first_token_, sent_.size() - 1);
}

void BondPathQueue::on_nothing_to_send() noexcept {
  if (bytes_bound_ == 0) {
    rate_.on_nothing_to_send();
  }
}

BoundDatagram BondPathQueue::on_fate(Instant now, std::uint32_t token, bool delivered) {
  const auto at = (std::size_t{token} + kTokens - first_token_) % kTokens;
  if (at >= sent_.size() || sent_[at].reported) {
    return {};
  }
  auto& sent = sent_[at];
  sent.reported = true;
  --unreported_;
  if (delivered) {
    rate_.on_delivered(now, sent.stamp, sent.bytes);
    heard_ = now;
    probes_ = 0;
    state_ = BondPathState::active;
  } else if (sent.bound.datagram) {
    rate_.on_lost(sent.bytes);
  } else {
    rate_.on_probe_lost(sent.bytes);
  }
  auto bound = std::move(sent.bound);
  drop_reported(now);
  return bound;
}

void BondPathQueue::drop_reported(Instant now) noexcept {
  const auto patience = std::max<Duration>(kReportRounds * rate_.smoothed_rtt(), kReportMin);
  while (!sent_.empty()) {
    auto& oldest = sent_.front();
    if (!oldest.reported) {
      if (now - oldest.stamp.sent <= patience) {
        return;
      }
      --unreported_;
      rate_.on_lost(oldest.bytes);
    }
    sent_.pop_front();
    first_token_ = token_after(first_token_, 1);
  }
}

Instant BondPathQueue::silence_deadline(const BondConfig& config) const noexcept {
  if (state_ == BondPathState::suspect) {
    return probed_ + config.probe_interval;
  }
  if (unreported_ == 0) {
    return Instant::never();
  }
  return heard_ + std::max(2 * rate_.smoothed_rtt(), config.silence_min);
}

bool BondPathQueue::wants_probe(Instant now, const BondConfig& config) const noexcept {
  return active() ? unreported_ == 0 && now - rate_.last_sent() > config.look_interval
                  : now >= silence_deadline(config);
}

Instant BondPathQueue::next_send() const noexcept {
  if (!express_.empty()) {
    return Instant{};
  }
  return bytes_bound_ == 0 ? Instant::never() : rate_.next_send();
}

bool BondPathQueue::suspect() noexcept {
  return std::exchange(state_, BondPathState::suspect) == BondPathState::active;
}

void BondPathQueue::take_back(std::deque<BoundDatagram>& into) {
  // When the path failed at this end, what was at the other then came, and its acknowledgement did
  // not. Nobody knows, and the other end waits for the first that is missing: both may be that.
  const auto heard_of = heard_ - rate_.min_rtt() * 5 / 8;
  auto first = sent_.begin();
  auto later =
      std::ranges::find_if(sent_, [&](const Sent& sent) { return sent.stamp.sent > heard_of; });
  const auto end_of_first = later;
  const auto take = [&](auto& sent, auto end) {
    if (sent != end && sent->bound.datagram) {
      into.push_back(std::move(sent->bound));
    }
    sent += sent == end ? 0 : 1;
  };
  while (first != end_of_first || later != sent_.end()) {
    take(later, sent_.end());
    take(first, end_of_first);
  }
  for (auto* const queue : {&repeats_, &express_, &bulk_}) {
    for (auto& bound : *queue) {
      into.push_back(std::move(bound));
    }
    queue->clear();
  }
  bytes_bound_ = 0;
  first_token_ = token_after(first_token_, sent_.size());
  sent_.clear();
  unreported_ = 0;
  rate_.restart();
}

}  // namespace quicether::path
