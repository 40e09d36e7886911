#include <quicether/base/assert.hpp>
#include <quicether/policy_engine.hpp>

#include <fmt/format.h>

namespace quicether {
namespace {

// Packets to a peer and packets of it are told apart.
std::string_view reason_text(const policy::Verdict& verdict, bool from_self) noexcept {
  switch (verdict.reason) {
    case policy::Reason::rule:
      return from_self ? "outbound_rule" : "inbound_rule";
    case policy::Reason::unknown_node:
      return "unknown_node";
    case policy::Reason::reply:
    case policy::Reason::related:
    case policy::Reason::fragment:
    case policy::Reason::no_rule:
      break;
  }
  return from_self ? "outbound_no_rule" : "inbound_no_rule";
}

std::string endpoint_text(const IpAddress& address, std::uint16_t port) {
  return port == 0 ? address.to_string() : SocketAddress{address, port}.to_string();
}

}  // namespace

result<PolicyEngine> PolicyEngine::compile(std::vector<policy::Rule> rules,
                                           const PolicyEngineConfig& config) {
  auto compiled = policy::Policy::compile(std::move(rules), config.limits);
  if (!compiled) {
    return compiled.error();
  }
  return PolicyEngine{*std::move(compiled), config};
}

PolicyEngine PolicyEngine::built_in(const PolicyEngineConfig& config) {
  std::vector<policy::Rule> rules;
  rules.push_back({.subject = policy::Subject::self(),
                   .action = policy::Action::allow,
                   .name = "built-in: this node may start"});
  auto engine = compile(std::move(rules), config);
  QE_ASSERT(engine.has_value());
  return *std::move(engine);
}

PolicyEngine::PolicyEngine(policy::Policy policy, const PolicyEngineConfig& config)
    : limits_{config.limits},
      policy_{std::make_unique<const policy::Policy>(std::move(policy))},
      filter_{*policy_, config.filter},
      denials_{config.events} {}

result<void> PolicyEngine::replace(std::vector<policy::Rule> rules) {
  auto compiled = policy::Policy::compile(std::move(rules), limits_);
  if (!compiled) {
    return compiled.error();
  }
  auto next = std::make_unique<const policy::Policy>(*std::move(compiled));
  filter_.replace(*next);
  policy_ = std::move(next);
  return {};
}

void PolicyEngine::set_self(const NodeId& id, const PublicKey& key, std::string name) {
  filter_.set_node(policy::Party{}, {.id = id, .key = key, .name = std::move(name), .self = true});
}

void PolicyEngine::set_peer(PeerIndex peer,
                            const NodeId& id,
                            const PublicKey& key,
                            std::string name) {
  filter_.set_node(policy::Party{peer}, {.id = id, .key = key, .name = std::move(name)});
}

policy::Verdict PolicyEngine::check(Instant now,
                                    policy::Party from,
                                    policy::Party to,
                                    const wire::PacketInfo& info,
                                    ConstBytes packet) {
  const auto verdict = filter_.check(now, from, to, info, packet);
  if (!verdict.allowed()) {
    note_denial(now, from, to, verdict, info);
  }
  return verdict;
}

void PolicyEngine::note_denial(Instant now,
                               policy::Party from,
                               policy::Party to,
                               const policy::Verdict& verdict,
                               const wire::PacketInfo& info) {
  const auto* peer = filter_.node(from.is_self() ? to : from);
  denials_.note(
      now, peer == nullptr ? NodeId{} : peer->id, reason_text(verdict, from.is_self()), [&] {
        policy::EventAggregator::Fields fields{
            {"source", endpoint_text(info.source, info.source_port)},
            {"destination", endpoint_text(info.destination, info.destination_port)},
            {"protocol", std::to_string(info.protocol)}};
        if (verdict.reason == policy::Reason::rule) {
          fields.emplace_back("rule", policy::describe(rules()[verdict.rule], verdict.rule));
        }
        return fields;
      });
}

std::vector<std::pair<std::string, std::uint64_t>> PolicyEngine::counters() const {
  const auto& counters = filter_.counters();
  return {
      {"policy.allowed.fragment", counters.allowed_as_fragment},
      {"policy.allowed.related", counters.allowed_as_related},
      {"policy.allowed.reply", counters.allowed_as_reply},
      {"policy.allowed.rule", counters.allowed_by_rule},
      {"policy.denied.no_rule", counters.denied_by_default},
      {"policy.denied.rule", counters.denied_by_rule},
      {"policy.denied.unknown_node", counters.denied_unknown_node},
      {"policy.flows", filter_.flows().size()},
      {"policy.flows_evicted", filter_.flows().evictions()},
  };
}

}  // namespace quicether
