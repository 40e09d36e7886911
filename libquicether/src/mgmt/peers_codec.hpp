#ifndef QUICETHER_SRC_MGMT_PEERS_CODEC_HPP
#define QUICETHER_SRC_MGMT_PEERS_CODEC_HPP

#include <quicether/mgmt/config.hpp>

#include <optional>
#include <vector>

namespace quicether::mgmt {

/// The NodeId that an entry pins, directly or through its key.
[[nodiscard]] std::optional<NodeId> pinned_id(const PeerEntry& entry);

/// Adds the peers of a later source: one with the NodeId of an earlier one takes its place, and so
/// does one without any that has exactly the endpoints of an earlier one without any.
void merge_peers(std::vector<PeerEntry>& peers, std::vector<PeerEntry> later);

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_PEERS_CODEC_HPP
