#include "mgmt/policy_tests.hpp"

#include "mgmt/peers_codec.hpp"

#include <quicether/core/crypto/node_address.hpp>
#include <quicether/core/wire/ip.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

namespace quicether::mgmt {
namespace {

constexpr std::size_t kIdDigits = 40;

bool names_more_than(const policy::Rule& rule, std::size_t digits, const NodeId& id) {
  const auto* prefix = rule.subject.prefix();
  return prefix != nullptr && prefix->digits() > digits && prefix->matches(id);
}

// A NodeId that begins with `digits` and that no rule names by more of them. A rule takes at most
// one of the 65536 ways to go on, and there are fewer rules than that.
NodeId unnamed_id(const std::string& digits, std::span<const policy::Rule> rules) {
  NodeId id;
  for (unsigned way = 0; way <= 0xffffU; ++way) {
    auto text = digits + fmt::format("{:04x}", way);
    text.resize(kIdDigits, '0');
    id = NodeId::parse(text).value();
    if (std::ranges::none_of(rules, [&](const policy::Rule& rule) {
          return names_more_than(rule, digits.size(), id);
        })) {
      break;
    }
  }
  return id;
}

// Whom a test is about. What the configuration knows about the node counts.
policy::Identity resolve(const policy::Subject& from,
                         std::span<const policy::Rule> rules,
                         const Config& config) {
  policy::Identity node;
  node.self = from.is_self();
  const auto* const key = from.key();
  const auto* const prefix = from.prefix();
  const auto* const name = from.name();
  const auto known = std::ranges::find_if(config.peer, [&](const PeerEntry& peer) {
    const auto id = pinned_id(peer);
    return (name != nullptr && peer.name == *name) || (key != nullptr && peer.key == *key) ||
           (prefix != nullptr && id && prefix->matches(*id));
  });
  if (known != config.peer.end()) {
    node.id = pinned_id(*known).value_or(unnamed_id({}, rules));
    node.key = known->key.value_or(PublicKey{});
    node.name = known->name;
    return node;
  }
  node.name = node.self ? config.node.name : name != nullptr ? *name : std::string{};
  if (key != nullptr) {
    node.key = *key;
    node.id = crypto::node_id(*key);
  } else {
    node.id = unnamed_id(prefix != nullptr ? prefix->to_string() : std::string{}, rules);
  }
  return node;
}

// The number in packets of one family.
std::uint8_t protocol_number(policy::Protocol protocol, bool v6) noexcept {
  switch (protocol) {
    case policy::Protocol::tcp:
      return wire::kProtocolTcp;
    case policy::Protocol::udp:
      return wire::kProtocolUdp;
    case policy::Protocol::any:  // no packet has it, and parse_test_protocol() refuses it
    case policy::Protocol::icmp:
      break;
  }
  return v6 ? wire::kProtocolIcmpV6 : wire::kProtocolIcmp;
}

std::string describe_packet(const PolicyTest& test) {
  const auto port = test.port ? fmt::format(" port {}", *test.port) : std::string{};
  return fmt::format("{} from {} to {}{}",
                     policy::to_string(test.protocol),
                     test.from.to_string(),
                     test.to.to_string(),
                     port);
}

}  // namespace

std::optional<std::string> failure_of(const PolicyTest& test,
                                      const policy::Policy& policy,
                                      const Config& config) {
  const auto rules = policy.rules();
  const policy::Target target{.destination = test.to,
                              .protocol = protocol_number(test.protocol, test.to.is_v6()),
                              .port = test.port};
  const auto match = policy.match(policy.view(resolve(test.from, rules, config)), target);
  if (match.action == test.expect) {
    return std::nullopt;
  }
  const auto found = match.rule == policy::Match::kNoRule
                         ? std::string{"no rule allows it"}
                         : fmt::format("{} {} it",
                                       policy::describe(rules[match.rule], match.rule),
                                       match.action == policy::Action::allow ? "allows" : "denies");
  return fmt::format(
      "expected to {} {}, but {}", policy::to_string(test.expect), describe_packet(test), found);
}

}  // namespace quicether::mgmt
