#include "mesh.hpp"

#include <quicether/core/record/node_record.hpp>
#include <quicether/dht.hpp>

#include <chrono>

using namespace quicether;
using namespace quicether::testing;
using namespace std::chrono_literals;

namespace {

/// Nodes in networks of their own; all but the first know the first one's address, and of the
/// others their ids only.
struct Finders {
  Finders(sim::Simulation& world, std::size_t count) : simulation{world} {
    sim::LinkModel line;
    line.delay = 10ms;
    for (std::uint8_t i = 0; i < count; ++i) {
      const auto address = IpAddress::v4({20, static_cast<std::uint8_t>(i + 1), 0, 1});
      nodes.push_back(
          std::make_unique<MeshNode>(world, std::string{static_cast<char>('a' + i)}, address));
      for (std::size_t other = 0; other < i; ++other) {
        world.network().set_path(*nodes[other]->host, *nodes[i]->host, line);
      }
      nodes[i]->discovery.emplace();
      if (i > 0) {
        nodes[i]->discovery->dht.bootstrap = {nodes[0]->underlay};
      }
    }
  }

  void start(std::size_t index) {
    std::vector<NodePeer> peers;
    for (const auto& other : nodes) {
      if (other != nodes[index]) {
        peers.push_back(other->as_peer(false));
      }
    }
    nodes[index]->start(std::move(peers));
  }

  void start_all() {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      start(i);
    }
  }

  [[nodiscard]] bool all_connected() const {
    return std::ranges::all_of(nodes, [&](const auto& one) {
      return std::ranges::all_of(
          nodes, [&](const auto& other) { return one == other || one->connected(*other); });
    });
  }

  MeshNode& operator[](std::size_t index) { return *nodes[index]; }

  sim::Simulation& simulation;
  std::vector<std::unique_ptr<MeshNode>> nodes{};
};

std::size_t failed_handshakes(const MeshNode& node) {
  return node.counter("quic.handshakes_failed");
}

}  // namespace

// Requirement C6.
TEST_CASE("discovery: nodes that know one address and each other's ids find each other",
          "[sim][discovery]") {
  simulate(20, [](sim::Simulation& simulation) {
    Finders nodes{simulation, 3};
    nodes.start_all();

    REQUIRE(simulation.run_until([&] { return nodes.all_connected(); }, 20s));

    const auto answered = [&] { return nodes[1].count("pong") > 0; };
    for (int i = 0; i < 20 && !answered(); ++i) {
      nodes[1].send(nodes[2].overlay(), "ping");  // crossed dials may still be settling
      (void)simulation.run_until(answered, 50ms);
    }
    CHECK(answered());
    const auto discovery = nodes[2].node->status().discovery;
    REQUIRE(discovery.has_value());
    CHECK(discovery->dht_nodes == 2);
    CHECK(discovery->published == std::vector{nodes[2].underlay});
  });
}

TEST_CASE("discovery: others' addresses are agreed on when there are enough to see them",
          "[sim][discovery]") {
  simulate(3, [](sim::Simulation& simulation) {
    Finders nodes{simulation, 5};
    nodes.start_all();

    REQUIRE(simulation.run_until([&] { return nodes.all_connected(); }, 60s));
    CHECK(simulation.run_until(
        [&] {
          return nodes[3].node->status().discovery->external == std::vector{nodes[3].underlay};
        },
        60s));
  });
}

TEST_CASE("discovery: a node that moved while nobody was linked to it is found again",
          "[sim][discovery]") {
  simulate(10, [](sim::Simulation& simulation) {
    Finders nodes{simulation, 4};
    nodes[3].underlay.address = IpAddress{};  // listens on every address
    nodes.start(0);
    nodes.start(1);
    nodes.start(3);
    REQUIRE(simulation.run_until([&] { return nodes[1].connected(nodes[3]); }, 20s));
    nodes[1].kill();
    nodes[3].host->interface().set_addresses({{IpAddress::v4({30, 1, 0, 1}), 24}});
    simulation.run_for(5s);

    // It has never heard of the other, and its own record would not help: the other has a link to
    // nobody who dials it.
    nodes[2].start({nodes[3].as_peer(false)});
    REQUIRE(simulation.run_until([&] { return nodes[2].connected(nodes[3]); }, 60s));
    CHECK(nodes[2].peer(nodes[3])->paths.at(0).remote.address == IpAddress::v4({30, 1, 0, 1}));
  });
}

TEST_CASE("discovery: an address from a record is dialled three times, not for ever",
          "[sim][discovery]") {
  simulate(2, [](sim::Simulation& simulation) {
    Finders nodes{simulation, 3};
    // The third one is no node, but a liar: its record leads to a host that does not answer.
    auto& liar = nodes[2];
    const SocketAddress victim{IpAddress::v4({20, 99, 0, 1}), 53};
    DhtConfig config;
    config.socket.bind = liar.underlay;
    config.bootstrap = {nodes[0].underlay};
    Dht dht{*liar.host, config};
    nodes[0].start({});
    REQUIRE(dht.open().has_value());
    REQUIRE(dht.publish(sign_item(liar.identity.key_pair(), record::encode({0, {victim}}), 1)));
    simulation.run_for(30s);
    nodes[1].start({liar.as_peer(false)});

    simulation.run_for(10min);

    CHECK(nodes[1].host->recorded().count("discovery.found") == 1);
    CHECK(failed_handshakes(nodes[1]) == 3);
  });
}
