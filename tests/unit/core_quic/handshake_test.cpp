#include "unit/core_quic/world.hpp"

#include <catch2/catch_test_macros.hpp>

namespace quicether::quic::test {
namespace {

TEST_CASE("endpoint: two nodes agree on keys, group and exporter", "[quic][handshake]") {
  Pair pair;

  REQUIRE(pair.connect());

  const auto here = pair.client.last<HandshakeCompleted>().value();
  const auto there = pair.server.last<HandshakeCompleted>().value();
  CHECK(here.role == Role::client);
  CHECK(there.role == Role::server);
  CHECK(here.peer == pair.server.key.public_key());
  CHECK(there.peer == pair.client.key.public_key());
  CHECK(here.exporter == there.exporter);
  CHECK(here.exporter != std::array<std::uint8_t, 32>{});
  CHECK(here.group == there.group);
  CHECK(here.cipher_suite == there.cipher_suite);
  CHECK(here.cipher_suite.starts_with("TLS_"));
  CHECK_FALSE(here.resumed);
  CHECK_FALSE(there.resumed);
  CHECK(pair.client.endpoint->stats().handshakes_completed == 1);
  CHECK(pair.server.endpoint->stats().handshakes_completed == 1);
}

TEST_CASE("endpoint: the post-quantum group is used when the TLS library has it",
          "[quic][handshake]") {
  Pair pair;

  REQUIRE(pair.connect());

  const auto done = pair.client.last<HandshakeCompleted>().value();
  CHECK(done.post_quantum == crypto::has_post_quantum());
  CHECK(done.group == (crypto::has_post_quantum() ? "X25519MLKEM768" : "X25519"));
}

TEST_CASE("endpoint: requiring post-quantum works or is refused at construction",
          "[quic][handshake]") {
  EndpointConfig config;
  config.require_post_quantum = true;
  if (!crypto::has_post_quantum()) {
    SeededRandom random{1};
    const auto key = crypto::KeyPair::generate(random);
    CHECK_THROWS(Endpoint(config, key, random, kWallClock));
    return;
  }
  Pair pair{1, config, {}};

  REQUIRE(pair.connect());

  CHECK(pair.server.last<HandshakeCompleted>()->post_quantum);
}

TEST_CASE("endpoint: exporters of two connections differ", "[quic][handshake]") {
  Pair pair;
  REQUIRE(pair.connect());
  const auto first = pair.client.last<HandshakeCompleted>()->exporter;

  REQUIRE(pair.connect());

  CHECK(pair.client.last<HandshakeCompleted>()->exporter != first);
}

TEST_CASE("endpoint: a peer with another key than expected is refused", "[quic][handshake]") {
  Pair pair;
  auto options = pair.options();
  SECTION("by key") {
    options.expected_key = pair.client.key.public_key();
  }
  SECTION("by node id") {
    options.expected_key.reset();
    options.expected_id = pair.client.id();
  }

  const auto handle = pair.client.endpoint->connect(pair.world.now(), options).value();
  REQUIRE(pair.world.run([&] {
    return pair.client.last<ConnectionClosed>() && pair.server.last<ConnectionClosed>();
  }));

  const auto here = pair.client.all<ConnectionClosed>().at(0);
  CHECK(here.first == handle);
  CHECK(here.second.reason == errc::wrong_node_id);
  CHECK(here.second.detail == "the peer is " + pair.server.id().to_string());
  CHECK_FALSE(here.second.handshake_completed);
  CHECK(here.second.remote == pair.server.address);
  CHECK(pair.server.last<ConnectionClosed>()->reason == errc::not_admitted_by_peer);
  CHECK(pair.server.last<ConnectionClosed>()->remote == pair.client.address);
  CHECK(pair.client.all<HandshakeCompleted>().empty());
  CHECK(pair.client.endpoint->stats().handshakes_failed == 1);
  CHECK(pair.client.endpoint->stats(handle).error() == errc::no_session);
}

TEST_CASE("endpoint: a peer with the expected node id is accepted", "[quic][handshake]") {
  Pair pair;
  auto options = pair.options();
  options.expected_key.reset();
  options.expected_id = pair.server.id();

  pair.at_client = pair.client.endpoint->connect(pair.world.now(), options).value();

  CHECK(pair.world.run([&] { return Pair::find(pair.client, pair.at_client); }));
}

TEST_CASE("endpoint: no common ALPN is told to both sides", "[quic][handshake]") {
  EndpointConfig other;
  other.alpn = "something-else";
  Pair pair{1, {}, other};
  pair.dial();

  REQUIRE(pair.world.run([&] {
    return pair.client.last<ConnectionClosed>() && pair.server.last<ConnectionClosed>();
  }));

  CHECK(pair.client.last<ConnectionClosed>()->reason == errc::no_common_alpn);
  CHECK(pair.server.last<ConnectionClosed>()->reason == errc::no_common_alpn);
  CHECK(pair.client.all<ConnectionClosed>().size() == 1);
  CHECK(pair.server.all<ConnectionClosed>().size() == 1);
}

TEST_CASE("endpoint: a handshake nobody answers times out", "[quic][handshake]") {
  World world;
  auto& node = world.add("192.0.2.1:9000");
  ConnectOptions options;
  options.remote = SocketAddress::parse("203.0.113.9:9000").value();
  const auto start = world.now();
  const auto handle = node.endpoint->connect(start, options).value();

  REQUIRE(world.run([&] { return node.last<ConnectionClosed>().has_value(); }));

  CHECK(node.all<ConnectionClosed>().at(0).first == handle);
  CHECK(node.last<ConnectionClosed>()->reason == errc::timed_out);
  CHECK(world.now() - start >= seconds{10});
  CHECK(world.now() - start < seconds{11});
  CHECK(node.endpoint->connection_count() == 0);
  CHECK(node.endpoint->next_timeout().is_never());
}

TEST_CASE("endpoint: connect wants a remote address with a port", "[quic][handshake]") {
  World world;
  auto& node = world.add("192.0.2.1:9000");
  ConnectOptions options;

  CHECK(node.endpoint->connect(world.now(), options).error() == errc::invalid_argument);

  options.remote = SocketAddress::parse("203.0.113.9:0").value();
  CHECK(node.endpoint->connect(world.now(), options).error() == errc::invalid_argument);

  options.remote.port = 1;
  options.local = SocketAddress::parse("[2001:db8::1]:0").value();
  CHECK(node.endpoint->connect(world.now(), options).error() == errc::invalid_argument);
}

TEST_CASE("endpoint: an impossible configuration is refused at construction", "[quic]") {
  SeededRandom random{1};
  const auto key = crypto::KeyPair::generate(random);
  EndpointConfig config;
  SECTION("probe not above the minimum") {
    config.mtu_probes = {1200};
  }
  SECTION("probe too large") {
    config.mtu_probes = {65000};
  }
  SECTION("no ALPN") {
    config.alpn = "";
  }
  SECTION("no handshake time") {
    config.handshake_timeout = Duration::zero();
  }
  SECTION("no packets per key") {
    config.key_update_packets = 0;
  }

  CHECK_THROWS_AS(Endpoint(config, key, random, kWallClock), boost::system::system_error);
}

TEST_CASE("endpoint: IPv6 works as IPv4 does", "[quic][handshake]") {
  World world;
  auto& client = world.add("[2001:db8::1]:9000");
  auto& server = world.add("[2001:db8::2]:9000");
  ConnectOptions options;
  options.remote = server.address;
  const auto handle = client.endpoint->connect(world.now(), options).value();

  REQUIRE(world.run([&] { return !server.all<HandshakeCompleted>().empty(); }));

  const auto stats = client.endpoint->stats(handle).value();
  CHECK(stats.remote == server.address);
  CHECK(stats.local == client.address);
}

TEST_CASE("endpoint: a server never sends more than three times what it received",
          "[quic][handshake]") {
  Pair pair;
  bool answered = false;
  pair.world.filter = [&](const Node& from, const SocketAddress&, ByteVector&) {
    answered = answered || &from == &pair.server;
    return &from == &pair.client ? !answered : true;  // the client falls silent at once
  };
  pair.dial();

  pair.world.run_for(seconds{30});

  CHECK(pair.server.bytes_out > 0);
  CHECK(pair.server.bytes_out <= 3 * pair.server.bytes_in);
}

}  // namespace
}  // namespace quicether::quic::test
