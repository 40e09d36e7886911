#ifndef QUICETHER_SRC_SHELL_LANE_TABLE_HPP
#define QUICETHER_SRC_SHELL_LANE_TABLE_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/ids.hpp>
#include <quicether/base/shard.hpp>
#include <quicether/core/wire/ip.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace quicether::detail {

/// Remembers where the first fragment of a datagram went: only it has the ports, and the others
/// must follow it. Bounded: a newer datagram may push an older one out.
class FragmentPlaces {
 public:
  /// `hash_seed` is random, lest somebody choose datagrams that push out another's.
  explicit FragmentPlaces(std::uint64_t hash_seed) noexcept : hash_seed_{hash_seed} {}

  void note(const wire::PacketInfo& first, std::size_t shard) noexcept;

  [[nodiscard]] std::optional<std::size_t> find(const wire::PacketInfo& later) const noexcept;

 private:
  struct Place {
    wire::FlowKey datagram{};
    std::uint8_t shard = 0;
  };

  static constexpr std::size_t kPlaces = 256;

  [[nodiscard]] std::size_t slot_of(const wire::FlowKey& datagram) const noexcept {
    return wire::flow_hash(datagram, hash_seed_) % kPlaces;
  }

  std::uint64_t hash_seed_;
  std::array<std::optional<Place>, kPlaces> places_{};
};

/// Says on which shard the packets between this node and a peer are judged, and where this shard
/// has a session with it. One for each shard; all are told the same.
///
/// A link to a peer that has several shards too is spread over *lanes*, sessions on the peer's
/// shard and on those that follow it. A flow's packets are judged on the shard of the lane that its
/// addresses and ports name, in both directions, whether that lane is up or not: so what the policy
/// remembers of it is in one place. Fragments go to the shard that their addresses alone name,
/// which hands them on to where the first one belongs. Source: ADR 24.
class LaneTable {
 public:
  struct Judge {
    std::size_t shard = 0;
    bool placed = true;  ///< false: that shard is to ask its own table
  };

  explicit LaneTable(std::uint64_t hash_seed) noexcept : fragments_{hash_seed} {}

  void join(Shard shard) noexcept { shard_ = shard; }

  /// Spreads the flows of a peer over `lanes` shards. `here`: how this shard's PathManager calls
  /// the peer, when one of them is here and is not the peer's own.
  void set(PeerIndex peer, std::size_t lanes, std::optional<PeerIndex> here);

  /// Who judges a packet between this node and `peer`.
  [[nodiscard]] Judge judge_of(PeerIndex peer,
                               ConstBytes packet,
                               const wire::PacketInfo& info) noexcept;

  /// How this shard's PathManager calls the peer; nothing when it can have no session with it.
  [[nodiscard]] std::optional<PeerIndex> here(PeerIndex peer) const noexcept {
    if (shard_.has(peer)) {
      return peer;
    }
    return peer.value < entries_.size() ? entries_[peer.value].here : std::nullopt;
  }

  /// Reverses here(), for lanes: nothing for the shard's own peers.
  [[nodiscard]] std::optional<PeerIndex> peer_of(PeerIndex here) const noexcept {
    const auto position = shard_.position_of(here);
    return position < peers_.size() ? peers_[position] : std::nullopt;
  }

 private:
  struct Entry {
    std::size_t lanes = 1;
    std::optional<PeerIndex> here{};
  };

  Shard shard_{};
  std::vector<Entry> entries_{};                   ///< by PeerIndex
  std::vector<std::optional<PeerIndex>> peers_{};  ///< by position in this shard
  FragmentPlaces fragments_;
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_LANE_TABLE_HPP
