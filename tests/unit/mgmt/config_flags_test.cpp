#include <quicether/mgmt/config_loader.hpp>

#include <catch2/catch_test_macros.hpp>

#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace quicether::mgmt;

namespace {

std::string errors_of(const std::vector<std::string>& arguments) {
  const auto parsed = parse_config_flags(arguments);
  return parsed ? "no error" : parsed.error().to_string();
}

LoadedConfig load(const std::vector<std::string>& arguments) {
  ConfigSources sources;
  auto parsed = parse_config_flags(arguments);
  INFO((parsed ? std::string{} : parsed.error().to_string()));
  REQUIRE(parsed.has_value());
  sources.flags = *parsed;
  auto loaded = load_config(sources);
  INFO((loaded ? std::string{} : loaded.error().to_string()));
  REQUIRE(loaded.has_value());
  return *loaded;
}

}  // namespace

TEST_CASE("config_flags: each flag sets a key that exists", "[mgmt][flags]") {
  std::set<std::string_view> names;
  for (const auto& flag : config_flags()) {
    CAPTURE(flag.name);
    CHECK(names.insert(flag.name).second);
    CHECK_FALSE(flag.help.empty());
    CHECK((flag.name == "config" || config_value_json({}, flag.key).has_value()));
  }
}

TEST_CASE("config_flags: the command lines of the deployment models are taken", "[mgmt][flags]") {
  const std::vector<std::vector<std::string>> lines{
      {},
      {"--advertise-subnet", "192.168.1.0/24"},
      {"--peer-allow", "home-server"},
      {"--role", "gateway", "--public-ip", "203.0.113.5"},
      {"--bootstrap-mode", "--public-ip", "150.230.1.1"},
      {"--advertise-subnet",
       "10.0.0.0/16",
       "--interfaces",
       "eth0,eth1",
       "--multipath",
       "aggregate"},
      {"--interfaces",
       "eth0,eth1,wwan0,sat0",
       "--multipath",
       "aggregate",
       "--scheduler",
       "weighted"},
      {"--role", "gateway", "--accept-multipath"},
      {"--peer", "192.168.1.20:9000"},
      {"--listen", "0.0.0.0:9000"},
      {"--role", "gateway", "--forward-subnet", "10.0.0.0/8"},
      {"--policy", "/etc/quicether/policy.toml", "--audit-log", "/var/log/quicether/audit.json"},
  };
  for (const auto& line : lines) {
    CAPTURE(line);
    CHECK(errors_of(line) == "no error");
    (void)load(line);
  }
}

TEST_CASE("config_flags: set their keys", "[mgmt][flags]") {
  const auto loaded = load({"--multipath=aggregate",
                            "--advertise-subnet",
                            "10.0.0.0/16",
                            "--advertise-subnet=10.1.0.0/16,10.2.0.0/16",
                            "--accept-multipath",
                            "--peer",
                            "3fa9c0d1e2f30415263748596a7b8c9daebfc0d1@[2001:db8::1]:9000",
                            "--tun-name",
                            "qe7",
                            "--tun-addr",
                            "100.64.0.1/16",
                            "--mtu",
                            "1400",
                            "--name",
                            "laptop",
                            "--log-level",
                            "error"});

  const auto& config = loaded.config;
  CHECK(config.multipath.enabled);
  CHECK(config.multipath.mode == BondMode::aggregate);
  CHECK(config.multipath.accept);
  CHECK(config.network.advertise_subnets.size() == 3);
  REQUIRE(config.peer.size() == 1);
  CHECK(config.peer[0].id.has_value());
  CHECK(config.peer[0].endpoints.at(0).host == "2001:db8::1");
  CHECK(config.network.tun_name == "qe7");
  CHECK(config.network.tun_addr->to_string() == "100.64.0.1/16");
  CHECK(config.network.mtu == 1400U);
  CHECK(config.node.name == "laptop");
  CHECK(config.monitoring.log_level == quicether::Severity::error);
  CHECK(loaded.origins.at("multipath.enabled") == "flag --multipath");
}

TEST_CASE("config_flags: relative paths start from the current folder", "[mgmt][flags]") {
  const auto loaded = load({"--policy", "policy.toml", "--state-dir", "../state"});

  CHECK(loaded.config.security.policy_file == std::filesystem::current_path() / "policy.toml");
  CHECK(loaded.config.node.state_dir == std::filesystem::current_path().parent_path() / "state");
}

TEST_CASE("config_flags: help, version and the file are for the caller", "[mgmt][flags]") {
  const std::vector<std::string> arguments{"--help", "--version", "--config", "x.toml"};
  const auto parsed = parse_config_flags(arguments);

  REQUIRE(parsed.has_value());
  CHECK(parsed->help);
  CHECK(parsed->version);
  CHECK(parsed->config_file == "x.toml");
  CHECK(parsed->values.empty());
}

TEST_CASE("config_flags: wrong flags are named, all of them", "[mgmt][flags]") {
  CHECK(errors_of({"--adverise-subnet", "10.0.0.0/16", "--mtu=1400", "--frobnicate"}) ==
        "flag --adverise-subnet: unknown flag; did you mean --advertise-subnet?\n"
        "flag --frobnicate: unknown flag\n");
  CHECK(errors_of({"--mtu"}) == "flag --mtu: needs a value\n");
  CHECK(errors_of({"--mtu", "--name"}) == "flag --mtu: needs a value, found --name\n");
  CHECK(errors_of({"--bootstrap-mode=yes"}) == "flag --bootstrap-mode: takes no value\n");
  CHECK(errors_of({"start"}) == "start: expected a flag, which begins with --\n");
  CHECK(errors_of({"-x"}) == "-x: expected a flag, which begins with --\n");
  CHECK(errors_of({"--mt", "1400"}) == "flag --mt: unknown flag; did you mean --mtu?\n");
  CHECK(errors_of({"--\x1b[31m"}) == "flag --\\x1b[31m: unknown flag\n");
}

TEST_CASE("config_flags: a flag for one value is taken once", "[mgmt][flags]") {
  ConfigSources sources;
  const std::vector<std::string> arguments{"--mtu", "1400", "--mtu", "1300"};
  sources.flags = *parse_config_flags(arguments);

  const auto loaded = load_config(sources);

  REQUIRE_FALSE(loaded.has_value());
  CHECK(loaded.error().to_string() == "flag --mtu: network.mtu: given twice, expected once\n");
}

TEST_CASE("config_flags: the help text has a line for each", "[mgmt][flags]") {
  const auto text = config_flags_help();
  for (const auto& flag : config_flags()) {
    CAPTURE(flag.name);
    CHECK(text.find("  --" + std::string{flag.name} + " ") != std::string::npos);
    CHECK(text.find(flag.help) != std::string::npos);
  }
  for (std::size_t start = 0; start < text.size();) {
    const auto end = text.find('\n', start);
    CHECK(end - start <= 80);
    start = end + 1;
  }
}
