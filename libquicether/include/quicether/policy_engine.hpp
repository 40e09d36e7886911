#ifndef QUICETHER_POLICY_ENGINE_HPP
#define QUICETHER_POLICY_ENGINE_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/event.hpp>
#include <quicether/base/ids.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/policy/event_aggregator.hpp>
#include <quicether/core/policy/flow_table.hpp>
#include <quicether/core/policy/packet_filter.hpp>
#include <quicether/core/policy/policy.hpp>
#include <quicether/core/policy/rule.hpp>
#include <quicether/core/wire/ip.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace quicether {

struct PolicyEngineConfig {
  policy::PolicyLimits limits{};
  policy::PacketFilterConfig filter{};
  policy::EventAggregatorConfig events{.target = "policy.denied"};
};

/// Decides which packets may cross between this node and its peers, and tells what it denied.
///
/// The rules are compiled into an immutable policy that replace() exchanges as a whole, between two
/// packets; policy::PacketFilter says how packets are judged. Nobody may do anything that no rule
/// allows: an engine without rules denies every packet, pings included.
/// Movable, not copyable. Threads: one at a time. Needs neither an Environment nor Asio.
///
///     auto engine = quicether::PolicyEngine::compile(rules).value();
///     engine.set_peer(peer, id, key, "laptop");
///     if (engine.check(now, policy::Party{peer}, policy::Party{}, info, packet).allowed()) …
class PolicyEngine {
 public:
  /// Compiles rules.
  ///
  /// **Errors:** those of policy::Policy::compile().
  [[nodiscard]] static result<PolicyEngine> compile(std::vector<policy::Rule> rules,
                                                    const PolicyEngineConfig& config = {});

  /// What holds when nobody wrote a policy: this node may start flows to anyone, peers may start
  /// none.
  [[nodiscard]] static PolicyEngine built_in(const PolicyEngineConfig& config = {});

  /// Exchanges the rules. On an error the old ones stay. Flows that the new rules deny end with
  /// their next packet.
  ///
  /// **Errors:** those of policy::Policy::compile().
  [[nodiscard]] result<void> replace(std::vector<policy::Rule> rules);

  /// Tells who this node is. Before, only the subjects "*" and "self" mean it.
  void set_self(const NodeId& id, const PublicKey& key, std::string name);

  /// Tells who a peer is; its packets are denied before. `name`: from this node's configuration,
  /// never what the peer calls itself; may be empty.
  void set_peer(PeerIndex peer, const NodeId& id, const PublicKey& key, std::string name);

  /// Judges one packet; see policy::PacketFilter::check(). Denials become events.
  [[nodiscard]] policy::Verdict check(Instant now,
                                      policy::Party from,
                                      policy::Party to,
                                      const wire::PacketInfo& info,
                                      ConstBytes packet);

  /// The next event "policy.denied": one per peer and reason, and at most 100 in a second. Fields:
  /// peer, reason, count, and of the first packet source, destination, protocol and the rule.
  [[nodiscard]] std::optional<Event> poll_event(Instant now) { return denials_.poll_event(now); }

  /// When poll_event() will have something.
  [[nodiscard]] Instant next_timeout() const noexcept { return denials_.next_timeout(); }

  [[nodiscard]] std::span<const policy::Rule> rules() const noexcept { return policy_->rules(); }

  /// Packets that each rule decided about since it came into force, in the order of rules().
  [[nodiscard]] std::span<const std::uint64_t> rule_counters() const noexcept {
    return filter_.rule_counters();
  }

  /// Every other counter by its dotted name, in name order.
  [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> counters() const;

  /// See policy::Policy::warnings().
  [[nodiscard]] std::vector<std::string> warnings() const { return policy_->warnings(); }

 private:
  PolicyEngine(policy::Policy policy, const PolicyEngineConfig& config);

  void note_denial(Instant now,
                   policy::Party from,
                   policy::Party to,
                   const policy::Verdict& verdict,
                   const wire::PacketInfo& info);

  policy::PolicyLimits limits_;
  std::unique_ptr<const policy::Policy> policy_;  // filter_ points to it, also after a move
  policy::PacketFilter filter_;
  policy::EventAggregator denials_;
};

}  // namespace quicether

#endif  // QUICETHER_POLICY_ENGINE_HPP
