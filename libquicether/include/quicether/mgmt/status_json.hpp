#ifndef QUICETHER_MGMT_STATUS_JSON_HPP
#define QUICETHER_MGMT_STATUS_JSON_HPP

#include <quicether/base/error.hpp>
#include <quicether/discover.hpp>
#include <quicether/netcheck.hpp>
#include <quicether/status.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Snapshots as JSON. The schema is that of the control socket: docs/spec/control-socket.md.
namespace quicether::mgmt {

/// One JSON object on one line.
[[nodiscard]] std::string to_json(const NodeStatus& status);
[[nodiscard]] std::string to_json(const Netcheck& check);

/// One JSON list on one line.
[[nodiscard]] std::string to_json(std::span<const PeerStatus> peers);
[[nodiscard]] std::string to_json(std::span<const RouteStatus> routes);

[[nodiscard]] std::string to_json(const NetworkStatus& network);
[[nodiscard]] std::string to_json(const NameAnswer& answer);
[[nodiscard]] std::string to_json(const FoundSubnet& found);
[[nodiscard]] std::string to_json(const FoundNode& found);

/// Reads what to_json() wrote, also of a later version with more members.
///
/// **Errors:** `malformed`.
[[nodiscard]] result<NodeStatus> node_status_from_json(std::string_view text);
[[nodiscard]] result<std::vector<PeerStatus>> peers_from_json(std::string_view text);
[[nodiscard]] result<std::vector<RouteStatus>> routes_from_json(std::string_view text);

}  // namespace quicether::mgmt

#endif  // QUICETHER_MGMT_STATUS_JSON_HPP
