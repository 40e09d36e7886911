#include "unit/core_quic/world.hpp"

#include <catch2/catch_test_macros.hpp>

namespace quicether::quic::test {
namespace {

TEST_CASE("endpoint: close tells the peer code and reason", "[quic][close]") {
  Pair pair;
  REQUIRE(pair.connect());
  pair.world.run_for(seconds{1});
  Node* closer = &pair.client;
  Node* other = &pair.server;
  auto handle = pair.at_client;
  SECTION("by the client") {}
  SECTION("by the server") {
    std::swap(closer, other);
    handle = pair.at_server;
  }

  closer->endpoint->close(pair.world.now(), handle, 0x101, "superseded by another");
  const auto here = closer->endpoint->poll_event();

  REQUIRE(here);
  const auto& told = std::get<ConnectionClosed>(here->body);
  CHECK(here->connection == handle);
  CHECK(told.reason == errc::closed_locally);
  CHECK(told.application_code == 0x101);
  CHECK(told.handshake_completed);
  CHECK(closer->endpoint->stats(handle).error() == errc::no_session);
  REQUIRE(pair.world.run([&] { return other->last<ConnectionClosed>().has_value(); }));
  const auto there = other->last<ConnectionClosed>().value();
  CHECK(there.reason == errc::closed_by_peer);
  CHECK(there.application_code == 0x101);
  CHECK(there.detail == "superseded by another");
  pair.world.run_for(seconds{10});
  CHECK(closer->endpoint->connection_count() == 0);
  CHECK(other->endpoint->connection_count() == 0);
  CHECK(closer->endpoint->next_timeout().is_never());
  CHECK(other->endpoint->next_timeout().is_never());
}

TEST_CASE("endpoint: closing during the handshake ends it on both sides", "[quic][close]") {
  Pair pair;
  pair.dial();
  REQUIRE(pair.world.run([&] { return pair.server.endpoint->connection_count() == 1; }));

  pair.client.endpoint->close(pair.world.now(), pair.at_client, 7, "");
  REQUIRE(pair.world.run([&] { return pair.server.last<ConnectionClosed>().has_value(); }));

  CHECK(pair.client.last<ConnectionClosed>()->reason == errc::closed_locally);
  CHECK_FALSE(pair.client.last<ConnectionClosed>()->handshake_completed);
  CHECK(pair.server.last<ConnectionClosed>()->reason == errc::closed_by_peer);
}

TEST_CASE("endpoint: closing before anything was sent leaves nothing", "[quic][close]") {
  Pair pair;
  pair.dial();

  pair.client.endpoint->close(pair.world.now(), pair.at_client, 7, "");

  CHECK(pair.client.endpoint->poll_transmit(pair.world.now()).empty());
  CHECK(pair.client.endpoint->next_timeout().is_never());
  pair.client.endpoint->close(pair.world.now(), pair.at_client, 7, "");  // again: ignored
}

TEST_CASE("endpoint: a lost close is repeated when the peer goes on", "[quic][close]") {
  Pair pair;
  REQUIRE(pair.connect());
  pair.world.run_for(seconds{1});
  int dropped = 0;
  pair.world.filter = [&](const Node& from, const SocketAddress&, ByteVector&) {
    return &from != &pair.server || ++dropped > 1;
  };
  pair.server.endpoint->close(pair.world.now(), pair.at_server, 3, "");
  pair.world.run_for(milliseconds{5});
  REQUIRE(dropped == 1);

  CHECK(pair.send(pair.client, pair.at_client, {1}));
  REQUIRE(pair.world.run([&] { return pair.client.last<ConnectionClosed>().has_value(); },
                         milliseconds{30}));

  CHECK(pair.client.last<ConnectionClosed>()->application_code == 3);
}

TEST_CASE("endpoint: a closing connection answers ever more rarely", "[quic][close]") {
  Pair pair;
  REQUIRE(pair.connect());
  pair.world.run_for(seconds{1});
  std::vector<ByteVector> packets;
  pair.world.filter = [&](const Node& from, const SocketAddress&, ByteVector& bytes) {
    if (&from == &pair.client) {
      packets.push_back(bytes);
    }
    return &from != &pair.client;
  };
  CHECK(pair.send(pair.client, pair.at_client, {1}));
  pair.world.run_for(milliseconds{1});
  pair.server.endpoint->close(pair.world.now(), pair.at_server, 3, "");
  pair.world.run_for(Duration{1});
  const auto before = pair.server.packets_out;
  REQUIRE_FALSE(packets.empty());

  for (int i = 0; i < 1000; ++i) {
    pair.world.inject(pair.client.address, pair.server.address, packets.front());
  }
  pair.world.run_for(milliseconds{15});

  CHECK(pair.server.packets_out - before == 10);  // 1, 2, 4, … 512
}

TEST_CASE("endpoint: a silent peer is lost after the idle timeout", "[quic][idle]") {
  EndpointConfig config;
  config.idle_timeout = seconds{8};
  config.keep_alive = Duration::zero();
  Pair pair{1, config, config};
  REQUIRE(pair.connect());
  pair.world.run_for(seconds{1});
  const auto start = pair.world.now();

  REQUIRE(pair.world.run([&] {
    return pair.client.last<ConnectionClosed>() && pair.server.last<ConnectionClosed>();
  }));

  CHECK(pair.world.now() - start <= seconds{9});
  CHECK(pair.client.last<ConnectionClosed>()->reason == errc::connection_lost);
  CHECK(pair.server.last<ConnectionClosed>()->reason == errc::connection_lost);
  CHECK(pair.client.last<ConnectionClosed>()->handshake_completed);
  CHECK(pair.client.endpoint->next_timeout().is_never());
}

TEST_CASE("endpoint: keep-alive holds an idle connection open", "[quic][idle]") {
  Pair pair;
  REQUIRE(pair.connect());
  pair.world.run_for(seconds{5});
  const auto before = pair.client.packets_out + pair.server.packets_out;

  pair.world.run_for(seconds{300});

  CHECK(pair.client.all<ConnectionClosed>().empty());
  CHECK(pair.server.all<ConnectionClosed>().empty());
  // A PING and its acknowledgement, about every 15 s.
  CHECK(pair.client.packets_out + pair.server.packets_out - before <= 2 * 2 * 300 / 15 + 4);
}

TEST_CASE("endpoint: a peer that vanishes is noticed in spite of keep-alive", "[quic][idle]") {
  Pair pair;
  REQUIRE(pair.connect());
  pair.world.run_for(seconds{1});
  pair.world.filter = [](const Node&, const SocketAddress&, ByteVector&) { return false; };
  const auto start = pair.world.now();

  REQUIRE(pair.world.run([&] {
    return pair.client.last<ConnectionClosed>() && pair.server.last<ConnectionClosed>();
  }));

  CHECK(pair.client.last<ConnectionClosed>()->reason == errc::connection_lost);
  CHECK(pair.world.now() - start <= seconds{50});
}

TEST_CASE("endpoint: ping makes the peer answer", "[quic][idle]") {
  EndpointConfig config;
  config.keep_alive = Duration::zero();
  Pair pair{1, config, config};
  REQUIRE(pair.connect());
  pair.world.run_for(seconds{5});
  const auto before = pair.client.endpoint->stats(pair.at_client)->last_received;
  pair.world.run_for(seconds{5});
  REQUIRE(pair.client.endpoint->stats(pair.at_client)->last_received == before);
  const auto start = pair.world.now();

  pair.client.endpoint->ping(pair.at_client);
  pair.client.endpoint->ping(ConnectionHandle{99});
  pair.world.run_for(milliseconds{100});

  const auto after = pair.client.endpoint->stats(pair.at_client)->last_received;
  CHECK(after >= start + milliseconds{20});
  CHECK(after <= start + milliseconds{60});
}

TEST_CASE("endpoint: a restarted node resets its old connections", "[quic][reset]") {
  Pair pair;
  REQUIRE(pair.connect());
  pair.world.run_for(seconds{1});

  pair.server.restart();
  CHECK(pair.send(pair.client, pair.at_client, ByteVector(100)));
  REQUIRE(pair.world.run([&] { return pair.client.last<ConnectionClosed>().has_value(); },
                         milliseconds{100}));

  CHECK(pair.client.last<ConnectionClosed>()->reason == errc::stateless_reset);
  CHECK(pair.server.endpoint->stats().stateless_resets_sent == 1);
  CHECK(pair.client.endpoint->stats().stateless_resets_received == 1);
  CHECK(pair.client.endpoint->connection_count() == 0);
}

TEST_CASE("endpoint: another node's reset is not believed", "[quic][reset]") {
  Pair pair;
  REQUIRE(pair.connect());
  pair.world.run_for(seconds{1});
  // A node at the same address with another key.
  SeededRandom random{77};
  pair.server.key = crypto::KeyPair::generate(random);
  pair.server.restart();

  CHECK(pair.send(pair.client, pair.at_client, ByteVector(100)));
  pair.world.run_for(seconds{2});

  CHECK(pair.server.endpoint->stats().stateless_resets_sent > 0);
  CHECK(pair.client.all<ConnectionClosed>().empty());
}

TEST_CASE("endpoint: resets are smaller than their cause and limited per second", "[quic][reset]") {
  World world;
  auto& node = world.add("192.0.2.1:9000");
  const auto stranger = SocketAddress::parse("203.0.113.9:9000").value();
  std::vector<std::size_t> answers;
  world.filter = [&](const Node&, const SocketAddress&, ByteVector& bytes) {
    answers.push_back(bytes.size());
    return true;
  };
  SeededRandom random{5};
  for (std::size_t bytes = 1; bytes <= 60; ++bytes) {
    ByteVector junk(bytes);
    random.fill(junk);
    junk[0] = 0x40;
    answers.clear();
    world.inject(stranger, node.address, junk);
    world.run_for(milliseconds{20});
    CHECK(answers.size() == (bytes > 21 ? 1 : 0));
    if (!answers.empty()) {
      CHECK(answers.at(0) < bytes);
      CHECK(answers.at(0) >= 21);
    }
  }

  world.run_for(seconds{2});
  answers.clear();
  for (int i = 0; i < 1000; ++i) {
    ByteVector junk(100);
    random.fill(junk);
    junk[0] = 0x40;
    world.inject(stranger, node.address, junk);
  }
  world.run_for(milliseconds{100});

  CHECK(answers.size() <= 110);
  CHECK(answers.size() >= 90);
}

TEST_CASE("endpoint: DHT messages on the port are counted and dropped", "[quic][port]") {
  World world;
  auto& node = world.add("192.0.2.1:9000");
  const auto stranger = SocketAddress::parse("203.0.113.9:9000").value();
  const std::string query = "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe";

  world.inject(stranger, node.address, {query.begin(), query.end()});
  world.run_for(milliseconds{100});

  CHECK(node.endpoint->stats().dht_messages_ignored == 1);
  CHECK(node.endpoint->stats().datagrams_ignored == 0);
  CHECK(node.packets_out == 0);
}

TEST_CASE("endpoint: an unknown version is answered with version 1", "[quic][version]") {
  World world;
  auto& node = world.add("192.0.2.1:9000");
  const auto stranger = SocketAddress::parse("203.0.113.9:9000").value();
  ByteVector answer;
  world.filter = [&](const Node&, const SocketAddress&, ByteVector& bytes) {
    answer = bytes;
    return true;
  };
  ByteVector packet(1200);
  packet[0] = 0xc0;
  SECTION("of the future") {
    store_be<std::uint32_t>(Bytes{packet}.subspan(1, 4), 0xfaceb00c);
  }
  SECTION("2, which is not spoken here") {
    store_be<std::uint32_t>(Bytes{packet}.subspan(1, 4), 0x6b3343cf);
  }
  packet[5] = 8;
  packet[6] = 0xaa;
  packet[14] = 4;
  packet[15] = 0xbb;

  world.inject(stranger, node.address, packet);
  world.run_for(milliseconds{100});

  REQUIRE(answer.size() == 1 + 4 + 1 + 4 + 1 + 8 + 4);
  CHECK(load_be<std::uint32_t>(ConstBytes{answer}.subspan(1)) == 0);
  CHECK(answer[6] == 0xbb);
  CHECK(load_be<std::uint32_t>(ConstBytes{answer}.last(4)) == 1);
  CHECK(node.endpoint->stats().version_negotiations_sent == 1);

  answer.clear();
  packet.resize(1199);
  world.inject(stranger, node.address, packet);
  world.run_for(milliseconds{100});
  CHECK(answer.empty());
}

TEST_CASE("endpoint: a client told of other versions only says so", "[quic][version]") {
  Pair pair;
  pair.world.filter = [&](const Node& from, const SocketAddress& to, ByteVector& bytes) {
    if (&from == &pair.client) {
      // Version Negotiation: the ids swapped, one unknown version.
      const auto dcid_size = bytes[5];
      const auto scid_size = bytes[6U + dcid_size];
      ByteVector answer{0x80, 0, 0, 0, 0, scid_size};
      const auto scid = ConstBytes{bytes}.subspan(7U + dcid_size, scid_size);
      const auto dcid = ConstBytes{bytes}.subspan(6, dcid_size);
      answer.insert(answer.end(), scid.begin(), scid.end());
      answer.push_back(dcid_size);
      answer.insert(answer.end(), dcid.begin(), dcid.end());
      answer.insert(answer.end(), {0xfa, 0xce, 0xb0, 0x0c});
      pair.world.inject(to, from.address, answer);
    }
    return false;
  };
  pair.dial();

  REQUIRE(pair.world.run([&] { return pair.client.last<ConnectionClosed>().has_value(); }));

  CHECK(pair.client.last<ConnectionClosed>()->reason == errc::incompatible_version);
}

TEST_CASE("endpoint: handles of ended connections are not used again", "[quic][close]") {
  Pair pair;
  REQUIRE(pair.connect());
  const auto first = pair.at_client;
  pair.client.endpoint->close(pair.world.now(), first, 0, "");
  pair.world.run_for(seconds{5});

  REQUIRE(pair.connect());

  CHECK(pair.at_client != first);
  CHECK_FALSE(pair.send(pair.client, first, {1}));
  CHECK(pair.client.endpoint->stats(first).error() == errc::no_session);
}

}  // namespace
}  // namespace quicether::quic::test
