#ifndef QUICETHER_CORE_WIRE_BONDED_HPP
#define QUICETHER_CORE_WIRE_BONDED_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>

#include <cstddef>
#include <cstdint>

// DATAGRAM payloads that cross one of several sessions to a peer, numbered so that the receiver
// restores their order. Source: docs/spec/datagrams.md.
namespace quicether::wire {

/// Bytes in front of the payload that a bonded datagram bears: context id, flags and flow, number.
inline constexpr std::size_t kBondedHeadBytes = 1 + 2 + 4;

/// Flows of a link are told apart by so many values; flows of one value share their order.
inline constexpr std::uint16_t kBondedFlows = 1024;

/// What comes before the payload.
struct BondedHead {
  std::uint16_t flow = 0;      ///< below kBondedFlows
  std::uint32_t sequence = 0;  ///< of its flow; counts up, wraps
  bool more = false;  ///< the next of the flow is part of the same packet: to be given out together
  bool at_once = false;  ///< not to wait for those before it

  friend bool operator==(const BondedHead&, const BondedHead&) = default;
};

/// A bonded datagram taken apart.
struct Bonded {
  BondedHead head{};
  Bytes payload{};  ///< a DATAGRAM payload of another context
};

/// Writes head and context id over the first kBondedHeadBytes of `datagram`.
void write_bonded_head(const BondedHead& head, Bytes datagram) noexcept;

/// Takes the body of context 2 apart. Reserved flags are ignored. **Errors:** `truncated`.
[[nodiscard]] result<Bonded> parse_bonded(Bytes body) noexcept;

}  // namespace quicether::wire

#endif  // QUICETHER_CORE_WIRE_BONDED_HPP
