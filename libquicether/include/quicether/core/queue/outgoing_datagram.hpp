#ifndef QUICETHER_CORE_QUEUE_OUTGOING_DATAGRAM_HPP
#define QUICETHER_CORE_QUEUE_OUTGOING_DATAGRAM_HPP

#include <quicether/base/bytes.hpp>

#include <cstdint>

namespace quicether::queue {

/// The payload of one DATAGRAM frame (RFC 9221) to send: `header` and `body`, back to back.
struct OutgoingDatagram {
  ConstBytes header{};
  ConstBytes body{};
  std::uint32_t flow = 0;  ///< hash: flows share the line fairly, and each keeps its order
  /// The next one is part of the same packet: they leave one after the other.
  bool more = false;
  /// Not 0: its fate is reported with this number, below kDatagramTokens.
  std::uint32_t token = 0;
};

inline constexpr std::uint32_t kDatagramTokens = 1U << 24U;

}  // namespace quicether::queue

#endif  // QUICETHER_CORE_QUEUE_OUTGOING_DATAGRAM_HPP
