#ifndef QUICETHER_SRC_CORE_QUIC_DATAGRAM_ID_HPP
#define QUICETHER_SRC_CORE_QUIC_DATAGRAM_ID_HPP

#include <cstdint>

namespace quicether::quic {

// The number by which ngtcp2 reports the fate of a datagram: its token (24 bits), which packet bore
// it (39 bits), and whether that packet was larger than every path must carry.

[[nodiscard]] constexpr std::uint64_t datagram_id(std::uint64_t packet_serial,
                                                  bool large,
                                                  std::uint32_t token) noexcept {
  return (std::uint64_t{token} << 40U) | ((packet_serial & 0x7fffffffffU) << 1U) |
         (large ? 1U : 0U);
}

[[nodiscard]] constexpr std::uint32_t token_of(std::uint64_t id) noexcept {
  return static_cast<std::uint32_t>(id >> 40U);
}

[[nodiscard]] constexpr std::uint64_t packet_serial_of(std::uint64_t id) noexcept {
  return (id >> 1U) & 0x7fffffffffU;
}

[[nodiscard]] constexpr bool is_large(std::uint64_t id) noexcept {
  return (id & 1U) != 0;
}

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_DATAGRAM_ID_HPP
