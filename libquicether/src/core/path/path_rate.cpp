#include <quicether/core/path/path_rate.hpp>

#include <algorithm>
#include <utility>

namespace quicether::path {

namespace {

using Seconds = std::chrono::duration<double>;

// draft-ietf-ccwg-bbr section 2.4: the smallest gain with which Startup doubles in each round, its
// inverse, and a round trip more for acknowledgements that come late and together.
constexpr double kStartupGain = 2.77;
constexpr double kDrainGain = 1 / kStartupGain;
constexpr double kWindowGain = 2;

// Rates are maxima of samples, so a little more than what the path carries.
constexpr double kPacingMargin = 0.99;

// ProbeBW: a quarter more, the queue of that gone again, and some round trips in between.
constexpr std::array<double, 8> kCruiseGains{1.25, 0.75, 1, 1, 1, 1, 1, 1};

constexpr std::uint64_t kPeakRounds = 10;
constexpr Duration kMinRttAge = std::chrono::seconds{10};

/// A path that was not full for so long is not known any more.
constexpr Duration kRateAge = std::chrono::seconds{10};

/// While nothing is known. RFC 9002 section 7.2 has ten, sent at once; these leave over a round
/// trip, and what is to be sent then was under way on another path before.
constexpr std::size_t kWindowPackets = 32;
constexpr double kFirstWindow = kWindowPackets * PathRate::kPacketBytes;

/// A probe that finds so much more than the one before it begins Startup again.
constexpr double kRegrowth = 1.2;

/// Rates are not sampled over less: on one machine a round trip may take no time.
constexpr Duration kShortest = std::chrono::microseconds{50};
constexpr double kLossStep = 1.0 / 256;

/// Packets over which random loss is averaged. The beginning is cautious.
constexpr double kLossMemory = 1024;

/// Less than that is repaired without a delay that lasts.
constexpr double kLossUsual = 0.02;

/// How long a loss says something of a path that is not used.
constexpr Duration kLossAge = std::chrono::seconds{2};

/// Of the packets of a round: above it the queue of the path is full.
constexpr double kHeavyLoss = 0.1;
constexpr std::uint64_t kStartupLossBytes = 8 * PathRate::kPacketBytes;

}  // namespace

PathRate::PathRate(Duration rtt) noexcept
    : gain_{kStartupGain},
      smoothed_rtt_{std::max<Duration>(rtt, std::chrono::milliseconds{1})},
      rtt_deviation_{smoothed_rtt_ / 2},
      min_rtt_{smoothed_rtt_} {}

double PathRate::rate() const noexcept {
  if (peaks_[0].rate > 0) {
    return peaks_[0].rate;
  }
  return kWindowPackets * kPacketBytes / Seconds{std::max(smoothed_rtt_, kShortest)}.count();
}

double PathRate::pacing_rate() const noexcept {
  return gain_ * kPacingMargin * rate();
}

double PathRate::path_bytes() const noexcept {
  return rate() * Seconds{min_rtt_}.count();
}

std::size_t PathRate::window_bytes() const noexcept {
  // Acknowledgements of small windows come late: RFC 9000 section 13.2.1 allows 25 ms.
  const auto burst = rate() * Seconds{kBurst}.count();
  const auto bytes = kWindowGain * path_bytes() + burst + 3 * kPacketBytes;
  return std::max(static_cast<std::size_t>(bytes), kWindowPackets * kPacketBytes);
}

double PathRate::bytes_queued() const noexcept {
  return std::max(0.0, static_cast<double>(bytes_in_flight_) - path_bytes());
}

double PathRate::random_loss(Instant now) const noexcept {
  const auto age = Seconds{now - sent_at_} / Seconds{kLossAge};
  return std::max(0.0, random_loss_ - kLossUsual) * std::max(0.0, 1 - age);
}

RateStamp PathRate::on_sent(Instant now, std::size_t bytes) noexcept {
  if (bytes_in_flight_ == 0) {
    first_sent_ = now;
    delivered_at_ = now;
  }
  bytes_in_flight_ += bytes;
  sent_at_ = now;
  if (mode_ == Mode::cruise && now - measured_at_ > kRateAge) {
    start_again();
  }
  // Startup is not paced: the flow inside doubles its rate by itself, and takes packets that are
  // stretched over a round trip for those of a path that is full (HyStart, RFC 9406).
  if (mode_ != Mode::startup) {
    const auto length = Seconds{static_cast<double>(bytes) / pacing_rate()};
    next_send_ = std::max(next_send_, now) + std::chrono::duration_cast<Duration>(length);
  }
  const bool had_nothing = std::exchange(had_nothing_, false);
  return {now, delivered_, delivered_at_, first_sent_, had_nothing || limited_until_ != 0};
}

void PathRate::on_delivered(Instant now, const RateStamp& stamp, std::size_t bytes) noexcept {
  bytes_in_flight_ -= std::min(bytes, bytes_in_flight_);
  delivered_ += bytes;
  round_delivered_ += bytes;
  delivered_at_ = now;
  loss_ -= loss_ * kLossStep;
  note_random_loss(0);
  take_rtt(now, now - stamp.sent);
  if (limited_until_ != 0 && delivered_ > limited_until_) {
    limited_until_ = 0;
  }
  if (stamp.delivered >= round_end_) {
    round_end_ = delivered_;
    ++round_;
    on_round();
  }
  // The slower of sending and acknowledging: what was acknowledged in a bunch came in no faster.
  const auto interval =
      std::max({now - stamp.delivered_at, stamp.sent - stamp.first_sent, min_rtt_, kShortest});
  first_sent_ = stamp.sent;
  const auto sample = static_cast<double>(delivered_ - stamp.delivered) / Seconds{interval}.count();
  round_limited_ = round_limited_ && stamp.limited;
  const bool measures = !stamp.limited || sample >= rate();
  if (measures) {
    take_rate(sample);
  }
  if (measures || mode_ == Mode::startup) {
    measured_at_ = now;
  }
  advance(now);
}

void PathRate::on_lost(std::size_t bytes) noexcept {
  bytes_in_flight_ -= std::min(bytes, bytes_in_flight_);
  round_lost_ += bytes;
  loss_ += (1 - loss_) * kLossStep;
  if (smoothed_rtt_ < min_rtt_ + min_rtt_ / 4) {
    note_random_loss(1);
  }
  const auto total = static_cast<double>(round_delivered_ + round_lost_);
  if (mode_ == Mode::startup && round_lost_ > kStartupLossBytes &&
      static_cast<double>(round_lost_) > kHeavyLoss * total) {
    mode_ = Mode::drain;
    gain_ = kDrainGain;
  }
}

void PathRate::on_probe_lost(std::size_t bytes) noexcept {
  bytes_in_flight_ -= std::min(bytes, bytes_in_flight_);
}

void PathRate::note_random_loss(double lost) noexcept {
  reported_ = std::min(reported_ + 1, kLossMemory);
  random_loss_ += (lost - random_loss_) / reported_;
}

void PathRate::on_nothing_to_send() noexcept {
  if (bytes_in_flight_ < window_bytes()) {
    had_nothing_ = true;
    limited_until_ = std::max<std::uint64_t>(delivered_ + bytes_in_flight_, 1);
  }
}

void PathRate::restart() noexcept {
  bytes_in_flight_ = 0;
  next_send_ = Instant{};
  limited_until_ = std::max<std::uint64_t>(delivered_, 1);
}

void PathRate::take_rtt(Instant now, Duration rtt) noexcept {
  if (!rtt_known_) {
    rtt_known_ = true;
    smoothed_rtt_ = rtt;
    rtt_deviation_ = rtt / 2;
    min_rtt_ = rtt;
    min_rtt_at_ = now;
    return;
  }
  const auto off = rtt > smoothed_rtt_ ? rtt - smoothed_rtt_ : smoothed_rtt_ - rtt;
  rtt_deviation_ += (off - rtt_deviation_) / 4;
  smoothed_rtt_ += (rtt - smoothed_rtt_) / 8;
  if (rtt <= min_rtt_ || now - min_rtt_at_ > kMinRttAge) {
    min_rtt_ = rtt;
    min_rtt_at_ = now;
  }
}

// A running maximum in three entries, each the best since the one before it (Kathleen Nichols'
// windowed filter).
void PathRate::take_rate(double rate) noexcept {
  const Peak peak{round_, rate};
  if (rate >= peaks_[0].rate || round_ - peaks_[2].round > kPeakRounds) {
    peaks_ = {peak, peak, peak};
    return;
  }
  if (rate >= peaks_[1].rate) {
    peaks_[2] = peaks_[1] = peak;
  } else if (rate >= peaks_[2].rate) {
    peaks_[2] = peak;
  }
  if (round_ - peaks_[0].round > kPeakRounds) {
    peaks_ = {peaks_[1], peaks_[2], peak};
  } else if (peaks_[1].round == peaks_[0].round && round_ - peaks_[0].round > kPeakRounds / 4) {
    peaks_[2] = peaks_[1] = peak;
  } else if (peaks_[2].round == peaks_[1].round && round_ - peaks_[1].round > kPeakRounds / 2) {
    peaks_[2] = peak;
  }
}

void PathRate::on_round() noexcept {
  const auto total = static_cast<double>(round_delivered_ + round_lost_);
  backs_off_ = static_cast<double>(round_lost_) > kHeavyLoss * total;
  round_delivered_ = 0;
  round_lost_ = 0;
  const bool limited = std::exchange(round_limited_, true);
  if (mode_ == Mode::cruise && !limited && peaks_[0].rate > kRegrowth * cycle_rate_) {
    start_again();  // the path carries much more than it was known to
  }
  if (mode_ != Mode::startup) {
    return;
  }
  if (peaks_[0].rate >= 1.25 * full_rate_) {
    full_rate_ = peaks_[0].rate;
    rounds_without_growth_ = 0;
  } else if (!limited ||
             static_cast<double>(bytes_in_flight_) > std::max(kFirstWindow, 1.5 * path_bytes())) {
    ++rounds_without_growth_;
  }
  if (rounds_without_growth_ >= 3) {
    mode_ = Mode::drain;
    gain_ = kDrainGain;
  }
}

void PathRate::start_again() noexcept {
  mode_ = Mode::startup;
  gain_ = kStartupGain;
  full_rate_ = 0;
  rounds_without_growth_ = 0;
}

void PathRate::advance(Instant now) noexcept {
  if (mode_ == Mode::drain && static_cast<double>(bytes_in_flight_) <= path_bytes()) {
    mode_ = Mode::cruise;
    phase_ = 2;
    phase_since_ = now;
    cycle_rate_ = peaks_[0].rate;
    gain_ = kCruiseGains[phase_];
  }
  if (mode_ != Mode::cruise) {
    return;
  }
  const bool over = now - phase_since_ > min_rtt_;
  const bool empty = static_cast<double>(bytes_in_flight_) <= path_bytes();
  if (phase_ == 1 ? over || empty : over) {
    phase_ = (phase_ + 1) % kCruiseGains.size();
    phase_since_ = now;
    cycle_rate_ = phase_ == 0 ? peaks_[0].rate : cycle_rate_;
    gain_ = phase_ == 0 && backs_off_ ? 1 : kCruiseGains[phase_];
  }
}

}  // namespace quicether::path
