#include "mgmt/metrics_text.hpp"

#include "mgmt/health.hpp"
#include "mgmt/metric_families.hpp"

#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

namespace quicether::mgmt {
namespace {

/// What the first part of a counter's dotted name stands for.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kCounted{{
    {"dht", "Distributed hash table"},
    {"link", "Packets on links"},
    {"policy", "Policy"},
    {"quic", "QUIC endpoint"},
    {"router", "Packets in the router"},
    {"session", "Sessions with peers"},
    {"tun", "TUN interface"},
    {"udp", "UDP socket"},
}};

/// Among the counters, these say how many there are now.
constexpr std::array<std::string_view, 2> kSizes{"dht.items_stored", "policy.flows"};

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

double count(std::uint64_t value) {
  return static_cast<double>(value);
}

std::uint64_t counter_of(const NodeStatus& status, std::string_view name) {
  const auto found =
      std::ranges::find(status.counters, name, &std::pair<std::string, std::uint64_t>::first);
  return found == status.counters.end() ? 0 : found->second;
}

void add_node(MetricFamilies& out, const NodeStatus& status, std::span<const PeerStatus> peers) {
  out.gauge("build_info", "Always 1, for its label.", 1, {{"version", status.version}});
  out.gauge("uptime_seconds", "Time since the node started.", seconds(status.uptime));
  out.gauge("connections_active", "Connected peers.", count(status.peers_connected));
  out.gauge("paths_active", "Paths to connected peers.", count(status.paths_active));
  out.gauge("peers", "Peers that the node knows, connected or not.", count(peers.size()));
  out.gauge("policy_rules", "Rules in force.", count(status.policy_rules));
  out.gauge(
      "warnings", "Lines that \"quicether status\" warns with.", count(status.warnings.size()));
  if (status.discovery) {
    out.gauge("dht_nodes", "Nodes in the routing tables.", count(status.discovery->dht_nodes));
  }
  const auto health = judge_health(status, peers);
  for (const auto state : kHealthStates) {
    out.gauge("health",
              "1 for the state that the node is in, 0 for the others.",
              health.state == state ? 1 : 0,
              {{"state", std::string{to_string(state)}}});
  }
}

// "router.dropped.no_route" is quicether_router_dropped_total{reason="no_route"}, so that one query
// sums over all reasons; "tun.bytes_read" is quicether_tun_bytes_read_total.
void add_counters(MetricFamilies& out, const NodeStatus& status) {
  for (const auto& [dotted, value] : status.counters) {
    const auto first = dotted.find('.');
    const auto second = first == std::string::npos ? first : dotted.find('.', first + 1);
    auto name = dotted.substr(0, second);
    MetricLabels labels;
    if (second != std::string::npos) {
      labels.push_back({"reason", dotted.substr(second + 1)});
    }
    const auto* subject =
        std::ranges::find(kCounted, name.substr(0, first), [](const auto& of) { return of.first; });
    const auto help = fmt::format("{}: counter {}{} of \"quicether status --json\".",
                                  subject == kCounted.end() ? "Node" : subject->second,
                                  name,
                                  labels.empty() ? "" : ".<reason>");
    const bool is_size = std::ranges::find(kSizes, dotted) != kSizes.end();
    std::ranges::replace(name, '.', '_');
    if (is_size) {
      out.gauge(name, help, count(value));
      continue;
    }
    out.counter(name + "_total", help, count(value), std::move(labels));
  }
}

// Short names for what is asked most often. They have no type, because a counter's name ends in
// "_total" (https://prometheus.io/docs/practices/naming/); rate() takes them as they are.
void add_short_names(MetricFamilies& out, const NodeStatus& status) {
  const auto of = [&](std::string_view name) { return count(counter_of(status, name)); };
  out.untyped("packets_sent", "Datagrams sent.", of("udp.datagrams_sent"));
  out.untyped("packets_recv", "Datagrams received.", of("udp.datagrams_received"));
  out.untyped("bytes_sent", "Bytes of the datagrams sent.", of("udp.bytes_sent"));
  out.untyped("bytes_recv", "Bytes of the datagrams received.", of("udp.bytes_received"));
  const auto failed = of("quic.handshakes_failed");
  out.untyped("failed_handshakes", "Handshakes that failed.", failed);
  out.untyped("total_handshakes",
              "Handshakes that ended, well or not.",
              of("quic.handshakes_completed") + failed);
}

