#include "support/two_hosts.hpp"

#include <quicether/env/datagram_socket.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <numeric>
#include <optional>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
using quicether::ByteVector;
using quicether::ConstBytes;
using quicether::DatagramSocket;
using quicether::DatagramSocketOptions;
using quicether::Ecn;
using quicether::errc;
using quicether::error_code;
using quicether::OutgoingTrain;
using quicether::ReceivedTrain;
using quicether::testing::endpoint;
using quicether::testing::ip;
using quicether::testing::open_socket;
using quicether::testing::receive_all;
using quicether::testing::send;
using quicether::testing::TwoHosts;

namespace {

[[nodiscard]] ByteVector numbered(std::size_t size) {
  ByteVector bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  return bytes;
}

/// Opens a socket and tells with which error it failed, or none.
[[nodiscard]] std::optional<error_code> open_error(quicether::Environment& env,
                                                   const DatagramSocketOptions& options) {
  const auto socket = env.open_datagram_socket(options);
  return socket ? std::nullopt : std::optional{socket.error()};
}

[[nodiscard]] DatagramSocketOptions bound_to(std::string_view address,
                                             std::string_view interface = "") {
  DatagramSocketOptions options;
  options.bind = endpoint(address);
  options.interface = interface;
  return options;
}

}  // namespace

TEST_CASE("socket: a datagram arrives with its bytes, addresses and ECN", "[sim][socket]") {
  TwoHosts net;
  const ByteVector payload = numbered(100);
  const std::array trains = {OutgoingTrain{
      .bytes = payload, .segment_bytes = 100, .remote = net.address_b, .ecn = Ecn::ect0}};

  REQUIRE(net.socket_a->send(trains) == 1);
  CHECK(receive_all(*net.socket_b).empty());
  net.simulation.run_for(0s);

  const auto received = receive_all(*net.socket_b);
  REQUIRE(received.size() == 1);
  CHECK(received[0].bytes == payload);
  CHECK(received[0].train.segment_bytes == 100);
  CHECK(received[0].train.local == net.address_b);
  CHECK(received[0].train.remote == net.address_a);
  CHECK(received[0].train.ecn == Ecn::ect0);
  CHECK(net.socket_a->stats().datagrams_sent == 1);
  CHECK(net.socket_a->stats().bytes_sent == 100);
  CHECK(net.socket_b->stats().datagrams_received == 1);
  CHECK(net.socket_b->stats().bytes_received == 100);
}

TEST_CASE("socket: an empty datagram is a datagram", "[sim][socket]") {
  TwoHosts net;

  REQUIRE(send(*net.socket_a, net.address_b, std::size_t{0}));
  net.simulation.run_for(0s);

  const auto received = receive_all(*net.socket_b);
  REQUIRE(received.size() == 1);
  CHECK(received[0].bytes.empty());
}

TEST_CASE("socket: a train is split on the wire and joined again", "[sim][socket]") {
  TwoHosts net;
  std::size_t on_wire = 0;
  net.network.observe([&](const quicether::sim::DatagramEvent& event) {
    on_wire += event.fate == quicether::sim::Fate::delivered ? 1U : 0U;
  });
  const ByteVector payload = numbered(2500);
  const std::array trains = {
      OutgoingTrain{.bytes = payload, .segment_bytes = 1000, .remote = net.address_b}};

  REQUIRE(net.socket_a->send(trains) == 1);
  net.simulation.run_for(0s);

  CHECK(on_wire == 3);
  CHECK(net.socket_a->stats().datagrams_sent == 3);
  const auto received = receive_all(*net.socket_b);
  REQUIRE(received.size() == 1);
  CHECK(received[0].bytes == payload);
  CHECK(received[0].train.segment_bytes == 1000);
}

