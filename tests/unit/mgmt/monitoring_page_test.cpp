#include "mgmt/monitoring_page.hpp"

#include "control_support.hpp"
#include "mgmt/health.hpp"
#include "mgmt/metrics_text.hpp"
#include "support/sample_status.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace quicether::mgmt;
using quicether::PeerStatus;
using quicether::mgmt::test::FakeDaemon;
using quicether::test::sample_peers;
using quicether::test::sample_status;

namespace {

bool has_line(std::string_view text, std::string_view line) {
  return ('\n' + std::string{text}).find(fmt::format("\n{}\n", line)) != std::string::npos;
}

Page ask(PageRequest request, PageSet pages = {.metrics = true, .health = true}) {
  FakeDaemon daemon;
  return answer_page(request, pages, daemon, 0);
}

}  // namespace

TEST_CASE("metrics: the sample node", "[mgmt][monitoring]") {
  auto status = sample_status();
  status.counters.emplace_back("quic.handshakes_completed", 19U);
  status.counters.emplace_back("quic.handshakes_failed", 1U);
  status.counters.emplace_back("udp.bytes_sent", 4096U);
  status.counters.emplace_back("policy.flows", 5U);

  const auto text = metrics_text(status, sample_peers());

  CHECK(has_line(text, "# TYPE quicether_router_dropped_total counter"));
  CHECK(has_line(text, "quicether_router_dropped_total{reason=\"no_route\"} 7"));
  CHECK(has_line(text, "quicether_quic_handshakes_failed_total 1"));
  CHECK(has_line(text, "# TYPE quicether_policy_flows gauge"));
  CHECK(has_line(text, "quicether_policy_flows 5"));
  CHECK(has_line(text, "quicether_failed_handshakes 1"));
  CHECK(has_line(text, "quicether_total_handshakes 20"));
  CHECK(has_line(text, "quicether_bytes_sent 4096"));
  CHECK(has_line(text, "# TYPE quicether_connections_active gauge"));
  CHECK(has_line(text, "quicether_connections_active 1"));
  CHECK(has_line(text, "quicether_health{state=\"degraded\"} 1"));
  CHECK(has_line(text, "quicether_health{state=\"healthy\"} 0"));

  const std::string home = "peer=\"abc123def4560415263748596a7b8c9daebfc0d1\"";
  const auto path = fmt::format("{{{},interface=\"eth0\",remote=\"203.0.113.5\"}}", home);
  CHECK(has_line(text, "quicether_path_rtt" + path + " 15.2"));
  CHECK(has_line(text, "quicether_path_packets_lost_total" + path + " 3"));
  CHECK(has_line(text, "quicether_path_bytes_recv_total" + path + " 630000000"));
  CHECK(has_line(text, fmt::format("quicether_peer_info{{{},name=\"home\"}} 1", home)));
  CHECK(has_line(text, fmt::format("quicether_connection_duration{{{}}} 61", home)));
  CHECK(has_line(text, "quicether_peer_up{peer=\"def4560000000415263748596a7b8c9daebfc0d1\"} 0"));
}

TEST_CASE("metrics: no series and no family twice", "[mgmt][monitoring]") {
  auto peers = sample_peers();
  peers[0].paths.push_back(peers[0].paths[0]);  // the same but for its port
  peers[0].paths[1].remote.port = 1;

  const auto text = metrics_text(sample_status(), peers);

  std::set<std::string> seen;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const auto key = line.starts_with('#') ? line : line.substr(0, line.rfind(' '));
    CAPTURE(line);
    CHECK(seen.emplace(key).second);
  }
  CHECK(seen.size() > 40);
  CHECK(
      text.find("quicether_path_bytes_recv_total{peer=\"abc123def4560415263748596a7b8c9daebfc0d1\","
                "interface=\"eth0\",remote=\"203.0.113.5\"} 1260000000\n") != std::string::npos);
}

TEST_CASE("metrics: a peer's name cannot forge a line", "[mgmt][monitoring]") {
  auto peers = sample_peers();
  peers[0].name = "x\"} 1\nquicether_forged 1\n\xff";

  const auto text = metrics_text(sample_status(), peers);

  CHECK(text.find("\nquicether_forged") == std::string::npos);
  CHECK(text.find('\xff') == std::string::npos);
}

