#ifndef QUICETHER_SRC_CORE_QUIC_CIRCUIT_BREAKER_HPP
#define QUICETHER_SRC_CORE_QUIC_CIRCUIT_BREAKER_HPP

#include <quicether/base/time.hpp>

#include <cstdint>

namespace quicether::quic {

/// Says when datagrams may leave outside congestion control.
///
/// The flows inside a tunnel slow down by themselves when the path loses packets. If most are lost
/// for long nevertheless, or nothing is heard at all, something in there does not: the datagrams
/// are then controlled for a while (RFC 8085 section 3.1.10, RFC 8084).
class CircuitBreaker {
 public:
  void on_sent(Instant now) noexcept {
    if (outstanding_++ == 0) {
      quiet_since_ = now;
    }
  }

  void on_delivered(Instant now) noexcept {
    ++delivered_;
    --outstanding_;
    quiet_since_ = now;
  }

  void on_lost() noexcept {
    ++lost_;
    --outstanding_;
  }

  /// True when datagrams must be controlled. To be asked before each burst.
  [[nodiscard]] bool tripped(Instant now) noexcept {
    if (now >= period_end_) {
      end_period(now);
    }
    return now < tripped_until_ || outstanding_ > kOutstandingMax;
  }

  /// True once per `pto` while datagrams leave and none is reported delivered. Their sending keeps
  /// putting off the probe timeout of RFC 9002 section 6.2, so the probe must be asked for.
  [[nodiscard]] bool wants_probe(Instant now, Duration pto) noexcept {
    if (outstanding_ == 0 || now - quiet_since_ <= pto) {
      return false;
    }
    quiet_since_ = now;
    return true;
  }

 private:
  static constexpr Duration kPeriod = std::chrono::seconds{1};
  static constexpr int kBadPeriods = 3;
  static constexpr std::uint64_t kLossPercent = 30;
  static constexpr std::uint64_t kSample = 20;  ///< datagrams; fewer tell nothing
  static constexpr Duration kRest = std::chrono::seconds{10};

  /// Datagrams without a report: at 1400 bytes 7 Gbit/s over 100 ms. It bounds what ngtcp2
  /// remembers of a peer that acknowledges nothing.
  static constexpr std::int64_t kOutstandingMax = 65536;

  void end_period(Instant now) noexcept {
    const auto known = delivered_ + lost_;
    const bool bad = known >= kSample && lost_ * 100 > known * kLossPercent;
    bad_periods_ = bad ? bad_periods_ + 1 : 0;
    if (bad_periods_ >= kBadPeriods) {
      tripped_until_ = now + kRest;
    }
    delivered_ = 0;
    lost_ = 0;
    period_end_ = now + kPeriod;
  }

  std::int64_t outstanding_ = 0;
  std::uint64_t delivered_ = 0;  ///< in this period
  std::uint64_t lost_ = 0;
  int bad_periods_ = 0;
  Instant quiet_since_{};
  Instant period_end_{};
  Instant tripped_until_{};
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_CIRCUIT_BREAKER_HPP
