#include <quicether/base/assert.hpp>
#include <quicether/core/policy/packet_filter.hpp>

#include <algorithm>
#include <utility>

namespace quicether::policy {
namespace {

// ICMP echo types, RFC 792 and RFC 4443.
constexpr std::uint8_t kEchoReply = 0;
constexpr std::uint8_t kEchoRequest = 8;
constexpr std::uint8_t kEchoRequestV6 = 128;
constexpr std::uint8_t kEchoReplyV6 = 129;

bool is_echo_request(const wire::PacketInfo& info) noexcept {
  return info.is_icmp() && info.icmp_type == (info.version == 4 ? kEchoRequest : kEchoRequestV6);
}

bool is_echo_reply(const wire::PacketInfo& info) noexcept {
  return info.is_icmp() && info.icmp_type == (info.version == 4 ? kEchoReply : kEchoReplyV6);
}

bool is_tcp(const wire::PacketInfo& info) noexcept {
  return info.protocol == wire::kProtocolTcp;
}

bool is_syn(const wire::PacketInfo& info) noexcept {
  return is_tcp(info) && (info.tcp_flags & (wire::kTcpSyn | wire::kTcpAck)) == wire::kTcpSyn;
}

// Of ICMP only echo has flows: other messages carry nothing that tells one exchange from another.
bool has_flow(const wire::PacketInfo& info) noexcept {
  return !info.is_icmp() || is_echo_request(info) || is_echo_reply(info);
}

// Errors that a sender must hear of: unreachable, too big, time exceeded, parameter problem. A
// redirect would change this host's routes and is left to the rules.
bool is_reportable_error(const wire::PacketInfo& info) noexcept {
  return info.version == 4
             ? info.icmp_type == 3 || info.icmp_type == 11 || info.icmp_type == 12  // RFC 792
             : info.icmp_type >= 1 && info.icmp_type <= 4;                          // RFC 4443
}

// A reply that came unasked must not open the way for requests in the other direction.
bool may_start(const wire::PacketInfo& info) noexcept {
  return !info.is_icmp() || is_echo_request(info);
}

bool may_answer(const wire::PacketInfo& info) noexcept {
  return info.is_icmp() ? is_echo_reply(info) : !is_syn(info);
}

bool has_ports(std::uint8_t protocol) noexcept {
  return protocol == wire::kProtocolTcp || protocol == wire::kProtocolUdp;
}

Target target_of(const wire::FlowKey& key) noexcept {
  return {.destination = key.destination,
          .protocol = key.protocol,
          .port = has_ports(key.protocol) ? std::optional{key.destination_port} : std::nullopt};
}

Target target_of(const wire::PacketInfo& info) noexcept {
  Target target{.destination = info.destination, .protocol = info.protocol, .port = {}};
  if (info.fragment != wire::Fragment::later) {
    target.port = has_ports(info.protocol) ? std::optional{info.destination_port} : std::nullopt;
  } else if (info.version == 6) {
    target.protocol.reset();  // may be an extension header: only the first fragment can tell
  }
  return target;
}

// All fragments of one datagram. The identification takes the place of the ports.
FlowView fragments_of(Party from, Party to, const wire::PacketInfo& info) noexcept {
  return {.from = from,
          .to = to,
          .key = {.source = info.source,
                  .destination = info.destination,
                  .source_port = static_cast<std::uint16_t>(info.fragment_id >> 16U),
                  .destination_port = static_cast<std::uint16_t>(info.fragment_id),
                  // RFC 8200 section 4.5: IPv6 reassembly does not look at the protocol.
                  .protocol = info.version == 4 ? info.protocol : std::uint8_t{0}}};
}

}  // namespace

std::string_view to_string(Reason reason) noexcept {
  switch (reason) {
    case Reason::rule:
      return "rule";
    case Reason::reply:
      return "reply";
    case Reason::related:
      return "related";
    case Reason::fragment:
      return "fragment";
    case Reason::no_rule:
      return "no_rule";
    case Reason::unknown_node:
      return "unknown_node";
  }
  return "?";
}

PacketFilter::PacketFilter(const Policy& policy, const PacketFilterConfig& config)
    : policy_{&policy},
      flows_{config.flows, config.hash_seed},
      fragments_{config.fragments, config.hash_seed},
      by_rule_(policy.rules().size()) {
  set_node(Party{}, Identity{});
}

void PacketFilter::replace(const Policy& policy) {
  policy_ = &policy;
  by_rule_.assign(policy.rules().size(), 0);
  ++epoch_;
}

void PacketFilter::set_node(Party party, Identity identity) {
  identity.self = party.is_self();
  if (party.index() >= nodes_.size()) {
    nodes_.resize(party.index() + std::size_t{1});
  }
  auto& node = nodes_[party.index()];
  if (node.identity == identity) {
    return;
  }
  node.identity = std::move(identity);
  ++epoch_;
}

const Identity* PacketFilter::node(Party party) const noexcept {
  const bool told = party.index() < nodes_.size() && nodes_[party.index()].identity;
  return told ? &*nodes_[party.index()].identity : nullptr;
}

Verdict PacketFilter::check(
    Instant now, Party from, Party to, const wire::PacketInfo& info, ConstBytes packet) {
  const auto verdict = judge(now, {from, to, wire::flow_key(info)}, info, packet);
  if (verdict.allowed() && info.fragment == wire::Fragment::first) {
    const auto view = fragments_of(from, to, info);
    auto found = fragments_.find(now, view);
    if (found.flow == nullptr) {
      found = fragments_.insert(now, view);
    }
    found.flow->started[found.direction] = true;
    found.flow->epoch = epoch_;
  }
  count(verdict);
  return verdict;
}

Verdict PacketFilter::judge(Instant now,
                            const FlowView& view,
                            const wire::PacketInfo& info,
                            ConstBytes packet) {
  if (node(view.from) == nullptr) {
    return {Action::deny, Reason::unknown_node};
  }
  if (info.fragment == wire::Fragment::later) {
    const auto first = fragments_.find(now, fragments_of(view.from, view.to, info));
    if (first.flow != nullptr && first.flow->started[first.direction] &&
        first.flow->epoch == epoch_) {
      return {Action::allow, Reason::fragment};
    }
    return judge_by_rules(view.from, target_of(info));
  }
  if (has_flow(info)) {
    return judge_flow(now, view, info);
  }
  // An error travels against the packet that it quotes, and to the very sender of it.
  if (is_reportable_error(info)) {
    const auto quoted = wire::quoted_flow(packet, info);
    if (quoted && quoted->source == info.destination &&
        find_allowed(now, {view.to, view.from, *quoted}).flow != nullptr) {
      return {Action::allow, Reason::related};
    }
  }
  return judge_by_rules(view.from, target_of(info));
}

Verdict PacketFilter::judge_flow(Instant now, const FlowView& view, const wire::PacketInfo& info) {
  auto found = find_allowed(now, view);
  if (found.flow != nullptr && found.flow->started[found.direction]) {
    follow(now, found, info);
    return {Action::allow, Reason::rule, found.flow->rule[found.direction]};
  }
  if (found.flow != nullptr && may_answer(info)) {
    follow(now, found, info);
    return {Action::allow, Reason::reply};
  }
  const auto verdict = judge_by_rules(view.from, target_of(info));
  if (verdict.allowed() && may_start(info)) {
    if (found.flow == nullptr) {
      found = flows_.insert(now, view);
      found.flow->epoch = epoch_;
    }
    found.flow->started[found.direction] = true;
    found.flow->rule[found.direction] = verdict.rule;
    follow(now, found, info);
  }
  return verdict;
}

Verdict PacketFilter::judge_by_rules(Party from, const Target& target) {
  auto& node = nodes_[from.index()];
  QE_DASSERT(node.identity.has_value());
  if (node.epoch != epoch_) {
    node.view = policy_->view(*node.identity);
    node.epoch = epoch_;
  }
  const auto match = policy_->match(node.view, target);
  return {match.action, match.rule == Match::kNoRule ? Reason::no_rule : Reason::rule, match.rule};
}

// The flow, if what started it is still allowed.
FlowTable::Found PacketFilter::find_allowed(Instant now, const FlowView& view) {
  const auto found = flows_.find(now, view);
  if (found.flow == nullptr || found.flow->epoch == epoch_) {
    return found;
  }
  auto& flow = *found.flow;
  flow.epoch = epoch_;
  for (std::size_t direction = 0; direction < 2; ++direction) {
    if (flow.started[direction]) {
      const auto started = direction == 0 ? flow.view : flow.view.reversed();
      const auto verdict = judge_by_rules(started.from, target_of(started.key));
      flow.started[direction] = verdict.allowed();
      flow.rule[direction] = verdict.rule;
    }
  }
  if (!flow.started[0] && !flow.started[1]) {
    flows_.erase(found);
    return {nullptr, 0, found.direction};
  }
  return found;
}

void PacketFilter::follow(Instant now,
                          const FlowTable::Found& found,
                          const wire::PacketInfo& info) noexcept {
  auto life = FlowLife::transient;
  if (is_tcp(info)) {
    auto& flow = *found.flow;
    if (is_syn(info)) {  // a new connection, maybe on the ports of an old one
      flow.spoken = {};
      flow.finished = {};
      flow.reset = false;
    }
    flow.spoken[found.direction] = true;
    flow.finished[found.direction] |= (info.tcp_flags & wire::kTcpFin) != 0;
    flow.reset |= (info.tcp_flags & wire::kTcpRst) != 0;
    const bool open =
        flow.spoken[0] && flow.spoken[1] && !flow.reset && !(flow.finished[0] && flow.finished[1]);
    life = open ? FlowLife::established : FlowLife::transient;
  }
  flows_.touch(now, found, life);
}

void PacketFilter::count(const Verdict& verdict) noexcept {
  switch (verdict.reason) {
    case Reason::rule:
      ++(verdict.allowed() ? counters_.allowed_by_rule : counters_.denied_by_rule);
      ++by_rule_[verdict.rule];
      break;
    case Reason::reply:
      ++counters_.allowed_as_reply;
      break;
    case Reason::related:
      ++counters_.allowed_as_related;
      break;
    case Reason::fragment:
      ++counters_.allowed_as_fragment;
      break;
    case Reason::no_rule:
      ++counters_.denied_by_default;
      break;
    case Reason::unknown_node:
      ++counters_.denied_unknown_node;
      break;
  }
}

}  // namespace quicether::policy
