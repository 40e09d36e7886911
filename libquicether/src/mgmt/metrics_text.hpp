#ifndef QUICETHER_SRC_MGMT_METRICS_TEXT_HPP
#define QUICETHER_SRC_MGMT_METRICS_TEXT_HPP

#include <quicether/status.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace quicether::mgmt {

/// Peers with series of their own. More are counted in quicether_peers_omitted: each peer is a
/// dozen series, which a monitoring system keeps for weeks.
inline constexpr std::size_t kPeersShownMax = 1000;

/// A node at one moment as Prometheus reads it, text format 0.0.4.
///
/// The names are in docs/operations.md.
[[nodiscard]] std::string metrics_text(const NodeStatus& status, std::span<const PeerStatus> peers);

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_METRICS_TEXT_HPP
