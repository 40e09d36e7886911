#include <quicether/mgmt/config_loader.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace quicether::mgmt;

namespace {

constexpr std::string_view kRoundTrip = R"([node]
name = "hq"
role = "gateway"
state_dir = "/srv/with \"quotes\" and \\"
listen = "0.0.0.0:9100"
[network]
name = "office"
secret_file = "/etc/quicether/secret"
tun_addr = "10.0.0.1/16"
mtu = 1380
advertise_subnets = ["10.0.0.0/16", "2001:db8::/32"]
[discovery]
bootstrap_nodes = ["[2001:db8::1]:9000"]
bootstrap_mode = true
[peers]
allowed = ["node_abc123", "home"]
[multipath]
scheduler = "redundant"
weights = { eth0 = 1.5, "eth1.100" = 2 }
[gateway]
prefer = "3fa9"
[transport]
idle_timeout = "2500ms"
keep_alive = "0s"
[[peer]]
id = "3fa9c0d1e2f30415263748596a7b8c9daebfc0d1"
name = "branch"
endpoints = ["branch.example.com:9000"]
subnets = ["10.1.0.0/16"]
[[peer]]
endpoints = ["192.0.2.7:9000"]
)";

LoadedConfig load(std::string_view text) {
  auto loaded = load_config_text("/etc/quicether/config.toml", text, true);
  INFO((loaded ? std::string{} : loaded.error().to_string()));
  REQUIRE(loaded.has_value());
  return *loaded;
}

}  // namespace

TEST_CASE("config_toml: loads to the configuration it was made from", "[mgmt][config]") {
  const auto loaded = load(kRoundTrip);

  for (const bool origins : {false, true}) {
    const auto text = config_toml(loaded, origins);
    CAPTURE(text);
    CHECK(load(text).config == loaded.config);
  }
}

TEST_CASE("config_toml: says where each value comes from", "[mgmt][config]") {
  const auto text = config_toml(load("[network]\nmtu = 1380\n"), true);

  CHECK(text.find("mtu = 1380  # /etc/quicether/config.toml:2:1\n") != std::string::npos);
  CHECK(text.find("tun_name = \"quicether0\"  # default\n") != std::string::npos);
  CHECK(text.find("# tun_addr is not set\n") != std::string::npos);
}

TEST_CASE("config_json: has every key and no secret", "[mgmt][config]") {
  auto config = load("[network]\nname = \"office\"\nsecret_file = \"/s\"\n").config;
  config.network.secret = "correct horse";

  const auto text = config_json(config);

  CHECK(text.find("correct horse") == std::string::npos);
  CHECK(
      text.starts_with(R"({"node":{"name":null,"role":"node","state_dir":"/var/lib/quicether",)"));
  CHECK(text.find(R"("network":{"name":"office","secret_file":"/s","tun_name":"quicether0",)") !=
        std::string::npos);
  CHECK(text.find(R"("peer":[])") != std::string::npos);
  for (const auto key : config_keys()) {
    const auto name = key.substr(key.find('.') + 1);
    CHECK(text.find("\"" + std::string{name} + "\":") != std::string::npos);
  }
}

TEST_CASE("config_value_json: finds one value", "[mgmt][config]") {
  const auto config = load(kRoundTrip).config;

  CHECK(config_value_json(config, "network.mtu").value() == "1380");
  CHECK(config_value_json(config, "node.name").value() == R"("hq")");
  CHECK(config_value_json(config, "discovery.public_ip").value() == "null");
  CHECK(config_value_json(config, "multipath.weights").value() == R"({"eth0":1.5,"eth1.100":2.0})");
  CHECK(config_value_json(config, "transport.idle_timeout").value() == R"("2500ms")");
  CHECK(config_value_json(config, "network.mut") == quicether::errc::not_found);
}

TEST_CASE("compare_configs: tells what applies at once from what needs a restart",
          "[mgmt][config]") {
  const auto before = load(kRoundTrip).config;
  auto after = before;
  CHECK(compare_configs(before, after).empty());

  after.peers.allowed.pop_back();
  after.peer.pop_back();
  after.security.policy_file = "/p";
  after.monitoring.log_level = quicether::Severity::debug;
  after.network.advertise_subnets.clear();
  after.node.name = "new";
  after.network.mtu = 1400;
  after.node.listen.port = 1;

  const auto changes = compare_configs(before, after);
  CHECK(changes.live == std::vector<std::string>{"node.name",
                                                 "network.advertise_subnets",
                                                 "peers.allowed",
                                                 "peer",
                                                 "security.policy_file",
                                                 "monitoring.log_level"});
  CHECK(changes.restart == std::vector<std::string>{"node.listen", "network.mtu"});
}

TEST_CASE("compare_configs: sees that a secret changed in its file", "[mgmt][config]") {
  const auto before = load(kRoundTrip).config;
  auto after = before;
  after.network.secret = "another one";

  CHECK(compare_configs(before, after).restart == std::vector<std::string>{"network.secret_file"});
}
