#ifndef QUICETHER_CORE_POLICY_RULE_HPP
#define QUICETHER_CORE_POLICY_RULE_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/node_id.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace quicether::policy {

/// NodeId prefixes below this many digits can be matched by a key that somebody made for it: 16
/// digits are 64 bits, and 2^64 key generations are out of reach for what a rule protects.
inline constexpr std::size_t kUnforgeableDigits = 16;

enum class Action : std::uint8_t { allow, deny };

/// What a rule says about the transport. `icmp` is ICMP inside IPv4 and ICMPv6 inside IPv6.
enum class Protocol : std::uint8_t { any, tcp, udp, icmp };

/// Destination ports `first` to `last`, both included.
struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;

  friend constexpr auto operator<=>(const PortRange&, const PortRange&) noexcept = default;
};

/// One node as rules see it.
struct Identity {
  NodeId id{};
  PublicKey key{};
  std::string name{};  ///< given by this node's own configuration, never what a peer calls itself
  bool self = false;   ///< this node

  friend bool operator==(const Identity&, const Identity&) = default;
};

/// True for what may be the name of a node: 1..63 of [A-Za-z0-9._-].
[[nodiscard]] bool is_node_name(std::string_view text) noexcept;

/// Whom a rule is about.
class Subject {
 public:
  /// Everybody, this node included.
  Subject() = default;

  /// This node.
  [[nodiscard]] static Subject self();

  /// Parses "*", "self", a public key (64 hex digits), a NodeId or its first 4 or more digits
  /// ("node_3fa9", "3fa9"), or else the name of a node.
  ///
  /// What reads as a NodeId prefix is one: a node named "cafe" cannot be addressed by its name.
  /// **Errors:** `malformed`.
  [[nodiscard]] static result<Subject> parse(std::string_view text);

  [[nodiscard]] bool matches(const Identity& node) const noexcept;

  [[nodiscard]] bool is_any() const noexcept;

  [[nodiscard]] bool is_self() const noexcept;

  /// The public key, if the subject is one; lives as long as the subject.
  [[nodiscard]] const PublicKey* key() const noexcept;

  /// The NodeId prefix, if the subject is one; lives as long as the subject.
  [[nodiscard]] const NodeIdPrefix* prefix() const noexcept;

  /// The name, if the subject is one; lives as long as the subject.
  [[nodiscard]] const std::string* name() const noexcept;

  /// The subject as parse() takes it.
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const Subject&, const Subject&) = default;

 private:
  struct Any {
    friend constexpr bool operator==(Any, Any) noexcept = default;
  };

  struct Self {
    friend constexpr bool operator==(Self, Self) noexcept = default;
  };

  std::variant<Any, Self, PublicKey, NodeIdPrefix, std::string> value_{};
};

/// "Packets from `subject` to `object` over `protocol` and `ports`": allowed or denied.
///
/// Rules are tried in their order; the first that matches decides, and what none matches is denied.
struct Rule {
  Subject subject{};
  std::optional<Prefix> object{};  ///< inner destination; unset: any address of both families
  Protocol protocol = Protocol::any;
  std::vector<PortRange> ports{};  ///< destination ports; empty: any. With `any`: TCP and UDP
  Action action = Action::deny;
  std::string name{};  ///< for messages and counters; may be empty
  unsigned line = 0;   ///< in the policy file, from 1; 0: not from a file

  friend bool operator==(const Rule&, const Rule&) = default;
};

[[nodiscard]] std::string_view to_string(Action action) noexcept;

[[nodiscard]] std::string_view to_string(Protocol protocol) noexcept;

/// How messages call a rule: "rule 'dns' (line 7)", "rule at line 7", "rule 3". `index` is from 0.
[[nodiscard]] std::string describe(const Rule& rule, std::size_t index);

}  // namespace quicether::policy

#endif  // QUICETHER_CORE_POLICY_RULE_HPP
