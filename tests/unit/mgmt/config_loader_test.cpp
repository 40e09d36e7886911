#include "support/temporary_folder.hpp"

#include <quicether/mgmt/config_loader.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
using namespace quicether::mgmt;
using quicether::InterfaceAddress;
using quicether::Prefix;
using quicether::Severity;
using quicether::SocketAddress;
using quicether::test::TemporaryFolder;

namespace {

constexpr std::string_view kId = "3fa9c0d1e2f30415263748596a7b8c9daebfc0d1";

LoadedConfig load(std::string_view text) {
  auto loaded = load_config_text("/etc/quicether/config.toml", text, true);
  INFO((loaded ? std::string{} : loaded.error().to_string()));
  REQUIRE(loaded.has_value());
  return *loaded;
}

std::string errors_of(const ConfigResult& loaded) {
  return loaded ? "no error" : loaded.error().to_string();
}

ConfigSources environment(std::vector<std::pair<std::string, std::string>> variables) {
  ConfigSources sources;
  sources.environment = std::move(variables);
  sources.superuser = true;
  return sources;
}

ConfigSources flags(const std::vector<std::string>& arguments) {
  ConfigSources sources;
  sources.superuser = true;
  auto parsed = parse_config_flags(arguments);
  REQUIRE(parsed.has_value());
  sources.flags = *parsed;
  return sources;
}

std::vector<std::string> keys_of(const std::vector<Diagnostic>& diagnostics) {
  std::vector<std::string> keys;
  for (const auto& diagnostic : diagnostics) {
    keys.push_back(diagnostic.key);
  }
  return keys;
}

}  // namespace

TEST_CASE("config: an empty file gives the documented defaults", "[mgmt][config]") {
  const auto loaded = load("");

  const auto& config = loaded.config;
  CHECK(loaded.warnings.empty());
  CHECK(config.node.listen.to_string() == "[::]:9000");
  CHECK(config.node.state_dir == "/var/lib/quicether");
  CHECK(config.control.socket == "/run/quicether/control.sock");
  CHECK(config.network.tun_name == "quicether0");
  CHECK_FALSE(config.network.mtu.has_value());
  CHECK_FALSE(config.security.policy_file.has_value());
  CHECK(config.monitoring.log_level == Severity::info);
}

