#ifndef QUICETHER_APPS_QUICETHER_TABLES_HPP
#define QUICETHER_APPS_QUICETHER_TABLES_HPP

#include <quicether/discover.hpp>
#include <quicether/netcheck.hpp>
#include <quicether/status.hpp>

#include <span>
#include <string>

namespace cli {

/// What `status`, `peers`, `routes`, `multipath`, `netcheck` and `discover` print.
[[nodiscard]] std::string format_status(const quicether::NodeStatus& status,
                                        std::span<const quicether::PeerStatus> peers);
[[nodiscard]] std::string format_peers(std::span<const quicether::PeerStatus> peers);
[[nodiscard]] std::string format_netcheck(const quicether::Netcheck& check);
[[nodiscard]] std::string format_routes(std::span<const quicether::RouteStatus> routes);
[[nodiscard]] std::string format_multipath(std::span<const quicether::PeerStatus> peers);
[[nodiscard]] std::string format_found(const quicether::FoundSubnet& found);
[[nodiscard]] std::string format_found(const quicether::FoundNode& found);

}  // namespace cli

#endif  // QUICETHER_APPS_QUICETHER_TABLES_HPP
