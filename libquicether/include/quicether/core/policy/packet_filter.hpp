#ifndef QUICETHER_CORE_POLICY_PACKET_FILTER_HPP
#define QUICETHER_CORE_POLICY_PACKET_FILTER_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/ids.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/policy/flow_table.hpp>
#include <quicether/core/policy/policy.hpp>
#include <quicether/core/policy/rule.hpp>
#include <quicether/core/wire/ip.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace quicether::policy {

/// Why a packet may pass or not.
enum class Reason : std::uint8_t {
  rule,          ///< a rule allows or denies it
  reply,         ///< allowed: it answers a flow that a rule allows
  related,       ///< allowed: an ICMP error about a packet of a known flow
  fragment,      ///< allowed: a later fragment of a datagram whose first fragment passed
  no_rule,       ///< denied: no rule matches
  unknown_node,  ///< denied: set_node() was never called for the sender
};

/// "rule", "no_rule" and so on.
[[nodiscard]] std::string_view to_string(Reason reason) noexcept;

struct Verdict {
  Action action = Action::deny;
  Reason reason = Reason::no_rule;
  std::uint32_t rule = Match::kNoRule;  ///< index of the deciding rule, with Reason::rule only

  [[nodiscard]] constexpr bool allowed() const noexcept { return action == Action::allow; }
};

struct PacketFilterConfig {
  FlowTableConfig flows{};
  FlowTableConfig fragments{.flows_max = 4096, .flows_per_party_max = 1024};
  std::uint64_t hash_seed = 0;  ///< of the flow tables: random, lest peers choose what collides
};

/// Packets by what decided about them.
struct PacketFilterCounters {
  std::uint64_t allowed_by_rule = 0;
  std::uint64_t allowed_as_reply = 0;
  std::uint64_t allowed_as_related = 0;
  std::uint64_t allowed_as_fragment = 0;
  std::uint64_t denied_by_rule = 0;
  std::uint64_t denied_by_default = 0;
  std::uint64_t denied_unknown_node = 0;
};

/// Judges every packet that crosses between this node and a peer, or between two peers.
///
/// The sender is the subject, the inner destination the object:
///
///     self ──> peer   outbound: this node's rules about itself ("self", "*", its name or NodeId)
///     peer ──> self   inbound: the rules about that peer
///     peer ──> peer   forwarded: the rules about the sender
///
/// A packet passes when a rule allows it, or when it answers a flow that a rule allows between the
/// same two parties. Only a request counts as a start: a TCP SYN or an ICMP echo request is never
/// an answer. ICMP errors pass when they quote a packet of a known flow, later fragments when the
/// first one passed.
/// Every packet is judged by one policy, whole. After replace(), flows that began before are judged
/// again with their next packet in either direction, so that what a new policy denies stops at
/// once. A sans-IO machine: time comes in, nothing goes out. Movable.
class PacketFilter {
 public:
  /// `policy` outlives the filter or its next replace().
  PacketFilter(const Policy& policy, const PacketFilterConfig& config);

  /// Changes the policy between two packets. Rule counters start anew.
  void replace(const Policy& policy);

  /// Says who a party is. Its packets are denied before. Telling again replaces what was told.
  void set_node(Party party, Identity identity);

  /// Who a party is; null when set_node() never told. Valid until the next set_node().
  [[nodiscard]] const Identity* node(Party party) const noexcept;

  /// Judges one packet, and remembers its flow when a rule allows it.
  ///
  /// `info` is what wire::parse_packet() made of `packet`. `now` never goes back.
  /// **Complexity:** one hash look-up for a known flow, Policy::match() for others.
  /// **Allocation:** none in steady state; the first packet of a party after replace() selects its
  /// rules.
  [[nodiscard]] Verdict check(
      Instant now, Party from, Party to, const wire::PacketInfo& info, ConstBytes packet);

  [[nodiscard]] const PacketFilterCounters& counters() const noexcept { return counters_; }

  /// Packets that each rule decided about since replace(), in the order of the rules.
  [[nodiscard]] std::span<const std::uint64_t> rule_counters() const noexcept { return by_rule_; }

  [[nodiscard]] const FlowTable& flows() const noexcept { return flows_; }

 private:
  struct Node {
    std::optional<Identity> identity{};
    PeerView view{};
    std::uint32_t epoch = 0;  // of the view
  };

  [[nodiscard]] Verdict judge(Instant now,
                              const FlowView& view,
                              const wire::PacketInfo& info,
                              ConstBytes packet);
  [[nodiscard]] Verdict judge_flow(Instant now, const FlowView& view, const wire::PacketInfo& info);
  [[nodiscard]] Verdict judge_by_rules(Party from, const Target& target);
  [[nodiscard]] FlowTable::Found find_allowed(Instant now, const FlowView& view);
  void follow(Instant now, const FlowTable::Found& found, const wire::PacketInfo& info) noexcept;
  void count(const Verdict& verdict) noexcept;

  const Policy* policy_;
  FlowTable flows_;
  FlowTable fragments_;
  std::vector<Node> nodes_{};  // by Party::index()
  std::vector<std::uint64_t> by_rule_;
  PacketFilterCounters counters_{};
  std::uint32_t epoch_ = 1;  // changes when a flow or a view may be judged differently
};

}  // namespace quicether::policy

#endif  // QUICETHER_CORE_POLICY_PACKET_FILTER_HPP
