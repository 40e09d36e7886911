#ifndef QUICETHER_TESTS_SIM_MESH_HPP
#define QUICETHER_TESTS_SIM_MESH_HPP

#include "support/packets.hpp"
#include "support/simulate.hpp"

#include <quicether/core/wire/checksum.hpp>
#include <quicether/core/wire/ip.hpp>
#include <quicether/node.hpp>
#include <quicether/sim/host.hpp>
#include <quicether/sim/tun.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace quicether::testing {

/// One simulated machine with a Node on it, which can be killed and started again.
struct MeshNode {
  MeshNode(sim::Simulation& simulation, const std::string& name, const IpAddress& address)
      : host{&simulation.network().add_host(name)},
        underlay{address, 9000},
        identity{Identity::generate(host->random())} {
    sim::InterfaceOptions interface;
    interface.addresses = {{address, 24}};
    host->add_interface(interface);
  }

  /// Allows everything both ways unless `rules` says otherwise.
  void start(std::vector<NodePeer> peers) {
    wanted = std::move(peers);
    node = std::make_unique<Node>(*host, identity, make_config());
    REQUIRE(node->start().has_value());
    host->tun()->on_written([this](ConstBytes packet) { on_packet(packet); });
  }

  [[nodiscard]] NodeConfig make_config() const {
    NodeConfig config;
    config.name = called.empty() ? host->name() : called;
    config.transport.socket.bind = underlay;
    config.tun = true;
    config.peers = wanted;
    config.rules = rules;
    config.discovery = discovery;
    config.membership = membership;
    config.lan = lan;
    if (!network_secret.empty()) {
      config.transport.sessions.network_key =
          crypto::NetworkKey::derive("mesh", as_bytes(network_secret)).value();
      config.network = NetworkConfig{"mesh", network_secret};
    }
    if (adjust) {
      adjust(config);
    }
    return config;
  }

  void reload(std::vector<NodePeer> peers) {
    wanted = std::move(peers);
    REQUIRE(node->reload(make_config()).has_value());
  }

  /// Does what `quicether join` does once the invite is redeemed.
  void join(const record::Invite& invite, const wire::Grant& grant) {
    network_secret = grant.secret;
    discovery.emplace();
    discovery->dht.bootstrap = invite.endpoints;
    membership.known = {{invite.inviter, invite.endpoints}};
    reload(wanted);
  }

  void leave() {
    network_secret.clear();
    membership.known.clear();
    reload(wanted);
  }

  void kill() {
    host->kill();
    node.reset();
  }

  void restart() {
    host->restart();
    start(wanted);
  }

  [[nodiscard]] NodePeer as_peer(bool with_address = true) const {
    NodePeer peer;
    peer.name = host->name();
    peer.id = identity.node_id();
    peer.key = identity.public_key();
    if (with_address) {
      peer.addresses = {underlay};
    }
    return peer;
  }

  [[nodiscard]] std::optional<PeerStatus> peer(const MeshNode& other) const {
    for (auto& status : node->peers()) {
      if (status.id == other.identity.node_id()) {
        return status;
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] bool connected(const MeshNode& other) const {
    const auto status = peer(other);
    return status && is_connected(*status);
  }

  [[nodiscard]] static bool is_connected(const PeerStatus& peer) {
    return peer.state == "connected" && !peer.overlay_addresses.empty();
  }

  [[nodiscard]] IpAddress overlay(bool v6 = false) const {
    const auto& addresses = host->tun()->addresses();
    const auto found = std::ranges::find_if(
        addresses, [&](const InterfaceAddress& one) { return one.address.is_v6() == v6; });
    return found->address;
  }

  [[nodiscard]] std::uint64_t counter(std::string_view name) const {
    for (const auto& [known, value] : node->status().counters) {
      if (known == name) {
        return value;
      }
    }
    FAIL("no such counter: " << name);
    return 0;
  }

  /// Sends a UDP packet with `payload` through the overlay; the receiver answers "ping".
  void send(const IpAddress& to, std::string_view payload, std::optional<IpAddress> from = {}) {
    const auto source = from.value_or(overlay(to.is_v6()));
    host->tun()->inject(test::udp_packet(source, to, as_bytes(payload), 4000, 5000));
  }

  void on_packet(ConstBytes packet) {
    const auto info = wire::parse_packet(packet);
    REQUIRE(info.has_value());
    if (info->is_icmp()) {
      ++icmp_errors;
      return;
    }
    const std::string text{as_text(packet.subspan(info->transport_offset + 8U))};
    received.push_back(text);
    if (text == "ping") {
      host->tun()->inject(test::udp_packet(info->destination,
                                           info->source,
                                           as_bytes("pong"),
                                           info->destination_port,
                                           info->source_port));
    }
  }

  [[nodiscard]] std::size_t count(std::string_view text) const {
    return static_cast<std::size_t>(std::ranges::count(received, text));
  }

  sim::Host* host;
  SocketAddress underlay;
  Identity identity;
  std::optional<std::vector<policy::Rule>> rules = allow_all();
  std::optional<DiscoveryConfig> discovery{};
  MembershipConfig membership{};
  std::optional<LanConfig> lan{};
  std::string called{};                       ///< empty: as the host
  std::string network_secret{};               ///< empty: no network
  std::function<void(NodeConfig&)> adjust{};  ///< of what start() configures
  std::vector<NodePeer> wanted{};
  std::unique_ptr<Node> node{};
  std::vector<std::string> received{};
  std::size_t icmp_errors = 0;

  [[nodiscard]] static std::vector<policy::Rule> allow_all() {
    policy::Rule rule;
    rule.action = policy::Action::allow;
    return {rule};
  }
};

using MeshNodes = std::span<const std::unique_ptr<MeshNode>>;

/// Asks each node once, because run_until() asks after every event.
[[nodiscard]] inline bool all_connected(MeshNodes nodes) {
  return std::ranges::all_of(nodes, [&](const auto& one) {
    const auto peers = one->node->peers();
    return std::ranges::all_of(nodes, [&](const auto& other) {
      const auto id = other->identity.node_id();
      const auto found = std::ranges::find(peers, id, &PeerStatus::id);
      return one == other || (found != peers.end() && MeshNode::is_connected(*found));
    });
  });
}

/// `count` nodes that all know each other's addresses.
struct Mesh {
  Mesh(sim::Simulation& world, std::size_t count) : simulation{world} {
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name{static_cast<char>('a' + i)};
      nodes.push_back(std::make_unique<MeshNode>(
          simulation, name, IpAddress::v4({192, 0, 2, static_cast<std::uint8_t>(i + 1)})));
    }
  }

  void start_all() {
    for (auto& node : nodes) {
      std::vector<NodePeer> peers;
      for (auto& other : nodes) {
        if (other != node) {
          peers.push_back(other->as_peer());
        }
      }
      node->start(std::move(peers));
    }
  }

  [[nodiscard]] bool all_connected() const { return testing::all_connected(nodes); }

  void connect_all() {
    start_all();
    REQUIRE(simulation.run_until([&] { return all_connected(); }, std::chrono::seconds{5}));
  }

  /// Waits until all are connected and crossed dials have left one session each.
  void settle() {
    REQUIRE(simulation.run_until([&] { return all_connected(); }, std::chrono::seconds{5}));
    simulation.run_for(std::chrono::seconds{1});
  }

  MeshNode& operator[](std::size_t index) { return *nodes[index]; }

  sim::Simulation& simulation;
  std::vector<std::unique_ptr<MeshNode>> nodes{};
};

}  // namespace quicether::testing

#endif  // QUICETHER_TESTS_SIM_MESH_HPP
