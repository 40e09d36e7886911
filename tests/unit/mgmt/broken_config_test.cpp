#include "broken_values.hpp"

#include <quicether/mgmt/config_loader.hpp>

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>

using namespace quicether::mgmt;
using quicether::mgmt::test::kBrokenValues;

namespace {

std::string errors_of(std::string_view text) {
  const auto loaded = load_config_text("c.toml", text);
  return loaded ? "no error" : loaded.error().to_string();
}

struct BrokenFile {
  std::string_view name;
  std::string_view text;
  std::string_view errors;
};

// The column and the words are the parser's own and differ between its releases.
struct BrokenSyntax {
  std::string_view name;
  std::string_view text;
  unsigned line;
  std::string_view key;  // around the place; empty: none
};

constexpr BrokenFile kBrokenStructure[] = {
    {"unknown section",
     "[netwrok]\nmtu = 1400\n",
     "c.toml:1:2: netwrok: unknown section; did you mean [network]?\n"},
    {"unknown section without a likeness",
     "[foo]\n",
     "c.toml:1:2: foo: unknown section, expected one of control, discovery, gateway, monitoring, "
     "multipath, network, node, peer, peers, performance, security, transport\n"},
    {"unknown list of tables",
     "[[pear]]\n",
     "c.toml:1:3: pear: unknown section; did you mean [peer]?\n"},
    {"rules in the wrong file",
     "[[rules]]\nsubject = \"*\"\n",
     "c.toml:1:3: rules: unknown section; rules belong into the file that security.policy_file "
     "names\n"},
    {"policy in the wrong file",
     "[[policy.rules]]\nsubject = \"*\"\n",
     "c.toml:1:3: policy: unknown section; rules belong into the file that security.policy_file "
     "names\n"},
    {"key outside of a section",
     "mtu = 1400\n",
     "c.toml:1:1: mtu: unknown key outside of a section; did you mean network.mtu?\n"},
    {"another key outside of a section",
     "log_level = \"info\"\n",
     "c.toml:1:1: log_level: unknown key outside of a section; did you mean "
     "monitoring.log_level?\n"},
    {"unknown key",
     "[network]\nmut = 1400\n",
     "c.toml:2:1: network.mut: unknown key; did you mean \"mtu\"?\n"},
    {"plural",
     "[network]\nadvertise_subnet = []\n",
     "c.toml:2:1: network.advertise_subnet: unknown key; did you mean \"advertise_subnets\"?\n"},
    {"hyphen",
     "[network]\n\"tun-name\" = \"qe0\"\n",
     "c.toml:2:1: network.tun-name: unknown key; did you mean \"tun_name\"?\n"},
    {"case",
     "[network]\nMTU = 1400\n",
     "c.toml:2:1: network.MTU: unknown key; did you mean \"mtu\"?\n"},
    {"key of another section",
     "[node]\nmtu = 1400\n",
     "c.toml:2:1: node.mtu: unknown key; did you mean network.mtu?\n"},
    {"policy under node",
     "[node]\npolicy_file = \"p\"\n",
     "c.toml:2:1: node.policy_file: unknown key; did you mean security.policy_file?\n"},
    {"unknown key without a likeness",
     "[node]\nfrobnicate = 1\n",
     "c.toml:2:1: node.frobnicate: unknown key, expected one of name, role, state_dir, listen\n"},
    {"secret in the file",
     "[network]\nsecret = \"hunter2\"\n",
     "c.toml:2:1: network.secret: unknown key; a secret belongs into a file of its own: "
     "network.secret_file names it\n"},
    {"unknown dotted key",
     "network.mut = 1400\n",
     "c.toml:1:9: network.mut: unknown key; did you mean \"mtu\"?\n"},
    {"key of an inline table",
     "network = { mut = 1400 }\n",
     "c.toml:1:13: network.mut: unknown key; did you mean \"mtu\"?\n"},
    {"unknown table in a section",
     "[network.ipv6]\nmtu = 1400\n",
     "c.toml:1:10: network.ipv6: unknown key, expected one of name, secret_file, tun_name, "
     "tun_addr, mtu, advertise_subnets, forward_subnets\n"},
    {"hostile key",
     "[node]\n\"a\\u001b[31m\" = 1\n",
     "c.toml:2:1: node.a\\x1b[31m: unknown key, expected one of name, role, state_dir, listen\n"},
    {"empty key",
     "[node]\n\"\" = 1\n",
     "c.toml:2:1: node.: unknown key, expected one of name, role, state_dir, listen\n"},
    {"section as a number", "node = 5\n", "c.toml:1:1: node: found 5, expected a table: [node]\n"},
    {"section as a text",
     "network = \"quicether0\"\n",
     "c.toml:1:1: network: found \"quicether0\", expected a table: [network]\n"},
    {"section as a list of tables",
     "[[security]]\npolicy_file = \"p\"\n",
     "c.toml:1:3: security: found a list, expected a table: [security]\n"},
    {"section as a list",
     "monitoring = []\n",
     "c.toml:1:1: monitoring: found a list, expected a table: [monitoring]\n"},
    {"section as a date",
     "peers = 2026-01-01\n",
     "c.toml:1:1: peers: found a date or time, expected a table: [peers]\n"},
    {"key as a table",
     "[node.name]\nfirst = \"a\"\n",
     "c.toml:1:1: node.name: found a table, expected 1 to 63 of A-Z a-z 0-9 . _ -\n"},
    {"weight of zero",
     "[multipath.weights]\neth0 = 0\n",
     "c.toml:2:8: multipath.weights.eth0: found 0, expected a number above 0\n"},
    {"negative weight",
     "[multipath.weights]\neth0 = 1\neth1 = -0.5\n",
     "c.toml:3:8: multipath.weights.eth1: found -0.5, expected a number above 0\n"},
    {"infinite weight",
     "[multipath.weights]\neth0 = inf\n",
     "c.toml:2:8: multipath.weights.eth0: found inf, expected a number above 0\n"},
    {"weight as a text",
     "[multipath.weights]\neth0 = \"fast\"\n",
     "c.toml:2:8: multipath.weights.eth0: found \"fast\", expected a number above 0\n"},
    {"weight of no interface",
     "[multipath.weights]\n\"a/b\" = 1\n",
     "c.toml:2:1: multipath.weights.a/b: found \"a/b\", expected the name of an interface\n"},
    {"keep_alive above idle_timeout",
     "[transport]\nidle_timeout = \"5s\"\nkeep_alive = \"10s\"\n",
     "c.toml:3:1: transport.keep_alive: keep_alive must be shorter than idle_timeout, or idle "
     "sessions would end\n"},
    {"idle_timeout below the default keep_alive",
     "[transport]\nidle_timeout = \"5s\"\n",
     "c.toml:2:1: transport.idle_timeout: keep_alive must be shorter than idle_timeout, or idle "
     "sessions would end\n"},
    {"secret without a network",
     "[network]\nsecret_file = \"s\"\n",
     "c.toml:2:1: network.secret_file: needs network.name: the name and the secret make the "
     "network\n"},
    {"dht_port other than listen",
     "[discovery]\ndht_port = 1\n[node]\nlisten = \"[::]:2\"\n",
     "c.toml:2:1: discovery.dht_port: found 1, expected 2, the port of node.listen (c.toml:4:1)\n"},
    {"metrics for everybody",
     "[monitoring]\nmetrics_addr = \"0.0.0.0:9090\"\n",
     "c.toml:2:1: monitoring.metrics_addr: found \"0.0.0.0:9090\", expected a loopback address "
     "such "
     "as 127.0.0.1:9090: it asks nobody for a password\n"},
    {"health for everybody",
     "[monitoring]\nhealth_addr = \"[::]:9091\"\n",
     "c.toml:2:1: monitoring.health_addr: found \"[::]:9091\", expected a loopback address such as "
     "127.0.0.1:9091: it asks nobody for a password\n"},
    {"2FA",
     "[security]\nrequire_2fa = true\n",
     "c.toml:2:1: security.require_2fa: configured but not available in this version: peers are "
     "admitted without a second factor; refusing to start less safe than configured\n"},
    {"enterprise",
     "[security]\nenterprise = true\n",
     "c.toml:2:1: security.enterprise: configured but not available in this version: nodes are not "
     "checked against a certificate authority; refusing to start less safe than configured\n"},
    {"several errors, in the order of the lines",
     "[network]\nmtu = 1\n[node]\nname = \"\"\nrole = \"x\"\n[network.x]\n",
     "c.toml:2:7: network.mtu: found 1, expected an integer from 1280 to 65535\n"
     "c.toml:4:8: node.name: found \"\", expected 1 to 63 of A-Z a-z 0-9 . _ -\n"
     "c.toml:5:8: node.role: found \"x\", expected one of \"node\", \"gateway\"\n"
     "c.toml:6:10: network.x: unknown key, expected one of name, secret_file, tun_name, tun_addr, "
     "mtu, advertise_subnets, forward_subnets\n"},
    {"several errors in one list",
     "[network]\nadvertise_subnets = [\n  \"10.0.0.0/8\",\n  \"x\",\n  7,\n]\n",
     "c.toml:4:3: network.advertise_subnets: found \"x\", expected a CIDR block such as "
     "\"10.1.0.0/16\"\n"
     "c.toml:5:3: network.advertise_subnets: found 7, expected a CIDR block such as "
     "\"10.1.0.0/16\"\n"},
};

constexpr BrokenFile kBrokenPeers[] = {
    {"one table",
     "[peer]\nname = \"a\"\n",
     "c.toml:1:1: peer: found a table, expected [[peer]] tables\n"},
    {"a text",
     "peer = \"a.example:9000\"\n",
     "c.toml:1:8: peer: found \"a.example:9000\", expected [[peer]] tables\n"},
    {"a list of texts",
     "peer = [\"a.example:9000\"]\n",
     "c.toml:1:9: peer: found \"a.example:9000\", expected a [[peer]] table\n"},
    {"neither id nor endpoints",
     "[[peer]]\nname = \"a\"\n",
     "c.toml:1:1: peer: found neither \"id\" nor \"endpoints\", expected one of them or both\n"},
    {"nothing at all",
     "[[peer]]\n",
     "c.toml:1:1: peer: found neither \"id\" nor \"endpoints\", expected one of them or both\n"},
    {"the second is wrong",
     "[[peer]]\nendpoints = [\"a.example:9000\"]\n[[peer]]\n",
     "c.toml:3:1: peer: found neither \"id\" nor \"endpoints\", expected one of them or both\n"},
    {"subnets without id",
     "[[peer]]\nendpoints = [\"a.example:9000\"]\nsubnets = [\"10.0.0.0/8\"]\n",
     "c.toml:1:1: peer: found \"subnets\" without \"id\": only a known key can be entitled to "
     "them\n"},
    {"a prefix as id",
     "[[peer]]\nid = \"3fa9\"\n",
     "c.toml:2:6: peer.id: found \"3fa9\", expected a NodeId (40 hex digits) or a public key (64 "
     "hex digits)\n"},
    {"id with a letter too far",
     "[[peer]]\nid = \"gfa9c0d1e2f30415263748596a7b8c9daebfc0d1\"\n",
     "c.toml:2:6: peer.id: found \"gfa9c0d1e2f30415263748596a7b8c9daebfc0d1\", expected a NodeId "
     "(40 hex digits) or a public key (64 hex digits)\n"},
    {"id as a number",
     "[[peer]]\nid = 3\n",
     "c.toml:2:6: peer.id: found 3, expected a NodeId (40 hex digits) or a public key (64 hex "
     "digits)\n"},
    {"name that reads as an id",
     "[[peer]]\nendpoints = [\"a.example:9000\"]\nname = \"cafe\"\n",
     "c.toml:3:8: peer.name: found \"cafe\", expected a name of 1 to 63 of A-Z a-z 0-9 . _ - that "
     "does not read as a NodeId\n"},
    {"name with a blank",
     "[[peer]]\nendpoints = [\"a.example:9000\"]\nname = \"my home\"\n",
     "c.toml:3:8: peer.name: found \"my home\", expected a name of 1 to 63 of A-Z a-z 0-9 . _ - "
     "that does not read as a NodeId\n"},
    {"everybody as name",
     "[[peer]]\nendpoints = [\"a.example:9000\"]\nname = \"*\"\n",
     "c.toml:3:8: peer.name: found \"*\", expected a name of 1 to 63 of A-Z a-z 0-9 . _ - that "
     "does not read as a NodeId\n"},
    {"endpoint without a port",
     "[[peer]]\nendpoints = [\"a.example\"]\n",
     "c.toml:2:14: peer.endpoints: found \"a.example\", expected \"HOST:PORT\" such as "
     "\"home.example.com:9000\"\n"},
    {"single endpoint without a port",
     "[[peer]]\nendpoints = \"a.example\"\n",
     "c.toml:2:13: peer.endpoints: found \"a.example\", expected \"HOST:PORT\" such as "
     "\"home.example.com:9000\"\n"},
    {"endpoint as a table",
     "[[peer]]\nendpoints = { host = \"a\" }\n",
     "c.toml:2:13: peer.endpoints: found a table, expected \"HOST:PORT\" such as "
     "\"home.example.com:9000\", or a list of them\n"},
    {"endpoint twice",
     "[[peer]]\nendpoints = [\"a:1\", \"a:1\"]\n",
     "c.toml:2:21: peer.endpoints: found \"a:1\" twice, expected no duplicates\n"},
    {"subnet with host bits",
     "[[peer]]\nid = \"3fa9c0d1e2f30415263748596a7b8c9daebfc0d1\"\nsubnets = [\"10.1.2.3/16\"]\n",
     "c.toml:3:12: peer.subnets: found \"10.1.2.3/16\", expected a CIDR block without host bits; "
     "did you mean \"10.1.0.0/16\"?\n"},
    {"subnets as a text",
     "[[peer]]\nid = \"3fa9c0d1e2f30415263748596a7b8c9daebfc0d1\"\nsubnets = \"10.1.0.0/16\"\n",
     "c.toml:3:11: peer.subnets: found \"10.1.0.0/16\", expected a list of CIDR blocks such as "
     "\"10.1.0.0/16\"\n"},
    {"unknown key",
     "[[peer]]\nendpoint = \"a:1\"\n",
     "c.toml:2:1: peer.endpoint: unknown key; did you mean \"endpoints\"?\n"},
    {"unknown key without a likeness",
     "[[peer]]\nfrobnicate = 1\n",
     "c.toml:2:1: peer.frobnicate: unknown key, expected one of id, name, endpoints, subnets\n"},
    {"id twice",
     "[[peer]]\nid = \"3fa9c0d1e2f30415263748596a7b8c9daebfc0d1\"\n[[peer]]\nid = "
     "\"3FA9C0D1E2F30415263748596A7B8C9DAEBFC0D1\"\n",
     "c.toml:3:1: peer: found the id of peer 1 again\n"},
    {"name twice",
     "[[peer]]\nname = \"a\"\nendpoints = \"a:1\"\n[[peer]]\nname = \"a\"\nendpoints = \"b:1\"\n",
     "c.toml:4:1: peer: found the name of peer 1 again\n"},
    {"all at once",
     "[[peer]]\nid = 1\nname = 2\nendpoints = 3\nsubnets = 4\n",
     "c.toml:2:6: peer.id: found 1, expected a NodeId (40 hex digits) or a public key (64 hex "
     "digits)\n"
     "c.toml:3:8: peer.name: found 2, expected a name of 1 to 63 of A-Z a-z 0-9 . _ - that does "
     "not read as a NodeId\n"
     "c.toml:4:13: peer.endpoints: found 3, expected \"HOST:PORT\" such as "
     "\"home.example.com:9000\"\n"
     "c.toml:5:11: peer.subnets: found 4, expected a list of CIDR blocks such as "
     "\"10.1.0.0/16\"\n"},
};

constexpr BrokenSyntax kBrokenSyntax[] = {
    {"no value", "[network]\nmtu =\n", 2, "network.mtu"},
    {"no equals sign", "[network]\nmtu 1400\n", 2, "network"},
    {"two values", "[network]\nmtu = 1400 1500\n", 2, "network.mtu"},
    {"bare word", "[node]\nname = home\n", 2, "node.name"},
    {"open text", "[node]\nname = \"home\n", 2, "node.name"},
    {"open literal text", "[node]\nname = 'home\n", 2, "node.name"},
    {"open long text", "[node]\nname = \"\"\"home\n", 2, "node.name"},
    {"unknown escape", "[node]\nname = \"a\\qb\"\n", 2, "node.name"},
    {"control character", "[node]\nname = \"a\x01\"\n", 2, "node.name"},
    {"open list",
     "[network]\nadvertise_subnets = [\"10.0.0.0/8\"\n",
     2,
     "network.advertise_subnets"},
    {"list without a comma",
     "[performance]\ncpu_affinity = [0 1]\n",
     2,
     "performance.cpu_affinity"},
    {"open section", "[network\nmtu = 1400\n", 1, "network"},
    {"empty section", "[]\n", 1, ""},
    {"words behind a section", "[network] mtu = 1400\n", 1, "network"},
    {"section twice", "[node]\n[network]\n[node]\n", 3, "node"},
    {"key twice", "[network]\nmtu = 1400\nmtu = 1500\n", 3, "network.mtu"},
    {"key under a value", "[network]\nmtu = 1400\nmtu.inner = 1\n", 3, "network.mtu.inner"},
    {"list of tables over a table", "[peer]\n[[peer]]\n", 2, "peer"},
    {"leading zero", "[network]\nmtu = 01400\n", 2, "network.mtu"},
    {"too many digits", "[network]\nmtu = 99999999999999999999\n", 2, "network.mtu"},
    {"hexadecimal without digits", "[network]\nmtu = 0x\n", 2, "network.mtu"},
    {"capital True", "[security]\nrequire_2fa = True\n", 2, "security.require_2fa"},
    {"cut true", "[security]\nrequire_2fa = tru\n", 2, "security.require_2fa"},
    {"impossible date", "[node]\nname = 1979-13-45\n", 2, "node.name"},
    {"inline table over lines",
     "[multipath]\nweights = { eth0 = 1,\n eth1 = 2 }\n",
     2,
     "multipath.weights"},
    {"comma at the end of an inline table",
     "[multipath]\nweights = { eth0 = 1, }\n",
     2,
     "multipath.weights"},
    {"semicolon as comment", "[network]\n; mtu\n", 2, "network"},
    {"double slash as comment", "[network]\n// mtu\n", 2, "network"},
    {"JSON", "{\"network\": {\"mtu\": 1400}}\n", 1, ""},
    {"YAML", "network:\n  mtu: 1400\n", 1, ""},
    {"zero byte", std::string_view{"[node]\nname = \"a\0b\"\n", 18}, 2, "node.name"},
    {"invalid UTF-8", "[node]\nname = \"a\xff\"\n", 2, "node.name"},
    {"cut UTF-8", "[node]\nname = \"\xe6\x9d", 2, "node.name"},
    {"UTF-16", std::string_view{"\xff\xfe[\0n\0o\0d\0e\0]\0", 14}, 1, ""},
    {"a word", "quicether\n", 1, ""},
    {"a binary",
     "\x7f"
     "ELF\x02\x01\x01",
     1,
     ""},
};

}  // namespace