TEST_CASE("config: reads every key of every section", "[mgmt][config]") {
  const auto loaded = load(R"(
[node]
name = "hq-gateway"
role = "gateway"
state_dir = "/srv/quicether"
listen = "0.0.0.0:9100"

[network]
name = "office"
secret_file = "office.secret"
tun_name = "qe1"
tun_addr = "10.0.0.1/16"
mtu = 1380
advertise_subnets = ["10.0.0.0/16", "2001:db8::/32"]
forward_subnets = ["10.9.0.0/16"]

[discovery]
bootstrap_nodes = ["bootstrap.example.org:9000", "[2001:db8::1]:9000"]
bootstrap_mode = true
lan = false
public_ip = "hq.example.com"
dht_port = 9100

[peers]
allowed = ["node_abc123", "node_xyz789"]

[multipath]
enabled = true
accept = true
interfaces = ["eth0", "eth1"]
mode = "failover"
scheduler = "latency-aware"

[multipath.weights]
eth0 = 1.5
eth1 = 2

[gateway]
prefer = "3fa9"
allow = ["colo"]

[security]
policy_file = "/etc/quicether/policy.toml"
audit_log = "audit.json"
enterprise = false
require_2fa = false
require_post_quantum = true
early_data = true

[transport]
idle_timeout = "45s"
keep_alive = "1500ms"
congestion_control = "cubic"
datagram_control = "connection"

[monitoring]
metrics_addr = "127.0.0.1:9090"
health_addr = "127.0.0.1:9091"
log_level = "debug"
log_format = "json"

[performance]
io_backend = "io_uring"
shards = 4
lanes = false
cpu_affinity = [0, 3]
offload = false
chunks = false

[control]
socket = "control.sock"

[[peer]]
id = "3fa9c0d1e2f30415263748596a7b8c9daebfc0d1"
name = "branch"
endpoints = ["branch.example.com:9000", "192.0.2.7:9000"]
subnets = ["10.1.0.0/16"]
)");

  const auto& config = loaded.config;
  CHECK(config.node.name == "hq-gateway");
  CHECK(config.node.role == NodeRole::gateway);
  CHECK(config.node.state_dir == "/srv/quicether");
  CHECK(config.node.listen == SocketAddress::parse("0.0.0.0:9100").value());
  CHECK(config.network.name == "office");
  CHECK(config.network.secret_file == "/etc/quicether/office.secret");
  CHECK(config.network.tun_name == "qe1");
  CHECK(config.network.tun_addr == InterfaceAddress::parse("10.0.0.1/16").value());
  CHECK(config.network.mtu == 1380U);
  REQUIRE(config.network.advertise_subnets.size() == 2);
  CHECK(config.network.advertise_subnets[1] == Prefix::parse("2001:db8::/32").value());
  CHECK(config.network.forward_subnets.size() == 1);
  REQUIRE(config.discovery.bootstrap_nodes.size() == 2);
  CHECK(config.discovery.bootstrap_nodes[1].host == "2001:db8::1");
  CHECK(config.discovery.bootstrap_mode);
  CHECK(config.discovery.lan == false);
  CHECK(config.discovery.public_ip == "hq.example.com");
  CHECK(config.discovery.dht_port == 9100);
  CHECK(config.peers.allowed.size() == 2);
  CHECK(config.multipath.enabled);
  CHECK(config.multipath.accept);
  CHECK(config.multipath.interfaces == std::vector<std::string>{"eth0", "eth1"});
  CHECK(config.multipath.mode == BondMode::failover);
  CHECK(config.multipath.scheduler == BondScheduler::latency_aware);
  CHECK(config.multipath.weights == std::map<std::string, double>{{"eth0", 1.5}, {"eth1", 2.0}});
  CHECK(config.gateway.prefer.has_value());
  CHECK(config.gateway.allow.size() == 1);
  CHECK(config.security.policy_file == "/etc/quicether/policy.toml");
  CHECK(config.security.audit_log == "/etc/quicether/audit.json");
  CHECK(config.security.require_post_quantum);
  CHECK(config.security.early_data);
  CHECK(config.transport.idle_timeout == 45s);
  CHECK(config.transport.keep_alive == 1500ms);
  CHECK(config.transport.congestion_control == Congestion::cubic);
  CHECK(config.transport.datagram_control == DatagramControl::connection);
  CHECK(config.monitoring.metrics_addr == SocketAddress::parse("127.0.0.1:9090").value());
  CHECK(config.monitoring.health_addr == SocketAddress::parse("127.0.0.1:9091").value());
  CHECK(config.monitoring.log_level == Severity::debug);
  CHECK(config.monitoring.log_format == LogFormat::json);
  CHECK(config.performance.io_backend == IoBackend::io_uring);
  CHECK(config.performance.cpu_affinity == std::vector<unsigned>{0, 3});
  CHECK(config.performance.shards == 4);
  CHECK_FALSE(config.performance.lanes);
  CHECK_FALSE(config.performance.offload);
  CHECK_FALSE(config.performance.chunks);
  CHECK(config.control.socket == "/etc/quicether/control.sock");
  REQUIRE(config.peer.size() == 1);
  CHECK(config.peer[0].id->to_string() == kId);
  CHECK(config.peer[0].name == "branch");
  CHECK(config.peer[0].endpoints.size() == 2);
  CHECK(config.peer[0].subnets.size() == 1);

  // Each key was given a value other than its default, so each has a place.
  for (const auto key : config_keys()) {
    CAPTURE(key);
    CHECK(loaded.origins.contains(std::string{key}));
  }
  CHECK(loaded.origins.at("network.mtu") == "/etc/quicether/config.toml:13:1");
  CHECK(loaded.origins.at("multipath.weights") == "/etc/quicether/config.toml:34:12");
  CHECK(loaded.origins.at("peer") == "/etc/quicether/config.toml:73:3");
}

