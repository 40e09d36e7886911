#include <quicether/core/policy/policy.hpp>
#include <quicether/mgmt/policy_file.hpp>

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <fstream>
#include <string>
#include <string_view>
#include <support/temporary_folder.hpp>
#include <vector>

namespace quicether::mgmt {
namespace {

using test::TemporaryFolder;

PolicyFile load(std::string_view text, const Config& config = {}) {
  const auto loaded = load_policy_text("policy.toml", text, config);
  INFO((loaded ? std::string{} : loaded.error().to_string()));
  REQUIRE(loaded.has_value());
  return *loaded;
}

std::string errors_of(std::string_view text, const Config& config = {}) {
  const auto loaded = load_policy_text("policy.toml", text, config);
  return loaded ? "no error" : loaded.error().to_string();
}

TEST_CASE("policy_file: the file of the operations guide loads", "[mgmt][policy_file]") {
  const auto file = load(R"(
[[rules]]
subject = "*"              # any authenticated node for now
object = "192.168.1.0/24"
action = "allow"
)");

  REQUIRE(file.rules.size() == 1);
  CHECK(file.rules[0].subject.is_any());
  CHECK(file.rules[0].object == Prefix::parse("192.168.1.0/24").value());
  CHECK(file.rules[0].action == policy::Action::allow);
  CHECK(file.rules[0].line == 2);
  CHECK(file.warnings.empty());
}

TEST_CASE("policy_file: the file of the architecture loads", "[mgmt][policy_file]") {
  const auto file = load(R"([[policy.rules]]
subject = "node_abc123"
object = "10.0.1.0/24"
action = "allow"

[[policy.rules]]
subject = "node_xyz789"
object = "10.0.0.0/16"
action = "deny"
)");

  REQUIRE(file.rules.size() == 2);
  CHECK(file.rules[0].subject.prefix()->to_string() == "abc123");
  CHECK(*file.rules[1].subject.name() == "node_xyz789");
  CHECK(file.rules[1].action == policy::Action::deny);
  CHECK(file.rules[1].line == 6);
  REQUIRE(file.warnings.size() == 1);
  CHECK(file.warnings[0].to_string() ==
        "policy.toml:7:11: policy.rules.subject: \"node_xyz789\" is no NodeId, which has hex "
        "digits only: taken as a node's name");
}

TEST_CASE("policy_file: reads every key of a rule", "[mgmt][policy_file]") {
  const auto file = load(R"(
[[rules]]
name = "web and more"
subject = "laptop"
object = "*"
protocol = "tcp"
ports = [443, "8000-8100", "22"]
action = "allow"

[[rules]]
subject = "self"
object = "fd00::1"
ports = 53
action = "deny"

[[rules]]
subject = "*"
object = "*"
protocol = "icmp"
action = "allow"
)");

  REQUIRE(file.rules.size() == 3);
  CHECK(file.rules[0].name == "web and more");
  CHECK_FALSE(file.rules[0].object.has_value());
  CHECK(file.rules[0].protocol == policy::Protocol::tcp);
  CHECK(file.rules[0].ports == std::vector<policy::PortRange>{{443, 443}, {8000, 8100}, {22, 22}});
  CHECK(file.rules[1].object == Prefix::parse("fd00::1/128").value());
  CHECK(file.rules[1].protocol == policy::Protocol::any);
  CHECK(file.rules[1].ports == std::vector<policy::PortRange>{{53, 53}});
  CHECK(file.rules[2].protocol == policy::Protocol::icmp);
  CHECK(policy::Policy::compile(file.rules).has_value());
}

TEST_CASE("policy_file: a file without rules is the empty policy", "[mgmt][policy_file]") {
  CHECK(load("").rules.empty());
  CHECK(load("# nothing\n").rules.empty());
  CHECK(load("rules = []\n").rules.empty());
  CHECK(load("[policy]\n").rules.empty());
}

TEST_CASE("policy_file: says what is wrong, where, and what was expected", "[mgmt][policy_file]") {
  struct Case {
    std::string_view text;
    std::string_view errors;
  };

  const Case cases[] = {
      {"[[rules]]\nsubject = \"*\"\nobject = \"10.0.0.0/8\"\naction = \"alow\"\n",
       "policy.toml:4:10: rules.action: found \"alow\", expected \"allow\" or \"deny\"\n"},
      {"[[rules]]\nsubject = \"*\"\nobject = \"10.0.0.1/8\"\naction = \"deny\"\n",
       "policy.toml:3:10: rules.object: found \"10.0.0.1/8\", expected a network without host "
       "bits; did you mean \"10.0.0.0/8\"?\n"},
      {"[[rules]]\nsubject = \"*\"\nobject = \"10.0.0.0/33\"\naction = \"deny\"\n",
       "policy.toml:3:10: rules.object: found \"10.0.0.0/33\", expected a network such as "
       "\"10.0.0.0/8\", an address, or \"*\"\n"},
      {"[[rules]]\nsubject = \"*\"\nobject = 7\naction = \"deny\"\n",
       "policy.toml:3:10: rules.object: found 7, expected a network such as \"10.0.0.0/8\", an "
       "address, or \"*\"\n"},
      {"[[rules]]\nsubject = \"10.0.0.1\"\nobject = \"*\"\naction = \"deny\"\n",
       "policy.toml:2:11: rules.subject: found \"10.0.0.1\", expected \"*\", \"self\", a NodeId or "
       "its first digits such as \"node_3fa9\", a public key, or a name\n"},
      {"[[rules]]\nsubject = \"*\"\n",
       "policy.toml:1:1: rules.object: missing\npolicy.toml:1:1: rules.action: missing\n"},
      {"[[rules]]\nsubject = \"*\"\nobject = \"*\"\naction = \"deny\"\nport = 22\n",
       "policy.toml:5:1: rules.port: unknown key; did you mean \"ports\"?\n"},
      {"[[rule]]\nsubject = \"*\"\n",
       "policy.toml:1:3: rule: unknown key; did you mean \"rules\"?\n"},
      {"[firewall]\n",
       "policy.toml:1:2: firewall: unknown key, expected one of rules, tests, policy\n"},
      {"[[policy.rule]]\n",
       "policy.toml:1:10: policy.rule: unknown key; did you mean \"rules\"?\n"},
      {"rules = 1\n", "policy.toml:1:9: rules: found 1, expected tables: [[rules]]\n"},
      {"rules = [1]\n", "policy.toml:1:10: rules: found 1, expected a table: [[rules]]\n"},
      {"policy = 1\n",
       "policy.toml:1:10: policy: found 1, expected a table with [[policy.rules]]\n"},
      {"rules = []\n[[policy.rules]]\n",
       "policy.toml:2:10: policy.rules: the file has [[rules]] too: in which order are they?\n"},
      {"[[rules]]\nsubject = \"*\"\nobject = \"*\"\naction = \"deny\"\nprotocol = \"gre\"\n",
       "policy.toml:5:12: rules.protocol: found \"gre\", expected \"tcp\", \"udp\", \"icmp\" or "
       "\"any\"\n"},
      {"[[rules]]\nsubject = \"*\"\nobject = \"*\"\naction = \"deny\"\nprotocol = \"icmp\"\nports "
       "= 1\n",
       "policy.toml:6:9: rules.ports: icmp has no ports\n"},
      {"[[rules]]\nsubject = \"*\"\nobject = \"*\"\naction = \"deny\"\nports = []\n",
       "policy.toml:5:9: rules.ports: found 0 ports, expected 1 to 256\n"},
      {"[[rules]]\nsubject = \"*\"\nobject = \"*\"\naction = \"deny\"\nname = \"a\\u001bb\"\n",
       "policy.toml:5:8: rules.name: found \"a\\x1bb\", expected 1 to 64 printable characters\n"},
  };
  for (const auto& item : cases) {
    CAPTURE(item.text);
    CHECK(errors_of(item.text) == item.errors);
  }
}

TEST_CASE("policy_file: what is no TOML has a place and a key too", "[mgmt][policy_file]") {
  CHECK(errors_of("[[rules]]\nsubject = \n")
            .starts_with("policy.toml:2:11: rules.subject: not valid TOML: "));
  CHECK(errors_of("[[rules]]\nsubject = \"*\"\nsubject = \"*\"\n").starts_with("policy.toml:3:"));
  // Letters outside of strings, which some parsers stumble over (toml++ issues 190 and 295).
  CHECK(errors_of("\u00e9 = 1\n").starts_with("policy.toml:1:1: not valid TOML: "));
  CHECK(errors_of("rules = \u043d\n").starts_with("policy.toml:1:9: rules: not valid TOML: "));
  CHECK(errors_of("\xff\n").starts_with("policy.toml:1:1: not valid TOML: "));
}

TEST_CASE("policy_file: refuses ports that are none", "[mgmt][policy_file]") {
  for (const std::string_view ports : {"0",
                                       "65536",
                                       "-1",
                                       "22.0",
                                       "true",
                                       "\"\"",
                                       "\"ssh\"",
                                       "\"0-5\"",
                                       "\"5-\"",
                                       "\"-5\"",
                                       "\"9-8\"",
                                       "\"1-2-3\"",
                                       "\"1 - 2\"",
                                       "\"1-65536\"",
                                       "[[22]]",
                                       "[22, \"x\"]"}) {
    CAPTURE(ports);
    const auto errors = errors_of(fmt::format(
        "[[rules]]\nsubject = \"*\"\nobject = \"*\"\naction = \"deny\"\nports = {}\n", ports));
    CHECK(errors.find("rules.ports: found ") != std::string::npos);
    CHECK(errors.find("expected a port from 1 to 65535") != std::string::npos);
  }
}

TEST_CASE("policy_file: lists all errors in the order of the file, at most 100",
          "[mgmt][policy_file]") {
  CHECK(errors_of("[[rules]]\naction = 1\nobject = 2\nsubject = 3\nbad = 4\n[[rules]]\n") ==
        "policy.toml:2:10: rules.action: found 1, expected \"allow\" or \"deny\"\n"
        "policy.toml:3:10: rules.object: found 2, expected a network such as \"10.0.0.0/8\", an "
        "address, or \"*\"\n"
        "policy.toml:4:11: rules.subject: found 3, expected \"*\", \"self\", a NodeId or its first "
        "digits such as \"node_3fa9\", a public key, or a name\n"
        "policy.toml:5:1: rules.bad: unknown key, expected one of subject, object, action, "
        "protocol, ports, name\n"
        "policy.toml:6:1: rules.subject: missing\n"
        "policy.toml:6:1: rules.object: missing\n"
        "policy.toml:6:1: rules.action: missing\n");

  std::string many;
  for (int i = 0; i < 200; ++i) {
    many += "[[rules]]\n";
  }
  const auto loaded = load_policy_text("policy.toml", many);
  REQUIRE(loaded.has_error());
  CHECK(loaded.error().errors.size() == 100);
}

TEST_CASE("policy_file: is bounded in bytes, rules and tests", "[mgmt][policy_file]") {
  const std::string rule = "{subject=\"*\",object=\"*\",action=\"deny\"},";
  const auto list_of = [](std::string_view name, std::size_t count, const std::string& item) {
    auto text = fmt::format("{} = [", name);
    for (std::size_t i = 0; i < count; ++i) {
      text += item;
    }
    return text + "]\n";
  };

  CHECK(load(list_of("rules", 10'000, rule)).rules.size() == 10'000);
  CHECK(errors_of(list_of("rules", 10'001, rule)) ==
        "policy.toml:1:1: rules: found 10001 rules, at most 10000 are allowed\n");
  const std::string test = "{from=\"*\",to=\"10.0.0.1\",expect=\"deny\"},";
  CHECK(load(list_of("tests", 1000, test)).tests == 1000);
  CHECK(errors_of(list_of("tests", 1001, test)) ==
        "policy.toml:1:1: tests: more than 1000 tests\n");
  CHECK(errors_of(std::string((1U << 20U) + 1, '\n')) ==
        "policy.toml: larger than 1048576 bytes\n");
  CHECK(load(std::string(1U << 20U, '\n')).rules.empty());
}

// ---- Tests inside the file ---------------------------------------------------------------------

constexpr std::string_view kRules = R"([[rules]]
name = "no ssh"
subject = "*"
object = "10.0.0.0/8"
protocol = "tcp"
ports = 22
action = "deny"
[[rules]]
subject = "laptop"
object = "10.0.0.0/8"
action = "allow"
[[rules]]
subject = "node_abc123"
object = "10.1.0.0/16"
action = "allow"
[[rules]]
subject = "self"
object = "*"
action = "allow"
)";

std::string with_test(std::string_view test) {
  return fmt::format("{}[[tests]]\n{}\n", kRules, test);
}

TEST_CASE("policy_file: tests that hold let the rules pass", "[mgmt][policy_file]") {
  const auto file = load(with_test(R"(from = "laptop"
to = "10.2.3.4"
protocol = "tcp"
port = 80
expect = "allow"
[[tests]]
from = "laptop"
to = "10.2.3.4"
protocol = "tcp"
port = 22
expect = "deny"
[[tests]]
from = "laptop"
to = "10.2.3.4"
expect = "allow"
[[tests]]
from = "node_abc123"
to = "10.1.0.1"
expect = "allow"
[[tests]]
from = "node_abc123ff"
to = "10.1.0.1"
protocol = "udp"
port = 53
expect = "allow"
[[tests]]
from = "node_abc1"
to = "10.1.0.1"
expect = "deny"
[[tests]]
from = "*"
to = "10.1.0.1"
expect = "deny"
[[tests]]
from = "self"
to = "fd00::1"
expect = "allow"
)"));

  CHECK(file.tests == 8);
  CHECK(file.rules.size() == 4);
}

TEST_CASE("policy_file: a test that fails refuses the file and names the rule",
          "[mgmt][policy_file]") {
  CHECK(errors_of(with_test("from = \"laptop\"\nto = \"10.2.3.4\"\nprotocol = \"tcp\"\nport = 22\n"
                            "expect = \"allow\"\nname = \"admin\"")) ==
        "policy.toml:20:1: tests \"admin\": expected to allow tcp from laptop to 10.2.3.4 port 22, "
        "but rule 'no ssh' (line 1) denies it\n");
  CHECK(errors_of(with_test("from = \"*\"\nto = \"10.2.3.4\"\nexpect = \"allow\"")) ==
        "policy.toml:20:1: tests: expected to allow icmp from * to 10.2.3.4, but no rule allows "
        "it\n");
  CHECK(errors_of(with_test("from = \"self\"\nto = \"fd00::1\"\nexpect = \"deny\"")) ==
        "policy.toml:20:1: tests: expected to deny icmp from self to fd00::1, but rule at line 16 "
        "allows it\n");
}

TEST_CASE("policy_file: every test that fails is listed", "[mgmt][policy_file]") {
  const auto errors =
      errors_of(with_test("from = \"*\"\nto = \"10.0.0.1\"\nexpect = \"allow\"\n"
                          "[[tests]]\nfrom = \"*\"\nto = \"10.0.0.1\"\n"
                          "expect = \"deny\"\n"
                          "[[tests]]\nfrom = \"*\"\nto = \"10.0.0.2\"\n"
                          "expect = \"allow\""));

  CHECK(errors.find("policy.toml:20:1: tests: expected to allow icmp from * to 10.0.0.1,") == 0);
  CHECK(errors.find("\npolicy.toml:28:1: tests: expected to allow icmp from * to 10.0.0.2,") !=
        std::string::npos);
}

TEST_CASE("policy_file: nobody is \"*\" by chance", "[mgmt][policy_file]") {
  // Rules for the NodeIds that a careless choice would take for a stranger.
  std::string text;
  for (const auto* digits : {"0000", "00000000", "ffff", "1111"}) {
    text +=
        fmt::format("[[rules]]\nsubject = \"{}\"\nobject = \"*\"\naction = \"allow\"\n", digits);
  }
  text += "[[tests]]\nfrom = \"*\"\nto = \"10.0.0.1\"\nexpect = \"deny\"\n";
  text += "[[tests]]\nfrom = \"node_0000\"\nto = \"10.0.0.1\"\nexpect = \"allow\"\n";

  CHECK(load(text).tests == 2);
}

TEST_CASE("policy_file: tests know the peers of the configuration", "[mgmt][policy_file]") {
  const std::string id = "abc123" + std::string(34, '0');
  Config config;
  config.node.name = "home";
  config.peer.push_back({.id = NodeId::parse(id).value(), .name = "office"});
  const std::string home_rule =
      "[[rules]]\nsubject = \"home\"\nobject = \"10.9.0.0/16\"\naction = \"deny\"\n";
  const auto allow = [](std::string_view from, std::string_view expect) {
    return with_test(
        fmt::format("from = \"{}\"\nto = \"10.1.0.1\"\nexpect = \"{}\"", from, expect));
  };

  // By its name it is the node of that NodeId, and the other way round.
  CHECK(errors_of(allow("office", "allow"), config) == "no error");
  CHECK(errors_of(allow("office", "allow")) != "no error");
  config.peer[0].name = "laptop";
  CHECK(errors_of(with_test("from = \"node_abc1\"\nto = \"10.9.0.1\"\nexpect = \"allow\""),
                  config) == "no error");
  CHECK(errors_of(home_rule + with_test("from = \"self\"\nto = \"10.9.0.1\"\nexpect = \"deny\""),
                  config) == "no error");
}

TEST_CASE("policy_file: says what is wrong with a test", "[mgmt][policy_file]") {
  CHECK(errors_of(with_test("from = \"*\"")) ==
        "policy.toml:20:1: tests.to: missing\npolicy.toml:20:1: tests.expect: missing\n");
  CHECK(errors_of(with_test("from = \"*\"\nto = \"10.0.0.0/8\"\nexpect = \"deny\"")) ==
        "policy.toml:22:6: tests.to: found \"10.0.0.0/8\", expected an IP address\n");
  CHECK(errors_of(with_test("from = \"*\"\nto = \"10.0.0.1\"\nexpect = \"deny\"\nport = 22")) ==
        "policy.toml:20:1: tests: \"port\" needs \"protocol\" tcp or udp\n");
  CHECK(errors_of(
            with_test("from = \"*\"\nto = \"10.0.0.1\"\nexpect = \"deny\"\nprotocol = \"tcp\"")) ==
        "policy.toml:20:1: tests: tcp and udp need a \"port\"\n");
  CHECK(
      errors_of(
          with_test("from = \"*\"\nto = \"10.0.0.1\"\nexpect = \"deny\"\nprotocol = \"any\"")) ==
      "policy.toml:24:12: tests.protocol: found \"any\", expected \"tcp\", \"udp\" or \"icmp\"\n");
  CHECK(errors_of(with_test("form = \"*\"\nto = \"10.0.0.1\"\nexpect = \"deny\"")) ==
        "policy.toml:20:1: tests.from: missing\n"
        "policy.toml:21:1: tests.form: unknown key; did you mean \"from\"?\n");
}

// ---- Files -------------------------------------------------------------------------------------

TEST_CASE("policy_file: reads a file, and says why it cannot", "[mgmt][policy_file]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "policy.toml";

  auto loaded = load_policy_file(path);
  REQUIRE(loaded.has_error());
  CHECK(loaded.error().to_string() ==
        path.string() + ": cannot be read: No such file or directory\n");

  std::ofstream{path} << kRules;
  loaded = load_policy_file(path);
  REQUIRE(loaded.has_value());
  CHECK(loaded->rules.size() == 4);

  std::ofstream{path} << std::string((1U << 20U) + 1, '\n');
  loaded = load_policy_file(path);
  REQUIRE(loaded.has_error());
  CHECK(loaded.error().to_string() == path.string() + ": larger than 1048576 bytes\n");
}

}  // namespace
}  // namespace quicether::mgmt
