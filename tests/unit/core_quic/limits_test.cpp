#include "unit/core_quic/world.hpp"

#include <catch2/catch_test_macros.hpp>

namespace quicether::quic::test {
namespace {

TEST_CASE("limits: connections_max holds for dialling and accepting", "[quic][limits]") {
  EndpointConfig config;
  config.limits.connections_max = 2;
  Pair pair{1, {}, config};
  REQUIRE(pair.connect());
  REQUIRE(pair.connect());
  pair.dial();
  REQUIRE(pair.world.run([&] { return pair.client.last<ConnectionClosed>().has_value(); }));

  CHECK(pair.client.last<ConnectionClosed>()->reason == errc::refused_busy);
  CHECK(pair.server.endpoint->connection_count() == 2);
  CHECK(pair.server.endpoint->stats().connections_refused >= 1);
  ConnectOptions options;
  options.remote = pair.client.address;
  CHECK(pair.server.endpoint->connect(pair.world.now(), options).error() == errc::limit_reached);

  pair.server.endpoint->close(pair.world.now(), pair.at_server, 0, "");
  CHECK(pair.server.endpoint->connect(pair.world.now(), options).has_value());
}

TEST_CASE("limits: handshakes_max bounds what strangers can hold", "[quic][limits]") {
  EndpointConfig config;
  config.limits.handshakes_max = 5;
  World world;
  auto& server = world.add("198.51.100.1:9000", config);
  std::vector<Node*> clients;
  for (int i = 1; i <= 20; ++i) {
    clients.push_back(&world.add("192.0.2." + std::to_string(i) + ":9000"));
  }
  // Nobody hears the server, so no handshake completes.
  world.filter = [&](const Node& from, const SocketAddress&, ByteVector&) {
    return &from != &server;
  };
  for (auto* const client : clients) {
    ConnectOptions options;
    options.remote = server.address;
    REQUIRE(client->endpoint->connect(world.now(), options).has_value());
  }

  world.run_for(seconds{2});
  CHECK(server.endpoint->connection_count() == 5);
  CHECK(server.endpoint->stats().connections_refused > 0);

  world.run_for(seconds{15});
  CHECK(server.endpoint->connection_count() == 0);
  world.filter = {};
  ConnectOptions options;
  options.remote = server.address;
  (void)clients[0]->endpoint->connect(world.now(), options);
  CHECK(world.run([&] { return !server.all<HandshakeCompleted>().empty(); }));
}

TEST_CASE("limits: above handshakes_before_retry newcomers prove their address",
          "[quic][limits][retry]") {
  EndpointConfig config;
  config.limits.handshakes_before_retry = 0;
  Pair pair{1, {}, config};

  REQUIRE(pair.connect());

  // A ClientHello with a post-quantum key takes two datagrams; each may be answered.
  CHECK(pair.server.endpoint->stats().retries_sent >= 1);
  CHECK(pair.server.endpoint->stats().retries_sent <= 2);
  CHECK(pair.send(pair.client, pair.at_client, {1}));
  CHECK(pair.world.run([&] { return !pair.server.datagrams.empty(); }, seconds{1}));
}

TEST_CASE("limits: a Retry holds no memory of who it went to", "[quic][limits][retry]") {
  EndpointConfig config;
  config.limits.handshakes_before_retry = 0;
  Pair pair{1, {}, config};
  pair.world.filter = [&](const Node& from, const SocketAddress&, ByteVector&) {
    return &from == &pair.client;
  };
  pair.dial();

  pair.world.run_for(seconds{5});

  CHECK(pair.server.endpoint->stats().retries_sent >= 2);
  CHECK(pair.server.endpoint->connection_count() == 0);
  CHECK(pair.server.bytes_out < pair.server.bytes_in);
}

TEST_CASE("limits: a token is good for one address and for a short time", "[quic][limits][retry]") {
  EndpointConfig config;
  config.limits.handshakes_before_retry = 0;
  Pair pair{1, {}, config};
  std::vector<ByteVector> with_token;
  bool retried = false;
  pair.world.filter = [&](const Node& from, const SocketAddress&, ByteVector& bytes) {
    retried = retried || &from == &pair.server;
    if (&from == &pair.client && retried) {
      with_token.push_back(bytes);  // what follows the Retry bears its token
      return false;
    }
    return true;
  };
  pair.dial();
  pair.world.run_for(milliseconds{100});
  REQUIRE_FALSE(with_token.empty());
  std::vector<ByteVector> answers;
  pair.world.filter = [&](const Node& from, const SocketAddress&, ByteVector& bytes) {
    if (&from == &pair.server) {
      answers.push_back(bytes);
    }
    return false;
  };
  const auto stranger = SocketAddress::parse("203.0.113.66:9000").value();

  SECTION("another address is refused") {
    pair.world.inject(stranger, pair.server.address, with_token.front());
    pair.world.run_for(milliseconds{50});
    CHECK(pair.server.endpoint->connection_count() == 0);
    REQUIRE(answers.size() == 1);
    CHECK(answers.front().size() < 100);
  }
  SECTION("too late is refused") {
    pair.world.run_for(seconds{16});
    answers.clear();
    pair.world.inject(pair.client.address, pair.server.address, with_token.front());
    pair.world.run_for(milliseconds{50});
    CHECK(pair.server.endpoint->connection_count() == 0);
    CHECK(answers.size() == 1);
  }
  SECTION("a token with a flipped bit is none") {
    auto forged = with_token.front();
    // Long header: flags, version, dcid, scid, then the token's length and first byte.
    const std::size_t dcid = forged[5];
    const std::size_t scid = forged[6 + dcid];
    forged[7 + dcid + scid + 2 + 10] ^= 1U;
    const auto before = pair.server.endpoint->stats().retries_sent;
    pair.world.inject(pair.client.address, pair.server.address, forged);
    pair.world.run_for(milliseconds{50});
    CHECK(pair.server.endpoint->connection_count() == 0);
    CHECK(pair.server.endpoint->stats().retries_sent == before + 1);
  }
  SECTION("in time and from the right address it is accepted") {
    pair.world.inject(pair.client.address, pair.server.address, with_token.front());
    pair.world.run_for(milliseconds{50});
    CHECK(pair.server.endpoint->connection_count() == 1);
  }
}

TEST_CASE("limits: a flood of forged first packets holds no memory and stops nobody",
          "[quic][limits]") {
  Pair pair;
  REQUIRE(pair.connect());
  pair.world.run_for(seconds{2});
  // What a client would send first, recorded and sent from many addresses.
  std::vector<ByteVector> first;
  pair.world.filter = [&](const Node& from, const SocketAddress&, ByteVector& bytes) {
    if (&from == &pair.client && bytes.size() == 1200) {
      first.push_back(bytes);
    }
    return true;
  };
  pair.dial();
  pair.world.run_for(milliseconds{5});
  pair.world.filter = {};
  REQUIRE_FALSE(first.empty());

  SeededRandom random{9};
  for (std::uint32_t i = 0; i < 2000; ++i) {
    auto forged = first.front();
    random.fill(Bytes{forged}.subspan(6, 8));  // another connection id each: does not decrypt
    pair.world.inject({IpAddress::v4(0x0a000000U + i), 1000}, pair.server.address, forged);
  }
  CHECK(pair.send(pair.client, pair.at_client, {1}));
  pair.world.run_for(seconds{1});

  CHECK(pair.server.endpoint->connection_count() <= 2);
  CHECK(pair.server.endpoint->stats().datagrams_ignored >= 2000);
  CHECK_FALSE(pair.server.datagrams.empty());
}

}  // namespace
}  // namespace quicether::quic::test
