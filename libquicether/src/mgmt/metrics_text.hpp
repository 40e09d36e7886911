#ifndef QUICETHER_SRC_MGMT_METRICS_TEXT_HPP
#define QUICETHER_SRC_MGMT_METRICS_TEXT_HPP

#include <quicether/base/address.hpp>
#include <quicether/status.hpp>

#include <cstddef>
#include <functional>
#include <span>
#include <string>

namespace quicether::mgmt {

/// Peers with series of their own. More are counted in quicether_peers_omitted: each peer is a
/// dozen series, which a monitoring system keeps for weeks.
inline constexpr std::size_t kPeersShownMax = 1000;

/// A node at one moment as Prometheus reads it, text format 0.0.4.
///
/// The names are in docs/operations.md. `interface_of` gives the interface of a local address.
[[nodiscard]] std::string metrics_text(
    const NodeStatus& status,
    std::span<const PeerStatus> peers,
    const std::function<std::string(const IpAddress&)>& interface_of);

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_METRICS_TEXT_HPP
