#include "support/two_hosts.hpp"

#include <quicether/sim/packet_log.hpp>

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <string>

using namespace std::chrono_literals;
using quicether::sim::PacketLog;
using quicether::testing::endpoint;
using quicether::testing::send;
using quicether::testing::TwoHosts;

TEST_CASE("packet_log: draws what happened", "[sim][packet_log]") {
  TwoHosts net;
  const PacketLog log{net.network};
  net.network.set_path(net.a, net.b, {.delay = 25ms});

  send(*net.socket_a, net.address_b, std::size_t{1200});
  net.simulation.run_for(1s);
  net.network.set_path(net.a, net.b, {.loss = 1});
  send(*net.socket_b, net.address_a, std::size_t{40});
  send(*net.socket_b, endpoint("198.51.100.1:9"), std::size_t{50});
  net.simulation.run_for(0s);
  net.network.set_path(net.a, net.b, {.corruption = 1, .duplication = 1});
  send(*net.socket_b, net.address_a, std::size_t{60});
  net.simulation.run_for(1s);

  CHECK(log.to_mermaid() ==
        "sequenceDiagram\n"
        "  participant p0 as a\n"
        "  participant p1 as b\n"
        "  participant p2 as 198.51.100.1\n"
        "  p0->>p1: 0.025000 1200 B\n"
        "  p1-xp0: 1.000000 40 B lost\n"
        "  p1-xp2: 1.000000 50 B no_route\n"
        "  p1->>p0: 1.000000 60 B corrupted\n"
        "  p1->>p0: 1.000000 60 B corrupted duplicate\n");
}

TEST_CASE("packet_log: keeps the last datagrams and labels them", "[sim][packet_log]") {
  TwoHosts net;
  const PacketLog log{net.network, 2, [](quicether::ConstBytes payload) {
                        return "n" + std::to_string(payload.size());
                      }};

  for (std::size_t size = 1; size <= 5; ++size) {
    send(*net.socket_a, net.address_b, size);
  }
  net.simulation.run_for(1s);

  CHECK(log.to_mermaid() ==
        "sequenceDiagram\n"
        "  participant p0 as a\n"
        "  participant p1 as b\n"
        "  p0->>p1: 0.000000 n4\n"
        "  p0->>p1: 0.000000 n5\n");
}

TEST_CASE("packet_log: may go before its network", "[sim][packet_log]") {
  TwoHosts net;
  auto log = std::make_unique<PacketLog>(net.network);

  log.reset();
  send(*net.socket_a, net.address_b, std::size_t{10});
  net.simulation.run_for(1s);

  CHECK(net.socket_b->stats().datagrams_received == 1);
}
