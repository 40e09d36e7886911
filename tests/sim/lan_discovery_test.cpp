#include "mesh.hpp"

#include <quicether/core/record/lan_announcement.hpp>

#include <catch2/generators/catch_generators.hpp>

#include <chrono>

using namespace quicether;
using namespace quicether::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::uint16_t kLanPort = 20805;

crypto::NetworkKey network(std::string_view secret) {
  return crypto::NetworkKey::derive("mesh", as_bytes(secret)).value();
}

std::size_t failed_handshakes(const MeshNode& node) {
  return node.counter("quic.handshakes_failed");
}

/// Nodes that know nobody: those of one number are on one link.
struct Strangers {
  explicit Strangers(sim::Simulation& world) : simulation{world} {}

  MeshNode& add(std::uint8_t link, std::string_view secret) {
    const auto number = static_cast<std::uint8_t>(nodes.size() + 1);
    auto& node = *nodes.emplace_back(
        std::make_unique<MeshNode>(simulation,
                                   std::string{static_cast<char>('a' + nodes.size())},
                                   IpAddress::v4({10, 0, link, number})));
    node.lan.emplace();
    node.network_secret = secret;
    return node;
  }

  sim::Simulation& simulation;
  std::vector<std::unique_ptr<MeshNode>> nodes{};
};

}  // namespace

TEST_CASE("lan: members on one link find each other without any address", "[sim][lan]") {
  simulate(10, [](sim::Simulation& simulation) {
    Strangers nodes{simulation};
    auto& a = nodes.add(1, "secret");
    auto& b = nodes.add(1, "secret");
    auto& c = nodes.add(1, "secret");
    for (auto* node : {&a, &b}) {
      node->start({});
    }
    REQUIRE(simulation.run_until([&] { return a.connected(b) && b.connected(a); }, 2s));
    c.start({});
    REQUIRE(simulation.run_until([&] { return a.connected(c) && b.connected(c); }, 2s));
    CHECK(a.host->recorded().count("lan.found") == 2);
  });
}

TEST_CASE("lan: another network and another link stay unknown", "[sim][lan]") {
  simulate(3, [](sim::Simulation& simulation) {
    Strangers nodes{simulation};
    auto& a = nodes.add(1, "secret");
    auto& foreign = nodes.add(1, "other secret");
    auto& elsewhere = nodes.add(2, "secret");
    for (auto* node : {&a, &foreign, &elsewhere}) {
      node->start({});
    }
    simulation.run_for(5min);
    CHECK(a.node->peers().empty());
    CHECK(foreign.node->peers().empty());
    CHECK(elsewhere.node->peers().empty());
    CHECK(a.counter("lan.announcements_refused") == foreign.counter("lan.announcements_sent"));
    // Nobody answers an announcement: in five minutes, four at first and one a minute.
    CHECK(a.counter("lan.announcements_sent") <= 10);
  });
}

TEST_CASE("lan: without a secret, configured peers are found and strangers are not", "[sim][lan]") {
  simulate(5, [](sim::Simulation& simulation) {
    Strangers nodes{simulation};
    auto& a = nodes.add(1, "");
    auto& b = nodes.add(1, "");
    auto& stranger = nodes.add(1, "");
    stranger.start({});
    a.start({b.as_peer(false)});
    b.start({a.as_peer(false)});
    REQUIRE(simulation.run_until([&] { return a.connected(b) && b.connected(a); }, 5s));
    simulation.run_for(2min);
    CHECK(stranger.node->peers().empty());
    CHECK_FALSE(a.connected(stranger));
  });
}

TEST_CASE("lan: a node that comes back is found again, one that is silent is left alone",
          "[sim][lan]") {
  simulate(5, [](sim::Simulation& simulation) {
    Strangers nodes{simulation};
    auto& a = nodes.add(1, "secret");
    auto& b = nodes.add(1, "secret");
    a.start({});
    b.start({});
    REQUIRE(simulation.run_until([&] { return a.connected(b); }, 2s));
    b.kill();
    simulation.run_for(2min);
    b.restart();
    CHECK(simulation.run_until([&] { return a.connected(b) && b.connected(a); }, 5s));
  });
}

