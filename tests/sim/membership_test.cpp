#include "members.hpp"

#include <chrono>

using namespace quicether;
using namespace quicether::testing;
using namespace std::chrono_literals;

namespace {

bool has_route(const MeshNode& node, const IpAddress& address) {
  return std::ranges::any_of(node.node->routes(), [&](const RouteStatus& route) {
    return route.destination == Prefix::host(address);
  });
}

}  // namespace

TEST_CASE("membership: members that know one address find each other", "[sim][membership]") {
  simulate(10, [](sim::Simulation& simulation) {
    Members nodes{simulation, 4};
    nodes.start_all();

    REQUIRE(simulation.run_until([&] { return nodes.all_connected(); }, 30s));

    const auto answered = [&] { return nodes[1].count("pong") > 0; };
    for (int i = 0; i < 20 && !answered(); ++i) {
      nodes[1].send(nodes[3].overlay(), "ping");  // crossed dials may still be settling
      (void)simulation.run_until(answered, 50ms);
    }
    CHECK(answered());
    CHECK(nodes[1].peer(nodes[3])->name == "n3");
  });
}

TEST_CASE("membership: a member that joins later is linked to all within five seconds",
          "[sim][membership]") {
  simulate(10, [](sim::Simulation& simulation) {
    Members nodes{simulation, 4};
    for (std::size_t i = 0; i < 3; ++i) {
      nodes[i].start({});
    }
    simulation.run_for(1min);

    nodes[3].start({});

    CHECK(simulation.run_until([&] { return nodes.all_connected(); }, 5s));
  });
}

TEST_CASE("membership: who lacks the secret is neither found nor admitted", "[sim][membership]") {
  simulate(3, [](sim::Simulation& simulation) {
    Members nodes{simulation, 3};
    nodes[2].network_secret = "wrong horse";
    nodes.start_all();

    REQUIRE(simulation.run_until([&] { return nodes[0].connected(nodes[1]); }, 30s));
    simulation.run_for(1min);

    CHECK_FALSE(nodes[2].peer(nodes[0]).has_value());
    CHECK_FALSE(nodes[2].peer(nodes[1]).has_value());
    CHECK_FALSE(nodes[0].peer(nodes[2]).has_value());
  });
}

// "restart of all nodes with the bootstrap dead heals from cache"
TEST_CASE("membership: members that restart without the bootstrap node find each other again",
          "[sim][membership]") {
  simulate(10, [](sim::Simulation& simulation) {
    Members nodes{simulation, 4};
    nodes.connect_all();
    simulation.run_for(5s);
    for (auto& node : nodes.nodes) {
      node->kill();
    }
    simulation.run_for(1min);

    for (std::size_t i = 1; i < 4; ++i) {
      nodes[i].restart();
    }

    CHECK(nodes[1].peer(nodes[0])->name == "n0");  // which is not there to say so
    CHECK(simulation.run_until([&] { return nodes.all_connected(1); }, 1s));
  });
}

TEST_CASE("membership: above the bound, links come when there is something to send",
          "[sim][membership]") {
  simulate(3, [](sim::Simulation& simulation) {
    Members nodes{simulation, 3};
    for (auto& node : nodes.nodes) {
      node->membership.links_max = 0;
    }
    nodes.start_all();
    simulation.run_for(30s);
    REQUIRE_FALSE(nodes[1].connected(nodes[2]));

    const auto answered = [&] { return nodes[1].count("pong") > 0; };
    for (int i = 0; i < 50 && !answered(); ++i) {
      nodes[1].send(nodes[2].overlay(true), "ping");
      (void)simulation.run_until(answered, 100ms);
    }

    CHECK(answered());
    CHECK_FALSE(nodes[1].connected(nodes[0]));
  });
}

TEST_CASE("membership: who leaves is no member for the others a few seconds later, and may return",
          "[sim][membership]") {
  simulate(10, [](sim::Simulation& simulation) {
    Members nodes{simulation, 3};
    nodes.connect_all();
    simulation.run_for(10s);
    const auto members_of = [&](std::size_t node) {
      return nodes[node].node->network()->members.size();
    };
    REQUIRE(members_of(0) == 2);

    nodes[2].leave();

    CHECK(simulation.run_until([&] { return members_of(0) == 1 && members_of(1) == 1; }, 15s));
    CHECK_FALSE(nodes[0].peer(nodes[2]).has_value());
    CHECK_FALSE(nodes[1].peer(nodes[2]).has_value());
    CHECK(nodes[2].node->peers().empty());
    CHECK(nodes[2].node->routes().size() == 2);  // to itself
    CHECK_FALSE(nodes[0].node->resolve("n2").node.has_value());
    CHECK_FALSE(has_route(nodes[0], nodes[2].overlay()));
    CHECK_FALSE(has_route(nodes[0], nodes[2].overlay(true)));
    simulation.run_for(10min);
    CHECK(members_of(0) == 1);
    CHECK(nodes[0].node->peers().size() == 1);
    CHECK(nodes[2].node->peers().empty());

    nodes[2].network_secret = kMembersSecret;
    nodes[2].reload({});
    CHECK(simulation.run_until([&] { return nodes.all_connected(); }, 15s));
    simulation.run_for(10min);
    CHECK(members_of(0) == 2);
    CHECK(nodes.all_connected());
  });
}

TEST_CASE("membership: who is configured besides stays a peer, and says why it has no link",
          "[sim][membership]") {
  simulate(5, [](sim::Simulation& simulation) {
    Members nodes{simulation, 3};
    nodes[0].start({nodes[2].as_peer()});
    nodes[1].start({});
    nodes[2].start({nodes[0].as_peer()});
    REQUIRE(simulation.run_until([&] { return nodes.all_connected(); }, 30s));
    simulation.run_for(10s);

    nodes[2].leave();
    nodes[2].reload({});

    REQUIRE(simulation.run_until([&] { return !nodes[0].connected(nodes[2]); }, 5s));
    simulation.run_for(30s);
    CHECK(nodes[0].peer(nodes[2])->state == "refused");
    CHECK(has_route(nodes[0], nodes[2].overlay()));
    CHECK_FALSE(nodes[1].peer(nodes[2]).has_value());
    CHECK(nodes[2].node->peers().empty());
  });
}

TEST_CASE("membership: who was away when somebody left hears of it when it is back",
          "[sim][membership]") {
  simulate(5, [](sim::Simulation& simulation) {
    Members nodes{simulation, 4};
    nodes.connect_all();
    simulation.run_for(10s);
    nodes[1].kill();
    nodes[3].leave();
    simulation.run_for(1h);

    nodes[1].restart();

    CHECK(nodes[1].node->network()->members.size() == 3);  // as it remembers
    CHECK(simulation.run_until([&] { return nodes[1].node->network()->members.size() == 2; }, 10s));
  });
}

TEST_CASE("membership: twenty members fill more than one list", "[sim][membership]") {
  simulate(1, [](sim::Simulation& simulation) {
    Members nodes{simulation, 20};
    nodes.start_all();

    CHECK(simulation.run_until([&] { return nodes.all_connected(); }, 2min));
  });
}