TEST_CASE("metrics: thousands of peers have a bounded number of series", "[mgmt][monitoring]") {
  const std::vector<PeerStatus> peers(kPeersShownMax + 7, sample_peers()[1]);

  const auto text = metrics_text(sample_status(), peers);

  CHECK(has_line(text, "quicether_peers_omitted 7"));
  CHECK(has_line(text, fmt::format("quicether_peers {}", kPeersShownMax + 7)));
}

TEST_CASE("health: states and reasons", "[mgmt][monitoring]") {
  auto status = sample_status();
  auto peers = sample_peers();

  auto health = judge_health(status, peers);
  CHECK(health.state == HealthState::degraded);
  CHECK(health.reasons ==
        std::vector<std::string>{"peer def4560000000415263748596a7b8c9daebfc0d1 is not connected: "
                                 "no answer in time"});
  CHECK(health_json(health, 0) ==
        R"({"status":"Degraded","reason":"peer def4560000000415263748596a7b8c9daebfc0d1 is not )"
        R"(connected: no answer in time","timestamp":"1970-01-01T00:00:00Z"})");

  peers.pop_back();
  CHECK(judge_health(status, peers).state == HealthState::healthy);
  CHECK(judge_health(status, {}).state == HealthState::healthy);
  CHECK(health_json(judge_health(status, peers), 0) ==
        R"({"status":"Healthy","timestamp":"1970-01-01T00:00:00Z"})");

  peers[0].paths[0].state = quicether::path::PathState::failed;
  health = judge_health(status, peers);
  CHECK(health.state == HealthState::degraded);
  CHECK(health.reasons ==
        std::vector<std::string>{
            "the path 192.168.1.5:9000 - 203.0.113.5:9000 to peer home has failed"});

  peers[0].state = "waiting";
  CHECK(judge_health(status, peers).state == HealthState::unhealthy);

  status.listen.clear();
  health = judge_health(status, {});
  CHECK(health.state == HealthState::unhealthy);
  CHECK(health.reasons == std::vector<std::string>{"the UDP port is not open"});
}

TEST_CASE("health: a large network that is down has a short answer", "[mgmt][monitoring]") {
  const std::vector<PeerStatus> peers(1000, sample_peers()[1]);
  const auto health = judge_health(sample_status(), peers);
  CHECK(health.reasons.size() == 17);
  CHECK(health.reasons.back() == "984 more");
}

TEST_CASE("monitoring: which Host fields mean this machine", "[mgmt][monitoring]") {
  for (const auto* host : {"localhost",
                           "LocalHost:9090",
                           "127.0.0.1",
                           "127.0.0.1:9090",
                           "127.255.0.1:1",
                           "[::1]",
                           "[::1]:9090",
                           "localhost:"}) {
    CAPTURE(host);
    CHECK(is_loopback_host(host));
  }
  for (const auto* host : {"",
                           ":",
                           ":9090",
                           "evil.example",
                           "evil.example:9090",
                           "localhost.evil",
                           "localhost@evil",
                           "127.0.0.1.evil",
                           "127.1",
                           "2130706433",
                           "0.0.0.0",
                           "::1",
                           "[::1",
                           "[::1]x",
                           "[::1]9090",
                           "[127.0.0.1]",
                           "[localhost]",
                           "192.168.1.5:9090",
                           "localhost:x",
                           "localhost:909090",
                           "[]",
                           "]["}) {
    CAPTURE(host);
    CHECK_FALSE(is_loopback_host(host));
  }
}

TEST_CASE("monitoring: each request has its answer", "[mgmt][monitoring]") {
  CHECK(ask({true, "/metrics", {"localhost"}}).status == 200);
  CHECK(ask({true, "/metrics?x=1", {"localhost"}}).status == 200);
  CHECK(ask({true, "/health", {"localhost"}}).status == 200);
  CHECK(ask({true, "/ready", {"localhost"}}).body == "READY\n");
  CHECK(ask({true, "/", {"localhost"}}).status == 404);
  CHECK(ask({true, "", {"localhost"}}).status == 404);
  CHECK(ask({true, "http://localhost/metrics", {"localhost"}}).status == 404);
  CHECK(ask({false, "/metrics", {"localhost"}}).status == 405);
  CHECK(ask({true, "/metrics", {}}).status == 400);
  CHECK(ask({true, "/metrics", {"localhost", "localhost"}}).status == 400);
  CHECK(ask({true, "/metrics", {"evil.example"}}).status == 403);
  CHECK(ask({true, "/metrics", {"localhost"}}, {.health = true}).status == 404);
  CHECK(ask({true, "/health", {"localhost"}}, {.metrics = true}).status == 404);
}
