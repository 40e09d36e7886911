#include "tables.hpp"

#include "format.hpp"
#include "table.hpp"

#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

namespace cli {
namespace {

using quicether::FoundNode;
using quicether::FoundSubnet;
using quicether::NodeStatus;
using quicether::PathStatus;
using quicether::PeerStatus;
using quicether::RouteStatus;
using quicether::mgmt::printable;
using quicether::path::PathState;

// The path that a packet would take now: the active one with the lowest RTT.
const PathStatus* best_path(const PeerStatus& peer) {
  const PathStatus* best = nullptr;
  for (const auto& path : peer.paths) {
    const bool active = path.state == PathState::active;
    const bool better = best == nullptr || (active && best->state != PathState::active) ||
                        (path.state == best->state && path.rtt < best->rtt);
    best = better ? &path : best;
  }
  return best;
}

std::string describe_state(const PeerStatus& peer) {
  auto text = capitalized(peer.state);
  if (peer.gateway) {
    text += " (gateway)";
  }
  const auto further =
      std::ranges::count_if(peer.paths, [](const PathStatus& path) { return path.lane != 0; });
  if (further != 0) {
    text += fmt::format(" ({} lanes)", further + 1);
  }
  return peer.detail.empty() ? text : fmt::format("{}: {}", text, peer.detail);
}

std::string describe_paths(const NodeStatus& status, std::span<const PeerStatus> peers) {
  std::set<std::string> interfaces;
  for (const auto& peer : peers) {
    for (const auto& path : peer.paths) {
      if (path.state == PathState::active && !path.interface.empty()) {
        interfaces.insert(printable(path.interface));
      }
    }
  }
  return interfaces.empty()
             ? fmt::format("{}", status.paths_active)
             : fmt::format("{} ({})", status.paths_active, fmt::join(interfaces, ", "));
}

std::string describe_tun(const NodeStatus& status) {
  std::vector<std::string> addresses;
  for (const auto& address : status.overlay_addresses) {
    addresses.push_back(address.address.to_string());
  }
  return status.tun_name.empty()
             ? "none"
             : fmt::format("{} ({})", printable(status.tun_name), fmt::join(addresses, ", "));
}

}  // namespace

std::string format_status(const NodeStatus& status, std::span<const PeerStatus> peers) {
  auto text = fmt::format("Node ID: {}\n", status.id.to_string());
  text += fmt::format("TUN Interface: {}\n", describe_tun(status));
  if (status.shards > 1) {
    text += fmt::format("Shards: {}\n", status.shards);
  }
  text += fmt::format("Connected Peers: {}\n", status.peers_connected);
  text += fmt::format("Active Paths: {}\n", describe_paths(status, peers));
  if (!status.name.empty()) {
    text += fmt::format("Name: {}\n", printable(status.name));
  }
  text += fmt::format("Network: {}\n", printable(status.network.value_or("none")));
  for (const auto& address : status.listen) {
    text += fmt::format("Listening: {}\n", address.to_string());
  }
  if (status.discovery) {
    text += fmt::format(
        "DHT Nodes: {}\nDHT Mode: {}\n", status.discovery->dht_nodes, status.discovery->dht_mode);
    for (const auto& address : status.discovery->external) {
      text += fmt::format("External Address: {}\n", address.to_string());
    }
  }
  text += fmt::format("Policy: {} ({})\n",
                      printable(status.policy_source),
                      format_amount(status.policy_rules, "rule"));
  text += fmt::format("Uptime: {}\n", format_uptime(status.uptime));
  text += fmt::format("Version: {}\n", printable(status.version));
  for (const auto& warning : status.warnings) {
    text += fmt::format("Warning: {}\n", printable(warning, 1024));
  }
  return text;
}

std::string format_peers(std::span<const PeerStatus> peers) {
  std::vector<Row> rows;
  for (const auto& peer : peers) {
    const auto* path = best_path(peer);
    rows.push_back({format_node(peer.id, peer.name),
                    path == nullptr ? "-" : path->remote.to_string(),
                    path == nullptr ? "-" : format_rtt(path->rtt),
                    describe_state(peer)});
  }
  return format_table({"NodeID", "Address", "RTT", "Status"}, rows);
}

std::string format_netcheck(const quicether::Netcheck& check) {
  const auto text_of = [](const auto& address) {
    return address ? address->to_string() : std::string{"unknown"};
  };
  auto text = fmt::format("Verdict: {}\n", printable(check.verdict));
  for (const auto& one : check.families) {
    text += fmt::format("{}: {}, seen as {}, port mapping {}, strangers {}, {}\n",
                        one.family == "ipv4" ? "IPv4" : "IPv6",
                        text_of(one.local),
                        text_of(one.external),
                        printable(one.mapping),
                        printable(one.reach),
                        format_amount(one.dht_nodes, "DHT node"));
  }
  for (const auto& one : check.bootstrap) {
    text += fmt::format("Bootstrap: {} {}\n",
                        one.address.to_string(),
                        one.rtt ? format_rtt(*one.rtt) : "no answer");
  }
  text += fmt::format("TUN MTU: {}\n", check.tun_mtu);
  if (check.datagram_payload_min != 0) {
    text += fmt::format("Smallest Path: {} bytes of payload\n", check.datagram_payload_min);
  }
  const auto yes = [](bool on) { return on ? "yes" : "no"; };
  text += fmt::format("Offloads: UDP send {}, UDP receive {}, TUN {}\n",
                      yes(check.udp_send_offload),
                      yes(check.udp_receive_offload),
                      yes(check.tun_offload));
  for (const auto& advice : check.advice) {
    text += fmt::format("Advice: {}\n", printable(advice, 1024));
  }
  return text;
}

std::string format_routes(std::span<const RouteStatus> routes) {
  std::vector<Row> rows;
  for (const auto& route : routes) {
    rows.push_back(
        {route.destination.to_string(),
         route.next_hop ? format_node(*route.next_hop, route.next_hop_name) : "this node",
         capitalized(route.kind)});
  }
  return format_table({"Destination", "Next Hop", "Interface"}, rows);
}

std::string format_multipath(std::span<const PeerStatus> peers) {
  std::vector<Row> rows;
  for (const auto& peer : peers) {
    for (const auto& path : peer.paths) {
      rows.push_back({path.interface.empty() ? "-" : printable(path.interface),
                      path.local.address.to_string(),
                      format_rtt(path.rtt),
                      path.bandwidth_bps ? format_bandwidth(*path.bandwidth_bps) : "-",
                      format_count(path.packets_sent + path.packets_received),
                      format_loss(path.packets_lost, path.packets_sent),
                      capitalized(to_string(path.state)),
                      format_node(peer.id, peer.name)});
    }
  }
  return format_table(
      {"Interface", "Address", "RTT", "Bandwidth", "Packets", "Loss", "Status", "Peer"}, rows);
}

std::string format_found(const FoundSubnet& found) {
  if (found.owners.empty() && found.gateways.empty()) {
    return fmt::format("Nobody in the network says that it carries {}\n", found.subnet.to_string());
  }
  std::vector<Row> rows;
  for (const auto& owner : found.owners) {
    rows.push_back(
        {format_node(owner.id, owner.name), "Owner", owner.entitled ? "Accepted" : "Not accepted"});
  }
  for (const auto& gateway : found.gateways) {
    rows.push_back({format_node(gateway.id, gateway.name), "Gateway", "-"});
  }
  return format_table({"NodeID", "Role", "Configuration"}, rows);
}

std::string format_found(const FoundNode& found) {
  auto text =
      fmt::format("Node ID: {}\nPublic Key: {}\n", found.id.to_string(), found.key.to_string());
  if (!found.name.empty()) {
    text += fmt::format("Name: {}\n", printable(found.name));
  }
  for (const auto& endpoint : found.endpoints) {
    text += fmt::format("Endpoint: {}\n", endpoint.to_string());
  }
  text += fmt::format("Forwards for Others: {}\n", found.gateway ? "yes" : "no");
  for (const auto& gateway : found.gateways) {
    text += fmt::format("Gateway: {}\n", format_node(gateway.id, printable(gateway.name)));
  }
  return text;
}

}  // namespace cli
