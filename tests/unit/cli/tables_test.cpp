#include "tables.hpp"

#include "format.hpp"
#include "support/sample_status.hpp"
#include "table.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
using quicether::path::PathState;
using quicether::test::sample_peers;
using quicether::test::sample_routes;
using quicether::test::sample_status;

TEST_CASE("status: prints the node", "[cli]") {
  CHECK(cli::format_status(sample_status(), sample_peers()) ==
        "Node ID: 3fa9c0d1e2f30415263748596a7b8c9daebfc0d1\n"
        "TUN Interface: quicether0 (100.64.0.1, fd00::1)\n"
        "Connected Peers: 1\n"
        "Active Paths: 1 (eth0)\n"
        "Name: laptop\n"
        "Network: acme\n"
        "Listening: [::]:9000\n"
        "DHT Nodes: 12\n"
        "DHT Mode: server\n"
        "External Address: 198.51.100.7:9000\n"
        "Policy: /etc/quicether/policy.toml (3 rules)\n"
        "Uptime: 1d 1h\n"
        "Version: 0.1.0\n"
        "Warning: node.role: configured but not available in this version\n");
}

TEST_CASE("status: a node without TUN, name and paths", "[cli]") {
  quicether::NodeStatus status;
  status.policy_source = "built-in";
  status.policy_rules = 1;

  CHECK(cli::format_status(status, {}) ==
        "Node ID: 0000000000000000000000000000000000000000\n"
        "TUN Interface: none\n"
        "Connected Peers: 0\n"
        "Active Paths: 0\n"
        "Network: none\n"
        "Policy: built-in (1 rule)\n"
        "Uptime: 0s\n"
        "Version: \n");
}

TEST_CASE("netcheck: prints what is known and what to do", "[cli]") {
  CHECK(cli::format_netcheck(quicether::test::sample_netcheck()) ==
        "Verdict: behind-nat\n"
        "IPv4: 192.168.1.5:9000, seen as 198.51.100.7:9000, port mapping endpoint-independent, "
        "strangers unreachable, 12 DHT nodes\n"
        "IPv6: unknown, seen as unknown, port mapping unknown, strangers unknown, 0 DHT nodes\n"
        "Bootstrap: 203.0.113.5:9000 15ms\n"
        "Bootstrap: 203.0.113.6:9000 no answer\n"
        "TUN MTU: 1380\n"
        "Smallest Path: 1382 bytes of payload\n"
        "Offloads: UDP send yes, UDP receive yes, TUN yes\n"
        "Advice: Forward the UDP port on the router.\n");
}

TEST_CASE("peers: prints a row for each", "[cli]") {
  CHECK(cli::format_peers(sample_peers()) ==
        "NodeID              | Address          | RTT  | Status\n"
        "abc123def456 (home) | 203.0.113.5:9000 | 15ms | Connected\n"
        "def456000000        | -                | -    | Waiting (gateway): no answer in time\n");
  CHECK(cli::format_peers({}) == "NodeID | Address | RTT | Status\n");
}

TEST_CASE("peers: shows the path that packets take", "[cli]") {
  auto peers = sample_peers();
  auto other = peers[0].paths[0];
  other.remote = quicether::SocketAddress::parse("198.51.100.1:9000").value();
  other.rtt = 1ms;
  other.state = PathState::failed;
  peers[0].paths.insert(peers[0].paths.begin(), other);
  CHECK(cli::format_peers(peers).find("203.0.113.5:9000") != std::string::npos);

  peers[0].paths[0].state = PathState::active;
  CHECK(cli::format_peers(peers).find("198.51.100.1:9000 | 1.0ms") != std::string::npos);
}

TEST_CASE("peers: shows over how many lanes a link is spread", "[cli]") {
  auto peers = sample_peers();
  auto lane = peers[0].paths[0];
  lane.lane = 1;
  peers[0].paths.push_back(lane);
  CHECK(cli::format_peers(peers).find("| Connected (2 lanes)\n") != std::string::npos);
}

