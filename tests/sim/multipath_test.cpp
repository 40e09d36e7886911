// A link of several paths: they come up without being told one by one, and follow what happens to
// the interfaces of both hosts.

#include "multi_node.hpp"

#include <algorithm>
#include <chrono>

using namespace quicether;
using namespace quicether::testing;
using namespace std::chrono_literals;
using path::PathState;

namespace {

/// Counts what of a ping every 10 ms is answered.
std::size_t pongs(sim::Simulation& simulation, MultiNode& from, MultiNode& to, int count) {
  const auto before = from.count("pong");
  for (int i = 0; i < count; ++i) {
    from.send(to.overlay(), "ping");
    simulation.run_for(10ms);
  }
  simulation.run_for(100ms);
  return from.count("pong") - before;
}

void dial(sim::Simulation& simulation, MultiNode& from, MultiNode& to) {
  sim::LinkModel link;
  link.delay = 5ms;
  simulation.network().set_path(*from.host, *to.host, link);
  to.start({from.as_peer(false)});
  from.start({to.as_peer()});
}

}  // namespace

TEST_CASE("multipath: each interface of a client gets a path to a server with one address",
          "[sim][multipath]") {
  simulate(10, [](sim::Simulation& simulation) {
    MultiNode client{simulation, "client", 1, 3};
    MultiNode server{simulation, "server", 2, 1};
    server.enabled = false;
    server.accept = true;
    dial(simulation, client, server);

    REQUIRE(simulation.run_until([&] { return client.has_paths(server, 3); }, 5s));

    CHECK(client.active(server) == Texts{"eth0 10.0.0.2", "eth1 10.0.0.2", "eth2 10.0.0.2"});
    CHECK(server.active(client) == Texts{"eth0 10.0.0.1", "eth0 10.0.1.1", "eth0 10.0.2.1"});
    CHECK(client.node->status().paths_active == 3);
    simulation.run_for(60s);
    CHECK(client.has_paths(server, 3));
    CHECK(server.has_paths(client, 3));
    CHECK(client.counter("quic.handshakes_completed") == 3);
  });
}

TEST_CASE("multipath: a client with one interface gets a path to each address of a server",
          "[sim][multipath]") {
  simulate(10, [](sim::Simulation& simulation) {
    MultiNode client{simulation, "client", 1, 1};
    MultiNode server{simulation, "server", 2, 3};
    server.enabled = false;
    server.accept = true;
    dial(simulation, client, server);

    REQUIRE(simulation.run_until([&] { return client.has_paths(server, 3); }, 5s));

    CHECK(client.active(server) == Texts{"eth0 10.0.0.2", "eth0 10.0.1.2", "eth0 10.0.2.2"});
  });
}

TEST_CASE("multipath: hosts in several networks use each of them", "[sim][multipath]") {
  simulate(10, [](sim::Simulation& simulation) {
    MultiNode one{simulation, "one", 1, 3};
    MultiNode other{simulation, "other", 2, 3};
    dial(simulation, one, other);

    REQUIRE(simulation.run_until([&] { return one.has_paths(other, 3); }, 5s));

    CHECK(one.active(other) == Texts{"eth0 10.0.0.2", "eth1 10.0.1.2", "eth2 10.0.2.2"});
    CHECK(other.active(one) == Texts{"eth0 10.0.0.1", "eth1 10.0.1.1", "eth2 10.0.2.1"});
  });
}

TEST_CASE("multipath: only with peers that take it, and over the interfaces that are chosen",
          "[sim][multipath]") {
  simulate(3, [](sim::Simulation& simulation) {
    for (const bool takes : {false, true}) {
      const std::string tag = takes ? "-t" : "-n";
      const std::uint8_t shift = takes ? 10 : 0;
      MultiNode client{simulation, "client" + tag, static_cast<std::uint8_t>(1 + shift), 3};
      MultiNode server{simulation, "server" + tag, static_cast<std::uint8_t>(2 + shift), 3};
      client.chosen = {"eth2", "eth1"};
      server.enabled = false;
      server.accept = takes;
      dial(simulation, client, server);
      REQUIRE(simulation.run_until([&] { return client.connected(server); }, 5s));
      simulation.run_for(10s);

      REQUIRE(client.has_paths(server, takes ? 3 : 1));
      for (const auto& path : client.paths(server)) {
        CHECK(path.interface != "eth0");
      }
    }
  });
}

