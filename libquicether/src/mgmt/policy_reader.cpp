#include "mgmt/policy_reader.hpp"

#include "mgmt/config_value.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/core/policy/policy.hpp>
#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace quicether::mgmt {
namespace {

constexpr std::size_t kErrorsMax = 100;
constexpr std::size_t kNameBytesMax = 64;  // of an unknown name in a message

constexpr std::array<std::string_view, 3> kFileKeys{"rules", "tests", "policy"};
constexpr std::array<std::string_view, 2> kPolicyKeys{"rules", "tests"};

}  // namespace

std::string PolicyReader::place(TextPosition position) const {
  return fmt::format("{}:{}:{}", file_, position.line, position.column);
}

void PolicyReader::fail(TextPosition position, std::string key, std::string problem) {
  if (errors_.size() < kErrorsMax) {
    errors_.push_back(
        {position, errors_.size(), {place(position), std::move(key), std::move(problem)}});
  }
}

void PolicyReader::fail(std::string problem) {
  errors_.push_back({{}, errors_.size(), {file_, {}, std::move(problem)}});
}

void PolicyReader::expected(const TomlNode& node, std::string key, std::string_view what) {
  fail(node.begin,
       std::move(key),
       fmt::format("found {}, expected {}", describe_value(node.to_json()), what));
}

void PolicyReader::check_keys(const TomlNode& table,
                              std::string_view key,
                              std::span<const std::string_view> known,
                              std::span<const std::string_view> required) {
  const auto in = [key](std::string_view name) {
    return key.empty() ? std::string{name} : fmt::format("{}.{}", key, name);
  };
  for (const auto& entry : table.entries) {
    if (std::ranges::find(known, entry.name) != known.end()) {
      continue;
    }
    const auto close = closest_match(entry.name, known);
    fail(entry.position,
         in(printable(entry.name, kNameBytesMax)),
         close.empty() ? fmt::format("unknown key, expected one of {}", fmt::join(known, ", "))
                       : fmt::format("unknown key; did you mean \"{}\"?", close));
  }
  for (const auto name : required) {
    if (table.find(name) == nullptr) {
      fail(table.begin, in(name), "missing");
    }
  }
}

bool PolicyReader::is_list_of_tables(const TomlEntry& entry, const std::string& key) {
  if (entry.node.kind != TomlNode::Kind::list) {
    expected(entry.node, key, fmt::format("tables: [[{}]]", key));
    return false;
  }
  for (const auto& element : entry.node.elements) {
    if (element.kind != TomlNode::Kind::table) {
      expected(element, key, fmt::format("a table: [[{}]]", key));
      return false;
    }
  }
  return true;
}

void PolicyReader::read(const TomlNode& root) {
  check_keys(root, {}, kFileKeys);
  read_lists(root, {});
  const auto* section = root.find("policy");
  if (section == nullptr) {
    return;
  }
  if (section->node.kind != TomlNode::Kind::table) {
    expected(section->node, "policy", "a table with [[policy.rules]]");
    return;
  }
  check_keys(section->node, "policy", kPolicyKeys);
  if (const auto* rules = section->node.find("rules"); rules && root.find("rules")) {
    fail(rules->position, "policy.rules", "the file has [[rules]] too: in which order are they?");
    return;
  }
  read_lists(section->node, "policy.");
}

void PolicyReader::read_lists(const TomlNode& table, std::string_view prefix) {
  if (const auto* rules = table.find("rules")) {
    read_rules(*rules, fmt::format("{}rules", prefix));
  }
  if (const auto* tests = table.find("tests")) {
    read_tests(*tests, fmt::format("{}tests", prefix));
  }
}

void PolicyReader::read_rules(const TomlEntry& entry, const std::string& key) {
  if (!is_list_of_tables(entry, key)) {
    return;
  }
  const policy::PolicyLimits limits;
  if (entry.node.elements.size() > limits.rules_max) {
    fail(entry.position,
         key,
         fmt::format("found {} rules, at most {} are allowed",
                     entry.node.elements.size(),
                     limits.rules_max));
    return;
  }
  for (const auto& element : entry.node.elements) {
    read_rule(element, key);
  }
}

void PolicyReader::read_tests(const TomlEntry& entry, const std::string& key) {
  if (!is_list_of_tables(entry, key)) {
    return;
  }
  if (tests_.size() + entry.node.elements.size() > kPolicyTestsMax) {
    fail(entry.position, key, fmt::format("more than {} tests", kPolicyTestsMax));
    return;
  }
  for (const auto& element : entry.node.elements) {
    read_test(element, key);
  }
}

PolicyFileResult PolicyReader::finish(const Config& config) && {
  if (errors_.empty() && !tests_.empty()) {
    run_tests(config);
  }
  if (!errors_.empty()) {
    std::ranges::sort(
        errors_, {}, [](const Found& found) { return std::pair{found.position, found.order}; });
    ConfigErrors errors;
    std::ranges::transform(errors_, std::back_inserter(errors.errors), [](Found& found) {
      return std::move(found.diagnostic);
    });
    return errors;
  }
  policy_.tests = tests_.size();
  return std::move(policy_);
}

void PolicyReader::run_tests(const Config& config) {
  const auto policy = policy::Policy::compile(policy_.rules);
  QE_ASSERT(policy.has_value());  // what compile() refuses was refused above, with its place
  for (const auto& test : tests_) {
    if (auto failure = failure_of(test, *policy, config)) {
      fail(test.position,
           test.name.empty() ? "tests" : fmt::format("tests \"{}\"", test.name),
           *std::move(failure));
    }
  }
}

}  // namespace quicether::mgmt
