#ifndef QUICETHER_SRC_CORE_QUIC_BLACK_HOLE_HPP
#define QUICETHER_SRC_CORE_QUIC_BLACK_HOLE_HPP

#include <quicether/base/time.hpp>

#include <algorithm>

namespace quicether::quic {

/// Notices that a path no longer carries packets that it once did, and bounds packets for a while.
///
/// ngtcp2 raises the packet size of a path and never lowers it again. Here, several reports in a
/// row that large packets were lost while none arrived mean a black hole (RFC 8899 section 4.3).
/// Congestion does not look like that: it loses some packets and delivers others of the same size.
class BlackHole {
 public:
  /// A packet above the minimum size was acknowledged, or declared lost.
  void on_delivered() noexcept { delivered_ = true; }

  void on_lost() noexcept { lost_ = true; }

  /// Ends one report: all that a received packet told.
  void on_report(Instant now) noexcept {
    if (delivered_) {
      reports_ = 0;
      patience_ = kPatienceMin;
    } else if (lost_ && ++reports_ == kReports) {
      reports_ = 0;
      bounded_until_ = now + patience_;
      patience_ = std::min(2 * patience_, kPatienceMax);
    }
    delivered_ = false;
    lost_ = false;
  }

  /// True while packets must not exceed the minimum size. Afterwards larger ones are tried again.
  [[nodiscard]] bool bounds(Instant now) const noexcept { return now < bounded_until_; }

 private:
  static constexpr int kReports = 3;
  static constexpr Duration kPatienceMin = std::chrono::seconds{10};
  static constexpr Duration kPatienceMax = std::chrono::minutes{10};  ///< RFC 8899 section 5.1.1

  bool delivered_ = false;
  bool lost_ = false;
  int reports_ = 0;
  Instant bounded_until_{};
  Duration patience_ = kPatienceMin;
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_BLACK_HOLE_HPP