TEST_CASE("config: says which keys have no effect in this version", "[mgmt][config]") {
  const auto loaded = load(R"(
[node]
role = "gateway"
[security]
audit_log = "/var/log/quicether/audit.json"
[performance]
io_backend = "epoll"
)");

  CHECK(keys_of(loaded.warnings) == std::vector<std::string>{"node.role", "security.audit_log"});
  REQUIRE(!loaded.warnings.empty());
  CHECK(loaded.warnings[0].to_string() ==
        "/etc/quicether/config.toml:3:1: node.role: configured but not available in this version: "
        "this node does not forward for others");
}

TEST_CASE("config: refuses to start less safe than configured", "[mgmt][config]") {
  const auto loaded = load_config_text("c.toml", "[security]\nrequire_2fa = true\n");

  CHECK(errors_of(loaded) ==
        "c.toml:2:1: security.require_2fa: configured but not available in this version: peers are "
        "admitted without a second factor; refusing to start less safe than configured\n");
  CHECK_FALSE(load_config(flags({"--enterprise"})).has_value());
  CHECK_FALSE(load_config(environment({{"QUICETHER_SECURITY_REQUIRE_2FA", "true"}})).has_value());
  CHECK(load_config_text("c.toml", "[security]\nrequire_2fa = false\n").has_value());
}

TEST_CASE("config: one UDP port serves QUIC and the DHT", "[mgmt][config]") {
  CHECK(load("[discovery]\ndht_port = 9100\n").config.node.listen.to_string() == "[::]:9100");
  CHECK(load("[node]\nlisten = \"[::]:9100\"\n[discovery]\ndht_port = 9100\n").warnings.empty());
  CHECK(errors_of(load_config_text(
            "c.toml", "[node]\nlisten = \"[::]:9000\"\n[discovery]\ndht_port = 9100\n")) ==
        "c.toml:4:1: discovery.dht_port: found 9100, expected 9000, the port of node.listen "
        "(c.toml:2:1)\n");
}

TEST_CASE("config: environment wins over files and flags over both", "[mgmt][config]") {
  const TemporaryFolder folder;
  const auto system = folder.write("system.toml",
                                   "[node]\nname = \"system\"\n[network]\nmtu = 1300\n"
                                   "tun_name = \"qe1\"\nadvertise_subnets = [\"10.0.0.0/16\"]\n");
  const auto user = folder.write("user.toml",
                                 "[node]\nname = \"user\"\n[network]\n"
                                 "advertise_subnets = [\"10.1.0.0/16\", \"10.2.0.0/16\"]\n");
  auto sources = flags({"--mtu", "1400"});
  sources.files = {system, folder.path() / "missing.toml", user};
  sources.environment = {{"QUICETHER_NETWORK_MTU", "1350"}, {"QUICETHER_NODE_NAME", "variable"}};

  const auto loaded = load_config(sources);

  REQUIRE(loaded.has_value());
  CHECK(loaded->config.network.mtu == 1400U);
  CHECK(loaded->config.node.name == "variable");
  CHECK(loaded->config.network.tun_name == "qe1");
  CHECK(loaded->config.network.advertise_subnets.size() == 2);  // replaced as a whole
  CHECK(loaded->files == std::vector<std::filesystem::path>{system, user});
  CHECK(loaded->origins.at("network.mtu") == "flag --mtu");
  CHECK(loaded->origins.at("node.name") == "environment QUICETHER_NODE_NAME");
  CHECK(loaded->origins.at("network.tun_name") == system.string() + ":5:1");
}

TEST_CASE("config: peers of all sources add up, the later of one id wins", "[mgmt][config]") {
  const TemporaryFolder folder;
  const auto id = std::string{kId};
  const auto system = folder.write("system.toml",
                                   "[[peer]]\nid = \"" + id +
                                       "\"\nname = \"old\"\n"
                                       "[[peer]]\nendpoints = [\"a.example:9000\"]\n");
  const auto user = folder.write("user.toml", "[[peer]]\nid = \"" + id + "\"\nname = \"new\"\n");
  auto sources = flags({"--peer", "b.example:9000", "--peer", "a.example:9000"});
  sources.files = {system, user};
  sources.environment = {{"QUICETHER_PEER", id + "@c.example:9000,d.example:9000"}};

  const auto loaded = load_config(sources);

  REQUIRE(loaded.has_value());
  const auto& peers = loaded->config.peer;
  REQUIRE(peers.size() == 4);
  CHECK(peers[0].id->to_string() == id);
  CHECK(peers[0].name.empty());
  CHECK(peers[0].endpoints.at(0).to_string() == "c.example:9000");
  CHECK(peers[1].endpoints.at(0).to_string() == "a.example:9000");
  CHECK(peers[2].endpoints.at(0).to_string() == "d.example:9000");
  CHECK(peers[3].endpoints.at(0).to_string() == "b.example:9000");
}

