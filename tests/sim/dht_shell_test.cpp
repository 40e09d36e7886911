#include "support/simulate.hpp"

#include <quicether/core/dht/krpc.hpp>
#include <quicether/dht.hpp>
#include <quicether/identity.hpp>
#include <quicether/node.hpp>
#include <quicether/sim/host.hpp>
#include <quicether/sim/network.hpp>
#include <quicether/transport.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace asio = boost::asio;

using namespace quicether;
using namespace std::chrono_literals;
using quicether::testing::simulate;

namespace {

/// A line of a MTU and delay that nothing here depends on.
constexpr sim::LinkModel kLine{.delay = 10ms};

struct Peer {
  Peer(sim::Simulation& simulation, std::size_t number)
      : host{simulation.network().add_host("n" + std::to_string(number))},
        address{IpAddress::v4({20, static_cast<std::uint8_t>(number), 0, 1}), 9000},
        identity{Identity::generate(host.random())} {
    sim::InterfaceOptions interface;
    interface.addresses = {{address.address, 24}};
    interface.egress = kLine;
    host.add_interface(interface);
  }

  void start(std::vector<SocketAddress> bootstrap) {
    DhtConfig config;
    config.socket.bind = address;
    config.bootstrap = std::move(bootstrap);
    dht = std::make_unique<Dht>(host, config);
    REQUIRE(dht->open().has_value());
  }

  sim::Host& host;
  SocketAddress address;
  Identity identity;
  std::unique_ptr<Dht> dht{};
};

struct Peers {
  Peers(sim::Simulation& world, std::size_t count) : simulation{world} {
    for (std::size_t i = 0; i < count; ++i) {
      all.push_back(std::make_unique<Peer>(simulation, i + 1));
      all.back()->start(i == 0 ? std::vector<SocketAddress>{} : std::vector{all[0]->address});
      simulation.run_for(100ms);
    }
    simulation.run_for(20s);
  }

  Peer& operator[](std::size_t index) { return *all[index]; }