TEST_CASE("lan: a node that moves while its link seems to be up is found again", "[sim][lan]") {
  simulate(5, [](sim::Simulation& simulation) {
    Strangers nodes{simulation};
    auto& a = nodes.add(1, "secret");
    auto& b = nodes.add(1, "secret");
    a.start({});
    b.start({});
    REQUIRE(simulation.run_until([&] { return a.connected(b); }, 2s));
    simulation.run_for(1min);
    b.kill();
    b.underlay.address = IpAddress::v4({10, 0, 1, 99});
    b.host->interface().set_addresses({{b.underlay.address, 24}});
    b.restart();
    CHECK(simulation.run_until([&] { return b.node->status().peers_connected == 1; }, 40s));
  });
}

TEST_CASE("lan: forged announcements cost at most three dials each, and floods are cut off",
          "[sim][lan]") {
  simulate(2, [](sim::Simulation& simulation) {
    Strangers nodes{simulation};
    auto& a = nodes.add(1, "secret");
    auto& victim = simulation.network().add_host("victim", {"10.0.1.200/24"});
    std::size_t at_victim = 0;
    simulation.network().observe([&](const sim::DatagramEvent& event) {
      at_victim += event.fate == sim::Fate::sent &&
                   event.destination == SocketAddress{IpAddress::v4({10, 0, 1, 200}), 53};
    });
    (void)victim;
    a.start({});
    // A member's announcement, replayed from the victim's address a thousand times.
    const auto member = Identity::generate(a.host->random());
    const record::LanCodec codec{network("secret")};
    const auto announcement = codec.encode({member.public_key(), 53}, a.host->random());
    for (int i = 0; i < 600; ++i) {
      simulation.network().inject(
          {IpAddress::v4({10, 0, 1, 200}), kLanPort}, {a.underlay.address, kLanPort}, announcement);
      simulation.run_for(1s);
    }
    CHECK(failed_handshakes(a) <= 3);
    CHECK(at_victim > 0);

    const auto refused = a.counter("lan.announcements_refused");
    for (int i = 0; i < 5000; ++i) {
      simulation.network().inject(
          {IpAddress::v4({10, 0, 1, 200}), kLanPort}, {a.underlay.address, kLanPort}, announcement);
    }
    simulation.run_for(1s);
    CHECK(a.counter("lan.announcements_refused") - refused >= 4000);

    // And from another network, which no router would let through.
    const auto received = a.counter("lan.announcements_received");
    simulation.network().inject(
        {IpAddress::v4({20, 0, 1, 1}), kLanPort}, {a.underlay.address, kLanPort}, announcement);
    simulation.run_for(1s);
    CHECK(a.counter("lan.announcements_received") - received <= 1);  // its own timer may be due
  });
}

// What `quicether join` and `quicether network leave` do to a daemon that runs.
TEST_CASE(
    "lan: a node that enters a network while it runs is found on its link, and no more when "
    "it has left",
    "[sim][lan]") {
  const bool announced_before = GENERATE(true, false);
  simulate(5, [&](sim::Simulation& simulation) {
    Strangers nodes{simulation};
    auto& a = nodes.add(1, "secret");
    auto& b = nodes.add(1, "");
    if (!announced_before) {
      b.lan.reset();
    }
    a.start({});
    b.start({});
    simulation.run_for(5min);  // announcements are a minute apart now
    REQUIRE(a.node->peers().empty());

    b.lan.emplace();
    b.network_secret = "secret";
    b.reload({});
    CHECK(simulation.run_until([&] { return a.connected(b) && b.connected(a); }, 2s));

    b.leave();
    CHECK(simulation.run_until([&] { return !a.connected(b) && !b.connected(a); }, 5s));
    simulation.run_for(2min);
    for (const auto* node : {&a, &b}) {
      CHECK(node->node->peers().empty());
      CHECK(node->node->routes().size() == 2);  // to itself
    }
  });
}

TEST_CASE("lan: a link that appears is announced on within five seconds", "[sim][lan]") {
  simulate(5, [](sim::Simulation& simulation) {
    Strangers nodes{simulation};
    auto& a = nodes.add(1, "secret");
    auto& b = nodes.add(2, "secret");
    const auto elsewhere = b.underlay.address;
    b.underlay.address = IpAddress{};  // listens on every address
    a.start({});
    b.start({});
    simulation.run_for(5min);
    REQUIRE_FALSE(a.connected(b));

    b.host->interface().set_addresses({{elsewhere, 24}, {IpAddress::v4({10, 0, 1, 77}), 24}});

    CHECK(simulation.run_until([&] { return a.connected(b) && b.connected(a); }, 6s));
  });
}
