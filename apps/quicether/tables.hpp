#ifndef QUICETHER_APPS_QUICETHER_TABLES_HPP
#define QUICETHER_APPS_QUICETHER_TABLES_HPP

#include <quicether/status.hpp>

#include <span>
#include <string>

namespace cli {

// What the commands print for people. Text from peers is made safe for terminals.
[[nodiscard]] std::string status_text(const quicether::NodeStatus& status);
[[nodiscard]] std::string peers_table(std::span<const quicether::PeerStatus> peers);
[[nodiscard]] std::string routes_table(std::span<const quicether::RouteStatus> routes);
[[nodiscard]] std::string multipath_table(std::span<const quicether::PeerStatus> peers);

}  // namespace cli

#endif  // QUICETHER_APPS_QUICETHER_TABLES_HPP
