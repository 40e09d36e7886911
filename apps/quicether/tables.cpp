#include "tables.hpp"

#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace cli {

namespace {

using quicether::mgmt::printable;

using Row = std::vector<std::string>;

/// Columns as wide as their widest cell, separated by " | ".
std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i == 0 ? "" : " | ";
      line += i + 1 == row.size() ? row[i] : fmt::format("{:<{}}", row[i], widths[i]);
    }
    text += line + "\n";
  }
  return text;
}

std::string milliseconds(quicether::Duration duration) {
  const auto value = std::chrono::duration<double, std::milli>(duration).count();
  return value < 10 ? fmt::format("{:.1f}ms", value) : fmt::format("{:.0f}ms", value);
}

std::string capitalized(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') {
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  }
  return text;
}

std::string peer_state(const quicether::PeerStatus& peer) {
  auto text = capitalized(peer.state);
  if (peer.gateway) {
    text += " (gateway)";
  }
  return peer.detail.empty() ? text : fmt::format("{}: {}", text, printable(peer.detail));
}

std::string count(std::uint64_t packets) {
  const auto value = static_cast<double>(packets);
  if (packets >= 1'000'000) {
    return fmt::format("{:.1f}M", value / 1e6);
  }
  return packets >= 1000 ? fmt::format("{:.0f}K", value / 1e3) : fmt::format("{}", packets);
}

}  // namespace

std::string status_text(const quicether::NodeStatus& status) {
  std::string text = fmt::format("Node ID: {}\n", status.id.to_string());
  if (!status.name.empty()) {
    text += fmt::format("Name: {}\n", printable(status.name));
  }
  std::vector<std::string> addresses;
  for (const auto& address : status.overlay_addresses) {
    addresses.push_back(address.address.to_string());
  }
  text += status.tun_name.empty() ? "TUN Interface: none\n"
                                  : fmt::format("TUN Interface: {} ({})\n",
                                                printable(status.tun_name),
                                                fmt::join(addresses, ", "));
  text += fmt::format("Connected Peers: {}\n", status.peers_connected);
  text += fmt::format("Active Paths: {}\n", status.paths_active);
  for (const auto& address : status.listen) {
    text += fmt::format("Listening: {}\n", address.to_string());
  }
  text +=
      fmt::format("Policy: {} ({} rules)\n", printable(status.policy_source), status.policy_rules);
  for (const auto& warning : status.warnings) {
    text += fmt::format("Warning: {}\n", printable(warning, 1024));
  }
  return text;
}

std::string peers_table(std::span<const quicether::PeerStatus> peers) {
  std::vector<Row> rows{{"NodeID", "Address", "RTT", "Status", "Name"}};
  for (const auto& peer : peers) {
    const bool up = !peer.paths.empty();
    rows.push_back({peer.id.short_string(),
                    up ? peer.paths.front().remote.to_string() : "-",
                    up ? milliseconds(peer.paths.front().rtt) : "-",
                    peer_state(peer),
                    peer.name.empty() ? "-" : printable(peer.name)});
  }
  return table(rows);
}

std::string routes_table(std::span<const quicether::RouteStatus> routes) {
  std::vector<Row> rows{{"Destination", "Next Hop", "Interface"}};
  for (const auto& route : routes) {
    std::string hop = "this node";
    if (route.next_hop) {
      hop = route.next_hop_name.empty()
                ? route.next_hop->short_string()
                : fmt::format(
                      "{} ({})", route.next_hop->short_string(), printable(route.next_hop_name));
    }
    rows.push_back({route.destination.to_string(), std::move(hop), capitalized(route.kind)});
  }
  return table(rows);
}

std::string multipath_table(std::span<const quicether::PeerStatus> peers) {
  std::vector<Row> rows{{"Peer", "Address", "Remote", "RTT", "Packets", "Lost", "Status"}};
  for (const auto& peer : peers) {
    for (const auto& path : peer.paths) {
      rows.push_back({peer.name.empty() ? peer.id.short_string() : printable(peer.name),
                      path.local.to_string(),
                      path.remote.to_string(),
                      milliseconds(path.rtt),
                      count(path.packets_sent + path.packets_received),
                      count(path.packets_lost),
                      capitalized(path.state)});
    }
  }
  return table(rows);
}

}  // namespace cli
