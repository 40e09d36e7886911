#ifndef QUICETHER_SRC_CORE_DHT_RATE_BUCKET_HPP
#define QUICETHER_SRC_CORE_DHT_RATE_BUCKET_HPP

#include <quicether/base/time.hpp>
#include <quicether/core/dht/limits.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace quicether::dht {

/// A token bucket whose rate is the caller's: thousands of them share one. Starts full. Copyable.
class RateBucket {
 public:
  /// Takes `cost`; false, and nothing taken, when there is less. `now` never goes back.
  [[nodiscard]] bool take(Instant now, const Rate& rate, std::uint32_t cost = 1) noexcept {
    if (rate.per_second == 0) {
      return false;
    }
    const Duration unit = Duration{std::chrono::seconds{1}} / rate.per_second;
    // Kept as the time at which the bucket was, or would have been, empty.
    const auto level = std::min(now - empty_at_, unit * rate.burst);
    if (level < unit * cost) {
      return false;
    }
    empty_at_ = now - level + unit * cost;
    return true;
  }

 private:
  Instant empty_at_{Duration::min() / 2};
};

}  // namespace quicether::dht

#endif  // QUICETHER_SRC_CORE_DHT_RATE_BUCKET_HPP
