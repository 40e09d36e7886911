#ifndef QUICETHER_BASE_DATAGRAM_HPP
#define QUICETHER_BASE_DATAGRAM_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/bytes.hpp>

#include <cstddef>
#include <cstdint>

namespace quicether {

/// The ECN field of an IP header (RFC 3168).
enum class Ecn : std::uint8_t { not_ect = 0, ect1 = 1, ect0 = 2, ce = 3 };

/// Most datagrams in one train: the kernel's UDP_MAX_SEGMENTS before Linux 6.9.
inline constexpr std::size_t kTrainSegmentsMax = 64;

/// Most bytes in one train: the largest UDP payload over IPv4.
inline constexpr std::size_t kTrainBytesMax = 65507;

/// A train of UDP datagrams from one address to one other, as the kernel's GSO and GRO move them.
///
/// `bytes` holds datagrams of `segment_bytes` each, back to back; only the last may be shorter.
/// A single datagram is a train of one with `segment_bytes == bytes.size()`.
struct ReceivedTrain {
  Bytes bytes{};  ///< writable: the receiver may decrypt in place
  std::size_t segment_bytes = 0;
  SocketAddress local{};   ///< the address it was sent to, never unspecified; IPv4 is not mapped
  SocketAddress remote{};  ///< where it came from; IPv4 is not mapped
  Ecn ecn = Ecn::not_ect;
};

/// A train to send; see ReceivedTrain for the layout.
struct OutgoingTrain {
  ConstBytes bytes{};
  std::size_t segment_bytes = 0;
  SocketAddress
      local{};  ///< source address; unspecified lets the system choose. The port is ignored.
  SocketAddress remote{};
  Ecn ecn = Ecn::not_ect;
};

}  // namespace quicether

#endif  // QUICETHER_BASE_DATAGRAM_HPP
