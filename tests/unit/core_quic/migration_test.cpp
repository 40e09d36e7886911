#include "unit/core_quic/world.hpp"

#include <catch2/catch_test_macros.hpp>

namespace quicether::quic::test {
namespace {

SocketAddress address(const char* text) {
  return SocketAddress::parse(text).value();
}

TEST_CASE("path: a server follows a client whose NAT takes another port", "[quic][path]") {
  Pair pair;
  REQUIRE(pair.connect());
  pair.world.run_for(seconds{1});
  const auto rebound = address("192.0.2.1:40000");

  pair.client.outside = rebound;
  CHECK(pair.send(pair.client, pair.at_client, {1}));
  REQUIRE(pair.world.run([&] { return pair.server.last<PathChanged>().has_value(); },
                         milliseconds{200}));

  CHECK(pair.server.last<PathChanged>()->remote == rebound);
  CHECK(pair.server.last<PathChanged>()->local == pair.server.address);
  CHECK(pair.server.endpoint->stats(pair.at_server)->remote == rebound);
  CHECK(pair.send(pair.server, pair.at_server, {2}));
  REQUIRE(pair.world.run([&] { return !pair.client.datagrams.empty(); }, milliseconds{200}));
  pair.world.run_for(seconds{5});
  CHECK(pair.client.all<ConnectionClosed>().empty());
  CHECK(pair.server.all<PathChanged>().size() == 1);
}

TEST_CASE("path: rebinding every second during a transfer loses no connection", "[quic][path]") {
  Pair pair;
  REQUIRE(pair.connect());
  for (std::uint16_t round = 0; round < 20; ++round) {
    pair.client.outside = {IpAddress::v4(0xc0000200U + round),
                           static_cast<std::uint16_t>(40000 + round)};
    const auto before = pair.client.datagrams.size();
    CHECK(pair.send(pair.client, pair.at_client, ByteVector(800)));
    pair.world.run_for(milliseconds{500});
    CHECK(pair.send(pair.server, pair.at_server, ByteVector(800)));
    pair.world.run_for(milliseconds{500});
    CHECK(pair.client.datagrams.size() == before + 1);
  }

  CHECK(pair.server.datagrams.size() == 20);
  CHECK(pair.server.all<PathChanged>().size() == 20);
  CHECK(pair.server.all<ConnectionClosed>().empty());
}

TEST_CASE("path: a forged source address neither moves the connection nor is flooded",
          "[quic][path]") {
  Pair pair;
  REQUIRE(pair.connect());
  pair.world.run_for(seconds{1});
  const auto victim = address("203.0.113.66:53");
  std::size_t forged = 0;
  std::size_t to_victim = 0;
  pair.world.filter = [&](const Node& from, const SocketAddress& to, ByteVector& bytes) {
    to_victim += to == victim ? bytes.size() : 0;
    if (&from == &pair.client && forged == 0 && bytes.size() > 500) {
      forged = bytes.size();
      pair.world.inject(victim, pair.server.address, bytes);  // instead of the original
      return false;
    }
    return true;
  };

  CHECK(pair.send(pair.client, pair.at_client, ByteVector(800)));
  for (int i = 0; i < 50; ++i) {
    CHECK(pair.send(pair.server, pair.at_server, ByteVector(1000)));
    CHECK(pair.send(pair.client, pair.at_client, ByteVector(100)));
    pair.world.run_for(milliseconds{20});
  }
  pair.world.run_for(seconds{10});

  CHECK(forged > 0);
  CHECK(to_victim <= 3 * forged);
  for (const auto& [handle, changed] : pair.server.all<PathChanged>()) {
    CHECK(changed.remote != victim);
  }
  CHECK(pair.server.endpoint->stats(pair.at_server)->remote == pair.client.address);
}

TEST_CASE("path: a client moves to another local address", "[quic][path]") {
  Pair pair;
  const auto second = address("203.0.113.7:0");
  pair.world.extra_addresses[&pair.client] = {second.address};
  auto options = pair.options();
  SECTION("from whatever the system chose") {}
  SECTION("from a stated address") {
    options.local = pair.client.address;
  }
  pair.at_client = pair.client.endpoint->connect(pair.world.now(), options).value();
  REQUIRE(pair.world.run([&] { return !pair.server.all<HandshakeCompleted>().empty(); }));
  pair.at_server = pair.server.all<HandshakeCompleted>().back().first;
  pair.world.run_for(seconds{1});
  CHECK(pair.client.endpoint->stats(pair.at_client)->local.address == pair.client.address.address);

  REQUIRE(pair.client.endpoint->migrate(pair.world.now(), pair.at_client, second).has_value());
  CHECK(pair.client.endpoint->migrate(pair.world.now(), pair.at_client, second).error() ==
        errc::would_block);
  REQUIRE(pair.world.run([&] { return pair.client.last<PathChanged>().has_value(); },
                         milliseconds{200}));
  CHECK(pair.client.last<PathChanged>()->local.address == second.address);
  CHECK(pair.send(pair.client, pair.at_client, {1}));
  REQUIRE(pair.world.run([&] { return pair.server.last<PathChanged>().has_value(); },
                         milliseconds{200}));

  CHECK(pair.server.last<PathChanged>()->remote.address == second.address);
  CHECK(pair.client.endpoint->stats(pair.at_client)->local.address == second.address);
  CHECK(pair.send(pair.server, pair.at_server, {2}));
  REQUIRE(pair.world.run([&] { return !pair.client.datagrams.empty(); }, milliseconds{200}));
  CHECK(pair.client.endpoint->migrate(pair.world.now(), pair.at_client, second).has_value());
}

TEST_CASE("path: moving to an address that does not work changes nothing", "[quic][path]") {
  Pair pair;
  REQUIRE(pair.connect());
  pair.world.run_for(seconds{1});
  const auto dead = address("203.0.113.7:0");

  REQUIRE(pair.client.endpoint->migrate(pair.world.now(), pair.at_client, dead).has_value());
  pair.world.run_for(seconds{5});
  CHECK(pair.send(pair.client, pair.at_client, {1}));
  pair.world.run_for(seconds{1});

  CHECK(pair.client.all<PathChanged>().empty());
  CHECK(pair.server.datagrams.size() == 1);
  CHECK(pair.client.endpoint->stats(pair.at_client)->local.address == pair.client.address.address);
  // Free for the next attempt.
  CHECK(pair.client.endpoint->migrate(pair.world.now(), pair.at_client, dead).has_value());
}

TEST_CASE("path: an address takes the place of one that is being validated", "[quic][path]") {
  Pair pair;
  const auto second = address("203.0.113.7:0");
  const auto dead = address("203.0.113.8:0");
  pair.world.extra_addresses[&pair.client] = {second.address};
  REQUIRE(pair.connect());
  pair.world.run_for(seconds{1});

  REQUIRE(pair.client.endpoint->migrate(pair.world.now(), pair.at_client, dead).has_value());
  REQUIRE(pair.client.endpoint->migrate(pair.world.now(), pair.at_client, second).has_value());
  CHECK(pair.client.endpoint->migrate(pair.world.now(), pair.at_client, second).error() ==
        errc::would_block);
  REQUIRE(pair.world.run([&] { return pair.client.last<PathChanged>().has_value(); },
                         milliseconds{200}));

  CHECK(pair.client.last<PathChanged>()->local.address == second.address);
  CHECK(pair.client.endpoint->stats(pair.at_client)->local.address == second.address);
  CHECK(pair.send(pair.client, pair.at_client, {1}));
  pair.world.run_for(seconds{1});
  CHECK(pair.server.datagrams.size() == 1);
}

TEST_CASE("path: only the dialling side can move", "[quic][path]") {
  Pair pair;
  REQUIRE(pair.connect());
  pair.world.run_for(seconds{1});
  const auto local = address("203.0.113.7:0");

  CHECK(pair.server.endpoint->migrate(pair.world.now(), pair.at_server, local).error() ==
        errc::unsupported);
  CHECK(pair.client.endpoint->migrate(pair.world.now(), ConnectionHandle{9}, local).error() ==
        errc::no_session);
  CHECK(pair.client.endpoint->migrate(pair.world.now(), pair.at_client, {}).error() ==
        errc::invalid_argument);
  CHECK(pair.client.endpoint->migrate(pair.world.now(), pair.at_client, address("[2001:db8::1]:0"))
            .error() == errc::invalid_argument);
}

TEST_CASE("path: a client whose system picks another source address tells of it", "[quic][path]") {
  Pair pair;
  REQUIRE(pair.connect());
  pair.world.run_for(seconds{1});

  // The route changed: the same wildcard now means another address.
  pair.client.address = pair.client.outside = address("203.0.113.7:9000");
  CHECK(pair.send(pair.client, pair.at_client, {1}));
  REQUIRE(pair.world.run(
      [&] { return pair.client.last<PathChanged>() && pair.server.last<PathChanged>(); },
      seconds{1}));

  CHECK(pair.client.last<PathChanged>()->local.address == pair.client.address.address);
  CHECK(pair.server.last<PathChanged>()->remote == pair.client.address);
  CHECK(pair.send(pair.server, pair.at_server, {1}));
  CHECK(pair.world.run([&] { return !pair.client.datagrams.empty(); }, seconds{1}));
}

}  // namespace
}  // namespace quicether::quic::test