TEST_CASE("socket: only datagrams of one flow, size and moment form a train", "[sim][socket]") {
  TwoHosts net;
  const auto other = open_socket(net.a, "192.0.2.1:9001");
  const auto sizes = [&] {
    std::vector<std::vector<std::size_t>> trains;
    for (const auto& kept : receive_all(*net.socket_b)) {
      trains.push_back({kept.bytes.size(), kept.train.segment_bytes});
    }
    return trains;
  };
  using Trains = std::vector<std::vector<std::size_t>>;

  SECTION("a shorter datagram ends the train") {
    for (const std::size_t size : {100U, 100U, 50U, 50U}) {
      send(*net.socket_a, net.address_b, size);
    }
    net.simulation.run_for(0s);
    CHECK(sizes() == Trains{{250, 100}, {50, 50}});
  }
  SECTION("a longer one starts the next") {
    for (const std::size_t size : {50U, 100U, 100U}) {
      send(*net.socket_a, net.address_b, size);
    }
    net.simulation.run_for(0s);
    CHECK(sizes() == Trains{{50, 50}, {200, 100}});
  }
  SECTION("so does another sender") {
    send(*net.socket_a, net.address_b, std::size_t{100});
    send(*other, net.address_b, std::size_t{100});
    net.simulation.run_for(0s);
    CHECK(sizes() == Trains{{100, 100}, {100, 100}});
  }
  SECTION("and a pause") {
    send(*net.socket_a, net.address_b, std::size_t{100});
    net.simulation.run_for(50us);
    send(*net.socket_a, net.address_b, std::size_t{100});
    net.simulation.run_for(51us);
    send(*net.socket_a, net.address_b, std::size_t{100});
    net.simulation.run_for(0s);
    CHECK(sizes() == Trains{{200, 100}, {100, 100}});
  }
  SECTION("and the limit of a train") {
    for (std::size_t i = 0; i < quicether::kTrainSegmentsMax + 1; ++i) {
      send(*net.socket_a, net.address_b, std::size_t{10});
    }
    net.simulation.run_for(0s);
    CHECK(sizes() == Trains{{640, 10}, {10, 10}});
  }
  SECTION("an empty datagram stands alone") {
    for (const std::size_t size : {100U, 0U, 0U}) {
      send(*net.socket_a, net.address_b, std::size_t{size});
    }
    net.simulation.run_for(0s);
    CHECK(sizes() == Trains{{100, 100}, {0, 0}, {0, 0}});
  }
}

TEST_CASE("socket: receive fills no more trains than it is given", "[sim][socket]") {
  TwoHosts net;
  for (const std::size_t size : {10U, 20U, 30U}) {
    send(*net.socket_a, net.address_b, size);
  }
  net.simulation.run_for(0s);
  std::array<ReceivedTrain, 2> trains{};

  REQUIRE(net.socket_b->receive(trains) == 2);
  CHECK(trains[0].bytes.size() == 10);
  CHECK(trains[1].bytes.size() == 20);
  REQUIRE(net.socket_b->receive(trains) == 1);
  CHECK(trains[0].bytes.size() == 30);
  CHECK(net.socket_b->receive(trains) == 0);
}

TEST_CASE("socket: readable is posted, once per wait, when something arrives", "[sim][socket]") {
  TwoHosts net;
  int calls = 0;
  error_code last;
  const auto wait = [&] {
    net.socket_b->wait_readable([&](error_code code) {
      ++calls;
      last = code;
    });
  };

  wait();
  net.simulation.run_for(1s);
  CHECK(calls == 0);
  send(*net.socket_a, net.address_b, std::size_t{10});
  send(*net.socket_a, net.address_b, std::size_t{20});
  net.simulation.run_for(0s);
  CHECK(calls == 1);
  CHECK_FALSE(last);

  wait();  // both datagrams are still there
  CHECK(calls == 1);
  net.simulation.run_for(0s);
  CHECK(calls == 2);
}

TEST_CASE("socket: close, destruction and a second wait cancel, by posting", "[sim][socket]") {
  TwoHosts net;
  std::vector<error_code> codes;
  const auto note = [&](error_code code) { codes.push_back(code); };

  net.socket_b->wait_readable(note);
  net.socket_b->wait_readable(note);
  CHECK(codes.empty());
  net.simulation.run_for(0s);
  CHECK(codes == std::vector<error_code>{errc::cancelled});

  net.socket_b->wait_writable(note);
  net.socket_b->close();
  net.socket_b->close();
  CHECK(codes.size() == 1);
  net.simulation.run_for(0s);
  CHECK(codes == std::vector<error_code>(3, errc::cancelled));

  net.socket_b->wait_readable(note);
  net.socket_b->wait_writable(note);
  net.simulation.run_for(0s);
  CHECK(codes == std::vector<error_code>(5, errc::cancelled));

  net.socket_a->wait_readable(note);
  net.socket_a.reset();
  net.simulation.run_for(0s);
  CHECK(codes == std::vector<error_code>(6, errc::cancelled));
}

TEST_CASE("socket: closed, it hears nothing, sends nothing, and its port is free",
          "[sim][socket]") {
  TwoHosts net;
  send(*net.socket_a, net.address_b, std::size_t{10});
  net.simulation.run_for(0s);

  net.socket_b->close();
  CHECK(receive_all(*net.socket_b).empty());
  CHECK(send(*net.socket_b, net.address_a, std::size_t{10}));
  CHECK(net.socket_b->source_address(net.address_a).error() == errc::unreachable);
  net.simulation.run_for(0s);
  CHECK(receive_all(*net.socket_a).empty());

  const auto again = open_socket(net.b, "[::]:9000");
  send(*net.socket_a, net.address_b, std::size_t{20});
  net.simulation.run_for(0s);
  CHECK(receive_all(*again).size() == 1);
}

