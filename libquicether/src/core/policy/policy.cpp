#include <quicether/base/assert.hpp>
#include <quicether/core/policy/policy.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace quicether::policy {
namespace {

constexpr std::size_t kWordBits = 64;

// IANA protocol numbers.
constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kIcmpV6 = 58;

result<void> validate(const Rule& rule, const PolicyLimits& limits) {
  if (rule.ports.size() > limits.ports_max) {
    return errc::limit_reached;
  }
  const bool backwards =
      std::ranges::any_of(rule.ports, [](PortRange range) { return range.last < range.first; });
  if (backwards || (rule.protocol == Protocol::icmp && !rule.ports.empty())) {
    return errc::invalid_argument;
  }
  return {};
}

bool is_protocol(Protocol wanted, std::uint8_t number, bool v6) noexcept {
  switch (wanted) {
    case Protocol::any:
      return true;
    case Protocol::tcp:
      return number == kTcp;
    case Protocol::udp:
      return number == kUdp;
    case Protocol::icmp:
      return number == (v6 ? kIcmpV6 : kIcmp);
  }
  return false;
}

}  // namespace

result<Policy> Policy::compile(std::vector<Rule> rules, const PolicyLimits& limits) {
  if (rules.size() > limits.rules_max) {
    return errc::limit_reached;
  }
  for (const auto& rule : rules) {
    if (const auto valid = validate(rule, limits); !valid) {
      return valid.error();
    }
  }
  return Policy{std::move(rules)};
}

Policy::Policy(std::vector<Rule> rules) : rules_{std::move(rules)}, objects_{rules_} {
  services_.reserve(rules_.size());
  for (const auto& rule : rules_) {
    services_.push_back({.ports_begin = static_cast<std::uint32_t>(ports_.size()),
                         .ports_count = static_cast<std::uint16_t>(rule.ports.size()),
                         .protocol = rule.protocol,
                         .action = rule.action});
    ports_.insert(ports_.end(), rule.ports.begin(), rule.ports.end());
  }
}

PeerView Policy::view(const Identity& node) const {
  PeerView view;
  view.words_.resize(objects_.words());
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const std::uint64_t bit = rules_[i].subject.matches(node) ? 1 : 0;
    view.words_[i / kWordBits] |= bit << (i % kWordBits);
  }
  return view;
}

Match Policy::match(const PeerView& view, const Target& target) const noexcept {
  QE_DASSERT(view.words_.size() == objects_.words());
  const auto covering = objects_.rules_for(target.destination);
  for (std::size_t word = 0; word < covering.size(); ++word) {
    for (auto bits = covering[word] & view.words_[word]; bits != 0; bits &= bits - 1) {
      const auto rule = word * kWordBits + static_cast<std::size_t>(std::countr_zero(bits));
      if (matches(services_[rule], target)) {
        return {services_[rule].action, static_cast<std::uint32_t>(rule)};
      }
    }
  }
  return {};
}

bool Policy::matches(const Service& service, const Target& target) const noexcept {
  if (service.protocol == Protocol::any && service.ports_count == 0) {
    return true;
  }
  const bool when_unreadable = service.action == Action::deny;
  if (!target.protocol) {
    return when_unreadable;
  }
  if (!is_protocol(service.protocol, *target.protocol, target.destination.is_v6())) {
    return false;
  }
  if (service.ports_count == 0) {
    return true;
  }
  if (*target.protocol != kTcp && *target.protocol != kUdp) {
    return false;
  }
  if (!target.port) {
    return when_unreadable;
  }
  const auto ranges = std::span{ports_}.subspan(service.ports_begin, service.ports_count);
  return std::ranges::any_of(ranges, [port = *target.port](PortRange range) {
    return range.first <= port && port <= range.last;
  });
}

std::vector<std::string> Policy::warnings() const {
  std::vector<std::string> warnings;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const auto* prefix = rules_[i].subject.prefix();
    if (rules_[i].action == Action::allow && prefix != nullptr &&
        prefix->digits() < kUnforgeableDigits) {
      warnings.push_back(
          fmt::format("{}: anyone can make a key whose NodeId begins with '{}'; "
                      "write at least {} digits",
                      describe(rules_[i], i),
                      prefix->to_string(),
                      kUnforgeableDigits));
    }
  }
  return warnings;
}

}  // namespace quicether::policy
