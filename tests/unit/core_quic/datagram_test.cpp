#include "unit/core_quic/world.hpp"

#include <catch2/catch_test_macros.hpp>

#include <numeric>

namespace quicether::quic::test {
namespace {

ByteVector payload_of(std::size_t bytes, std::uint8_t first = 0) {
  ByteVector payload(bytes);
  std::iota(payload.begin(), payload.end(), first);
  return payload;
}

// Waits until path MTU discovery is done, so that sizes do not change any more.
void settle(Pair& pair) {
  REQUIRE(pair.world.run([&] {
    return pair.client.endpoint->stats(pair.at_client)->path_mtu_settled &&
           pair.server.endpoint->stats(pair.at_server)->path_mtu_settled;
  }));
  pair.world.run_for(milliseconds{500});  // acknowledgements still on their way
}

TEST_CASE("endpoint: a datagram of header and body arrives as one", "[quic][datagram]") {
  Pair pair;
  REQUIRE(pair.connect());
  const ByteVector header{9, 8};
  const auto body = payload_of(1000);
  const OutgoingDatagram datagram{header, body};

  CHECK(pair.client.endpoint->send_datagrams(pair.world.now(), pair.at_client, {&datagram, 1}) ==
        1);
  REQUIRE(pair.world.run([&] { return !pair.server.datagrams.empty(); }));

  ByteVector expected(header.size() + body.size());
  std::ranges::copy(body, std::ranges::copy(header, expected.begin()).out);
  CHECK(pair.server.datagrams.at(0).first == pair.at_server);
  CHECK(pair.server.datagrams.at(0).second == expected);
}

TEST_CASE("endpoint: datagrams of every size up to the stated maximum arrive whole",
          "[quic][datagram]") {
  Pair pair;
  REQUIRE(pair.connect());
  settle(pair);
  const auto most = pair.client.endpoint->stats(pair.at_client)->datagram_payload_max;
  REQUIRE(most == 1452 - 8 - 1 - 4 - 16 - 3);
  std::size_t sent = 0;

  for (std::size_t bytes = 0; bytes <= most; bytes += bytes < 80 ? 1 : 7) {
    REQUIRE(pair.send(pair.client, pair.at_client, payload_of(bytes)));
    pair.world.run_for(milliseconds{1});
    ++sent;
  }
  REQUIRE(pair.send(pair.client, pair.at_client, payload_of(most)));
  pair.world.run_for(seconds{1});

  REQUIRE(pair.server.datagrams.size() == sent + 1);
  CHECK(pair.server.datagrams.back().second == payload_of(most));
  CHECK(pair.client.endpoint->stats(pair.at_client)->datagrams_dropped == 0);
}

TEST_CASE("endpoint: a datagram one byte too large is counted and dropped", "[quic][datagram]") {
  Pair pair;
  REQUIRE(pair.connect());
  settle(pair);
  const auto most = pair.client.endpoint->stats(pair.at_client)->datagram_payload_max;

  CHECK(pair.send(pair.client, pair.at_client, payload_of(most + 1)));
  CHECK(pair.send(pair.client, pair.at_client, payload_of(1)));
  pair.world.run_for(seconds{1});

  REQUIRE(pair.server.datagrams.size() == 1);
  CHECK(pair.server.datagrams.at(0).second.size() == 1);
  CHECK(pair.client.endpoint->stats(pair.at_client)->datagrams_dropped == 1);
}

TEST_CASE("endpoint: small datagrams of one batch share packets", "[quic][datagram]") {
  Pair pair;
  REQUIRE(pair.connect());
  settle(pair);
  const auto body = payload_of(64);
  const std::vector<OutgoingDatagram> batch(60, OutgoingDatagram{{}, body});
  const auto before = pair.client.packets_out;

  CHECK(pair.client.endpoint->send_datagrams(pair.world.now(), pair.at_client, batch) == 60);
  REQUIRE(pair.world.run([&] { return pair.server.datagrams.size() == 60; }));

  // 67 bytes per frame, 1423 per packet: 21 frames.
  CHECK(pair.client.packets_out - before == 3);
}

TEST_CASE("endpoint: a batch of equal datagrams leaves as trains", "[quic][datagram]") {
  Pair pair;
  REQUIRE(pair.connect());
  settle(pair);
  const auto body = payload_of(1300);
  constexpr std::size_t kPackets = 10;  // an initial congestion window (RFC 9002 section 7.2)
  const std::vector<OutgoingDatagram> batch(kPackets, OutgoingDatagram{{}, body});

  CHECK(pair.client.endpoint->send_datagrams(pair.world.now(), pair.at_client, batch) == kPackets);
  const auto trains = pair.client.endpoint->poll_transmit(pair.world.now());

  std::size_t packets = 0;
  for (const auto& train : trains) {
    CHECK(train.remote == pair.server.address);
    CHECK(train.bytes.size() <= kTrainBytesMax);
    packets += (train.bytes.size() + train.segment_bytes - 1) / train.segment_bytes;
  }
  CHECK(packets == kPackets);
  CHECK(trains.size() <= 3);  // the first packet may bear an ACK, and packet numbers may grow
}

TEST_CASE("endpoint: datagrams beyond the congestion window wait and keep their order",
          "[quic][datagram]") {
  EndpointConfig config;
  config.datagram_control = DatagramControl::connection;
  Pair pair{1, config, {}};
  REQUIRE(pair.connect());
  settle(pair);
  std::vector<ByteVector> payloads;
  std::vector<OutgoingDatagram> batch;
  payloads.reserve(200);
  for (std::uint8_t i = 0; i < 200; ++i) {
    payloads.push_back(payload_of(1200, i));
    batch.push_back({{}, payloads.back()});
  }

  CHECK(pair.client.endpoint->send_datagrams(pair.world.now(), pair.at_client, batch) == 200);
  REQUIRE(pair.world.run([&] { return pair.server.datagrams.size() == 200; }));

  for (std::size_t i = 0; i < 200; ++i) {
    REQUIRE(pair.server.datagrams.at(i).second == payloads[i]);
  }
}

TEST_CASE("endpoint: the waiting datagrams are bounded in memory", "[quic][datagram]") {
  EndpointConfig config;
  config.datagram_control = DatagramControl::connection;
  config.limits.datagram_queue_bytes = 100'000;
  Pair pair{1, config, {}};
  REQUIRE(pair.connect());
  settle(pair);
  const auto window = pair.client.endpoint->stats(pair.at_client)->congestion_window;
  const auto body = payload_of(1200);
  const std::vector<OutgoingDatagram> batch(1000, OutgoingDatagram{{}, body});
  const auto dropped = [&] {
    return pair.client.endpoint->stats(pair.at_client)->datagrams_dropped;
  };

  CHECK(pair.client.endpoint->send_datagrams(pair.world.now(), pair.at_client, batch) == 1000);
  const auto kept = 1000 - dropped();

  // Each takes 1.5 KiB of memory.
  CHECK(kept >= 60);
  CHECK(kept <= 70 + window / 1200 + 2);
  CHECK(pair.client.endpoint->send_datagrams(pair.world.now(), pair.at_client, batch) == 1000);
  CHECK(dropped() == 2000 - kept);
}

TEST_CASE("endpoint: a flow that fills the congestion window does not delay another one",
          "[quic][datagram]") {
  EndpointConfig config;
  config.datagram_control = DatagramControl::connection;
  Pair pair{1, config, {}};
  pair.world.link.bits_per_second = 10e6;
  REQUIRE(pair.connect());
  settle(pair);
  const auto bulk = payload_of(1200, 1);
  const std::vector<OutgoingDatagram> batch(400, OutgoingDatagram{{}, bulk, 1});
  const ByteVector text{7};
  const auto start = pair.world.now();

  CHECK(pair.client.endpoint->send_datagrams(start, pair.at_client, batch) == 400);
  const OutgoingDatagram single{{}, text, 2};
  CHECK(pair.client.endpoint->send_datagrams(start, pair.at_client, {&single, 1}) == 1);
  const auto arrived = [&] {
    return std::ranges::find(pair.server.datagrams, text, [](const auto& one) {
             return one.second;
           }) != pair.server.datagrams.end();
  };
  REQUIRE(pair.world.run(arrived));

  // What is in the window is ahead of it, and nothing else: 400 take 400 ms.
  const auto window = pair.client.endpoint->stats(pair.at_client)->congestion_window;
  CHECK(pair.server.datagrams.size() <= window / 1200 + 20);
  CHECK(pair.server.datagrams.size() < 200);
}

TEST_CASE("endpoint: datagrams sent before the handshake is done wait for it", "[quic][datagram]") {
  Pair pair;
  pair.dial();

  CHECK(pair.send(pair.client, pair.at_client, {7}));
  REQUIRE(pair.world.run([&] { return !pair.server.datagrams.empty(); }));

  CHECK(pair.server.datagrams.at(0).second == ByteVector{7});
}

TEST_CASE("endpoint: an unknown connection takes no datagrams", "[quic][datagram]") {
  Pair pair;

  CHECK_FALSE(pair.send(pair.client, ConnectionHandle{42}, {1}));
}

TEST_CASE("endpoint: lost datagrams are counted as lost packets", "[quic][datagram]") {
  Pair pair;
  REQUIRE(pair.connect());
  settle(pair);
  pair.world.filter = [&](const Node& from, const SocketAddress&, ByteVector& bytes) {
    return &from != &pair.client || bytes.size() < 1000;
  };
  for (int i = 0; i < 5; ++i) {
    CHECK(pair.send(pair.client, pair.at_client, payload_of(1200)));
  }
  pair.world.run_for(milliseconds{100});
  pair.world.filter = {};

  for (int i = 0; i < 10; ++i) {
    CHECK(pair.send(pair.client, pair.at_client, payload_of(10)));
    pair.world.run_for(milliseconds{50});
  }

  CHECK(pair.client.endpoint->stats(pair.at_client)->packets_lost == 5);
}

TEST_CASE("endpoint: the receive buffer is bounded", "[quic][datagram]") {
  Pair pair;
  REQUIRE(pair.connect());
  settle(pair);
  pair.world.filter = [](const Node&, const SocketAddress&, ByteVector&) { return true; };
  // Packets are delivered to a driver that does not take what they held.
  std::vector<ByteVector> packets;
  pair.world.filter = [&](const Node& from, const SocketAddress&, ByteVector& bytes) {
    if (&from == &pair.client) {
      packets.push_back(bytes);
    }
    return &from != &pair.client;
  };
  const std::vector<OutgoingDatagram> batch(6000);
  (void)pair.client.endpoint->send_datagrams(pair.world.now(), pair.at_client, batch);
  pair.world.run_for(milliseconds{1});
  REQUIRE(packets.size() >= 8);

  for (auto& packet : packets) {
    ReceivedTrain train;
    train.bytes = packet;
    train.segment_bytes = packet.size();
    train.local = pair.server.address;
    train.remote = pair.client.address;
    pair.server.endpoint->on_train(pair.world.now(), train);
  }

  CHECK(pair.server.endpoint->received_datagrams().size() == 4096);
  CHECK(pair.server.endpoint->stats().received_datagrams_dropped > 0);
}

}  // namespace
}  // namespace quicether::quic::test
