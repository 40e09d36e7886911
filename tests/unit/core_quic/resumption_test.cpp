#include "unit/core_quic/world.hpp"

#include <catch2/catch_test_macros.hpp>

namespace quicether::quic::test {
namespace {

// Ends the connection of a pair and waits until both sides have forgotten it.
void hang_up(Pair& pair) {
  pair.world.run_for(seconds{1});  // the ticket comes after the handshake
  pair.client.endpoint->close(pair.world.now(), pair.at_client, 0, "");
  pair.world.run_for(seconds{5});
}

TEST_CASE("resumption: the second connection resumes and knows the peer's key all the same",
          "[quic][resumption]") {
  Pair pair;
  REQUIRE(pair.connect());
  const auto first = pair.client.last<HandshakeCompleted>().value();
  hang_up(pair);

  REQUIRE(pair.connect());

  const auto here = pair.client.last<HandshakeCompleted>().value();
  const auto there = pair.server.last<HandshakeCompleted>().value();
  CHECK_FALSE(first.resumed);
  CHECK(here.resumed);
  CHECK(there.resumed);
  CHECK(here.peer == pair.server.key.public_key());
  CHECK(there.peer == pair.client.key.public_key());
  CHECK(here.exporter == there.exporter);
  CHECK(here.exporter != first.exporter);
  CHECK(here.post_quantum == first.post_quantum);
  CHECK(pair.server.endpoint->stats().handshakes_resumed == 1);
}

TEST_CASE("resumption: by node id too, and again and again", "[quic][resumption]") {
  Pair pair;
  for (int round = 0; round < 4; ++round) {
    auto options = pair.options();
    options.expected_key.reset();
    options.expected_id = pair.server.id();
    pair.at_client = pair.client.endpoint->connect(pair.world.now(), options).value();
    REQUIRE(pair.world.run([&] { return Pair::find(pair.client, pair.at_client); }));
    CHECK(pair.client.last<HandshakeCompleted>()->resumed == (round != 0));
    hang_up(pair);
  }
}

TEST_CASE("resumption: a dial without an expectation does not resume", "[quic][resumption]") {
  Pair pair;
  REQUIRE(pair.connect());
  hang_up(pair);
  ConnectOptions options;
  options.remote = pair.server.address;

  pair.at_client = pair.client.endpoint->connect(pair.world.now(), options).value();
  REQUIRE(pair.world.run([&] { return Pair::find(pair.client, pair.at_client); }));

  CHECK_FALSE(pair.client.last<HandshakeCompleted>()->resumed);
}

TEST_CASE("resumption: a restarted server does a full handshake", "[quic][resumption]") {
  Pair pair;
  REQUIRE(pair.connect());
  hang_up(pair);
  pair.server.restart();

  REQUIRE(pair.connect());

  CHECK_FALSE(pair.client.last<HandshakeCompleted>()->resumed);
}

TEST_CASE("resumption: a ticket of one node is worth nothing to another", "[quic][resumption]") {
  Pair pair;
  REQUIRE(pair.connect());
  hang_up(pair);
  // Another node takes the server's address; the client still expects the old one.
  SeededRandom random{123};
  const auto expected = pair.server.key.public_key();
  pair.server.key = crypto::KeyPair::generate(random);
  pair.server.restart();
  ConnectOptions options;
  options.remote = pair.server.address;
  options.expected_key = expected;

  const auto handle = pair.client.endpoint->connect(pair.world.now(), options).value();
  REQUIRE(pair.world.run([&] { return pair.client.all<ConnectionClosed>().size() == 2; }));

  CHECK(pair.client.all<ConnectionClosed>().back().first == handle);
  CHECK(pair.client.last<ConnectionClosed>()->reason == errc::wrong_node_id);
}

TEST_CASE("resumption: a ticket comes back from a dial that nobody answered",
          "[quic][resumption]") {
  Pair pair;
  REQUIRE(pair.connect());
  hang_up(pair);
  pair.world.filter = [](const Node&, const SocketAddress&, ByteVector&) { return false; };
  pair.dial();
  SECTION("and that timed out") {
    pair.world.run_for(seconds{30});
    REQUIRE(pair.client.last<ConnectionClosed>()->reason == errc::timed_out);
  }
  SECTION("and that was given up") {
    pair.world.run_for(seconds{1});
    pair.client.endpoint->close(pair.world.now(), pair.at_client, 0, "");
  }
  pair.world.filter = {};

  REQUIRE(pair.connect());

  CHECK(pair.client.last<HandshakeCompleted>()->resumed);
  CHECK(pair.server.endpoint->stats().tickets_refused == 0);
}

TEST_CASE("resumption: a ticket does not come back once the server said anything",
          "[quic][resumption]") {
  Pair pair;
  REQUIRE(pair.connect());
  hang_up(pair);
  pair.dial();
  const auto packets = [&] {
    const auto stats = pair.client.endpoint->stats(pair.at_client);
    return stats ? stats->packets_received : 0;
  };
  REQUIRE(pair.world.run([&] { return packets() != 0; }));
  pair.client.endpoint->close(pair.world.now(), pair.at_client, 0, "");
  pair.world.run_for(seconds{5});

  REQUIRE(pair.connect());

  CHECK_FALSE(pair.client.last<HandshakeCompleted>()->resumed);
  CHECK(pair.server.endpoint->stats().tickets_refused == 0);
}

TEST_CASE("resumption: a server takes a ticket once, and does a full handshake then",
          "[quic][resumption]") {
  Pair pair;
  REQUIRE(pair.connect());
  hang_up(pair);
  // The server's answers are lost: it has used the ticket, and the client has it back.
  pair.world.filter = [&](const Node& from, const SocketAddress&, ByteVector&) {
    return &from == &pair.client;
  };
  pair.dial();
  pair.world.run_for(seconds{30});
  REQUIRE(pair.client.last<ConnectionClosed>()->reason == errc::timed_out);
  pair.world.filter = {};

  REQUIRE(pair.connect());

  CHECK_FALSE(pair.client.last<HandshakeCompleted>()->resumed);
  CHECK(pair.server.endpoint->stats().tickets_refused == 1);
}

TEST_CASE("resumption: a ticket that comes back does not replace a newer one",
          "[quic][resumption]") {
  Pair pair;
  REQUIRE(pair.connect());
  hang_up(pair);
  auto nowhere = pair.options();
  nowhere.remote = SocketAddress::parse("203.0.113.9:9000").value();
  const auto unanswered = pair.client.endpoint->connect(pair.world.now(), nowhere).value();
  pair.server.restart();  // the ticket of that dial is worth nothing now
  REQUIRE(pair.connect());
  hang_up(pair);

  pair.client.endpoint->close(pair.world.now(), unanswered, 0, "");

  REQUIRE(pair.connect());
  CHECK(pair.client.last<HandshakeCompleted>()->resumed);
}

TEST_CASE("resumption: it can be switched off on either side", "[quic][resumption]") {
  EndpointConfig without;
  without.resumption = false;
  std::optional<Pair> pair;
  SECTION("at the client") {
    pair.emplace(1, without, EndpointConfig{});
  }
  SECTION("at the server") {
    pair.emplace(1, EndpointConfig{}, without);
  }
  REQUIRE(pair->connect());
  hang_up(*pair);

  REQUIRE(pair->connect());

  CHECK_FALSE(pair->client.last<HandshakeCompleted>()->resumed);
}

}  // namespace
}  // namespace quicether::quic::test