TEST_CASE("multipath: an interface that goes down costs nothing, and is used again",
          "[sim][multipath]") {
  simulate(20, [](sim::Simulation& simulation) {
    MultiNode one{simulation, "one", 1, 2};
    MultiNode other{simulation, "other", 2, 2};
    dial(simulation, one, other);
    REQUIRE(simulation.run_until([&] { return one.has_paths(other, 2); }, 5s));

    for (const auto* const name : {"eth0", "eth1", "eth0"}) {
      CAPTURE(name);
      one.host->interface(name).set_up(false);
      // The node hears of it in the same turn; the other one is told by a packet that comes
      // elsewhere, or not at all: here both see that the cable is out.
      other.host->interface(name).set_up(false);
      simulation.run_for(1ms);
      CHECK(pongs(simulation, one, other, 50) == 50);
      CHECK(pongs(simulation, other, one, 50) == 50);
      CHECK(one.active(other).size() == 1);

      one.host->interface(name).set_up(true);
      other.host->interface(name).set_up(true);
      // At first perhaps to the other's first address, until that has said that it is back, too.
      REQUIRE(
          simulation.run_until([&] { return one.interfaces(other) == Texts{"eth0", "eth1"}; }, 2s));
      CHECK(pongs(simulation, one, other, 50) == 50);
    }
    REQUIRE(simulation.run_until(
        [&] { return one.active(other) == Texts{"eth0 10.0.0.2", "eth1 10.0.1.2"}; }, 5s));
    CHECK(one.peer(other)->connected_for.value() > 4s);
  });
}

TEST_CASE("multipath: a line that dies without a word is found out, and used again",
          "[sim][multipath]") {
  simulate(5, [](sim::Simulation& simulation) {
    MultiNode one{simulation, "one", 1, 2};
    MultiNode other{simulation, "other", 2, 2};
    dial(simulation, one, other);
    REQUIRE(simulation.run_until([&] { return one.has_paths(other, 2); }, 5s));
    CHECK(pongs(simulation, one, other, 50) == 50);

    for (const auto* const name : {"eth0", "eth1"}) {
      CAPTURE(name);
      sim::LinkModel dead;
      dead.up = false;
      one.host->interface(name).set_links(dead);
      // What was under way is sent again over the other path.
      CHECK(pongs(simulation, one, other, 200) >= 195);
      // If nothing used it, that takes until it is asked for a sign of life.
      REQUIRE(simulation.run_until([&] { return one.interfaces(other).size() == 1; }, 15s));
      CHECK(pongs(simulation, one, other, 1000) == 1000);

      one.host->interface(name).set_links({});
      // Dials are fewer after some in vain.
      REQUIRE(
          simulation.run_until([&] { return one.interfaces(other) == Texts{"eth0", "eth1"}; }, 5s));
    }
    CHECK(one.peer(other)->connected_for.value() > 20s);
  });
}

TEST_CASE("multipath: a line that dies while nothing uses it is found out as well",
          "[sim][multipath]") {
  simulate(3, [](sim::Simulation& simulation) {
    MultiNode one{simulation, "one", 1, 2};
    MultiNode other{simulation, "other", 2, 2};
    dial(simulation, one, other);
    REQUIRE(simulation.run_until([&] { return one.has_paths(other, 2); }, 5s));
    simulation.run_for(60s);
    CHECK(one.has_paths(other, 2));

    sim::LinkModel dead;
    dead.up = false;
    one.host->interface("eth1").set_links(dead);
    REQUIRE(simulation.run_until(
        [&] { return one.interfaces(other) == Texts{"eth0"} && other.active(one).size() == 1; },
        15s));
    CHECK(std::ranges::count(one.paths(other), PathState::failed, &PathStatus::state) == 1);

    one.host->interface("eth1").set_links({});
    REQUIRE(simulation.run_until([&] { return one.has_paths(other, 2); }, 2s));
  });
}