TEST_CASE("socket: ports are taken per address, and [::] covers both families", "[sim][socket]") {
  TwoHosts net;

  CHECK(open_error(net.a, bound_to("[::]:9000")) == errc::already_open);
  CHECK(open_error(net.a, bound_to("0.0.0.0:9000")) == errc::already_open);
  CHECK(open_error(net.a, bound_to("192.0.2.1:9000")) == errc::already_open);
  CHECK(open_error(net.a, bound_to("[2001:db8::1]:9000")) == errc::already_open);
  CHECK_FALSE(open_error(net.a, bound_to("[::]:9001")));

  net.socket_a->close();
  const auto v4 = open_socket(net.a, "0.0.0.0:9000");
  CHECK(open_error(net.a, bound_to("[::]:9000")) == errc::already_open);
  CHECK_FALSE(open_error(net.a, bound_to("[2001:db8::1]:9000")));
  CHECK_FALSE(open_error(net.a, bound_to("[::]:9000", "eth0")));
}

TEST_CASE("socket: refuses to bind what the host does not have", "[sim][socket]") {
  TwoHosts net;

  CHECK(open_error(net.a, bound_to("192.0.2.2:1")) == errc::invalid_argument);
  CHECK(open_error(net.a, bound_to("0.0.0.0:1", "eth9")) == errc::invalid_argument);
  CHECK_FALSE(open_error(net.a, bound_to("127.0.0.1:1")));
}

TEST_CASE("socket: port 0 takes free dynamic ports until none is left", "[sim][socket]") {
  TwoHosts net;
  const auto first = open_socket(net.a, "0.0.0.0:0");
  const auto second = open_socket(net.a, "0.0.0.0:0");
  CHECK(first->local_endpoint().port >= 49152);
  CHECK(second->local_endpoint().port != first->local_endpoint().port);

  std::vector<std::unique_ptr<DatagramSocket>> sockets;
  for (unsigned port = 49152; port <= 65535; ++port) {
    auto socket = net.b.open_datagram_socket(bound_to("0.0.0.0:0"));
    REQUIRE(socket.has_value());
    sockets.push_back(std::move(socket).value());
  }
  CHECK(open_error(net.b, bound_to("0.0.0.0:0")) == errc::already_open);
  sockets[1000].reset();
  CHECK_FALSE(open_error(net.b, bound_to("0.0.0.0:0")));
}

TEST_CASE("socket: the most specific socket gets a datagram", "[sim][socket]") {
  TwoHosts net;
  net.socket_b->close();
  const auto any = open_socket(net.b, "0.0.0.0:7");
  const auto by_interface = net.b.open_datagram_socket(bound_to("0.0.0.0:7", "eth0")).value();
  const auto expect_one = [&](DatagramSocket& winner) {
    send(*net.socket_a, endpoint("192.0.2.2:7"), std::size_t{10});
    net.simulation.run_for(0s);
    CHECK(receive_all(winner).size() == 1);
  };

  expect_one(*by_interface);
  by_interface->close();
  expect_one(*any);
}

TEST_CASE("socket: what the system refuses counts as taken and as an error", "[sim][socket]") {
  TwoHosts net;
  const ByteVector bytes(4000);
  const auto refused = [&](const OutgoingTrain& train) {
    const std::uint64_t before = net.socket_a->stats().send_errors;
    const std::array trains = {train};
    CHECK(net.socket_a->send(trains) == 1);
    return net.socket_a->stats().send_errors - before;
  };
  const auto train = [&](std::size_t size, std::size_t segment) {
    return OutgoingTrain{
        .bytes = ConstBytes{bytes}.first(size), .segment_bytes = segment, .remote = net.address_b};
  };

  CHECK(refused(train(1472, 1472)) == 0);  // 1500 with its headers
  CHECK(refused(train(1473, 1473)) == 1);
  CHECK(refused(train(3000, 1473)) == 3);
  CHECK(refused(train(3000, 0)) == 1);

  auto other = train(100, 100);
  other.local = endpoint("198.51.100.1:0");  // not an address of this host
  CHECK(refused(other) == 1);
  other.local = endpoint("192.0.2.1:1");  // the port is ignored
  CHECK(refused(other) == 0);
  other.local = endpoint("[2001:db8::1]:0");  // the other family
  CHECK(refused(other) == 1);
  for (const std::string_view remote : {"0.0.0.0:9", "192.0.2.2:0", "224.0.0.1:9", "[::]:9"}) {
    CAPTURE(remote);
    auto bad = train(100, 100);
    bad.remote = endpoint(remote);
    CHECK(refused(bad) == 1);
  }

  net.simulation.run_for(0s);
  CHECK(net.socket_a->stats().datagrams_sent == 2);
  CHECK(net.socket_b->stats().datagrams_received == 2);
}