TEST_CASE("config: two sources may not give one name to two peers", "[mgmt][config]") {
  const TemporaryFolder folder;
  ConfigSources sources;
  sources.files = {
      folder.write("a.toml", "[[peer]]\nname = \"home\"\nendpoints = [\"a.example:9000\"]\n"),
      folder.write("b.toml", "[[peer]]\nname = \"home\"\nendpoints = [\"b.example:9000\"]\n")};

  CHECK(errors_of(load_config(sources)) ==
        sources.files[1].string() +
            ":1:3: peer.name: found \"home\" for two peers, expected one\n");
}

TEST_CASE("config: lists, tables and switches in variables", "[mgmt][config]") {
  const auto loaded =
      load_config(environment({{"QUICETHER_NETWORK_ADVERTISE_SUBNETS", "10.0.0.0/16,10.1.0.0/16"},
                               {"QUICETHER_MULTIPATH_WEIGHTS", "eth0=1,eth1=2.5"},
                               {"QUICETHER_MULTIPATH_INTERFACES", ""},
                               {"QUICETHER_PERFORMANCE_CPU_AFFINITY", "0,1"},
                               {"QUICETHER_SECURITY_REQUIRE_POST_QUANTUM", "true"},
                               {"PATH", "/bin"}}));

  REQUIRE(loaded.has_value());
  CHECK(loaded->config.network.advertise_subnets.size() == 2);
  CHECK(loaded->config.multipath.weights.at("eth1") == 2.5);
  CHECK(loaded->config.multipath.interfaces.empty());
  CHECK(loaded->config.performance.cpu_affinity == std::vector<unsigned>{0, 1});
  CHECK(loaded->config.security.require_post_quantum);
}

TEST_CASE("config: names a wrong variable, its value and what it should be", "[mgmt][config]") {
  struct Case {
    std::string_view variable;
    std::string_view value;
    std::string_view message;
  };

  for (const auto& [variable, value, message] : {
           Case{"QUICETHER_NETWORK_MTU",
                "abc",
                "network.mtu: found \"abc\", expected an integer from 1280 to 65535"},
           Case{"QUICETHER_NETWORK_MTU",
                "",
                "network.mtu: found \"\", expected an integer from 1280 to 65535"},
           Case{"QUICETHER_NETWORK_ADVERTISE_SUBNETS",
                "10.0.0.0/16,",
                "network.advertise_subnets: found \"\", expected a CIDR block such as "
                "\"10.1.0.0/16\""},
           Case{"QUICETHER_SECURITY_REQUIRE_2FA",
                "yes",
                "security.require_2fa: found \"yes\", expected true or false"},
           Case{"QUICETHER_MULTIPATH_WEIGHTS",
                "eth0",
                "multipath.weights: found \"eth0\", expected a table of interface names and "
                "numbers above 0"},
           Case{"QUICETHER_MULTIPATH_WEIGHTS",
                "eth0=fast",
                "multipath.weights.eth0: found \"fast\", expected a number above 0"},
           Case{"QUICETHER_PEER",
                "abc@host:9000",
                "peer.id: found \"abc\", expected a NodeId (40 hex digits) or a public key (64 hex "
                "digits)"},
           Case{"QUICETHER_PEER",
                "host",
                "peer.endpoints: found \"host\", expected \"HOST:PORT\" such as "
                "\"home.example.com:9000\""},
           Case{"QUICETHER_NETWROK_MTU",
                "1400",
                "unknown setting; did you mean QUICETHER_NETWORK_MTU?"},
       }) {
    CAPTURE(variable, value);
    const auto loaded = load_config(environment({{std::string{variable}, std::string{value}}}));
    CHECK(errors_of(loaded) ==
          "environment " + std::string{variable} + ": " + std::string{message} + "\n");
  }
}