TEST_CASE("multipath: an address that changes takes its path along", "[sim][multipath]") {
  simulate(10, [](sim::Simulation& simulation) {
    MultiNode one{simulation, "one", 1, 2};
    MultiNode other{simulation, "other", 2, 2};
    dial(simulation, one, other);
    REQUIRE(simulation.run_until([&] { return one.has_paths(other, 2); }, 5s));

    one.host->interface("eth1").set_addresses({{MultiNode::address(1, 77), 24}});
    simulation.run_for(1ms);
    CHECK(pongs(simulation, one, other, 20) == 20);

    REQUIRE(simulation.run_until(
        [&] { return one.has_paths(other, 2) && other.active(one).contains("eth1 10.0.1.77"); },
        2s));
  });
}

TEST_CASE("multipath: a flapping interface leads to no flood of handshakes", "[sim][multipath]") {
  simulate(3, [](sim::Simulation& simulation) {
    MultiNode one{simulation, "one", 1, 2};
    MultiNode other{simulation, "other", 2, 2};
    dial(simulation, one, other);
    REQUIRE(simulation.run_until([&] { return one.has_paths(other, 2); }, 5s));

    for (int i = 0; i < 100; ++i) {
      one.host->interface("eth1").set_up(i % 2 == 1);
      simulation.run_for(50ms);
    }
    CHECK(one.counter("quic.handshakes_completed") <= 10);
    CHECK(pongs(simulation, one, other, 50) == 50);
    REQUIRE(simulation.run_until([&] { return one.has_paths(other, 2); }, 3s));
  });
}

TEST_CASE("multipath: crossed dials leave one session for each path", "[sim][multipath]") {
  simulate(100, [](sim::Simulation& simulation) {
    MultiNode one{simulation, "one", 1, 3};
    MultiNode other{simulation, "other", 2, 3};
    one.start({other.as_peer()});
    other.start({one.as_peer()});
    const Texts expected{"eth0 10.0.0.2", "eth1 10.0.1.2", "eth2 10.0.2.2"};

    REQUIRE(simulation.run_until([&] { return one.connected(other); }, 5s));
    simulation.run_for(5s);

    CHECK(one.active(other) == expected);
    CHECK(one.paths(other).size() == 3);
    CHECK(other.paths(one).size() == 3);
    const auto settled = one.counter("quic.handshakes_completed");
    simulation.run_for(60s);
    CHECK(one.counter("quic.handshakes_completed") == settled);
  });
}

TEST_CASE("multipath: a peer that lists strangers does not have them flooded", "[sim][multipath]") {
  simulate(3, [](sim::Simulation& simulation) {
    MultiNode client{simulation, "client", 1, 2};
    auto& victim = simulation.network().add_host("victim");
    sim::InterfaceOptions options;
    for (std::uint8_t i = 1; i <= 15; ++i) {
      options.addresses.push_back({IpAddress::v4({203, 0, 113, i}), 24});
    }
    victim.add_interface(options);
    std::size_t hits = 0;
    simulation.network().observe([&](const sim::DatagramEvent& event) {
      const bool hit = std::ranges::any_of(options.addresses, [&](const InterfaceAddress& one) {
        return one.address == event.destination.address;
      });
      hits += hit && event.fate == sim::Fate::sent ? 1U : 0U;
    });

    // A server of its own making, which announces them.
    auto& host = simulation.network().add_host("liar", {"10.0.0.2/24"});
    const auto identity = Identity::generate(host.random());
    struct All final : node::AdmissionControl {
      Verdict admit(const PublicKey&, const NodeId&, bool) override { return {true, {}}; }
    } all;
    TransportConfig config;
    config.socket.bind = {IpAddress::v6({}), 9000};
    config.sessions.capabilities |= wire::kCapabilityPaths;
    Transport transport{host, identity, config, all};
    REQUIRE(transport.open().has_value());
    wire::Announce announce;
    announce.endpoints = {{IpAddress::v4({127, 0, 0, 1}), 9000},
                          {IpAddress::v4({224, 0, 0, 1}), 9000},
                          {IpAddress::v4({0, 0, 0, 0}), 9000}};
    for (const auto& address : options.addresses) {
      announce.endpoints.push_back({address.address, 9000});
    }
    transport.announce(announce);
    NodePeer liar;
    liar.id = identity.node_id();
    liar.key = identity.public_key();
    liar.addresses = {{MultiNode::address(0, 2), 9000}};
    client.start({liar});

    simulation.run_for(600s);

    CHECK(hits > 0);
    CHECK(client.node->status().peers_connected == 1);
    // 16 attempts a minute, of a few datagrams each.
    CHECK(hits <= 10 * 16 * 8);
  });
}
