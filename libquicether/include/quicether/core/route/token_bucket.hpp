#ifndef QUICETHER_CORE_ROUTE_TOKEN_BUCKET_HPP
#define QUICETHER_CORE_ROUTE_TOKEN_BUCKET_HPP

#include <quicether/base/assert.hpp>
#include <quicether/base/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace quicether::route {

/// Lets `per_second` things through on average and `burst` at once. Copyable.
class TokenBucket {
 public:
  /// Starts full. Both are at least 1.
  TokenBucket(std::uint32_t per_second, std::uint32_t burst) noexcept
      : interval_{Duration{std::chrono::seconds{1}} / per_second}, capacity_{interval_ * burst} {
    QE_ASSERT(per_second >= 1 && burst >= 1);
  }

  /// Takes one token; false when there is none. `now` never goes back.
  [[nodiscard]] bool take(Instant now) noexcept {
    // The bucket is kept as the time at which it was, or would have been, empty.
    const auto level = std::min(now - empty_at_, capacity_);
    if (level < interval_) {
      return false;
    }
    empty_at_ = now - level + interval_;
    return true;
  }

 private:
  Duration interval_;
  Duration capacity_;
  Instant empty_at_{Duration::min() / 2};
};

}  // namespace quicether::route

#endif  // QUICETHER_CORE_ROUTE_TOKEN_BUCKET_HPP
