#include <quicether/netcheck.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>

using namespace quicether;
using namespace std::chrono_literals;

namespace {

FamilyCheck family(std::string mapping, std::string reach, std::size_t nodes) {
  return {"ipv4",
          SocketAddress::parse("192.168.1.5:9000").value(),
          SocketAddress::parse("198.51.100.7:9000").value(),
          std::move(mapping),
          std::move(reach),
          nodes};
}

Netcheck check(std::vector<FamilyCheck> families) {
  Netcheck check;
  check.discovery = true;
  check.families = std::move(families);
  check.bootstrap = {{SocketAddress::parse("203.0.113.1:9000").value(), 20ms}};
  check.udp_send_offload = check.udp_receive_offload = true;
  judge(check);
  return check;
}

}  // namespace

TEST_CASE("netcheck: judges what others see", "[shell]") {
  CHECK(check({family("none", "direct", 5)}).verdict == "reachable");
  CHECK(check({family("endpoint-independent", "translated", 5)}).verdict == "reachable");
  CHECK(check({family("endpoint-independent", "trial", 5)}).verdict == "deciding");
  CHECK(check({family("endpoint-independent", "unreachable", 5)}).verdict == "behind-nat");
  CHECK(check({family("endpoint-dependent", "unreachable", 5)}).verdict == "symmetric-nat");
  CHECK(check({family("unknown", "unknown", 2)}).verdict == "unknown");
  CHECK(check({family("none", "direct", 0)}).verdict == "offline");
}

TEST_CASE("netcheck: one family that strangers reach is enough", "[shell]") {
  auto six = family("none", "direct", 3);
  six.family = "ipv6";
  CHECK(check({family("endpoint-dependent", "unreachable", 5), six}).verdict == "reachable");
}

TEST_CASE("netcheck: says what to do", "[shell]") {
  const auto nat = check({family("endpoint-independent", "unreachable", 5)});
  REQUIRE(nat.advice.size() == 1);
  CHECK(nat.advice[0].find("Forward UDP port 9000 of 198.51.100.7 to 192.168.1.5:9000") !=
        std::string::npos);

  Netcheck poor;
  poor.tun_mtu = 1400;
  judge(poor);
  CHECK(poor.verdict == "discovery-off");
  CHECK(poor.advice.size() == 3);  // and no offloads

  Netcheck alone;
  alone.discovery = true;
  judge(alone);
  CHECK(alone.verdict == "alone");

  auto silent = check({family("none", "direct", 5)});
  silent.bootstrap.push_back({SocketAddress::parse("203.0.113.2:9000").value(), std::nullopt});
  judge(silent);
  CHECK(silent.advice.back() == "1 of 2 bootstrap nodes do not answer.");
}
