#include <quicether/mgmt/config.hpp>
#include <quicether/mgmt/config_loader.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <string_view>

using quicether::Prefix;
using quicether::Severity;
using quicether::SocketAddress;
using quicether::mgmt::admission_config;
using quicether::mgmt::Config;
using quicether::mgmt::HostPort;
using quicether::mgmt::load_config_text;

namespace {

constexpr std::string_view kId = "3fa9c0d1e2f30415263748596a7b8c9daebfc0d1";
constexpr std::string_view kKey =
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

}  // namespace

TEST_CASE("host_port: parses names and addresses and prints them back", "[mgmt][config]") {
  for (const std::string_view text : {"home.example.com:9000",
                                      "home-server.local:9000",
                                      "localhost:1",
                                      "192.0.2.1:65535",
                                      "[2001:db8::1]:9000",
                                      "under_score.example:53"}) {
    CAPTURE(text);
    const auto parsed = HostPort::parse(text);
    REQUIRE(parsed.has_value());
    CHECK(parsed->to_string() == text);
  }
}

TEST_CASE("host_port: refuses what is neither", "[mgmt][config]") {
  for (const std::string_view text : {"",
                                      ":",
                                      "host",
                                      "host:",
                                      "host:0",
                                      "host:65536",
                                      "host:9000x",
                                      "host:-1",
                                      "host:+1",
                                      "host:09000",
                                      ":9000",
                                      "2001:db8::1:9000",
                                      "[192.0.2.1]:9000",
                                      "[host]:9000",
                                      "ho st:9000",
                                      "-host:9000",
                                      "host-:9000",
                                      "a..b:9000",
                                      ".a:9000",
                                      "a.:9000",
                                      "1.2.3.256:9000",
                                      "1.2.3:9000",
                                      "host:9000 ",
                                      "hö:9000"}) {
    CAPTURE(text);
    CHECK_FALSE(HostPort::parse(text).has_value());
  }
  CHECK_FALSE(HostPort::parse(std::string(64, 'a') + ".example:1").has_value());
  CHECK(HostPort::parse(std::string(63, 'a') + ".example:1").has_value());
  CHECK_FALSE(HostPort::parse(std::string(300, 'a') + ":1").has_value());
}

TEST_CASE("admission_config: admits pinned peers and resolves nothing by itself",
          "[mgmt][config]") {
  const auto loaded =
      load_config_text("test.toml",
                       std::string{"[peers]\nallowed = [\"node_abc123\", \"home\"]\n"
                                   "[[peer]]\nname = \"home\"\nid = \""} +
                           std::string{kKey} +
                           "\"\n[[peer]]\nendpoints = [\"192.0.2.1:9000\"]\n"
                           "[[peer]]\nid = \"" +
                           std::string{kId} + "\"\n");
  REQUIRE(loaded.has_value());

  const auto admission = admission_config(loaded->config);

  REQUIRE(admission.allowed.size() == 2);
  REQUIRE(admission.allowed[0].prefix() != nullptr);
  CHECK(admission.allowed[0].prefix()->to_string() == "abc123");
  REQUIRE(admission.allowed[1].name() != nullptr);
  CHECK(*admission.allowed[1].name() == "home");
  REQUIRE(admission.peers.size() == 2);  // an address alone admits nobody
  CHECK(admission.peers[0].name == "home");
  REQUIRE(admission.peers[0].key.has_value());
  CHECK(admission.peers[0].key->to_string() == kKey);
  CHECK_FALSE(admission.peers[0].id.has_value());
  REQUIRE(admission.peers[1].id.has_value());
  CHECK(admission.peers[1].id->to_string() == kId);
}
