#include "unit/core_quic/world.hpp"

#include <catch2/catch_test_macros.hpp>

namespace quicether::quic::test {
namespace {

constexpr std::size_t kOverhead = 8 + 1 + 4 + 16 + 3;

std::size_t settled_payload(Pair& pair) {
  REQUIRE(pair.world.run([&] {
    const auto stats = pair.client.endpoint->stats(pair.at_client);
    return stats && stats->path_mtu_settled;
  }));
  return pair.client.endpoint->stats(pair.at_client)->datagram_payload_max;
}

TEST_CASE("path mtu: it begins at 1200 and grows to what the path carries", "[quic][mtu]") {
  struct Case {
    const char* name;
    std::size_t path;
    std::size_t found;
  };

  const std::vector<Case> cases{
      {"Ethernet", 1472, 1452},
      {"Ethernet with IPv6", 1452, 1452},
      {"PPPoE with IPv6", 1444, 1437},
      {"a tunnel", 1406, 1406},
      {"a tunnel in a tunnel", 1350, 1342},
      {"IPv6 minimum in IPv4", 1252, 1252},
      {"the least there is", 1200, 1200},
  };
  for (const auto& path : cases) {
    DYNAMIC_SECTION(path.name) {
      Pair pair;
      pair.world.link.bytes_max = path.path;
      REQUIRE(pair.connect());
      const auto first = pair.client.endpoint->stats(pair.at_client).value();
      CHECK(first.datagram_payload_max == 1200 - kOverhead);
      CHECK_FALSE(first.path_mtu_settled);

      CHECK(settled_payload(pair) == path.found - kOverhead);

      CHECK(pair.send(pair.client, pair.at_client, ByteVector(path.found - kOverhead)));
      CHECK(pair.world.run([&] { return !pair.server.datagrams.empty(); }, seconds{1}));
    }
  }
}

TEST_CASE("path mtu: traffic flows while probes vanish in a black hole", "[quic][mtu]") {
  Pair pair;
  pair.world.link.bytes_max = 1300;
  REQUIRE(pair.connect());
  std::size_t sent = 0;

  const auto done = pair.world.now() + seconds{3};
  while (pair.world.now() < done) {
    const auto most = pair.client.endpoint->stats(pair.at_client)->datagram_payload_max;
    sent += pair.send(pair.client, pair.at_client, ByteVector(most)) ? 1U : 0U;
    pair.world.run_for(milliseconds{10});
  }
  pair.world.run_for(milliseconds{500});

  CHECK(pair.server.datagrams.size() == sent);
}

TEST_CASE("path mtu: settled at once where nothing is probed", "[quic][mtu]") {
  EndpointConfig config;
  config.mtu_probes = {};
  Pair pair{1, config, config};
  REQUIRE(pair.connect());
  pair.world.run_for(seconds{1});

  CHECK(pair.client.endpoint->stats(pair.at_client)->path_mtu_settled);
  CHECK(pair.client.endpoint->stats(pair.at_client)->datagram_payload_max == 1200 - kOverhead);
}

TEST_CASE("path mtu: jumbo probes are possible", "[quic][mtu]") {
  EndpointConfig config;
  config.mtu_probes = {8900, 1452};
  Pair pair{1, config, config};
  REQUIRE(pair.connect());

  CHECK(settled_payload(pair) == 8900 - kOverhead);

  CHECK(pair.send(pair.client, pair.at_client, ByteVector(8000)));
  CHECK(pair.world.run([&] { return !pair.server.datagrams.empty(); }, seconds{1}));
}

TEST_CASE("path mtu: a path that shrinks later is noticed, and tried again", "[quic][mtu]") {
  Pair pair;
  pair.client.keep_datagrams = pair.server.keep_datagrams = false;
  REQUIRE(pair.connect());
  REQUIRE(settled_payload(pair) == 1452 - kOverhead);
  const auto most = [&] {
    return pair.client.endpoint->stats(pair.at_client)->datagram_payload_max;
  };
  // A sender that always uses what it is told, as fast as it may.
  const auto send_until = [&](const std::function<bool()>& done, Duration limit) {
    const auto end = pair.world.now() + limit;
    while (!done() && pair.world.now() < end) {
      (void)pair.send(pair.client, pair.at_client, ByteVector(most()));
      pair.world.run_for(milliseconds{10});
    }
    return done();
  };

  pair.world.link.bytes_max = 1300;
  REQUIRE(send_until([&] { return most() == 1200 - kOverhead; }, seconds{2}));
  const auto before = pair.server.datagram_count;
  pair.world.run_for(seconds{1});
  REQUIRE(send_until([&] { return pair.server.datagram_count > before + 20; }, seconds{1}));

  pair.world.link.bytes_max = 1500;
  REQUIRE(send_until([&] { return most() == 1452 - kOverhead; }, seconds{11}));
  const auto restored = pair.server.datagram_count;
  CHECK(send_until([&] { return pair.server.datagram_count > restored + 100; }, seconds{2}));
  CHECK(most() == 1452 - kOverhead);
  CHECK(pair.client.all<ConnectionClosed>().empty());
}

TEST_CASE("path mtu: loss and outages are not taken for a shrunken path", "[quic][mtu]") {
  Pair pair;
  pair.client.keep_datagrams = pair.server.keep_datagrams = false;
  REQUIRE(pair.connect());
  REQUIRE(settled_payload(pair) == 1452 - kOverhead);
  int bounded = 0;
  const auto send_for = [&](int rounds) {
    for (int i = 0; i < rounds; ++i) {
      (void)pair.send(pair.client, pair.at_client, ByteVector(1400));
      (void)pair.send(pair.client, pair.at_client, ByteVector(50));
      pair.world.run_for(milliseconds{10});
      const auto now_most = pair.client.endpoint->stats(pair.at_client)->datagram_payload_max;
      bounded += now_most < 1400 ? 1 : 0;
    }
  };

  pair.world.link.loss = 0.1;
  pair.world.link.loss_burst = 3;
  send_for(1000);
  pair.world.link.loss = 0.0;
  for (int outage = 0; outage < 5; ++outage) {
    pair.world.filter = [](const Node&, const SocketAddress&, ByteVector&) { return false; };
    send_for(200);
    pair.world.filter = {};
    send_for(100);
  }

  CHECK(bounded == 0);
}

}  // namespace
}  // namespace quicether::quic::test
