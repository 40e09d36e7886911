#include "mgmt/config_value.hpp"
#include "mgmt/policy_reader.hpp"

#include <quicether/core/policy/policy.hpp>

#include <fmt/format.h>

#include <array>
#include <optional>

// One table of a policy file: a rule or a test.
namespace quicether::mgmt {
namespace {

constexpr std::array<std::string_view, 6> kRuleKeys{
    "subject", "object", "action", "protocol", "ports", "name"};
constexpr std::array<std::string_view, 6> kTestKeys{
    "from", "to", "protocol", "port", "expect", "name"};

constexpr std::string_view kSubjectExpected =
    "\"*\", \"self\", a NodeId or its first digits such as \"node_3fa9\", a public key, or a name";
constexpr std::string_view kActionExpected = "\"allow\" or \"deny\"";
constexpr std::string_view kProtocolExpected = "\"tcp\", \"udp\", \"icmp\" or \"any\"";
constexpr std::string_view kTestProtocolExpected = "\"tcp\", \"udp\" or \"icmp\"";
constexpr std::string_view kNameExpected = "1 to 64 printable characters";
constexpr std::string_view kPortsExpected =
    "a port from 1 to 65535, a range such as \"8000-8100\", or a list of them";

}  // namespace

template <typename T, typename Parse>
void PolicyReader::read_text(const TomlNode& table,
                             const std::string& key,
                             std::string_view name,
                             std::string_view what,
                             T& out,
                             Parse parse) {
  const auto* entry = table.find(name);
  if (entry == nullptr) {
    return;
  }
  if (const auto text = text_of(entry->node)) {
    if (auto parsed = parse(*text)) {
      out = *std::move(parsed);
      return;
    }
  }
  expected(entry->node, fmt::format("{}.{}", key, name), what);
}

void PolicyReader::read_rule(const TomlNode& table, const std::string& key) {
  constexpr std::array<std::string_view, 3> kRequired{"subject", "object", "action"};
  check_keys(table, key, kRuleKeys, kRequired);
  policy::Rule rule;
  rule.line = table.begin.line;
  read_text(table, key, "subject", kSubjectExpected, rule.subject, policy::Subject::parse);
  read_text(table, key, "action", kActionExpected, rule.action, parse_action);
  read_text(table, key, "protocol", kProtocolExpected, rule.protocol, parse_protocol);
  read_text(table, key, "name", kNameExpected, rule.name, parse_rule_name);
  if (const auto* object = table.find("object")) {
    read_object(object->node, key + ".object", rule);
  }
  if (const auto* ports = table.find("ports")) {
    read_ports(ports->node, key + ".ports", rule);
  }
  const auto* subject = table.find("subject");
  if (subject != nullptr && rule.subject.name() != nullptr &&
      rule.subject.name()->starts_with("node_")) {
    policy_.warnings.push_back(
        {place(subject->node.begin),
         key + ".subject",
         fmt::format("\"{}\" is no NodeId, which has hex digits only: taken as a node's name",
                     *rule.subject.name())});
  }
  policy_.rules.push_back(std::move(rule));
}

void PolicyReader::read_object(const TomlNode& node, const std::string& key, policy::Rule& rule) {
  const auto text = text_of(node);
  if (text && *text == "*") {
    return;
  }
  if (const auto prefix = Prefix::parse(text.value_or(""))) {
    rule.object = *prefix;
  } else if (const auto loose = InterfaceAddress::parse(text.value_or(""))) {
    fail(node.begin,
         key,
         fmt::format("found {}, expected a network without host bits; did you mean \"{}\"?",
                     describe_value(node.to_json()),
                     loose->network().to_string()));
  } else {
    expected(node, key, "a network such as \"10.0.0.0/8\", an address, or \"*\"");
  }
}

void PolicyReader::read_ports(const TomlNode& node, const std::string& key, policy::Rule& rule) {
  if (rule.protocol == policy::Protocol::icmp) {
    fail(node.begin, key, "icmp has no ports");
    return;
  }
  const policy::PolicyLimits limits;
  const auto parts =
      node.kind == TomlNode::Kind::list ? std::span{node.elements} : std::span{&node, 1};
  if (parts.empty() || parts.size() > limits.ports_max) {
    fail(node.begin,
         key,
         fmt::format("found {} ports, expected 1 to {}", parts.size(), limits.ports_max));
    return;
  }
  for (const auto& part : parts) {
    if (const auto range = parse_port_range(part)) {
      rule.ports.push_back(*range);
    } else {
      expected(part, key, kPortsExpected);
    }
  }
}

void PolicyReader::read_test(const TomlNode& table, const std::string& key) {
  constexpr std::array<std::string_view, 3> kRequired{"from", "to", "expect"};
  check_keys(table, key, kTestKeys, kRequired);
  PolicyTest test;
  test.position = table.begin;
  read_text(table, key, "from", kSubjectExpected, test.from, policy::Subject::parse);
  read_text(table, key, "to", "an IP address", test.to, IpAddress::parse);
  read_text(table, key, "expect", kActionExpected, test.expect, parse_action);
  read_text(table, key, "protocol", kTestProtocolExpected, test.protocol, parse_test_protocol);
  read_text(table, key, "name", kNameExpected, test.name, parse_rule_name);
  const auto* port = table.find("port");
  if (port != nullptr) {
    test.port = parse_port(port->node);
    if (!test.port) {
      expected(port->node, key + ".port", "a port from 1 to 65535");
    }
  }
  const bool needs_port = test.protocol != policy::Protocol::icmp;
  if (needs_port != (port != nullptr)) {
    fail(table.begin,
         key,
         needs_port ? "tcp and udp need a \"port\"" : "\"port\" needs \"protocol\" tcp or udp");
  }
  tests_.push_back(std::move(test));
}

}  // namespace quicether::mgmt