TEST_CASE("socket: a train longer than the limits is refused", "[sim][socket]") {
  TwoHosts net;
  const ByteVector bytes(65'508);
  const std::array trains = {
      OutgoingTrain{
          .bytes = ConstBytes{bytes}.first(65), .segment_bytes = 1, .remote = net.address_b},
      OutgoingTrain{.bytes = bytes, .segment_bytes = 1400, .remote = net.address_b}};

  CHECK(net.socket_a->send(trains) == 2);
  CHECK(net.socket_a->stats().send_errors == 65 + 47);
}

TEST_CASE("socket: the receive buffer is bounded", "[sim][socket]") {
  TwoHosts net;
  auto options = bound_to("0.0.0.0:7");
  options.receive_buffer_bytes = 1000;
  const auto small = net.b.open_datagram_socket(options).value();

  for (int i = 0; i < 5; ++i) {
    send(*net.socket_a, endpoint("192.0.2.2:7"), std::size_t{400});
  }
  net.simulation.run_for(0s);
  CHECK(small->stats().datagrams_received == 2);
  CHECK(receive_all(*small).size() == 1);

  send(*net.socket_a, endpoint("192.0.2.2:7"), std::size_t{1000});
  net.simulation.run_for(0s);
  CHECK(receive_all(*small).size() == 1);
}

TEST_CASE("socket: a full send buffer blocks until half of it has drained", "[sim][socket]") {
  TwoHosts net;
  // 1 byte per microsecond; the queue is longer than the send buffer.
  net.a.interface().egress().set_model({.rate_bits_per_second = 8'000'000});
  auto options = bound_to("0.0.0.0:7");
  options.send_buffer_bytes = 10'000;
  const auto socket = net.a.open_datagram_socket(options).value();
  const ByteVector bytes(972);  // 1000 with its headers
  std::vector<OutgoingTrain> trains(
      20, OutgoingTrain{.bytes = bytes, .segment_bytes = 972, .remote = net.address_b});

  CHECK(socket->send(trains) == 10);
  CHECK(socket->send(trains) == 0);
  std::optional<quicether::Duration> writable_at;
  socket->wait_writable([&](error_code code) {
    CHECK_FALSE(code);
    writable_at = net.simulation.elapsed();
  });
  net.simulation.run_for(1s);

  CHECK(writable_at == 5ms);
  CHECK(socket->send(trains) == 10);
  CHECK(socket->stats().send_errors == 0);
}

TEST_CASE("socket: an idle socket is writable at once", "[sim][socket]") {
  TwoHosts net;
  int calls = 0;

  net.socket_a->wait_writable([&](error_code code) { calls += code ? 100 : 1; });
  CHECK(calls == 0);
  net.simulation.run_for(0s);

  CHECK(calls == 1);
}

TEST_CASE("socket: finds the source address the host would use", "[sim][socket]") {
  TwoHosts net;
  const auto source = [&](DatagramSocket& socket, std::string_view remote) {
    return socket.source_address(endpoint(remote));
  };

  CHECK(source(*net.socket_a, "192.0.2.2:1").value() == ip("192.0.2.1"));
  CHECK(source(*net.socket_a, "203.0.113.1:1").value() == ip("192.0.2.1"));
  CHECK(source(*net.socket_a, "[2001:db8::2]:1").value() == ip("2001:db8::1"));
  CHECK(source(*net.socket_a, "127.0.0.1:1").value() == ip("127.0.0.1"));
  CHECK(source(*net.socket_a, "192.0.2.1:1").value() == ip("192.0.2.1"));

  const auto v4_only = open_socket(net.a, "0.0.0.0:7");
  CHECK(source(*v4_only, "[2001:db8::2]:1").error() == errc::unreachable);

  net.a.interface().set_up(false);
  CHECK(source(*net.socket_a, "192.0.2.2:1").error() == errc::unreachable);
}

TEST_CASE("socket: a host reaches itself through any of its addresses", "[sim][socket]") {
  TwoHosts net;
  net.a.interface().egress().set_model({.up = false});

  for (const std::string_view remote : {"127.0.0.1:9000", "192.0.2.1:9000", "[::1]:9000"}) {
    CAPTURE(remote);
    send(*net.socket_a, endpoint(remote), std::size_t{10});
    net.simulation.run_for(0s);
    const auto received = receive_all(*net.socket_a);
    REQUIRE(received.size() == 1);
    CHECK(received[0].train.remote == endpoint(remote));
    CHECK(received[0].train.local == endpoint(remote));
  }
}

TEST_CASE("socket: waits of a handler that destroys the socket are safe", "[sim][socket]") {
  TwoHosts net;
  bool called = false;
  net.socket_b->wait_readable([&](error_code) {
    called = true;
    net.socket_b.reset();
  });

  send(*net.socket_a, net.address_b, std::size_t{10});
  net.simulation.run_for(1s);

  CHECK(called);
}
