#include "support/two_hosts.hpp"

#include <quicether/sim/network.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
using quicether::Duration;
using quicether::Ecn;
using quicether::InterfaceAddress;
using quicether::OutgoingTrain;
using quicether::sim::DatagramEvent;
using quicether::sim::Fate;
using quicether::testing::endpoint;
using quicether::testing::ip;
using quicether::testing::open_socket;
using quicether::testing::receive_all;
using quicether::testing::send;
using quicether::testing::TwoHosts;

namespace {

/// Two hosts and the fates of everything they send.
struct Watched : TwoHosts {
  Watched() {
    network.observe([this](const DatagramEvent& event) { events.push_back(event); });
  }

  /// The fate of one datagram from a to `remote`, other than `sent`.
  Fate fate_to(const quicether::SocketAddress& remote, std::size_t bytes = 100) {
    events.clear();
    send(*socket_a, remote, bytes);
    simulation.run_for(10s);
    REQUIRE(!events.empty());
    REQUIRE((events[0].fate == Fate::sent || events.size() == 1));
    return events.back().fate;
  }

  std::vector<DatagramEvent> events;
};

}  // namespace

TEST_CASE("network: delays of egress, path and ingress add up", "[sim][network]") {
  Watched net;
  net.a.interface().egress().set_model({.rate_bits_per_second = 8'000'000, .delay = 1ms});
  net.network.set_path_one_way(net.a, net.b, {.delay = 20ms});
  net.b.interface().ingress().set_model({.rate_bits_per_second = 4'000'000, .delay = 300ms});

  // 972 bytes of payload are 1000 on the wire: 1 ms at 8 Mbit/s, 2 ms at 4 Mbit/s.
  CHECK(net.fate_to(net.address_b, 972) == Fate::delivered);
  REQUIRE(net.events.size() == 2);
  CHECK(net.events[1].time - net.events[0].time == 1ms + 1ms + 20ms + 2ms + 300ms);
  CHECK(net.events[0].id == net.events[1].id);

  // The other direction has its own links.
  net.events.clear();
  send(*net.socket_b, net.address_a, std::size_t{972});
  net.simulation.run_for(1s);
  CHECK(net.events.back().time == net.events.front().time);
}

TEST_CASE("network: IPv6 headers are 20 bytes longer", "[sim][network]") {
  Watched net;
  const auto v6 = endpoint("[2001:db8::2]:9000");

  CHECK(net.fate_to(net.address_b, 1472) == Fate::delivered);
  CHECK(net.fate_to(net.address_b, 1473) == Fate::refused);
  CHECK(net.fate_to(v6, 1452) == Fate::delivered);
  CHECK(net.fate_to(v6, 1453) == Fate::refused);
}

TEST_CASE("network: every way to fail has its fate", "[sim][network]") {
  Watched net;

  CHECK(net.fate_to(endpoint("198.51.100.9:1")) == Fate::no_route);
  CHECK(net.fate_to(endpoint("192.0.2.2:1")) == Fate::no_socket);

  net.network.block(net.a, net.b);
  CHECK(net.fate_to(net.address_b) == Fate::blocked);
  net.network.heal();
  CHECK(net.fate_to(net.address_b) == Fate::delivered);

  net.network.set_path(net.a, net.b, {.up = false});
  CHECK(net.fate_to(net.address_b) == Fate::link_down);
  net.network.set_path(net.a, net.b, {.loss = 1});
  CHECK(net.fate_to(net.address_b) == Fate::lost);
  net.network.set_path(net.a, net.b, {.mtu = 127});
  CHECK(net.fate_to(net.address_b) == Fate::too_large);
  net.network.set_path(net.a, net.b, {});

  net.b.interface().set_up(false);
  CHECK(net.fate_to(net.address_b) == Fate::link_down);
  net.a.interface().set_up(false);
  CHECK(net.fate_to(net.address_b) == Fate::refused);
  CHECK(net.events.size() == 1);
  net.a.interface().set_up(true);
  net.b.interface().set_up(true);
  CHECK(net.fate_to(net.address_b) == Fate::delivered);
}

