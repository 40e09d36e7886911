#ifndef QUICETHER_CORE_POLICY_POLICY_HPP
#define QUICETHER_CORE_POLICY_POLICY_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/error.hpp>
#include <quicether/core/policy/object_index.hpp>
#include <quicether/core/policy/rule.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace quicether::policy {

/// Bounds of one policy.
struct PolicyLimits {
  std::size_t rules_max = 10'000;
  std::size_t ports_max = 256;  ///< port ranges of one rule
};

/// Where a packet goes, as far as it can be read. A non-first fragment has no port.
struct Target {
  IpAddress destination{};
  std::optional<std::uint8_t> protocol{};  ///< IANA protocol number
  std::optional<std::uint16_t> port{};     ///< destination port of TCP and UDP
};

/// What the rules say, and which of them said it.
struct Match {
  static constexpr std::uint32_t kNoRule = 0xffff'ffff;

  Action action = Action::deny;
  std::uint32_t rule = kNoRule;  ///< index from 0; kNoRule: none matched, denied by default

  friend constexpr bool operator==(const Match&, const Match&) noexcept = default;
};

/// The rules of one Policy that are about one node. Made by Policy::view().
class PeerView {
 public:
  PeerView() = default;

 private:
  friend class Policy;

  std::vector<std::uint64_t> words_{};  // bit i % 64 of word i / 64: rule i is about the node
};

/// An ordered list of rules, compiled: the first rule that matches decides, none means "deny".
///
/// What is unreadable in a packet never helps it: an `allow` with a protocol or ports needs to see
/// them, a `deny` with them also matches when they cannot be seen.
/// Immutable. Copyable and movable.
///
///   const auto policy = policy::Policy::compile(rules).value();
///   const auto laptop = policy.view(identity);             // once per peer
///   const auto match = policy.match(laptop, target);       // once per packet
class Policy {
 public:
  /// Compiles rules. No rules is a policy that denies everything.
  ///
  /// **Errors:** `limit_reached` (more rules or ports than `limits`), `invalid_argument` (a port
  /// range that ends before it begins, ports on ICMP).
  [[nodiscard]] static result<Policy> compile(std::vector<Rule> rules,
                                              const PolicyLimits& limits = {});

  /// Selects the rules about one node. The view belongs to this policy and its copies alone.
  [[nodiscard]] PeerView view(const Identity& node) const;

  /// Finds the first rule about the viewed node that matches.
  ///
  /// **Complexity:** a binary search over the objects, then rules / 64 steps and one more per rule
  /// whose subject and object match. **Allocation:** none.
  [[nodiscard]] Match match(const PeerView& view, const Target& target) const noexcept;

  [[nodiscard]] std::span<const Rule> rules() const noexcept { return rules_; }

  /// One sentence for each rule that allows a NodeId prefix which a key can be made for.
  [[nodiscard]] std::vector<std::string> warnings() const;

 private:
  // What remains to be compared once subject and object match; small, because it is read per
  // packet.
  struct Service {
    std::uint32_t ports_begin = 0;
    std::uint16_t ports_count = 0;
    Protocol protocol = Protocol::any;
    Action action = Action::deny;
  };

  explicit Policy(std::vector<Rule> rules);

  [[nodiscard]] bool matches(const Service& service, const Target& target) const noexcept;

  std::vector<Rule> rules_;
  ObjectIndex objects_;
  std::vector<Service> services_{};
  std::vector<PortRange> ports_{};
};

}  // namespace quicether::policy

#endif  // QUICETHER_CORE_POLICY_POLICY_HPP
