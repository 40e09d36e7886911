#ifndef QUICETHER_BASE_SHARD_HPP
#define QUICETHER_BASE_SHARD_HPP

#include <quicether/base/ids.hpp>
#include <quicether/base/node_id.hpp>

#include <cstddef>
#include <cstdint>

namespace quicether {

inline constexpr std::size_t kShardsMax = 16;

/// One of the event loops that share the work of a node: each has a thread, a UDP socket, a TUN
/// queue, and the sessions of some of the peers. The only one of its node by default.
struct Shard {
  std::uint8_t index = 0;  ///< below `count`
  std::uint8_t count = 1;  ///< at most kShardsMax; the same for all shards of a node

  /// True when packets with this lane are for this shard. `number`: see LaneChoice.
  [[nodiscard]] constexpr bool has_lane(std::uint8_t lane, std::uint8_t number = 0) const noexcept {
    return (std::size_t{lane} + number) % count == index;
  }

  /// True for a peer whose sessions this shard holds.
  [[nodiscard]] constexpr bool has(PeerIndex peer) const noexcept {
    return peer.value % count == index;
  }

  /// The index of a shard's `position`-th peer; no two shards of a node give the same.
  [[nodiscard]] constexpr PeerIndex peer_at(std::size_t position) const noexcept {
    return {static_cast<std::uint32_t>(position * count + index)};
  }

  /// Reverses peer_at().
  [[nodiscard]] constexpr std::size_t position_of(PeerIndex peer) const noexcept {
    return peer.value / count;
  }

  friend constexpr bool operator==(Shard, Shard) noexcept = default;
};

/// What two nodes put first into the connection ids of their sessions: both know it, and whoever
/// does not know both NodeIds learns nothing by it. The session belongs to shard `lane % count` of
/// either. **Source:** docs/spec/transport.md.
[[nodiscard]] constexpr std::uint8_t lane_between(const NodeId& one, const NodeId& other) noexcept {
  return static_cast<std::uint8_t>(one.bytes.back() ^ other.bytes.back());
}

/// Which of the sessions that two nodes of several shards have with each other. Number 0, the
/// first, every pair of nodes has; number n is on the n-th shard after that one's, at either node.
struct LaneChoice {
  std::uint8_t number = 0;
  std::uint8_t peer_shards = 1;  ///< that the other node has; above `number`

  friend constexpr bool operator==(LaneChoice, LaneChoice) noexcept = default;
};

}  // namespace quicether

#endif  // QUICETHER_BASE_SHARD_HPP
