#ifndef QUICETHER_SRC_CORE_QUIC_MTU_WATCH_HPP
#define QUICETHER_SRC_CORE_QUIC_MTU_WATCH_HPP

#include <quicether/base/time.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace quicether::quic {

/// Follows ngtcp2's path MTU discovery from outside, to say when it has nothing left to try.
///
/// ngtcp2 tries the sizes in the given order, each up to three times, skips those that a larger
/// success or a smaller failure has decided, and tells nobody. A probe is a packet larger than what
/// the path is known to carry.
class MtuWatch {
 public:
  /// `sizes`: UDP payload bytes, as given to ngtcp2.
  explicit MtuWatch(std::span<const std::uint16_t> sizes);

  /// Notes a packet that was written while the path was known to carry `path_bytes`.
  void on_sent(Instant now,
               std::size_t packet_bytes,
               std::size_t path_bytes,
               Duration pto) noexcept;

  /// Forgets everything: the path changed.
  void restart() noexcept;

  /// True when no size is left to try. `peer_bytes`: the largest packet the peer accepts.
  [[nodiscard]] bool settled(Instant now,
                             std::size_t path_bytes,
                             std::uint64_t peer_bytes) const noexcept;

 private:
  struct Probe {
    std::uint16_t bytes = 0;
    std::uint8_t sent = 0;
    Instant given_up = Instant::never();  ///< known once the last one was sent
  };

  std::vector<Probe> probes_{};
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_MTU_WATCH_HPP
