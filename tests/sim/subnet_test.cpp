#include "members.hpp"
#include "shell/claim_keeper.hpp"

#include <chrono>
#include <optional>

using namespace quicether;
using namespace quicether::testing;
using namespace std::chrono_literals;

namespace {

const Prefix kOffice = Prefix::parse("10.1.0.0/16").value();
const Prefix kBranch = Prefix::parse("10.2.0.0/16").value();

/// What a look-up came to.
template <typename Found>
struct Search {
  std::optional<error_code> error{};
  Found found{};
};

Search<FoundSubnet> find(sim::Simulation& simulation, MeshNode& node, const Prefix& subnet) {
  Search<FoundSubnet> search;
  node.node->async_discover_subnet(
      subnet, [&](error_code error, const FoundSubnet& found) { search = {error, found}; });
  REQUIRE(simulation.run_until([&] { return search.error.has_value(); }, 30s));
  return search;
}

Search<FoundNode> find(sim::Simulation& simulation, MeshNode& node, const NodeId& id) {
  Search<FoundNode> search;
  node.node->async_discover(
      id, [&](error_code error, const FoundNode& found) { search = {error, found}; });
  REQUIRE(simulation.run_until([&] { return search.error.has_value(); }, 30s));
  return search;
}

/// Asks until the subnet has so many owners: claims take a few seconds to be made.
FoundSubnet find_owners(sim::Simulation& simulation,
                        MeshNode& node,
                        const Prefix& subnet,
                        std::size_t count) {
  FoundSubnet found;
  for (int i = 0; i < 30; ++i) {
    found = find(simulation, node, subnet).found;
    if (found.owners.size() == count) {
      break;
    }
    simulation.run_for(1s);
  }
  return found;
}

bool has_route(const MeshNode& node, const Prefix& subnet) {
  return std::ranges::any_of(node.node->routes(), [&](const RouteStatus& route) {
    return route.destination == subnet && route.next_hop.has_value();
  });
}

}  // namespace

TEST_CASE("subnets: members find by its prefix who carries one; only the entitled get a route",
          "[sim][subnet]") {
  simulate(5, [](sim::Simulation& simulation) {
    Members nodes{simulation, 4};
    nodes[1].adjust = [](NodeConfig& config) { config.advertise_subnets = {kOffice}; };
    auto office = nodes[1].as_peer(false);
    office.subnets = {kOffice};
    for (std::size_t i = 0; i < 4; ++i) {
      nodes[i].start(i == 2 ? std::vector{office} : std::vector<NodePeer>{});
    }
    REQUIRE(simulation.run_until([&] { return nodes.all_connected(); }, 30s));

    const auto trusted = find_owners(simulation, nodes[2], kOffice, 1);
    REQUIRE(trusted.owners.size() == 1);
    CHECK(trusted.owners[0].key == nodes[1].identity.public_key());
    CHECK(trusted.owners[0].name == "n1");
    CHECK(trusted.owners[0].entitled);
    CHECK(trusted.gateways.empty());
    const auto seen = find(simulation, nodes[3], kOffice).found;
    REQUIRE(seen.owners.size() == 1);
    CHECK_FALSE(seen.owners[0].entitled);

    CHECK(has_route(nodes[2], kOffice));
    CHECK_FALSE(has_route(nodes[3], kOffice));
    const auto nobody = find(simulation, nodes[2], kBranch);
    CHECK_FALSE(*nobody.error);
    CHECK(nobody.found.owners.empty());
  });
}

TEST_CASE("subnets: a node that advertises others takes its claims back", "[sim][subnet]") {
  simulate(3, [](sim::Simulation& simulation) {
    Members nodes{simulation, 3};
    nodes.connect_all();
    REQUIRE(nodes[1].node->advertise({kOffice}).has_value());
    REQUIRE(nodes[2].node->advertise({kOffice}).has_value());
    REQUIRE(find_owners(simulation, nodes[0], kOffice, 2).owners.size() == 2);

    REQUIRE(nodes[1].node->advertise({kBranch}).has_value());

    const auto left = find_owners(simulation, nodes[0], kOffice, 1);
    REQUIRE(left.owners.size() == 1);
    CHECK(left.owners[0].id == nodes[2].identity.node_id());
    const auto moved = find_owners(simulation, nodes[0], kBranch, 1);
    REQUIRE(moved.owners.size() == 1);
    CHECK(moved.owners[0].id == nodes[1].identity.node_id());

    const std::vector<Prefix> too_many(257, kOffice);
    CHECK(nodes[1].node->advertise(too_many).error() == errc::limit_reached);
  });
}

