#ifndef QUICETHER_BASE_TIME_HPP
#define QUICETHER_BASE_TIME_HPP

#include <chrono>
#include <compare>
#include <cstdint>

namespace quicether {

using Duration = std::chrono::nanoseconds;

/// A point on the monotonic clock of one Environment, in nanoseconds since an arbitrary start.
///
/// It has no `now()`: protocol logic is told the time, so that it runs in virtual time too.
class Instant {
 public:
  constexpr Instant() noexcept = default;

  constexpr explicit Instant(Duration since_start) noexcept : since_start_{since_start} {}

  /// Later than every real instant: "never".
  [[nodiscard]] static constexpr Instant never() noexcept { return Instant{Duration::max()}; }

  [[nodiscard]] constexpr Duration since_start() const noexcept { return since_start_; }

  [[nodiscard]] constexpr bool is_never() const noexcept { return *this == never(); }

  friend constexpr auto operator<=>(Instant, Instant) noexcept = default;

  friend constexpr Instant operator+(Instant instant, Duration duration) noexcept {
    return Instant{instant.since_start_ + duration};
  }

  friend constexpr Instant operator-(Instant instant, Duration duration) noexcept {
    return Instant{instant.since_start_ - duration};
  }

  friend constexpr Duration operator-(Instant left, Instant right) noexcept {
    return left.since_start_ - right.since_start_;
  }

 private:
  Duration since_start_{0};
};

/// Seconds since 1970-01-01T00:00:00Z. Only certificates and logs ask for it.
using UnixSeconds = std::int64_t;

}  // namespace quicether

#endif  // QUICETHER_BASE_TIME_HPP
