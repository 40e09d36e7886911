// What a packet costs to judge: by the compiled rules alone, as part of a known flow, and as the
// first packet of a new one.

#include <quicether/base/random.hpp>
#include <quicether/core/policy/packet_filter.hpp>
#include <quicether/core/policy/policy.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

using namespace quicether;
using policy::Action;
using policy::Party;
using policy::Policy;
using policy::Protocol;
using policy::Rule;

namespace {

constexpr std::size_t kPackets = 1024;

// As an operator writes them: networks of many sizes, some for named peers, many with ports, the
// wide ones last.
std::vector<Rule> make_rules(std::size_t count) {
  SeededRandom random{1};
  std::vector<Rule> rules;
  while (rules.size() + 1 < count) {
    Rule rule;
    if (random.below(2) == 0) {
      rule.subject = policy::Subject::parse("peer" + std::to_string(random.below(50))).value();
    }
    const auto network = 0x0a00'0000U + static_cast<std::uint32_t>(random.below(1U << 24U));
    rule.object =
        Prefix::make(IpAddress::v4(network), 16 + static_cast<unsigned>(random.below(17))).value();
    if (random.below(2) == 0) {
      rule.protocol = Protocol::tcp;
      rule.ports = {{443, 443}, {8000, 8100}};
    }
    rule.action = random.below(4) == 0 ? Action::deny : Action::allow;
    rules.push_back(std::move(rule));
  }
  Rule last;
  last.object = Prefix::parse("10.0.0.0/8").value();
  last.action = Action::allow;
  rules.push_back(std::move(last));
  return rules;
}

policy::Identity peer() {
  policy::Identity node;
  node.name = "peer7";
  return node;
}

// Half of the destinations lie in 10.0.0.0/8 at random, half in the networks of the rules.
std::vector<IpAddress> make_destinations(const std::vector<Rule>& rules) {
  SeededRandom random{2};
  std::vector<IpAddress> destinations(kPackets);
  for (auto& destination : destinations) {
    destination =
        random.below(2) == 0
            ? IpAddress::v4(0x0a00'0000U + static_cast<std::uint32_t>(random.below(1U << 24U)))
            : rules[random.below(rules.size())].object->address();
  }
  return destinations;
}

wire::PacketInfo packet_to(const IpAddress& destination, std::uint16_t source_port) {
  wire::PacketInfo info;
  info.source = IpAddress::v4(0x6440'0002U);
  info.destination = destination;
  info.source_port = source_port;
  info.destination_port = 443;
  info.version = 4;
  info.protocol = wire::kProtocolTcp;
  info.tcp_flags = wire::kTcpAck;
  info.packet_bytes = 1400;
  info.transport_offset = 20;
  return info;
}

void policy_match(benchmark::State& state) {
  const auto rules = make_rules(static_cast<std::size_t>(state.range(0)));
  const auto compiled = Policy::compile(rules).value();
  const auto view = compiled.view(peer());
  std::vector<policy::Target> targets;
  for (const auto& destination : make_destinations(rules)) {
    targets.push_back({destination, wire::kProtocolTcp, std::uint16_t{443}});
  }

  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(compiled.match(view, targets[next]));
    next = (next + 1) % targets.size();
  }
}

void policy_check_known_flow(benchmark::State& state) {
  const auto rules = make_rules(static_cast<std::size_t>(state.range(0)));
  const auto compiled = Policy::compile(rules).value();
  policy::PacketFilter filter{compiled, {}};
  const Party sender{PeerIndex{0}};
  filter.set_node(sender, peer());
  std::vector<wire::PacketInfo> packets;
  for (const auto& destination : make_destinations(rules)) {
    const auto info = packet_to(destination, 40000);
    if (filter.check(Instant{}, sender, Party{}, info, {}).allowed()) {
      packets.push_back(info);
    }
  }

  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(filter.check(Instant{}, sender, Party{}, packets[next], {}));
    next = (next + 1) % packets.size();
  }
  state.counters["flows"] = static_cast<double>(filter.flows().size());
}

// Every packet starts a flow in a table that is full, so each one also evicts.
void policy_check_new_flow(benchmark::State& state) {
  const auto rules = make_rules(static_cast<std::size_t>(state.range(0)));
  const auto compiled = Policy::compile(rules).value();
  policy::PacketFilter filter{compiled, {}};
  const Party sender{PeerIndex{0}};
  filter.set_node(sender, peer());
  const auto destinations = make_destinations(rules);

  std::uint32_t number = 0;
  for (auto _ : state) {
    auto info = packet_to(destinations[number % kPackets], static_cast<std::uint16_t>(number));
    info.source = IpAddress::v4(0x6440'0000U + (number >> 16U));
    benchmark::DoNotOptimize(filter.check(Instant{}, sender, Party{}, info, {}));
    ++number;
  }
}

void policy_compile(benchmark::State& state) {
  const auto rules = make_rules(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    auto copy = rules;
    benchmark::DoNotOptimize(Policy::compile(std::move(copy)));
  }
}

BENCHMARK(policy_match)->Arg(10)->Arg(1000)->Arg(10'000);
BENCHMARK(policy_check_known_flow)->Arg(10)->Arg(1000);
BENCHMARK(policy_check_new_flow)->Arg(10)->Arg(1000);
BENCHMARK(policy_compile)->Arg(10)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

}  // namespace