TEST_CASE("config: a variable that is nobody's is a warning", "[mgmt][config]") {
  const auto loaded = load_config(environment({{"QUICETHER_BORINGSSL_ROOT", "/opt"}}));

  REQUIRE(loaded.has_value());
  REQUIRE(loaded->warnings.size() == 1);
  CHECK(loaded->warnings[0].to_string() ==
        "environment QUICETHER_BORINGSSL_ROOT: no setting has this name: ignored");
}

TEST_CASE("config: lists the errors of all sources at once", "[mgmt][config]") {
  const TemporaryFolder folder;
  const auto file = folder.write("c.toml", "[network]\nmtu = 1\nmut = 2\n[node]\nname = \"\"\n");
  auto sources = flags({"--role", "king"});
  sources.files = {file};
  sources.environment = {{"QUICETHER_NETWORK_TUN_NAME", "a/b"}};

  const auto loaded = load_config(sources);

  REQUIRE_FALSE(loaded.has_value());
  CHECK(keys_of(loaded.error().errors) ==
        std::vector<std::string>{
            "network.mtu", "network.mut", "node.name", "network.tun_name", "node.role"});
  CHECK_FALSE(loaded.error().usage);
}

TEST_CASE("config: only wrong flags are a wrong usage", "[mgmt][config]") {
  const auto loaded = load_config(flags({"--role", "king"}));

  REQUIRE_FALSE(loaded.has_value());
  CHECK(loaded.error().usage);
  CHECK(loaded.error().to_string() ==
        "flag --role: node.role: found \"king\", expected one of \"node\", \"gateway\"\n");
}

TEST_CASE("config: a file that was named must be there", "[mgmt][config]") {
  const TemporaryFolder folder;
  ConfigSources sources;
  sources.files = {folder.path() / "missing.toml"};
  sources.files_must_exist = true;

  CHECK(errors_of(load_config(sources)) ==
        sources.files[0].string() + ": cannot be read: No such file or directory\n");

  sources.files = {folder.path()};
  CHECK(errors_of(load_config(sources)) ==
        sources.files[0].string() + ": cannot be read: Is a directory\n");
}

TEST_CASE("config: bounds the size of a file and the number of errors", "[mgmt][config]") {
  const TemporaryFolder folder;
  ConfigSources sources;
  sources.files = {folder.write("big.toml", std::string(kConfigFileBytesMax + 1, '#'))};
  CHECK(errors_of(load_config(sources)) ==
        sources.files[0].string() + ": cannot be read: larger than 1048576 bytes\n");
  CHECK(load_config_text("c.toml", std::string(kConfigFileBytesMax, '#')).has_value());
  CHECK_FALSE(load_config_text("c.toml", std::string(kConfigFileBytesMax + 1, '#')).has_value());

  std::string many = "[performance]\ncpu_affinity = [";
  for (int i = 0; i < 50000; ++i) {
    many += "-1,";
  }
  const auto loaded = load_config_text("c.toml", many + "]\n");
  REQUIRE_FALSE(loaded.has_value());
  CHECK(loaded.error().errors.size() == 101);
  CHECK(loaded.error().errors.back().to_string() ==
        "configuration: 49900 more errors are not shown");
}

TEST_CASE("config: defaults follow the user and systemd", "[mgmt][config]") {
  ConfigSources user;
  user.environment = {{"HOME", "/users/ada"}, {"XDG_RUNTIME_DIR", "/run/user/1000"}};
  CHECK(default_state_dir(user) == "/users/ada/.local/state/quicether");
  CHECK(default_control_socket(user) == "/run/user/1000/quicether/control.sock");

  user.environment = {{"HOME", "/users/ada"}, {"XDG_STATE_HOME", "/data"}};
  CHECK(default_state_dir(user) == "/data/quicether");
  CHECK(default_control_socket(user) == "/data/quicether/control.sock");

  user.environment = {{"STATE_DIRECTORY", "/var/lib/quicether:/var/lib/other"},
                      {"RUNTIME_DIRECTORY", "/run/quicether"}};
  CHECK(default_state_dir(user) == "/var/lib/quicether");
  CHECK(default_control_socket(user) == "/run/quicether/control.sock");
}
