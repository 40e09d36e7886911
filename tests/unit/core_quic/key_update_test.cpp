#include "unit/core_quic/world.hpp"

#include <catch2/catch_test_macros.hpp>

namespace quicether::quic::test {
namespace {

// Sends until `packets` are out, one batch per turn, both ways when asked.
void exchange(Pair& pair, std::uint64_t packets, bool both) {
  const ByteVector payload(1000);
  const std::vector<OutgoingDatagram> batch(20, OutgoingDatagram{{}, payload});
  const auto more = [&] {
    return pair.client.endpoint->stats(pair.at_client).value().packets_sent < packets;
  };
  while (more()) {
    (void)pair.client.endpoint->send_datagrams(pair.world.now(), pair.at_client, batch);
    if (both) {
      (void)pair.server.endpoint->send_datagrams(pair.world.now(), pair.at_server, batch);
    }
    pair.world.run_for(milliseconds{1});
  }
  pair.world.run_for(seconds{1});
}

TEST_CASE("key update: keys change often over 100 000 packets and nothing is lost",
          "[quic][key_update]") {
  EndpointConfig config;
  config.key_update_packets = 2500;
  Pair pair{1, config, {}};
  pair.world.link.delay = milliseconds{2};
  pair.world.whole_trains = true;
  REQUIRE(pair.connect());
  pair.client.keep_datagrams = pair.server.keep_datagrams = false;

  exchange(pair, 100'000, false);

  const auto here = pair.client.endpoint->stats(pair.at_client).value();
  const auto there = pair.server.endpoint->stats(pair.at_server).value();
  CHECK(here.packets_sent >= 100'000);
  CHECK(here.key_updates >= 35);
  CHECK(here.key_updates <= 40);
  CHECK(there.key_updates >= 35);
  CHECK(here.packets_lost == 0);
  CHECK(pair.client.all<ConnectionClosed>().empty());
  CHECK(pair.server.all<ConnectionClosed>().empty());
}

TEST_CASE("key update: both sides may begin at any time, with loss and reordering",
          "[quic][key_update]") {
  EndpointConfig config;
  config.key_update_packets = 200;
  config.datagram_control = DatagramControl::connection;
  Pair pair{3, config, config};
  pair.world.link.delay = milliseconds{2};
  pair.world.link.jitter = milliseconds{1};
  pair.world.link.loss = 0.01;
  pair.world.link.bits_per_second = 100e6;
  REQUIRE(pair.connect());
  pair.client.keep_datagrams = pair.server.keep_datagrams = false;

  exchange(pair, 20'000, true);

  const auto here = pair.client.endpoint->stats(pair.at_client).value();
  const auto there = pair.server.endpoint->stats(pair.at_server).value();
  CHECK(here.key_updates >= 10);
  CHECK(pair.client.all<ConnectionClosed>().empty());
  CHECK(pair.server.all<ConnectionClosed>().empty());
  // What the network delivered was opened: at most 1 % loss, whatever the keys did meanwhile.
  CHECK(static_cast<double>(there.packets_received) >=
        0.98 * static_cast<double>(here.packets_sent));
  CHECK(static_cast<double>(here.packets_received) >=
        0.98 * static_cast<double>(there.packets_sent));
}

TEST_CASE("key update: a peer that withholds confirmation stops no traffic before it is lost",
          "[quic][key_update]") {
  EndpointConfig config;
  config.key_update_packets = 50;
  config.idle_timeout = seconds{5};
  Pair pair{1, config, {}};
  REQUIRE(pair.connect());
  exchange(pair, 40, false);
  bool silent = false;
  pair.world.filter = [&](const Node& from, const SocketAddress&, ByteVector&) {
    return &from == &pair.client || !silent;
  };

  exchange(pair, 45, false);
  silent = true;
  const ByteVector payload(10);
  for (int i = 0; i < 20; ++i) {
    CHECK(pair.send(pair.client, pair.at_client, payload));
    pair.world.run_for(milliseconds{20});
  }
  REQUIRE(pair.world.run([&] { return pair.client.last<ConnectionClosed>().has_value(); }));

  CHECK(pair.client.last<ConnectionClosed>()->reason == errc::connection_lost);
  CHECK(pair.server.datagram_count > 0);
}

}  // namespace
}  // namespace quicether::quic::test
