#include "unit/core_quic/early_pair.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace quicether::quic::test {
namespace {

TEST_CASE("early_data: a datagram arrives with the first flight", "[quic][early]") {
  EarlyPair pair;
  const auto began = pair.world.now();
  pair.dial_early();
  CHECK(pair.takes());
  pair.say(kHello, 7);

  REQUIRE(pair.world.run([&] { return pair.server.datagram_count != 0; }));

  CHECK(pair.world.now() - began == pair.world.link.delay);
  CHECK(pair.server.datagrams[0].second == kHello);
  CHECK(pair.server.all<HandshakeCompleted>().empty());
  const auto accepted = pair.server.all<EarlyDataAccepted>();
  REQUIRE(accepted.size() == 1);
  CHECK(accepted[0].first == pair.server.datagrams[0].first);
  CHECK(accepted[0].second.peer == pair.client.key.public_key());
  CHECK(pair.takes());

  REQUIRE(pair.finish());
  CHECK_FALSE(pair.takes());
  const auto here = pair.client.last<HandshakeCompleted>().value();
  const auto there = pair.server.last<HandshakeCompleted>().value();
  CHECK(here.early_data);
  CHECK(there.early_data);
  CHECK(here.resumed);
  CHECK(there.resumed);
  CHECK(here.exporter == there.exporter);
  CHECK(here.peer == pair.server.key.public_key());
  CHECK(there.peer == pair.client.key.public_key());
  CHECK(there.group == accepted[0].second.group);
  CHECK(there.cipher_suite == accepted[0].second.cipher_suite);
  CHECK(there.post_quantum == accepted[0].second.post_quantum);
  pair.world.run_for(seconds{1});
  CHECK(pair.server.datagram_count == 1);
  CHECK(pair.server.all<EarlyDataAccepted>().size() == 1);
  CHECK(pair.client.all<EarlyDataAccepted>().empty());
  const auto fates = pair.client.endpoint->datagram_fates();
  REQUIRE(fates.size() == 1);
  CHECK(fates[0].token == 7);
  CHECK(fates[0].delivered);
}

TEST_CASE("early_data: both sides count it, and no ticket is refused", "[quic][early]") {
  EarlyPair pair;
  for (std::uint64_t round = 1; round <= 3; ++round) {
    pair.dial_early();
    pair.say(kHello);
    REQUIRE(pair.finish());
    CHECK(pair.client_stats().early_data_accepted == round);
    CHECK(pair.server_stats().early_data_accepted == round);
    pair.hang_up();
  }

  CHECK(pair.client_stats().early_data_rejected == 0);
  CHECK(pair.server_stats().early_data_rejected == 0);
  CHECK(pair.server_stats().tickets_refused == 0);
}

TEST_CASE("early_data: the server answers before the handshake is complete", "[quic][early]") {
  EarlyPair pair;
  const auto began = pair.world.now();
  pair.dial_early();
  pair.say(kHello);
  REQUIRE(pair.world.run([&] { return pair.server.datagram_count != 0; }));

  const ByteVector answer{'w', 'o', 'r', 'l', 'd'};
  CHECK(pair.send(pair.server, pair.server.datagrams[0].first, answer));
  REQUIRE(pair.world.run([&] { return pair.client.datagram_count != 0; }));

  // The server paces what it sends.
  CHECK(pair.world.now() - began < 2 * pair.world.link.delay + milliseconds{1});
  CHECK(pair.client.datagrams[0].second == answer);
  CHECK(pair.server.all<HandshakeCompleted>().empty());
  CHECK(Pair::find(pair.client, pair.at_client));
}

TEST_CASE("early_data: off unless both sides and the dial ask for it", "[quic][early]") {
  struct Case {
    const char* name;
    bool client;
    bool server;
    bool dial;
  };

  const auto asked = GENERATE(Case{"nobody but the dial", false, false, true},
                              Case{"not the server", true, false, true},
                              Case{"not the client", false, true, true},
                              Case{"not the dial", true, true, false});
  CAPTURE(asked.name);
  EndpointConfig client;
  client.early_data = asked.client;
  EndpointConfig server;
  server.early_data = asked.server;
  EarlyPair pair{client, server};
  const auto began = pair.world.now();
  asked.dial ? pair.dial_early() : pair.dial();
  CHECK_FALSE(pair.takes());
  CHECK(pair.client.endpoint->stats(pair.at_client)->datagram_payload_max == 0);
  pair.say(kHello);

  REQUIRE(pair.finish());
  REQUIRE(pair.world.run([&] { return pair.server.datagram_count != 0; }));

  CHECK(pair.world.now() - began >= 3 * pair.world.link.delay);
  CHECK(pair.client.last<HandshakeCompleted>()->resumed);
  CHECK_FALSE(pair.client.last<HandshakeCompleted>()->early_data);
  CHECK_FALSE(pair.server.last<HandshakeCompleted>()->early_data);
  CHECK(pair.server.all<EarlyDataAccepted>().empty());
  for (const auto* const stats : {&pair.client_stats(), &pair.server_stats()}) {
    CHECK(stats->early_data_accepted == 0);
    CHECK(stats->early_data_rejected == 0);
  }
}

TEST_CASE("early_data: off by default", "[quic][early]") {
  CHECK_FALSE(EndpointConfig{}.early_data);
  CHECK_FALSE(ConnectOptions{}.early_data);
  CHECK_FALSE(crypto::TlsOptions{}.early_data);
}

TEST_CASE("early_data: none without a ticket", "[quic][early]") {
  EarlyPair pair;
  pair.client.restart();
  pair.dial_early();

  CHECK_FALSE(pair.takes());
  REQUIRE(pair.finish());
  CHECK_FALSE(pair.client.last<HandshakeCompleted>()->resumed);
  CHECK_FALSE(pair.client.endpoint->takes_early_data(ConnectionHandle{12345}));
}

TEST_CASE("early_data: none with a ticket that is too old", "[quic][early]") {
  EarlyPair pair;
  pair.world.run_for(std::chrono::hours{49});
  pair.dial_early();
  pair.say(kHello);

  CHECK_FALSE(pair.takes());
  REQUIRE(pair.finish());
  pair.world.run_for(seconds{1});
  CHECK_FALSE(pair.client.last<HandshakeCompleted>()->resumed);
  CHECK_FALSE(pair.client.last<HandshakeCompleted>()->early_data);
  CHECK(pair.client_stats().early_data_rejected == 0);
  CHECK(pair.server_stats().early_data_rejected == 0);
  CHECK(pair.server.datagram_count == 1);
}

TEST_CASE("early_data: a server that restarted refuses it, and the connection comes up",
          "[quic][early]") {
  EarlyPair pair;
  pair.server.restart();
  pair.dial_early();
  pair.say(kHello, 7);
  CHECK(pair.takes());

  REQUIRE(pair.finish());
  const ByteVector later{'l', 'a', 't', 'e', 'r'};
  pair.say(later, 8);
  pair.world.run_for(seconds{2});

  CHECK_FALSE(pair.client.last<HandshakeCompleted>()->early_data);
  CHECK_FALSE(pair.client.last<HandshakeCompleted>()->resumed);
  CHECK_FALSE(pair.server.last<HandshakeCompleted>()->early_data);
  CHECK(pair.server.all<EarlyDataAccepted>().empty());
  CHECK(pair.arrivals(kHello) == 0);
  CHECK(pair.arrivals(later) == 1);
  CHECK(pair.client_stats().early_data_rejected == 1);
  CHECK(pair.client_stats().early_data_accepted == 0);
  CHECK(pair.server_stats().early_data_rejected == 1);
  CHECK(pair.server_stats().tickets_refused == 1);
  const auto fates = pair.client.endpoint->datagram_fates();
  REQUIRE(fates.size() == 2);
  CHECK(fates[0].token == 7);
  CHECK_FALSE(fates[0].delivered);
  CHECK(fates[1].token == 8);
  CHECK(fates[1].delivered);
}

TEST_CASE("early_data: a server that no longer wants it refuses it", "[quic][early]") {
  EarlyPair pair;
  pair.server.config.early_data = false;
  pair.server.restart();
  pair.dial_early();
  pair.say(kHello);

  REQUIRE(pair.finish());

  CHECK(pair.server.datagram_count == 0);
  CHECK(pair.server_stats().early_data_rejected == 1);
}

TEST_CASE("early_data: what waited while it was refused goes after the handshake",
          "[quic][early]") {
  EarlyPair pair;
  pair.server.restart();
  pair.dial_early();
  std::uint32_t sent = 0;
  for (; sent < 60; ++sent) {  // far more than a congestion window
    pair.say(ByteVector(1000, static_cast<std::uint8_t>(sent)), sent + 1);
  }

  REQUIRE(pair.finish());
  pair.world.run_for(seconds{2});

  std::size_t lost = 0;
  for (const auto& fate : pair.client.endpoint->datagram_fates()) {
    lost += fate.delivered ? 0U : 1U;
    CHECK(pair.arrivals(ByteVector(1000, static_cast<std::uint8_t>(fate.token - 1))) ==
          (fate.delivered ? 1 : 0));
  }
  CHECK(lost >= 5);
  CHECK(pair.server.datagram_count + lost == sent);
}

TEST_CASE("early_data: through the proof of an address too", "[quic][early][retry]") {
  auto server = with_early_data();
  server.limits.handshakes_before_retry = 0;
  EarlyPair pair{with_early_data(), server};
  const auto retries = pair.server_stats().retries_sent;
  const auto began = pair.world.now();
  pair.dial_early();
  for (std::uint8_t number = 0; number < 5; ++number) {
    pair.say(ByteVector(300, number), number + 1U);
  }

  REQUIRE(pair.world.run([&] { return pair.server.datagram_count == 5; }));

  CHECK(pair.server_stats().retries_sent > retries);
  CHECK(pair.world.now() - began < 4 * pair.world.link.delay);
  CHECK(pair.server.all<HandshakeCompleted>().empty());
  for (std::uint8_t number = 0; number < 5; ++number) {
    CHECK(pair.server.datagrams[number].second == ByteVector(300, number));
  }
  REQUIRE(pair.finish());
  pair.world.run_for(seconds{1});
  CHECK(pair.server.datagram_count == 5);
  const auto fates = pair.client.endpoint->datagram_fates();
  CHECK(fates.size() == 5);
  CHECK(std::ranges::all_of(fates, &DatagramFate::delivered));
}

TEST_CASE("early_data: a client that falls silent is forgotten", "[quic][early]") {
  EarlyPair pair;
  pair.dial_early();
  pair.say(kHello);
  REQUIRE(pair.world.run([&] { return pair.server.datagram_count != 0; }));
  const auto handle = pair.server.datagrams[0].first;
  pair.world.filter = [&](const Node& from, const SocketAddress&, ByteVector&) {
    return &from != &pair.client;
  };
  CHECK(pair.send(pair.server, handle, kHello));

  pair.world.run_for(pair.server.config.handshake_timeout + seconds{1});

  const auto closed = pair.server.last<ConnectionClosed>().value();
  CHECK(closed.reason == errc::timed_out);
  CHECK_FALSE(closed.handshake_completed);
  CHECK(pair.server.endpoint->connection_count() == 0);
  CHECK(pair.server_stats().handshakes_failed == 1);
}

TEST_CASE("early_data: either side may end it before the handshake is complete", "[quic][early]") {
  EarlyPair pair;
  pair.dial_early();
  pair.say(kHello);
  REQUIRE(pair.world.run([&] { return pair.server.datagram_count != 0; }));
  const auto handle = pair.server.datagrams[0].first;
  SECTION("the server") {
    pair.server.endpoint->close(pair.world.now(), handle, 5, "no");
    pair.world.run_for(seconds{5});
    CHECK(pair.server.last<ConnectionClosed>()->reason == errc::closed_locally);
    CHECK(pair.client.last<ConnectionClosed>()->reason == errc::closed_by_peer);
  }
  SECTION("the client") {
    CHECK(pair.client.endpoint->migrate(pair.world.now(), pair.at_client, pair.client.address)
              .error() == errc::would_block);
    pair.client.endpoint->close(pair.world.now(), pair.at_client, 5, "no");
    pair.world.run_for(seconds{5});
    CHECK(pair.client.last<ConnectionClosed>()->reason == errc::closed_locally);
    CHECK(pair.server.last<ConnectionClosed>()->reason == errc::closed_by_peer);
  }
  CHECK(pair.client.endpoint->connection_count() == 0);
  CHECK(pair.server.endpoint->connection_count() == 0);
}

}  // namespace
}  // namespace quicether::quic::test