TEST_CASE("discover: prints who carries a subnet, and where a node is", "[cli]") {
  CHECK(cli::format_found(quicether::test::sample_found_subnet()) ==
        "NodeID              | Role    | Configuration\n"
        "abc123def456 (home) | Owner   | Accepted\n"
        "def456000000        | Gateway | -\n");
  quicether::FoundSubnet nobody;
  nobody.subnet = quicether::Prefix::parse("10.0.0.0/16").value();
  CHECK(cli::format_found(nobody) == "Nobody in the network says that it carries 10.0.0.0/16\n");
  CHECK(cli::format_found(quicether::test::sample_found_node()) ==
        "Node ID: abc123def4560415263748596a7b8c9daebfc0d1\n"
        "Public Key: 3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c\n"
        "Name: home\n"
        "Endpoint: 203.0.113.5:9000\n"
        "Forwards for Others: no\n"
        "Gateway: def456000000\n");
}

TEST_CASE("routes: prints a row for each", "[cli]") {
  CHECK(cli::format_routes(sample_routes()) ==
        "Destination   | Next Hop            | Interface\n"
        "100.64.0.1/32 | this node           | Local\n"
        "10.0.0.0/16   | abc123def456 (home) | Direct\n"
        "10.1.0.0/16   | def456000000        | Gateway\n");
}

TEST_CASE("multipath: prints a row for each path", "[cli]") {
  CHECK(cli::format_multipath(sample_peers()) ==
        "Interface | Address     | RTT  | Bandwidth | Packets | Loss   | Status | Peer\n"
        "eth0      | 192.168.1.5 | 15ms | 94 Mbps   | 1.6M    | <0.01% | Active | abc123def456 "
        "(home)\n");
}

TEST_CASE("tables: hostile texts stay in their cell and harmless", "[cli]") {
  auto peers = sample_peers();
  auto status = sample_status();
  for (const std::string text : {"a\nb", "\x1b[2J", "x | y\r", "\xff", "\xe2\x80\xae", "%n"}) {
    peers[0].name = text;
    peers[0].detail = text;
    status.name = text;
    status.warnings = {text};
    status.version = text;
    const auto all = cli::format_peers(peers) + cli::format_status(status, peers);
    CAPTURE(all);
    for (const char c : all) {
      CHECK((static_cast<unsigned char>(c) >= 0x20 || c == '\n'));
    }
    CHECK(std::count(all.begin(), all.end(), '\n') == 17);
    CHECK(all.find("\xe2\x80\xae") == std::string::npos);
    CHECK(all.find('\xff') == std::string::npos);
  }
}

TEST_CASE("table: columns are as wide as their widest cell, in characters", "[cli]") {
  CHECK(cli::format_table({"A", "Long", "B"}, {{"größe", "x", "1"}, {"", "yyyyy", ""}}) ==
        "A     | Long  | B\n"
        "größe | x     | 1\n"
        "      | yyyyy | \n");
}

TEST_CASE("format: figures are short", "[cli]") {
  CHECK(cli::format_rtt(0ns) == "-");
  CHECK(cli::format_rtt(213us) == "0.21ms");
  CHECK(cli::format_rtt(1520us) == "1.5ms");
  CHECK(cli::format_rtt(15200us) == "15ms");
  CHECK(cli::format_rtt(1200ms) == "1200ms");

  CHECK(cli::format_count(0) == "0");
  CHECK(cli::format_count(999) == "999");
  CHECK(cli::format_count(1234) == "1.2K");
  CHECK(cli::format_count(450000) == "450K");
  CHECK(cli::format_count(999999) == "1.0M");
  CHECK(cli::format_count(1200000) == "1.2M");
  CHECK(cli::format_count(18446744073709551615U) == "18E");

  CHECK(cli::format_uptime(0s) == "0s");
  CHECK(cli::format_uptime(59s) == "59s");
  CHECK(cli::format_uptime(185s) == "3m 5s");
  CHECK(cli::format_uptime(7200s) == "2h 0m");
  CHECK(cli::format_uptime(442800s) == "5d 3h");
}
