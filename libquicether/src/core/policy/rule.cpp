#include <quicether/core/policy/rule.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

namespace quicether::policy {
namespace {

constexpr std::size_t kNameBytesMax = 63;  // as a DNS label, RFC 1035 section 2.3.4

constexpr bool is_name_character(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

bool is_node_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kNameBytesMax &&
         std::ranges::all_of(text, is_name_character);
}

Subject Subject::self() {
  Subject subject;
  subject.value_ = Self{};
  return subject;
}

result<Subject> Subject::parse(std::string_view text) {
  Subject subject;
  if (text == "*") {
    return subject;
  }
  if (text == "self") {
    return self();
  }
  if (const auto key = PublicKey::parse(text)) {
    subject.value_ = *key;
  } else if (auto prefix = NodeIdPrefix::parse(text)) {
    subject.value_ = *std::move(prefix);
  } else if (is_node_name(text) && !IpAddress::parse(text)) {
    subject.value_ = std::string{text};
  } else {
    return errc::malformed;  // an address as a subject is an object in the wrong place
  }
  return subject;
}

bool Subject::matches(const Identity& node) const noexcept {
  return std::visit(
      [&node](const auto& value) {
        using Value = std::remove_cvref_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, Any>) {
          return true;
        } else if constexpr (std::is_same_v<Value, Self>) {
          return node.self;
        } else if constexpr (std::is_same_v<Value, PublicKey>) {
          return value == node.key;
        } else if constexpr (std::is_same_v<Value, NodeIdPrefix>) {
          return value.matches(node.id);
        } else {
          return value == node.name;
        }
      },
      value_);
}

bool Subject::is_any() const noexcept {
  return std::holds_alternative<Any>(value_);
}

bool Subject::is_self() const noexcept {
  return std::holds_alternative<Self>(value_);
}

const PublicKey* Subject::key() const noexcept {
  return std::get_if<PublicKey>(&value_);
}

const NodeIdPrefix* Subject::prefix() const noexcept {
  return std::get_if<NodeIdPrefix>(&value_);
}

const std::string* Subject::name() const noexcept {
  return std::get_if<std::string>(&value_);
}

std::string Subject::to_string() const {
  return std::visit(
      [](const auto& value) -> std::string {
        using Value = std::remove_cvref_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, Any>) {
          return "*";
        } else if constexpr (std::is_same_v<Value, Self>) {
          return "self";
        } else if constexpr (std::is_same_v<Value, PublicKey>) {
          return value.to_string();
        } else if constexpr (std::is_same_v<Value, NodeIdPrefix>) {
          return "node_" + value.to_string();
        } else {
          return value;
        }
      },
      value_);
}

std::string_view to_string(Action action) noexcept {
  return action == Action::allow ? "allow" : "deny";
}

std::string_view to_string(Protocol protocol) noexcept {
  switch (protocol) {
    case Protocol::any:
      return "any";
    case Protocol::tcp:
      return "tcp";
    case Protocol::udp:
      return "udp";
    case Protocol::icmp:
      return "icmp";
  }
  return "?";
}

std::string describe(const Rule& rule, std::size_t index) {
  if (!rule.name.empty()) {
    return rule.line == 0 ? fmt::format("rule '{}'", rule.name)
                          : fmt::format("rule '{}' (line {})", rule.name, rule.line);
  }
  return rule.line == 0 ? fmt::format("rule {}", index + 1)
                        : fmt::format("rule at line {}", rule.line);
}

}  // namespace quicether::policy
