#ifndef QUICETHER_BASE_IDS_HPP
#define QUICETHER_BASE_IDS_HPP

#include <array>
#include <compare>
#include <cstdint>

namespace quicether {

/// Names one session of a node for as long as the node runs; never reused.
struct SessionId {
  std::uint64_t value = 0;

  friend constexpr auto operator<=>(SessionId, SessionId) noexcept = default;
};

/// A small dense number for a known peer, to index tables on the packet path.
struct PeerIndex {
  std::uint32_t value = 0;

  friend constexpr auto operator<=>(PeerIndex, PeerIndex) noexcept = default;
};

/// What whoever redeems an invite must know: drawn at random, never reused.
using InviteToken = std::array<std::uint8_t, 16>;

}  // namespace quicether

#endif  // QUICETHER_BASE_IDS_HPP