TEST_CASE("subnets: a node that leaves its network takes its claims back", "[sim][subnet]") {
  simulate(3, [](sim::Simulation& simulation) {
    Members nodes{simulation, 3};
    nodes[1].adjust = [](NodeConfig& config) { config.advertise_subnets = {kOffice, kBranch}; };
    nodes.start_all();
    REQUIRE(find_owners(simulation, nodes[0], kOffice, 1).owners.size() == 1);
    REQUIRE(find_owners(simulation, nodes[0], kBranch, 1).owners.size() == 1);

    nodes[1].leave();

    CHECK(find_owners(simulation, nodes[0], kOffice, 0).owners.empty());
    CHECK(find_owners(simulation, nodes[0], kBranch, 0).owners.empty());
  });
}

TEST_CASE("subnets: a claim outlives the restart of its owner, and the death of others",
          "[sim][subnet]") {
  simulate(2, [](sim::Simulation& simulation) {
    Members nodes{simulation, 4};
    nodes[1].adjust = [](NodeConfig& config) { config.advertise_subnets = {kOffice}; };
    nodes.start_all();
    REQUIRE(find_owners(simulation, nodes[2], kOffice, 1).owners.size() == 1);

    nodes[1].kill();
    simulation.run_for(1min);
    CHECK(find(simulation, nodes[2], kOffice).found.owners.size() == 1);
    nodes[1].restart();
    simulation.run_for(3h);  // longer than an item lives that nobody stores again

    CHECK(find_owners(simulation, nodes[2], kOffice, 1).owners.size() == 1);
  });
}

TEST_CASE("subnets: without a network nothing is claimed, and nothing found", "[sim][subnet]") {
  simulate(1, [](sim::Simulation& simulation) {
    Members nodes{simulation, 3};
    nodes[1].adjust = [](NodeConfig& config) { config.advertise_subnets = {kOffice}; };
    nodes[2].network_secret = "wrong horse";
    nodes.start_all();
    REQUIRE(find_owners(simulation, nodes[0], kOffice, 1).owners.size() == 1);

    CHECK(find(simulation, nodes[2], kOffice).found.owners.empty());
    nodes[2].leave();
    CHECK(find(simulation, nodes[2], kOffice).error == errc::not_open);
  });
}

TEST_CASE("discover: a node's record is found by its id", "[sim][subnet]") {
  simulate(3, [](sim::Simulation& simulation) {
    Members nodes{simulation, 3};
    nodes.connect_all();

    const auto search = find(simulation, nodes[1], nodes[2].identity.node_id());
    CHECK_FALSE(*search.error);
    CHECK(search.found.key == nodes[2].identity.public_key());
    CHECK(search.found.name == "n2");
    CHECK(search.found.endpoints == std::vector{nodes[2].underlay});
    CHECK(search.found.version > 0);
    CHECK_FALSE(search.found.gateway);
    CHECK(find(simulation, nodes[1], NodeId{}).error == errc::not_found);

    MeshNode alone{simulation, "alone", IpAddress::v4({20, 99, 0, 1})};
    alone.start({});
    CHECK(find(simulation, alone, nodes[1].identity.node_id()).error == errc::not_open);
  });
}

TEST_CASE("discover: who forwards to a subnet or a node is found beside it", "[sim][subnet]") {
  simulate(3, [](sim::Simulation& simulation) {
    Members nodes{simulation, 3};
    nodes.connect_all();
    // A member that is no more than its claims.
    auto& host = simulation.network().add_host("gateway", {"20.50.0.1/24"});
    const auto identity = Identity::generate(host.random());
    DhtConfig config;
    config.bootstrap = {nodes[0].underlay};
    config.socket.bind = {IpAddress::v4({20, 50, 0, 1}), 9000};
    const auto dht = std::make_shared<Dht>(host, config);
    REQUIRE(dht->open().has_value());
    const auto lists = std::make_shared<detail::ListStore>(
        dht,
        record::NetworkRecords{
            crypto::NetworkKey::derive("mesh", as_bytes(kMembersSecret)).value()});
    std::vector<std::shared_ptr<detail::ClaimKeeper>> keepers;
    for (const auto& topic :
         {record::Topic::gateway(kOffice), record::Topic::gateway(nodes[2].identity.node_id())}) {
      keepers.push_back(std::make_shared<detail::ClaimKeeper>(
          host, identity, lists, topic, record::ClaimListsConfig{}, [](const record::Claim&) {}));
    }
    const auto listed = [&] {
      return std::ranges::all_of(keepers, [](const auto& one) { return one->lists().listed(); });
    };
    for (int i = 0; i < 60 && !listed(); ++i) {
      for (const auto& keeper : keepers) {
        keeper->tick();
      }
      simulation.run_for(1s);
    }
    REQUIRE(listed());

    const auto subnet = find(simulation, nodes[1], kOffice).found;
    CHECK(subnet.owners.empty());
    REQUIRE(subnet.gateways.size() == 1);
    CHECK(subnet.gateways[0].id == identity.node_id());
    const auto node = find(simulation, nodes[1], nodes[2].identity.node_id()).found;
    REQUIRE(node.gateways.size() == 1);
    CHECK(node.gateways[0].key == identity.public_key());
  });
}
