#ifndef QUICETHER_CORE_WIRE_DATAGRAM_HPP
#define QUICETHER_CORE_WIRE_DATAGRAM_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>

#include <cstdint>

namespace quicether::wire {

// Context ids of DATAGRAM payloads: a varint of one byte in front of the body.
// Source: docs/spec/datagrams.md. 4 (relayed packet) is reserved.
inline constexpr std::uint8_t kContextIpPacket = 0;  ///< one whole IP packet, as in RFC 9484
inline constexpr std::uint8_t kContextBonded = 2;    ///< one of several sessions: see bonded.hpp
inline constexpr std::uint8_t kContextMessage = 6;   ///< a message of the embedding program
inline constexpr std::uint8_t kContextChunk = 8;     ///< a piece of a super-packet: see chunk.hpp
inline constexpr std::uint8_t kContextHalf = 10;     ///< half of an IP packet: see half.hpp

inline constexpr std::uint8_t kContextEcho = 12;       ///< 8 bytes, to be sent back
inline constexpr std::uint8_t kContextEchoReply = 14;  ///< the same 8 bytes

/// A DATAGRAM payload taken apart.
struct Datagram {
  std::uint64_t context = 0;
  Bytes body{};
};

/// Splits a payload. Unknown contexts are the caller's to ignore. **Errors:** `truncated`.
[[nodiscard]] result<Datagram> parse_datagram(Bytes payload) noexcept;

}  // namespace quicether::wire

#endif  // QUICETHER_CORE_WIRE_DATAGRAM_HPP
