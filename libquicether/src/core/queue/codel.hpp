#ifndef QUICETHER_SRC_CORE_QUEUE_CODEL_HPP
#define QUICETHER_SRC_CORE_QUEUE_CODEL_HPP

#include <quicether/base/time.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace quicether::queue {

/// RFC 8289 section 4.
struct CodelConfig {
  /// A standing queue that is shorter is good. RFC 8289 section 4.3.
  Duration target = std::chrono::milliseconds{5};

  /// How long a queue may be longer: a worst-case round trip. RFC 8289 section 4.2.
  Duration interval = std::chrono::milliseconds{100};
};

/// Decides which packets of a queue to drop so that none of them waits long for long. Source:
/// RFC 8289 section 5.
///
/// Asked once for each packet at the head: when it is dropped, again for the next one.
class Codel {
 public:
  /// A queue that holds no more than a packet is none. RFC 8289 section 5.4 (MAXPACKET).
  static constexpr std::size_t kPacketBytes = 1500;

  /// True: drop the packet at the head, which waited for `sojourn`. `bytes_behind`: in the queue
  /// after it.
  [[nodiscard]] bool drops(const CodelConfig& config,
                           Instant now,
                           Duration sojourn,
                           std::size_t bytes_behind) noexcept {
    const bool bad = is_bad(config, now, sojourn, bytes_behind);
    if (!dropping_) {
      return bad && enter(config, now);
    }
    if (!bad) {
      dropping_ = false;
      return false;
    }
    if (now < next_drop_) {
      return false;
    }
    ++count_;
    next_drop_ = next_after(config, next_drop_);
    return true;
  }

 private:
  /// After so many intervals without drops, what was learnt about the flow is outdated.
  static constexpr int kMemory = 16;

  // Whether the queue has been too long for an interval.
  bool is_bad(const CodelConfig& config,
              Instant now,
              Duration sojourn,
              std::size_t bytes_behind) noexcept {
    if (sojourn < config.target || bytes_behind <= kPacketBytes) {
      bad_from_ = Instant::never();
      return false;
    }
    if (bad_from_.is_never()) {
      bad_from_ = now + config.interval;
    }
    return now >= bad_from_;
  }

  bool enter(const CodelConfig& config, Instant now) noexcept {
    // What was dropped in the last dropping state; if that ended lately, its pace was about right.
    const auto dropped = count_ - first_count_;
    const bool lately = count_ != 0 && now - next_drop_ < kMemory * config.interval;
    count_ = dropped > 1 && lately ? dropped : 1;
    first_count_ = count_;
    dropping_ = true;
    next_drop_ = next_after(config, now);
    return true;
  }

  // Drops come closer, so that the rate of a sender that halves with each falls linearly.
  [[nodiscard]] Instant next_after(const CodelConfig& config, Instant at) const noexcept {
    const auto interval = static_cast<double>(config.interval.count()) / std::sqrt(count_);
    return at + Duration{static_cast<Duration::rep>(interval)};
  }

  Instant bad_from_ = Instant::never();
  Instant next_drop_{};
  std::uint32_t count_ = 0;        ///< drops, which decides the pace
  std::uint32_t first_count_ = 0;  ///< count_ when this or the last dropping state began
  bool dropping_ = false;
};

}  // namespace quicether::queue

#endif  // QUICETHER_SRC_CORE_QUEUE_CODEL_HPP
