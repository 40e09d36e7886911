#include "support/two_hosts.hpp"

#include <quicether/sim/host.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <optional>
#include <set>
#include <vector>

using namespace std::chrono_literals;
using quicether::as_bytes;
using quicether::as_text;
using quicether::Duration;
using quicether::errc;
using quicether::error_code;
using quicether::Instant;
using quicether::InterfaceAddress;
using quicether::sim::Host;
using quicether::testing::endpoint;
using quicether::testing::ip;
using quicether::testing::open_socket;
using quicether::testing::receive_all;
using quicether::testing::send;
using quicether::testing::TwoHosts;

TEST_CASE("host: both clocks follow virtual time, and the wall clock can be stepped",
          "[sim][host]") {
  TwoHosts net;
  CHECK(net.a.now() == quicether::sim::Simulation::kStart);
  CHECK(net.a.unix_time() == Host::kUnixStart);

  net.simulation.run_for(90s);
  CHECK(net.a.now() == quicether::sim::Simulation::kStart + 90s);
  CHECK(net.a.unix_time() == Host::kUnixStart + 90);

  net.a.step_wall_clock(-86'400);
  CHECK(net.a.unix_time() == Host::kUnixStart + 90 - 86'400);
  CHECK(net.b.unix_time() == Host::kUnixStart + 90);
  CHECK(net.a.now() == net.b.now());
}

TEST_CASE("host: its random numbers depend on the seed and its name alone", "[sim][host]") {
  TwoHosts one;
  TwoHosts same;
  TwoHosts other{2};
  const std::uint64_t value = one.a.random().next();

  CHECK(value != one.b.random().next());
  (void)same.b.random().next();
  CHECK(same.a.random().next() == value);
  CHECK(other.a.random().next() != value);
}

TEST_CASE("host: records its events in virtual time", "[sim][host]") {
  TwoHosts net;
  net.simulation.run_for(3s);

  net.a.events().on_event({.target = "session.up"});

  CHECK(net.a.recorded().count("session.up") == 1);
  CHECK(net.a.recorded().last("session.up")->time == net.a.now());
  CHECK(net.b.recorded().events().empty());
}

TEST_CASE("host: prefers the interface of the remote's network, else the first one up",
          "[sim][host]") {
  quicether::sim::Simulation simulation{1};
  Host& host = simulation.network().add_host("host");
  for (const auto& [name, address] : {std::pair{"wan", "203.0.113.5/24"},
                                      std::pair{"lan", "10.0.0.5/8"},
                                      std::pair{"lte", "100.100.0.5/32"}}) {
    host.add_interface({.name = name, .addresses = {InterfaceAddress::parse(address).value()}});
  }
  const auto socket = open_socket(host, "0.0.0.0:1");
  const auto source = [&](std::string_view remote) {
    return socket->source_address(endpoint(remote));
  };

  CHECK(source("198.51.100.1:1").value() == ip("203.0.113.5"));
  CHECK(source("10.9.9.9:1").value() == ip("10.0.0.5"));
  host.interface("wan").set_up(false);
  CHECK(source("198.51.100.1:1").value() == ip("10.0.0.5"));
  host.interface("lan").set_up(false);
  CHECK(source("10.9.9.9:1").value() == ip("100.100.0.5"));
  host.interface("lte").set_up(false);
  CHECK(source("10.9.9.9:1").error() == errc::unreachable);
}

TEST_CASE("host: a socket bound to an interface uses that one only", "[sim][host]") {
  TwoHosts net;
  net.a.add_interface(
      {.name = "lte", .addresses = {InterfaceAddress::parse("100.100.0.5/32").value()}});
  quicether::DatagramSocketOptions options;
  options.interface = "lte";
  const auto socket = net.a.open_datagram_socket(options).value();

  send(*socket, net.address_b, std::size_t{10});
  net.simulation.run_for(0s);

  const auto received = receive_all(*net.socket_b);
  REQUIRE(received.size() == 1);
  CHECK(received[0].train.remote.address == ip("100.100.0.5"));
  // The reply reaches it; what comes in through eth0 does not.
  send(*net.socket_b, received[0].train.remote, std::size_t{10});
  auto wrong_way = received[0].train.remote;
  wrong_way.address = ip("192.0.2.1");
  send(*net.socket_b, wrong_way, std::size_t{10});
  net.simulation.run_for(0s);
  CHECK(socket->stats().datagrams_received == 1);
}

TEST_CASE("host: a killed process hears and says nothing", "[sim][host]") {
  TwoHosts net;
  std::vector<error_code> codes;
  const auto note = [&](error_code code) { codes.push_back(code); };
  const auto timer = net.b.make_timer();
  timer->async_wait(net.b.now() + 1s, note);
  net.socket_b->wait_readable(note);
  send(*net.socket_b, net.address_a, std::size_t{7});  // the kernel still sends this one

  net.b.kill();
  CHECK_FALSE(net.b.running());
  send(*net.socket_a, net.address_b, std::size_t{10});
  send(*net.socket_b, net.address_a, std::size_t{10});
  net.simulation.run_for(10s);

  CHECK(codes.empty());
  CHECK(receive_all(*net.socket_b).empty());
  const auto received = receive_all(*net.socket_a);
  REQUIRE(received.size() == 1);
  CHECK(received[0].bytes.size() == 7);
}

TEST_CASE("host: what was received before a kill is gone", "[sim][host]") {
  TwoHosts net;
  send(*net.socket_a, net.address_b, std::size_t{10});
  net.simulation.run_for(0s);

  net.b.kill();

  CHECK(receive_all(*net.socket_b).empty());
}

TEST_CASE("host: cancelling, closing and destroying work on a killed process", "[sim][host]") {
  TwoHosts net;
  std::vector<error_code> codes;
  const auto note = [&](error_code code) { codes.push_back(code); };
  auto timer = net.b.make_timer();
  timer->async_wait(net.b.now() + 1s, note);
  net.socket_b->wait_readable(note);
  net.socket_b->wait_writable(note);

  net.b.kill();
  timer->cancel();
  net.socket_b->close();
  timer->async_wait(net.b.now(), note);
  timer.reset();
  net.simulation.run_for(10s);

  CHECK(codes == std::vector<error_code>(4, errc::cancelled));
}

TEST_CASE("host: a killed process opens nothing and saves nothing", "[sim][host]") {
  TwoHosts net;
  REQUIRE(net.b.store().save("key", as_bytes("old")).has_value());

  net.b.kill();

  CHECK(net.b.open_datagram_socket({}).error() == errc::io_failure);
  CHECK(net.b.open_tun({}).error() == errc::io_failure);
  CHECK(net.b.store().save("key", as_bytes("new")).error() == errc::io_failure);
  bool fired = false;
  const auto timer = net.b.make_timer();
  timer->async_wait(net.b.now() + 1s, [&](error_code code) { fired = !code; });
  net.simulation.run_for(2s);
  CHECK_FALSE(fired);
}

TEST_CASE("host: restarted, it has its store and its ports, and old objects stay dead",
          "[sim][host]") {
  TwoHosts net;
  REQUIRE(net.b.store().save("key", as_bytes("value")).has_value());
  const auto old_timer = net.b.make_timer();
  bool old_fired = false;

  net.b.kill();
  net.b.restart();
  CHECK(net.b.running());
  CHECK(as_text(net.b.store().load("key").value()) == "value");
  CHECK(net.b.store().save("key", as_bytes("new")).has_value());
  const auto socket = open_socket(net.b, "[::]:9000");
  send(*net.socket_a, net.address_b, std::size_t{10});
  send(*net.socket_b, net.address_a, std::size_t{10});
  old_timer->async_wait(net.b.now() + 1s, [&](error_code code) { old_fired = !code; });
  net.socket_b.reset();
  net.simulation.run_for(2s);

  CHECK(receive_all(*socket).size() == 1);
  CHECK(receive_all(*net.socket_a).empty());
  CHECK_FALSE(old_fired);
  // Destroying the old socket did not free the port of the new one.
  CHECK(net.b.open_datagram_socket({.bind = endpoint("[::]:9000")}).error() == errc::already_open);
}

TEST_CASE("host: paused, timers and readers wait until it goes on", "[sim][host]") {
  TwoHosts net;
  std::vector<Duration> fired;
  const auto note = [&](error_code code) {
    CHECK_FALSE(code);
    fired.push_back(net.simulation.elapsed());
  };
  const auto timer = net.b.make_timer();
  const auto later = net.b.make_timer();
  timer->async_wait(net.b.now() + 1s, note);
  later->async_wait(net.b.now() + 20s, note);
  net.socket_b->wait_readable(note);

  net.b.pause();
  CHECK_FALSE(net.b.running());
  send(*net.socket_a, net.address_b, std::size_t{10});
  net.simulation.run_for(10s);
  CHECK(fired.empty());

  net.b.resume();
  net.simulation.run_for(0s);
  CHECK(fired == std::vector<Duration>{10s, 10s});
  CHECK(receive_all(*net.socket_b).size() == 1);
  net.simulation.run_for(20s);
  CHECK(fired == std::vector<Duration>{10s, 10s, 20s});
}

TEST_CASE("host: a wait that was cancelled while paused does not fire later", "[sim][host]") {
  TwoHosts net;
  std::vector<error_code> codes;
  const auto timer = net.b.make_timer();
  timer->async_wait(net.b.now() + 1s, [&](error_code code) { codes.push_back(code); });

  net.b.pause();
  net.simulation.run_for(5s);
  timer->cancel();
  net.b.resume();
  net.simulation.run_for(5s);

  CHECK(codes == std::vector<error_code>{errc::cancelled});
}

TEST_CASE("host: a wait for writing that is due in a pause comes after it", "[sim][host]") {
  TwoHosts net;
  int calls = 0;

  net.b.pause();
  net.socket_b->wait_writable([&](error_code code) { calls += code ? 100 : 1; });
  net.simulation.run_for(1s);
  CHECK(calls == 0);
  net.b.resume();
  net.simulation.run_for(0s);

  CHECK(calls == 1);
}

TEST_CASE("host: killing a paused process ends the pause", "[sim][host]") {
  TwoHosts net;

  net.b.pause();
  net.b.kill();
  net.b.resume();
  CHECK_FALSE(net.b.running());
  net.b.restart();

  CHECK(net.b.running());
}

TEST_CASE("host: those who watch its network hear of every change, once for a bunch",
          "[sim][host]") {
  TwoHosts net;
  int heard = 0;
  auto watch = net.a.watch_network().value();
  const auto wait = [&] { watch->async_wait([&](error_code error) { heard += error ? 100 : 1; }); };
  const auto move = [&](std::uint8_t last) {
    net.a.interface().set_addresses({{quicether::IpAddress::v4({192, 0, 2, last}), 24}});
  };
  wait();
  net.simulation.run_for(1s);
  CHECK(heard == 0);

  move(77);
  move(78);
  net.simulation.run_for(1s);
  CHECK(heard == 1);

  move(79);  // nobody waits
  wait();
  net.simulation.run_for(1s);
  CHECK(heard == 2);

  wait();
  net.a.pause();
  move(80);
  net.simulation.run_for(1s);
  CHECK(heard == 2);
  net.a.resume();
  net.simulation.run_for(1s);
  CHECK(heard == 3);

  wait();
  watch.reset();
  net.simulation.run_for(1s);
  CHECK(heard == 103);
}
