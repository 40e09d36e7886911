#ifndef QUICETHER_MGMT_NODE_CONFIG_HPP
#define QUICETHER_MGMT_NODE_CONFIG_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/error.hpp>
#include <quicether/core/policy/rule.hpp>
#include <quicether/mgmt/config.hpp>
#include <quicether/mgmt/network_state.hpp>
#include <quicether/node.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace quicether::mgmt {

/// What host names resolved to; a name that is missing or empty has no address now.
using ResolvedHosts = std::map<std::string, std::vector<IpAddress>>;

/// The host names among all endpoints that are no addresses, each once.
[[nodiscard]] std::vector<std::string> host_names(const Config& config);

/// What a Node is made from. Keys that a Node has no use for (control socket, log) stay behind.
///
/// `rules`: of the policy file; unset when none is configured. `joined`: the network that commands
/// made this node a member of. Deriving the network's key takes some 50 ms.
/// **Errors:** `invalid_argument` (a network name or secret of impossible size), `limit_reached`.
[[nodiscard]] result<NodeConfig> make_node_config(const Config& configured,
                                                  const ResolvedHosts& hosts,
                                                  std::optional<std::vector<policy::Rule>> rules,
                                                  const std::optional<NetworkState>& joined = {});

}  // namespace quicether::mgmt

#endif  // QUICETHER_MGMT_NODE_CONFIG_HPP
