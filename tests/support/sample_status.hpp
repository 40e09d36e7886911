#ifndef QUICETHER_TESTS_SUPPORT_SAMPLE_STATUS_HPP
#define QUICETHER_TESTS_SUPPORT_SAMPLE_STATUS_HPP

#include <quicether/discover.hpp>
#include <quicether/netcheck.hpp>
#include <quicether/status.hpp>

#include <chrono>
#include <vector>

/// Snapshots of a small node, for golden tests of how they are printed and sent.
namespace quicether::test {

using namespace std::chrono_literals;

inline NodeStatus sample_status() {
  NodeStatus status;
  status.id = NodeId::parse("3fa9c0d1e2f30415263748596a7b8c9daebfc0d1").value();
  status.key =
      PublicKey::parse("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a").value();
  status.name = "laptop";
  status.network = "acme";
  status.version = "0.1.0";
  status.tun_name = "quicether0";
  status.tun_mtu = 1380;
  status.overlay_addresses = {InterfaceAddress::parse("100.64.0.1/16").value(),
                              InterfaceAddress::parse("fd00::1/8").value()};
  status.listen = {SocketAddress::parse("[::]:9000").value()};
  status.peers_connected = 1;
  status.paths_active = 1;
  status.uptime = 90061s;
  const auto external = SocketAddress::parse("198.51.100.7:9000").value();
  status.discovery = {
      12, "server", {external}, {external, SocketAddress::parse("192.168.1.5:9000").value()}};
  status.policy_source = "/etc/quicether/policy.toml";
  status.policy_rules = 3;
  status.warnings = {"node.role: configured but not available in this version"};
  status.counters = {{"router.dropped.no_route", 7}, {"router.forwarded", 18446744073709551615U}};
  return status;
}

/// Behind a translator that lets nobody in.
inline Netcheck sample_netcheck() {
  Netcheck check;
  check.discovery = true;
  check.families = {{"ipv4",
                     SocketAddress::parse("192.168.1.5:9000").value(),
                     SocketAddress::parse("198.51.100.7:9000").value(),
                     "endpoint-independent",
                     "unreachable",
                     12},
                    {"ipv6", std::nullopt, std::nullopt, "unknown", "unknown", 0}};
  check.bootstrap = {{SocketAddress::parse("203.0.113.5:9000").value(), 15200us},
                     {SocketAddress::parse("203.0.113.6:9000").value(), std::nullopt}};
  check.tun_mtu = 1380;
  check.datagram_payload_min = 1382;
  check.udp_send_offload = true;
  check.udp_receive_offload = true;
  check.tun_offload = true;
  check.verdict = "behind-nat";
  check.advice = {"Forward the UDP port on the router."};
  return check;
}

/// One that is connected over one path, and a gateway that is not.
inline std::vector<PeerStatus> sample_peers() {
  PeerStatus home;
  home.id = NodeId::parse("abc123def4560415263748596a7b8c9daebfc0d1").value();
  home.key =
      PublicKey::parse("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c").value();
  home.name = "home";
  home.state = "connected";
  home.overlay_addresses = {IpAddress::parse("100.64.0.2").value()};
  home.subnets = {Prefix::parse("192.168.1.0/24").value()};
  home.key_exchange = "X25519MLKEM768";
  home.post_quantum = true;
  home.cipher_suite = "TLS_AES_128_GCM_SHA256";
  home.connected_for = 61s;
  PathStatus path;
  path.local = SocketAddress::parse("192.168.1.5:9000").value();
  path.remote = SocketAddress::parse("203.0.113.5:9000").value();
  path.interface = "eth0";
  path.state = path::PathState::active;
  path.bandwidth_bps = 94000000;
  path.rtt = 15200us;
  path.packets_sent = 1200000;
  path.packets_received = 450000;
  path.packets_lost = 3;
  path.bytes_sent = 1680000000;
  path.bytes_received = 630000000;
  path.datagram_payload_max = 1382;
  home.paths = {path};

  PeerStatus colo;
  colo.id = NodeId::parse("def4560000000415263748596a7b8c9daebfc0d1").value();
  colo.state = "waiting";
  colo.detail = "no answer in time";
  colo.gateway = true;

  return {home, colo};
}

/// One of each kind.
inline std::vector<RouteStatus> sample_routes() {
  const auto home = NodeId::parse("abc123def4560415263748596a7b8c9daebfc0d1").value();
  const auto colo = NodeId::parse("def4560000000415263748596a7b8c9daebfc0d1").value();
  return {{Prefix::parse("100.64.0.1/32").value(), {}, "", "local"},
          {Prefix::parse("10.0.0.0/16").value(), home, "home", "direct"},
          {Prefix::parse("10.1.0.0/16").value(), colo, "", "gateway"}};
}

/// With one other member.
inline NetworkStatus sample_network() {
  const auto home = sample_peers()[0];
  return {"acme", "", true, 2, {{home.id, *home.key, "home", true, 1'800'086'400}}};
}

inline NamedNode sample_named_node() {
  return {sample_peers()[0].id, "home", false};
}

inline PingReply sample_ping_reply() {
  return {15200us, SocketAddress::parse("203.0.113.5:9000").value()};
}

/// A member who is entitled, and a gateway.
inline FoundSubnet sample_found_subnet() {
  const auto home = sample_peers()[0];
  const auto colo = sample_peers()[1];
  return {Prefix::parse("10.0.0.0/16").value(),
          {{home.id, *home.key, "home", 1'800'000'000, 1'800'086'400, true}},
          {{colo.id, *home.key, "", 1'800'000'000, 1'800'086'400, false}}};
}

inline FoundNode sample_found_node() {
  const auto home = sample_peers()[0];
  return {home.id,
          *home.key,
          "home",
          1'800'000'000,
          false,
          {SocketAddress::parse("203.0.113.5:9000").value()},
          sample_found_subnet().gateways};
}

}  // namespace quicether::test

#endif  // QUICETHER_TESTS_SUPPORT_SAMPLE_STATUS_HPP
