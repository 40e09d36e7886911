#ifndef QUICETHER_SRC_CORE_QUIC_DATAGRAM_ID_HPP
#define QUICETHER_SRC_CORE_QUIC_DATAGRAM_ID_HPP

#include <cstdint>

namespace quicether::quic {

// The number by which ngtcp2 reports the fate of a datagram says which packet bore it and whether
// that packet was larger than every path must carry.

[[nodiscard]] constexpr std::uint64_t datagram_id(std::uint64_t packet_serial,
                                                  bool large) noexcept {
  return (packet_serial << 1U) | (large ? 1U : 0U);
}

[[nodiscard]] constexpr std::uint64_t packet_serial_of(std::uint64_t id) noexcept {
  return id >> 1U;
}

[[nodiscard]] constexpr bool is_large(std::uint64_t id) noexcept {
  return (id & 1U) != 0;
}

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_DATAGRAM_ID_HPP