  sim::Simulation& simulation;
  std::vector<std::unique_ptr<Peer>> all{};
};

using Outcome = std::tuple<error_code, dht::OperationDone>;

asio::awaitable<Outcome> get(Dht& dht, dht::Id target) {
  dht::GetRequest request{.target = target};
  co_return co_await dht.async_get(request, asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<Outcome> put(Dht& dht, dht::Item item) {
  dht::PutRequest request{.item = std::move(item)};
  co_return co_await dht.async_put(request, asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<Outcome> ping(Dht& dht, SocketAddress address) {
  co_return co_await dht.async_ping(address, asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<error_code> join(Dht& dht) {
  const auto [error] = co_await dht.async_join(asio::as_tuple(asio::use_awaitable));
  co_return error;
}

dht::Item signed_item(const Identity& identity, std::string_view value, std::int64_t seq) {
  return sign_item(identity.key_pair(), as_bytes(value), seq);
}

}  // namespace

TEST_CASE("dht: a record is found by the NodeId of its author", "[dht][sim]") {
  simulate(2, [](sim::Simulation& simulation) {
    Peers peers{simulation, 12};
    const auto mine = signed_item(peers[3].identity, "5:hello", 1);

    const auto [stored_error, stored] = testing::run(simulation, put(*peers[3].dht, mine), 10s);
    const auto target = dht::Id::of(peers[3].identity.node_id());
    const auto [found_error, found] = testing::run(simulation, get(*peers[9].dht, target), 10s);

    CHECK_FALSE(stored_error);
    CHECK(stored.replicas == 8);
    CHECK_FALSE(found_error);
    CHECK(found.item == mine);
    CHECK(found.elapsed < 1s);
    CHECK(std::get<0>(testing::run(simulation, get(*peers[1].dht, dht::Id{}), 10s)) ==
          errc::not_found);
  });
}

TEST_CASE("dht: pings, and tells how it went", "[dht][sim]") {
  simulate(1, [](sim::Simulation& simulation) {
    Peers peers{simulation, 2};
    const auto [error, done] = testing::run(simulation, ping(*peers[1].dht, peers[0].address), 10s);
    CHECK_FALSE(error);
    CHECK(done.elapsed == 20ms);
    const SocketAddress nobody{IpAddress::v4({20, 99, 0, 1}), 9000};
    CHECK(std::get<0>(testing::run(simulation, ping(*peers[1].dht, nobody), 10s)) ==
          errc::timed_out);
  });
}

TEST_CASE("dht: learns the external address from others", "[dht][sim]") {
  simulate(1, [](sim::Simulation& simulation) {
    Peers peers{simulation, 6};
    CHECK(peers[4].dht->node().external(dht::Family::v4) == peers[4].address);
    CHECK(dht::is_secure_id(peers[4].dht->node().id(dht::Family::v4), peers[4].address.address));
  });
}

// Requirement C5; test plan T-D13 has the hostile ones.
TEST_CASE("dht: rejoins from its cache while the bootstrap is dead", "[dht][sim]") {
  simulate(2, [](sim::Simulation& simulation) {
    Peers peers{simulation, 10};
    const auto mine = signed_item(peers[2].identity, "4:here", 1);
    REQUIRE_FALSE(std::get<0>(testing::run(simulation, put(*peers[2].dht, mine), 10s)));
    peers[7].dht.reset();
    peers[0].dht.reset();
    peers[0].host.kill();

    peers[7].start({peers[0].address});
    CHECK_FALSE(testing::run(simulation, join(*peers[7].dht), 5s));
    const auto target = item_target(peers[2].identity.public_key());
    const auto [error, found] = testing::run(simulation, get(*peers[7].dht, target), 10s);

    CHECK_FALSE(error);
    CHECK(found.item == mine);
  });
}

TEST_CASE("dht: operations end with their object, and by cancellation", "[dht][sim]") {
  simulate(1, [](sim::Simulation& simulation) {
    Peers peers{simulation, 2};
    std::optional<error_code> cancelled;
    std::optional<error_code> destroyed;
    asio::cancellation_signal signal;
    const SocketAddress nobody{IpAddress::v4({20, 99, 0, 1}), 9000};
    peers[1].dht->async_ping(nobody,
                             asio::bind_cancellation_slot(
                                 signal.slot(), [&](error_code error, const dht::OperationDone&) {
                                   cancelled = error;
                                 }));
    peers[1].dht->async_ping(
        nobody, [&](error_code error, const dht::OperationDone&) { destroyed = error; });

    signal.emit(asio::cancellation_type::terminal);
    simulation.run_for(1ms);
    CHECK(cancelled == errc::cancelled);
    CHECK_FALSE(destroyed);
    peers[1].dht.reset();
    simulation.run_for(1ms);
    CHECK(destroyed == errc::cancelled);
  });
}

TEST_CASE("dht: refuses to work closed, and opens once", "[dht][sim]") {
  simulate(1, [](sim::Simulation& simulation) {
    Peer peer{simulation, 1};
    Dht dht{peer.host, {}};
    CHECK(std::get<0>(testing::run(simulation, ping(dht, peer.address), 1s)) == errc::not_open);
    CHECK(testing::run(simulation, join(dht), 1s) == errc::not_open);
    REQUIRE(dht.open().has_value());
    CHECK(dht.open().error() == errc::already_open);
    dht.close();
    CHECK_FALSE(dht.is_open());
    CHECK(dht.open().has_value());
  });
}

TEST_CASE("dht: shares its UDP port with QUIC sessions", "[dht][sim]") {
  simulate(2, [](sim::Simulation& simulation) {
    struct Everybody final : node::AdmissionControl {
      Verdict admit(const PublicKey&, const NodeId&, bool) override { return {.admitted = true}; }
    };

    Peers peers{simulation, 3};
    Peer both_a{simulation, 10};
    Peer both_b{simulation, 11};
    Everybody everybody;
    TransportConfig config_a;
    config_a.socket.bind = both_a.address;
    TransportConfig config_b;
    config_b.socket.bind = both_b.address;
    Transport a{both_a.host, both_a.identity, std::move(config_a), everybody};
    Transport b{both_b.host, both_b.identity, std::move(config_b), everybody};
    REQUIRE(a.open().has_value());
    REQUIRE(b.open().has_value());
    DhtConfig config;
    config.bootstrap = {peers[0].address};
    Dht dht_a{both_a.host, a, config};
    Dht dht_b{both_b.host, b, config};
    REQUIRE(dht_a.open().has_value());
    REQUIRE(dht_b.open().has_value());
    CHECK_FALSE(testing::run(simulation, join(dht_a), 10s));
    CHECK_FALSE(testing::run(simulation, join(dht_b), 10s));
    simulation.run_for(10s);

    std::optional<error_code> connected;
    node::DialOptions dial;
    dial.remote = both_b.address;
    a.async_connect(dial, [&](error_code error, SessionId) { connected = error; });
    const auto mine = signed_item(both_a.identity, "4:both", 1);
    REQUIRE_FALSE(std::get<0>(testing::run(simulation, put(dht_a, mine), 10s)));
    const auto target = dht::Id::of(both_a.identity.node_id());
    const auto [error, found] = testing::run(simulation, get(dht_b, target), 10s);
    simulation.run_for(5s);

    CHECK_FALSE(error);
    CHECK(found.item == mine);
    CHECK(connected == error_code{});
    CHECK(dht_b.local_endpoint() == both_b.address);
    CHECK(dht_b.node().external(dht::Family::v4) == both_b.address);
    CHECK(a.quic_stats().dht_messages_ignored == 0);
  });
}