TEST_CASE("network: a full queue and a full socket buffer drop what comes last", "[sim][network]") {
  Watched net;
  net.network.set_path(net.a, net.b, {.rate_bits_per_second = 8'000'000, .queue_bytes = 3'000});
  quicether::DatagramSocketOptions options;
  options.bind = endpoint("0.0.0.0:7");
  options.receive_buffer_bytes = 972;
  const auto small = net.b.open_datagram_socket(options).value();

  for (int i = 0; i < 5; ++i) {
    send(*net.socket_a, endpoint("192.0.2.2:7"), std::size_t{972});
  }
  net.simulation.run_for(1s);

  std::map<Fate, int> fates;
  for (const DatagramEvent& event : net.events) {
    ++fates[event.fate];
  }
  CHECK(fates ==
        std::map<Fate, int>{
            {Fate::sent, 5}, {Fate::queue_full, 2}, {Fate::delivered, 1}, {Fate::buffer_full, 2}});
}

TEST_CASE("network: a partition cuts both ways and leaves the rest alone", "[sim][network]") {
  Watched net;
  auto& c = net.network.add_host("c", {"192.0.2.3/24"});
  const auto socket_c = open_socket(c, "0.0.0.0:9000");
  const auto passes = [&](quicether::DatagramSocket& from, std::string_view to) {
    net.events.clear();
    send(from, endpoint(to), std::size_t{10});
    net.simulation.run_for(1s);
    return net.events.back().fate == Fate::delivered;
  };

  net.network.partition({&net.a}, {&net.b, &c});
  CHECK_FALSE(passes(*net.socket_a, "192.0.2.2:9000"));
  CHECK_FALSE(passes(*net.socket_b, "192.0.2.1:9000"));
  CHECK_FALSE(passes(*socket_c, "192.0.2.1:9000"));
  CHECK(passes(*net.socket_b, "192.0.2.3:9000"));
  net.network.heal();
  CHECK(passes(*net.socket_a, "192.0.2.2:9000"));

  net.network.block(net.a, net.b);
  CHECK_FALSE(passes(*net.socket_a, "192.0.2.2:9000"));
  CHECK(passes(*net.socket_b, "192.0.2.1:9000"));
}

TEST_CASE("network: a host that roams loses what is on the way to its old address",
          "[sim][network]") {
  Watched net;
  net.network.set_path(net.a, net.b, {.delay = 20ms});
  send(*net.socket_a, net.address_b, std::size_t{10});
  net.simulation.run_for(10ms);

  net.b.interface().set_addresses({InterfaceAddress::parse("198.51.100.7/24").value()});
  net.simulation.run_for(1s);
  CHECK(net.events.back().fate == Fate::no_route);
  CHECK(net.fate_to(net.address_b) == Fate::no_route);
  CHECK(net.fate_to(endpoint("198.51.100.7:9000")) == Fate::delivered);

  // The same socket now sends from the new address.
  send(*net.socket_b, net.address_a, std::size_t{10});
  net.simulation.run_for(1s);
  const auto received = receive_all(*net.socket_a);
  REQUIRE(received.size() == 1);
  CHECK(received[0].train.remote == endpoint("198.51.100.7:9000"));
  CHECK(net.network.owner(ip("198.51.100.7")) == &net.b);
  CHECK(net.network.owner(ip("192.0.2.2")) == nullptr);
}

TEST_CASE("network: a socket bound to an address that is gone is refused", "[sim][network]") {
  Watched net;
  const auto bound = open_socket(net.a, "192.0.2.1:7");

  net.a.interface().set_addresses({InterfaceAddress::parse("198.51.100.7/24").value()});
  CHECK(send(*bound, net.address_b, std::size_t{10}));

  CHECK(bound->stats().send_errors == 1);
  CHECK(net.events.back().fate == Fate::refused);
}

TEST_CASE("network: a narrow link drops in silence, or tells the sender after a round trip",
          "[sim][network]") {
  Watched net;
  net.network.set_path(net.a, net.b, {.delay = 0ms, .mtu = 1300});
  net.a.interface().egress().set_model({.delay = 20ms});

  SECTION("silent") {
    CHECK(net.fate_to(net.address_b, 1400) == Fate::too_large);
    CHECK(net.fate_to(net.address_b, 1400) == Fate::too_large);
    CHECK(net.socket_a->stats().send_errors == 0);
  }
  SECTION("reported") {
    net.network.path(net.a, net.b).set_model({.mtu = 1300, .report_too_large = true});
    send(*net.socket_a, net.address_b, std::size_t{1400});
    net.simulation.run_for(39ms);
    send(*net.socket_a, net.address_b, std::size_t{1400});
    CHECK(net.events.back().fate == Fate::sent);
    net.simulation.run_for(1ms);
    send(*net.socket_a, net.address_b, std::size_t{1400});
    CHECK(net.events.back().fate == Fate::refused);
    net.simulation.run_for(1s);
    CHECK(net.fate_to(net.address_b, 1272) == Fate::delivered);
    CHECK(net.fate_to(net.address_b, 1273) == Fate::refused);
    CHECK(net.socket_a->stats().send_errors == 2);

    // A new address is a new path.
    net.a.interface().set_addresses({InterfaceAddress::parse("198.51.100.7/24").value()});
    CHECK(net.fate_to(net.address_b, 1400) == Fate::too_large);
  }
}

TEST_CASE("network: a duplicate has an id of its own and no sent event", "[sim][network]") {
  Watched net;
  net.network.set_path(net.a, net.b, {.duplication = 1});

  send(*net.socket_a, net.address_b, std::size_t{100});
  net.simulation.run_for(1s);

  REQUIRE(net.events.size() == 3);
  CHECK(net.events[0].fate == Fate::sent);
  CHECK(net.events[1].fate == Fate::delivered);
  CHECK_FALSE(net.events[1].duplicate);
  CHECK(net.events[2].fate == Fate::delivered);
  CHECK(net.events[2].duplicate);
  CHECK(net.events[2].id != net.events[1].id);
  CHECK(receive_all(*net.socket_b).at(0).bytes.size() == 200);
}

TEST_CASE("network: corruption changes one byte within its span", "[sim][network]") {
  Watched net;
  net.network.set_path(net.a, net.b, {.corruption = 1, .corruption_span = 10});

  for (int i = 0; i < 50; ++i) {
    send(*net.socket_a, net.address_b, std::size_t{100});
    net.simulation.run_for(1ms);
    const auto received = receive_all(*net.socket_b);
    REQUIRE(received.size() == 1);
    const auto& bytes = received[0].bytes;
    CHECK(std::count(bytes.begin(), bytes.end(), 0) == 99);
    CHECK(std::count(bytes.begin() + 10, bytes.end(), 0) == 90);
    CHECK(net.events.back().corrupted);
  }
}

TEST_CASE("network: congestion marks reach the receiver", "[sim][network]") {
  Watched net;
  net.network.set_path(net.a, net.b, {.ecn_mark_bytes = 0});
  const quicether::ByteVector bytes(10);
  const std::vector<OutgoingTrain> trains = {
      {.bytes = bytes, .segment_bytes = 10, .remote = net.address_b, .ecn = Ecn::ect0},
      {.bytes = bytes, .segment_bytes = 10, .remote = net.address_b}};

  REQUIRE(net.socket_a->send(trains) == 2);
  net.simulation.run_for(0s);

  const auto received = receive_all(*net.socket_b);
  REQUIRE(received.size() == 2);
  CHECK(received[0].train.ecn == Ecn::ce);
  CHECK(received[1].train.ecn == Ecn::not_ect);
}

TEST_CASE("network: an interceptor sees, changes and drops what passes between hosts",
          "[sim][network]") {
  Watched net;
  net.network.intercept([&](quicether::sim::InterceptedDatagram datagram) {
    datagram.payload.push_back(7);
    datagram.source.port = 1234;
    return datagram.payload.size() != 11;
  });

  CHECK(net.fate_to(net.address_b, 10) == Fate::intercepted);
  CHECK(net.fate_to(net.address_b, 20) == Fate::delivered);
  CHECK(net.fate_to(net.address_a, 10) == Fate::delivered);  // never leaves the host
  const auto received = receive_all(*net.socket_b);
  REQUIRE(received.size() == 1);
  CHECK(received[0].bytes.size() == 21);
  CHECK(received[0].bytes.back() == 7);
  CHECK(received[0].train.remote == endpoint("192.0.2.1:1234"));

  net.network.intercept(nullptr);
  CHECK(net.fate_to(net.address_b, 10) == Fate::delivered);
}

TEST_CASE("network: an injected datagram may have any source", "[sim][network]") {
  Watched net;
  net.network.block(net.a, net.b);
  const quicether::ByteVector bytes(10);

  net.network.inject(net.address_a, net.address_b, bytes);
  net.network.inject(endpoint("203.0.113.9:53"), net.address_b, bytes);
  net.network.inject(net.address_a, endpoint("203.0.113.9:53"), bytes);
  net.simulation.run_for(0s);

  const auto received = receive_all(*net.socket_b);
  REQUIRE(received.size() == 2);
  CHECK(received[0].train.remote == net.address_a);
  CHECK(received[1].train.remote == endpoint("203.0.113.9:53"));
  CHECK(net.events[2].fate == Fate::sent);
  CHECK(net.events[3].fate == Fate::no_route);
}

TEST_CASE("network: hosts are found by name and address", "[sim][network]") {
  TwoHosts net;

  CHECK(&net.network.host("b") == &net.b);
  CHECK(net.network.owner(ip("2001:db8::1")) == &net.a);
  CHECK(net.network.owner(ip("192.0.2.77")) == nullptr);
  CHECK(&net.a.interface().host() == &net.a);
}

TEST_CASE("network: 64 hosts exchange what they should and nothing else", "[sim][network]") {
  quicether::sim::Simulation simulation{1};
  auto& network = simulation.network();

  struct Node {
    quicether::sim::Host* host;
    std::unique_ptr<quicether::DatagramSocket> socket;
    quicether::SocketAddress address;
  };

  std::vector<Node> nodes;
  for (unsigned i = 0; i < 64; ++i) {
    const std::string address = "10.0.0." + std::to_string(i + 1);
    auto& host = network.add_host("n" + std::to_string(i), {address + "/24"});
    host.interface().set_links({.delay = 10ms, .jitter = 5ms});
    nodes.push_back({&host, open_socket(host, "0.0.0.0:1"), endpoint(address + ":1")});
  }

  for (const Node& from : nodes) {
    for (const Node& to : nodes) {
      send(*from.socket, to.address, std::size_t{10});
    }
  }
  simulation.run_for(1s);

  for (const Node& node : nodes) {
    CHECK(node.socket->stats().datagrams_received == 64);
    CHECK(node.socket->stats().datagrams_sent == 64);
  }
}
