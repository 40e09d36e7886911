#ifndef QUICETHER_APPS_QUICETHER_TABLES_HPP
#define QUICETHER_APPS_QUICETHER_TABLES_HPP

#include <quicether/base/address.hpp>
#include <quicether/netcheck.hpp>
#include <quicether/status.hpp>

#include <functional>
#include <span>
#include <string>

namespace cli {

/// The name of the local interface that has an address; "-" when none has.
using InterfaceOf = std::function<std::string(const quicether::IpAddress&)>;

/// What `status`, `peers`, `routes`, `multipath` and `netcheck` print.
[[nodiscard]] std::string format_status(const quicether::NodeStatus& status,
                                        std::span<const quicether::PeerStatus> peers,
                                        const InterfaceOf& interface_of);
[[nodiscard]] std::string format_peers(std::span<const quicether::PeerStatus> peers);
[[nodiscard]] std::string format_netcheck(const quicether::Netcheck& check);
[[nodiscard]] std::string format_routes(std::span<const quicether::RouteStatus> routes);
[[nodiscard]] std::string format_multipath(std::span<const quicether::PeerStatus> peers,
                                           const InterfaceOf& interface_of);

}  // namespace cli

#endif  // QUICETHER_APPS_QUICETHER_TABLES_HPP