/// Paths of one peer with the same interface and the same address at the other end are one for a
/// monitoring system: ports change with every session, and would make ever new series.
struct PathSum {
  bool active = false;
  Duration rtt = Duration::max();
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t packets_lost = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::size_t datagram_payload_max = 0;

  void add(const PathStatus& path) {
    active = active || path.state == path::PathState::active;
    rtt = path.rtt > Duration{} ? std::min(rtt, path.rtt) : rtt;  // a failed one has none
    packets_sent += path.packets_sent;
    packets_received += path.packets_received;
    packets_lost += path.packets_lost;
    bytes_sent += path.bytes_sent;
    bytes_received += path.bytes_received;
    datagram_payload_max = std::max(datagram_payload_max, path.datagram_payload_max);
  }
};

void add_path(MetricFamilies& out, const PathSum& path, const MetricLabels& labels) {
  out.gauge("path_up", "1: packets take this path.", path.active ? 1 : 0, labels);
  out.gauge("path_rtt",
            "Smoothed round-trip time in milliseconds.",
            milliseconds(path.rtt == Duration::max() ? Duration{} : path.rtt),
            labels);
  out.counter("path_packets_sent_total", "Packets sent.", count(path.packets_sent), labels);
  out.counter("path_packets_recv_total", "Packets received.", count(path.packets_received), labels);
  out.counter("path_packets_lost_total",
              "Packets sent that were declared lost.",
              count(path.packets_lost),
              labels);
  out.counter("path_bytes_sent_total", "Bytes sent.", count(path.bytes_sent), labels);
  out.counter("path_bytes_recv_total", "Bytes received.", count(path.bytes_received), labels);
  out.gauge("path_datagram_payload_max_bytes",
            "The largest packet of the tunnel that fits into a datagram.",
            count(path.datagram_payload_max),
            labels);
}

void add_peer(MetricFamilies& out, const PeerStatus& peer) {
  const auto id = peer.id.to_string();
  // The name is the peer's own word, and may change: it is a label of this one alone.
  out.gauge("peer_info",
            "Always 1, for the name of a peer.",
            1,
            {{"peer", id}, {"name", printable(peer.name)}});
  out.gauge("peer_up", "1: connected.", peer.state == "connected" ? 1 : 0, {{"peer", id}});
  if (peer.connected_for) {
    out.gauge("connection_duration",
              "Seconds since the peer connected.",
              seconds(*peer.connected_for),
              {{"peer", id}});
  }
  std::map<std::pair<std::string, IpAddress>, PathSum> paths;
  for (const auto& path : peer.paths) {
    const auto interface = path.interface.empty() ? "-" : path.interface;
    paths[{interface, path.remote.address}].add(path);
  }
  for (const auto& [place, path] : paths) {
    const auto& [interface, remote] = place;
    add_path(out, path, {{"peer", id}, {"interface", interface}, {"remote", remote.to_string()}});
  }
}

}  // namespace

std::string metrics_text(const NodeStatus& status, std::span<const PeerStatus> peers) {
  MetricFamilies families;
  add_node(families, status, peers);
  add_counters(families, status);
  add_short_names(families, status);
  const auto shown = peers.first(std::min(peers.size(), kPeersShownMax));
  for (const auto& peer : shown) {
    add_peer(families, peer);
  }
  families.gauge("peers_omitted",
                 "Peers without series of their own, because there are too many.",
                 count(peers.size() - shown.size()));
  return families.text();
}

}  // namespace quicether::mgmt