TEST_CASE("broken config: a wrong value is refused with its place, its key and what was expected",
          "[mgmt][config]") {
  for (const auto& [key, value, column, message] : kBrokenValues) {
    const auto dot = key.find('.');
    const auto text =
        fmt::format("[{}]\n{} = {}\n", key.substr(0, dot), key.substr(dot + 1), value);
    CAPTURE(text);
    const auto name_bytes = key.size() - dot - 1;
    CHECK(errors_of(text) ==
          fmt::format("c.toml:2:{}: {}: {}\n", name_bytes + 3 + column, key, message));
  }
}

TEST_CASE("broken config: wrong keys and sections are refused with their place and a hint",
          "[mgmt][config]") {
  for (const auto& [name, text, errors] : kBrokenStructure) {
    CAPTURE(name);
    CHECK(errors_of(text) == errors);
  }
}

TEST_CASE("broken config: wrong peers are refused with their place", "[mgmt][config]") {
  for (const auto& [name, text, errors] : kBrokenPeers) {
    CAPTURE(name);
    CHECK(errors_of(text) == errors);
  }
}

TEST_CASE("broken config: what is no TOML is refused with its place and the key around it",
          "[mgmt][config]") {
  for (const auto& [name, text, line, key] : kBrokenSyntax) {
    CAPTURE(name);
    const auto loaded = load_config_text("c.toml", text);
    REQUIRE_FALSE(loaded.has_value());
    const auto errors = loaded.error().errors;
    REQUIRE(errors.size() == 1);
    const auto& error = errors[0];
    const auto line_part = fmt::format("c.toml:{}:", line);
    CHECK(error.where.starts_with(line_part));
    CHECK(std::stoul(error.where.substr(line_part.size())) > 0);
    CHECK(error.key == key);
    CHECK(error.problem.starts_with("not valid TOML: "));
    CHECK(error.problem.size() > std::string_view{"not valid TOML: "}.size());
  }
}

TEST_CASE("broken config: there are at least 200 cases", "[mgmt][config]") {
  CHECK(std::size(kBrokenValues) + std::size(kBrokenStructure) + std::size(kBrokenPeers) +
            std::size(kBrokenSyntax) >=
        200);
}
