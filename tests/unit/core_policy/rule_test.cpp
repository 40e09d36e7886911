#include <quicether/core/policy/rule.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>

namespace quicether::policy {
namespace {

constexpr std::string_view kKey =
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

Identity peer(std::string_view id_digits, std::string name = {}) {
  std::string digits{id_digits};
  digits.resize(40, '0');
  return {.id = NodeId::parse(digits).value(), .key = {}, .name = std::move(name), .self = false};
}

TEST_CASE("subject: reads everybody, this node, keys, NodeIds, prefixes and names",
          "[policy][rule]") {
  struct Case {
    std::string text;
    std::string shown;
  };

  const std::string id(40, 'a');
  const Case cases[] = {
      {"*", "*"},
      {"self", "self"},
      {std::string{kKey}, std::string{kKey}},
      {id, "node_" + id},
      {"node_abc123", "node_abc123"},
      {"ABC123", "node_abc123"},
      {"node_xyz789", "node_xyz789"},  // no hex digits: a name
      {"abc", "abc"},                  // too short for a prefix: a name
      {"home-server.lan", "home-server.lan"},
  };
  for (const auto& [text, shown] : cases) {
    CAPTURE(text);
    const auto subject = Subject::parse(text);
    REQUIRE(subject.has_value());
    CHECK(subject->to_string() == shown);
    CHECK(Subject::parse(subject->to_string()).value() == *subject);
  }
  CHECK(Subject::parse("node_abc123")->prefix() != nullptr);
  CHECK(Subject::parse("node_xyz789")->name() != nullptr);
  CHECK(Subject::parse(kKey)->key() != nullptr);
  CHECK(Subject::parse("*")->is_any());
  CHECK(Subject::parse("self")->is_self());
}

TEST_CASE("subject: refuses what is no name", "[policy][rule]") {
  for (const std::string& text : {std::string{},
                                  std::string{"10.0.0.1"},
                                  std::string{"fd00::1"},
                                  std::string{"10.0.0.0/8"},
                                  std::string{"two words"},
                                  std::string{"new\nline"},
                                  std::string{"z\0z", 3},
                                  std::string{"\xc3\xa9"},
                                  std::string(64, 'z')}) {
    CAPTURE(text);
    CHECK(Subject::parse(text).error() == errc::malformed);
  }
  CHECK(Subject::parse(std::string(63, 'z')).has_value());
}

TEST_CASE("subject: matches only whom it means", "[policy][rule]") {
  Identity self = peer("1111");
  self.self = true;
  Identity laptop = peer("abc123", "laptop");
  laptop.key = PublicKey::parse(kKey).value();

  const auto matches = [](std::string_view text, const Identity& node) {
    return Subject::parse(text).value().matches(node);
  };

  CHECK(matches("*", self));
  CHECK(matches("*", laptop));
  CHECK(matches("self", self));
  CHECK_FALSE(matches("self", laptop));
  CHECK(matches("node_abc1", laptop));
  CHECK_FALSE(matches("node_abc124", laptop));
  CHECK(matches("laptop", laptop));
  CHECK_FALSE(matches("Laptop", laptop));
  CHECK_FALSE(matches("laptop", self));
  CHECK(matches(kKey, laptop));
  CHECK_FALSE(matches(kKey, self));
}

TEST_CASE("subject: a name that reads as a prefix never matches by name", "[policy][rule]") {
  const auto cafe = Subject::parse("cafe").value();

  CHECK_FALSE(cafe.matches(peer("1234", "cafe")));
  CHECK(cafe.matches(peer("cafe")));
}

TEST_CASE("rule: is described by its name and line", "[policy][rule]") {
  Rule rule;
  CHECK(describe(rule, 2) == "rule 3");
  rule.line = 7;
  CHECK(describe(rule, 2) == "rule at line 7");
  rule.name = "dns";
  CHECK(describe(rule, 2) == "rule 'dns' (line 7)");
  rule.line = 0;
  CHECK(describe(rule, 2) == "rule 'dns'");
}

}  // namespace
}  // namespace quicether::policy
