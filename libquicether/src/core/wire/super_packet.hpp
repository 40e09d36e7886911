#ifndef QUICETHER_SRC_CORE_WIRE_SUPER_PACKET_HPP
#define QUICETHER_SRC_CORE_WIRE_SUPER_PACKET_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/core/wire/ip.hpp>
#include <quicether/core/wire/offload.hpp>

#include <cstddef>
#include <cstdint>

// What splitting super-packets, cutting them into chunks and putting chunks together share.
namespace quicether::wire {

[[nodiscard]] constexpr bool is_tcp(OffloadKind kind) noexcept {
  return kind == OffloadKind::tcp4 || kind == OffloadKind::tcp6;
}

[[nodiscard]] constexpr bool is_v4(OffloadKind kind) noexcept {
  return kind == OffloadKind::tcp4 || kind == OffloadKind::udp4;
}

[[nodiscard]] constexpr OffloadKind offload_kind(unsigned version, std::uint8_t protocol) noexcept {
  if (protocol == kProtocolTcp) {
    return version == 4 ? OffloadKind::tcp4 : OffloadKind::tcp6;
  }
  return version == 4 ? OffloadKind::udp4 : OffloadKind::udp6;
}

/// IP and transport headers of TCP or UDP. `info`: of the packet.
[[nodiscard]] std::size_t header_bytes_of(ConstBytes packet, const PacketInfo& info) noexcept;

/// A super-packet that has been checked.
struct SuperPacket {
  PacketInfo info{};
  std::size_t header_bytes = 0;
  std::size_t segment_bytes = 0;
  std::size_t count = 0;
};

/// **Errors:** as plan_segments().
[[nodiscard]] result<SuperPacket> parse_super_packet(ConstBytes packet,
                                                     const Offload& offload) noexcept;

/// The place of a piece in a super-packet's transport payload.
struct Piece {
  std::size_t index = 0;   ///< packets before it
  std::size_t offset = 0;  ///< payload bytes before it
  bool last = false;       ///< the payload ends with it
};

/// Adapts copied headers to a piece: lengths, IPv4 identification and checksum, TCP sequence number
/// and flags. `packet`: headers and the piece. Returns where the transport checksum stands; it is
/// the caller's to set.
std::size_t set_place(Bytes packet, const PacketInfo& info, const Piece& piece) noexcept;

}  // namespace quicether::wire

#endif  // QUICETHER_SRC_CORE_WIRE_SUPER_PACKET_HPP
