#include "control_support.hpp"

#include <quicether/mgmt/monitoring_server.hpp>

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace quicether::mgmt;
using quicether::errc;
using quicether::SocketAddress;
using quicether::mgmt::test::ControlEnvironment;
using quicether::mgmt::test::FakeDaemon;
using quicether::mgmt::test::RawClient;

namespace {

constexpr std::string_view kMetrics = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";

SocketAddress loopback(std::uint16_t port = 0) {
  return {quicether::IpAddress::v4(0x7f000001), port};
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

bool are_complete(std::string_view text, std::size_t answers) {
  for (; answers > 0; --answers) {
    constexpr std::string_view kLength = "Content-Length: ";
    const auto head = text.find("\r\n\r\n");
    const auto field = text.find(kLength);
    if (head == std::string_view::npos || field > head) {
      return false;
    }
    const auto length = std::stoul(std::string{text.substr(field + kLength.size(), 10)});
    if (text.size() < head + 4 + length) {
      return false;
    }
    text.remove_prefix(head + 4 + length);
  }
  return true;
}

struct World {
  ControlEnvironment environment{};
  FakeDaemon daemon{};
  std::unique_ptr<MonitoringServer> server{};
  SocketAddress address{};

  explicit World(MonitoringLimits limits = {}) {
    auto opened = MonitoringServer::open(environment, daemon, {loopback(), std::nullopt, limits});
    REQUIRE(opened.has_value());
    server = std::move(*opened);
    address = server->metrics_address().value();
  }

  RawClient connect() {
    auto client = RawClient::to_loopback(address.port);
    REQUIRE(client.connected());
    environment.settle();
    return client;
  }

  /// Runs until something is so. The kernel takes its time with TCP, even on the loopback.
  template <typename Condition>
  bool until(Condition condition) {
    for (int i = 0; i < 10000; ++i) {
      environment.settle();
      if (condition()) {
        return true;
      }
      ::poll(nullptr, 0, 1);
    }
    return false;
  }

  void send(RawClient& client, std::string_view text) {
    CHECK(client.send(text));
    CHECK(until([&] { return client.delivered(); }));
    environment.settle();
  }

  std::string ask(RawClient& client, std::string_view text, std::size_t answers = 1) {
    send(client, text);
    std::string received;
    CHECK(until([&] {
      received += client.receive();
      return are_complete(received, answers);
    }));
    return received;
  }

  /// What comes until the server closes the connection.
  std::string rest(RawClient& client) {
    std::string received;
    CHECK(until([&] {
      received += client.receive();
      return client.closed();
    }));
    return received;
  }

  [[nodiscard]] bool is_open(RawClient& client) {
    environment.settle();
    CHECK(client.receive().empty());
    return !client.closed();
  }

  bool until_connections(std::size_t count) {
    return until([&] { return server->connections() == count; });
  }
};

}  // namespace

TEST_CASE("monitoring: several requests on one connection, also at once", "[mgmt][monitoring]") {
  World world;
  auto client = world.connect();

  const auto first = world.ask(client, kMetrics);
  CHECK(first.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(first.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n") !=
        std::string::npos);
  CHECK(first.find("\nquicether_connections_active 1\n") != std::string::npos);
  const auto more = world.ask(client, fmt::format("{}{}", kMetrics, kMetrics), 2);
  CHECK(count_of(more, "HTTP/1.1 200 OK") == 2);
  CHECK_FALSE(client.closed());
  CHECK(world.server->connections() == 1);
}

TEST_CASE("monitoring: a request that comes byte by byte", "[mgmt][monitoring]") {
  World world;
  auto client = world.connect();
  for (const char byte : kMetrics.substr(0, kMetrics.size() - 1)) {
    world.send(client, {&byte, 1});
    CHECK(world.is_open(client));
  }
  CHECK(world.ask(client, "\n").starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("monitoring: what is no good request ends the connection", "[mgmt][monitoring]") {
  const std::string long_field = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: ";
  const std::vector<std::pair<std::string, std::string_view>> cases{
      {"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", "403"},
      {"GET /metrics HTTP/1.1\r\n\r\n", "400"},
      {"GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", "400"},
      {"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"},
      {"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", "405"},
      {"HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"},
      {"BREW /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"},
      {"GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", "400"},
      {"\x16\x03\x01\x02\x00\x01\r\n\r\n", "400"},
      {"GET  HTTP/9.9\r\n\r\n", "400"},
      {long_field + std::string(9000, 'x') + "\r\n\r\n", "431"},
      {long_field + std::string(100000, 'x'), "431"},
  };
  for (const auto& [request, status] : cases) {
    CAPTURE(request.substr(0, 80), status);
    World world;
    auto client = world.connect();
    world.send(client, request);
    const auto answer = world.rest(client);
    CHECK(answer.starts_with(fmt::format("HTTP/1.1 {} ", status)));
    CHECK(answer.find("Connection: close\r\n") != std::string::npos);
    CHECK((status == "405") == (answer.find("Allow: GET\r\n") != std::string::npos));
    world.environment.advance(6s);
    CHECK(world.server->connections() == 0);
  }
}

TEST_CASE("monitoring: an answer to HEAD has no content", "[mgmt][monitoring]") {
  World world;
  auto client = world.connect();
  world.send(client, "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(world.rest(client).ends_with("\r\n\r\n"));
}

TEST_CASE("monitoring: a slow client has 5 s, an idle one 2 min", "[mgmt][monitoring]") {
  World world;
  auto slow = world.connect();
  world.send(slow, "GET /metrics HTTP/1.1\r\n");
  world.environment.advance(4900ms);
  world.send(slow, "Host:");
  CHECK(world.is_open(slow));
  world.environment.advance(101ms);
  CHECK(world.rest(slow).empty());

  auto idle = world.connect();
  (void)world.ask(idle, kMetrics);
  world.environment.advance(119s);
  CHECK(world.is_open(idle));
  world.environment.advance(2s);
  CHECK(world.rest(idle).empty());
  CHECK(world.until_connections(0));
}

TEST_CASE("monitoring: a client that takes nothing has 10 s", "[mgmt][monitoring]") {
  World world;
  world.daemon.more_peers = 900;
  auto client = world.connect();
  std::string requests;
  for (int i = 0; i < 200; ++i) {
    requests += kMetrics;
  }
  world.send(client, requests);
  CHECK(world.server->connections() == 1);
  world.environment.advance(11s);
  CHECK(world.server->connections() == 0);
}

TEST_CASE("monitoring: half-open clients get their answer", "[mgmt][monitoring]") {
  World world;
  auto client = world.connect();
  CHECK(client.send(kMetrics));
  client.finish();
  CHECK(world.rest(client).starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(world.until_connections(0));

  auto silent = world.connect();
  silent.finish();
  CHECK(world.rest(silent).empty());
  CHECK(world.until_connections(0));
}

TEST_CASE("monitoring: a bounded number of connections", "[mgmt][monitoring]") {
  World world{{.connections_max = 2}};
  auto second = world.connect();
  {
    auto first = world.connect();
    CHECK(world.until_connections(2));
    auto third = world.connect();
    CHECK(world.rest(third).starts_with("HTTP/1.1 503 "));
    CHECK(world.ask(first, kMetrics).starts_with("HTTP/1.1 200 OK\r\n"));
  }
  CHECK(world.until_connections(1));
  auto fourth = world.connect();
  CHECK(world.ask(fourth, kMetrics).starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("monitoring: one port for all, or one each", "[mgmt][monitoring]") {
  World world;
  const auto port = world.address.port;
  CHECK_FALSE(world.server->health_address().has_value());
  world.server.reset();
  world.environment.settle();

  auto opened =
      MonitoringServer::open(world.environment, world.daemon, {loopback(port), loopback(port), {}});
  REQUIRE(opened.has_value());
  world.server = std::move(*opened);
  auto client = world.connect();
  CHECK(world.ask(client, kMetrics).starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(world.ask(client, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .find(R"({"status":"Degraded","reason":)") != std::string::npos);
}

TEST_CASE("monitoring: says what to do when it cannot listen", "[mgmt][monitoring]") {
  World world;
  const auto port = world.address.port;

  const auto in_use =
      MonitoringServer::open(world.environment, world.daemon, {std::nullopt, loopback(port), {}});
  REQUIRE(in_use.has_error());
  CHECK(in_use.error().code == errc::already_open);
  CHECK(in_use.error().message ==
        fmt::format("monitoring.health_addr: 127.0.0.1:{0}: another program has this port: choose "
                    "a free one, or end the program that \"ss -ltnp sport = :{0}\" shows",
                    port));

  const auto elsewhere =
      MonitoringServer::open(world.environment,
                             world.daemon,
                             {SocketAddress::parse("192.0.2.1:9090").value(), std::nullopt, {}});
  REQUIRE(elsewhere.has_error());
  CHECK(elsewhere.error().code == errc::invalid_argument);
}

TEST_CASE("monitoring: ends with clients in every state", "[mgmt][monitoring]") {
  World world;
  auto idle = world.connect();
  auto partial = world.connect();
  world.send(partial, "GET /met");
  auto finishing = world.connect();
  world.send(finishing, "nonsense\r\n\r\n");
  CHECK(world.until_connections(3));

  world.server.reset();

  CHECK(world.rest(idle).empty());
  CHECK(world.rest(partial).empty());
  CHECK(world.rest(finishing).starts_with("HTTP/1.1 400 "));
  CHECK_FALSE(RawClient::to_loopback(world.address.port).connected());
}
