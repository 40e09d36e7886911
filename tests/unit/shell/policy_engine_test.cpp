#include <quicether/policy_engine.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <support/packets.hpp>
#include <utility>
#include <vector>

namespace quicether {
namespace {

using namespace std::chrono_literals;

constexpr policy::Party kSelf{};
constexpr PeerIndex kLaptopIndex{3};
constexpr policy::Party kLaptop{kLaptopIndex};

const IpAddress kSelfIp = test::address("100.64.0.1");
const IpAddress kLaptopIp = test::address("100.64.0.2");

policy::Rule rule(policy::Action action, std::string_view subject, std::string name = {}) {
  policy::Rule made;
  made.subject = policy::Subject::parse(subject).value();
  made.action = action;
  made.name = std::move(name);
  return made;
}

bool passes(PolicyEngine& engine,
            policy::Party from,
            policy::Party to,
            const ByteVector& packet,
            Instant now = Instant{1s}) {
  const auto info = wire::parse_packet(packet);
  REQUIRE(info.has_value());
  return engine.check(now, from, to, *info, packet).allowed();
}

NodeId laptop_id() {
  NodeId id;
  id.bytes.fill(0xab);
  return id;
}

std::string field(const Event& event, std::string_view name) {
  for (const auto& [key, value] : event.fields) {
    if (key == name) {
      return value;
    }
  }
  return "(none)";
}

std::uint64_t counter(const PolicyEngine& engine, std::string_view name) {
  for (const auto& [key, value] : engine.counters()) {
    if (key == name) {
      return value;
    }
  }
  FAIL("no counter " << name);
  return 0;
}

TEST_CASE("policy_engine: without a policy this node may start flows and peers may not",
          "[policy_engine]") {
  auto engine = PolicyEngine::built_in();
  engine.set_peer(kLaptopIndex, laptop_id(), {}, "laptop");

  CHECK_FALSE(passes(engine, kLaptop, kSelf, test::echo_packet(kLaptopIp, kSelfIp)));
  CHECK(passes(engine, kSelf, kLaptop, test::udp_packet(kSelfIp, kLaptopIp, {}, 1, 2)));
  CHECK(passes(engine, kLaptop, kSelf, test::udp_packet(kLaptopIp, kSelfIp, {}, 2, 1)));
}

TEST_CASE("policy_engine: with an empty policy nothing passes", "[policy_engine]") {
  auto engine = PolicyEngine::compile({}).value();
  engine.set_peer(kLaptopIndex, laptop_id(), {}, "laptop");

  CHECK_FALSE(passes(engine, kLaptop, kSelf, test::echo_packet(kLaptopIp, kSelfIp)));
  CHECK_FALSE(passes(engine, kSelf, kLaptop, test::echo_packet(kSelfIp, kLaptopIp)));
}

TEST_CASE("policy_engine: rules that do not compile leave the old ones in force",
          "[policy_engine]") {
  auto engine = PolicyEngine::compile({rule(policy::Action::allow, "self")}).value();
  auto bad = rule(policy::Action::allow, "*");
  bad.ports = {{2, 1}};
  const auto packet = test::echo_packet(kSelfIp, kLaptopIp);
  CHECK(passes(engine, kSelf, kLaptop, packet));

  CHECK(engine.replace({bad}).error() == errc::invalid_argument);
  CHECK(engine.rules().size() == 1);
  CHECK(passes(engine, kSelf, kLaptop, packet));

  CHECK(engine.replace({}).has_value());
  CHECK_FALSE(passes(engine, kSelf, kLaptop, packet));
}

TEST_CASE("policy_engine: works after it was moved", "[policy_engine]") {
  auto first = PolicyEngine::compile({rule(policy::Action::allow, "self")}).value();
  auto second = std::move(first);

  CHECK(passes(second, kSelf, kLaptop, test::echo_packet(kSelfIp, kLaptopIp)));
  CHECK(second.replace({}).has_value());
  CHECK_FALSE(passes(second, kSelf, kLaptop, test::echo_packet(kSelfIp, kLaptopIp)));
}

TEST_CASE("policy_engine: this node is known by the name and NodeId that it is told",
          "[policy_engine]") {
  auto engine = PolicyEngine::compile({rule(policy::Action::allow, "home"),
                                       rule(policy::Action::deny, "node_abab"),
                                       rule(policy::Action::allow, "*")})
                    .value();
  const auto packet = test::echo_packet(kSelfIp, kLaptopIp);

  engine.set_self(laptop_id(), {}, "home");
  CHECK(passes(engine, kSelf, kLaptop, packet));
  engine.set_self(laptop_id(), {}, "other");
  CHECK_FALSE(passes(engine, kSelf, kLaptop, packet));
}

TEST_CASE("policy_engine: denials become one event per peer and reason", "[policy_engine]") {
  auto engine = PolicyEngine::compile({rule(policy::Action::deny, "laptop", "no laptop")}).value();
  engine.set_peer(kLaptopIndex, laptop_id(), {}, "laptop");
  const Instant start{10s};

  for (int i = 0; i < 50; ++i) {
    const auto port = static_cast<std::uint16_t>(1000 + i);
    const auto in = test::udp_packet(kLaptopIp, kSelfIp, {}, port, 53);
    const auto out = test::udp_packet(kSelfIp, kLaptopIp, {}, port, 53);
    CHECK_FALSE(passes(engine, kLaptop, kSelf, in, start + i * 1ms));
    CHECK_FALSE(passes(engine, kSelf, kLaptop, out, start + i * 1ms));
  }
  CHECK(engine.next_timeout() == start + 1s);
  CHECK_FALSE(engine.poll_event(start + 999ms).has_value());
  std::vector<Event> events;
  while (auto event = engine.poll_event(start + 2s)) {
    events.push_back(*std::move(event));
  }

  REQUIRE(events.size() == 2);
  CHECK(events[0].target == "policy.denied");
  CHECK(field(events[0], "peer") == laptop_id().to_string());
  CHECK(field(events[0], "reason") == "inbound_rule");
  CHECK(field(events[0], "count") == "50");
  CHECK(field(events[0], "source") == "100.64.0.2:1000");
  CHECK(field(events[0], "destination") == "100.64.0.1:53");
  CHECK(field(events[0], "protocol") == "17");
  CHECK(field(events[0], "rule") == "rule 'no laptop'");
  CHECK(field(events[1], "peer") == laptop_id().to_string());
  CHECK(field(events[1], "reason") == "outbound_no_rule");
  CHECK(field(events[1], "rule") == "(none)");
}

TEST_CASE("policy_engine: counts what it decides", "[policy_engine]") {
  auto engine = PolicyEngine::compile(
                    {rule(policy::Action::deny, "laptop"), rule(policy::Action::allow, "self")})
                    .value();
  engine.set_peer(kLaptopIndex, laptop_id(), {}, "laptop");

  CHECK(passes(engine, kSelf, kLaptop, test::udp_packet(kSelfIp, kLaptopIp, {}, 1, 2)));
  CHECK(passes(engine, kLaptop, kSelf, test::udp_packet(kLaptopIp, kSelfIp, {}, 2, 1)));
  CHECK_FALSE(passes(engine, kLaptop, kSelf, test::udp_packet(kLaptopIp, kSelfIp, {}, 2, 3)));

  CHECK(engine.rule_counters()[0] == 1);
  CHECK(engine.rule_counters()[1] == 1);
  CHECK(counter(engine, "policy.allowed.rule") == 1);
  CHECK(counter(engine, "policy.allowed.reply") == 1);
  CHECK(counter(engine, "policy.denied.rule") == 1);
  CHECK(counter(engine, "policy.flows") == 1);
  const auto counters = engine.counters();
  CHECK(std::ranges::is_sorted(counters, {}, [](const auto& one) { return one.first; }));
}

}  // namespace
}  // namespace quicether
