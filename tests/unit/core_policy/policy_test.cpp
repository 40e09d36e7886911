#include <quicether/base/random.hpp>
#include <quicether/core/policy/policy.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <string>

namespace quicether::policy {
namespace {

constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kGre = 47;
constexpr std::uint8_t kIcmpV6 = 58;

Rule rule(Action action,
          std::string_view subject,
          std::string_view object,
          Protocol protocol = Protocol::any,
          std::vector<PortRange> ports = {}) {
  Rule made;
  made.subject = Subject::parse(subject).value();
  if (object != "*") {
    made.object = Prefix::parse(object).value();
  }
  made.protocol = protocol;
  made.ports = std::move(ports);
  made.action = action;
  return made;
}

Identity named(std::string name) {
  Identity node;
  node.name = std::move(name);
  return node;
}

Target to(std::string_view address,
          std::optional<std::uint8_t> protocol = kTcp,
          std::optional<std::uint16_t> port = std::nullopt) {
  return {IpAddress::parse(address).value(), protocol, port};
}

TEST_CASE("policy: without rules denies everything", "[policy]") {
  const auto policy = Policy::compile({}).value();
  Identity self;
  self.self = true;

  for (const auto& view : {policy.view(self), policy.view(named("laptop"))}) {
    for (const auto& target :
         {to("10.0.0.1", kIcmp), to("fd00::1", kIcmpV6), to("0.0.0.0", kTcp, 0)}) {
      CHECK(policy.match(view, target) == Match{Action::deny, Match::kNoRule});
    }
  }
}

TEST_CASE("policy: the first rule that matches decides", "[policy]") {
  const auto policy = Policy::compile({
                                          rule(Action::deny, "laptop", "10.0.0.5"),
                                          rule(Action::allow, "laptop", "10.0.0.0/24"),
                                          rule(Action::deny, "*", "10.0.0.0/8"),
                                          rule(Action::allow, "*", "*"),
                                      })
                          .value();
  const auto laptop = policy.view(named("laptop"));
  const auto other = policy.view(named("other"));

  CHECK(policy.match(laptop, to("10.0.0.5")) == Match{Action::deny, 0});
  CHECK(policy.match(laptop, to("10.0.0.6")) == Match{Action::allow, 1});
  CHECK(policy.match(laptop, to("10.0.1.6")) == Match{Action::deny, 2});
  CHECK(policy.match(laptop, to("192.0.2.1")) == Match{Action::allow, 3});
  CHECK(policy.match(laptop, to("fd00::1")) == Match{Action::allow, 3});
  CHECK(policy.match(other, to("10.0.0.5")) == Match{Action::deny, 2});
}

TEST_CASE("policy: objects end where their blocks end", "[policy]") {
  struct Case {
    std::string_view object;
    std::string_view first;
    std::string_view last;
    std::string_view before;  // empty: the block begins with the address space
    std::string_view after;   // empty: it ends with it
  };

  const Case cases[] = {
      {"0.0.0.0/0", "0.0.0.0", "255.255.255.255", "", ""},
      {"0.0.0.0/1", "0.0.0.0", "127.255.255.255", "", "128.0.0.0"},
      {"128.0.0.0/1", "128.0.0.0", "255.255.255.255", "127.255.255.255", ""},
      {"10.1.2.3/32", "10.1.2.3", "10.1.2.3", "10.1.2.2", "10.1.2.4"},
      {"255.255.255.255/32", "255.255.255.255", "255.255.255.255", "255.255.255.254", ""},
      {"::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", ""},
      {"8000::/1",
       "8000::",
       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       ""},
      {"fd00:1::/64",
       "fd00:1::",
       "fd00:1::ffff:ffff:ffff:ffff",
       "fd00:0:ffff:ffff:ffff:ffff:ffff:ffff",
       "fd00:1:0:1::"},
      {"fd00::ffff:ffff:ffff:ffff/128",
       "fd00::ffff:ffff:ffff:ffff",
       "fd00::ffff:ffff:ffff:ffff",
       "fd00::ffff:ffff:ffff:fffe",
       "fd00:0:0:1::"},
      {"ffff:ffff:ffff:ffff::/64",
       "ffff:ffff:ffff:ffff::",
       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "ffff:ffff:ffff:fffe:ffff:ffff:ffff:ffff",
       ""},
  };
  for (const auto& item : cases) {
    CAPTURE(item.object);
    const auto policy = Policy::compile({rule(Action::allow, "*", item.object)}).value();
    const auto view = policy.view(named("laptop"));
    const auto allows = [&](std::string_view address) {
      return policy.match(view, to(address)).action == Action::allow;
    };

    CHECK(allows(item.first));
    CHECK(allows(item.last));
    CHECK((item.before.empty() || !allows(item.before)));
    CHECK((item.after.empty() || !allows(item.after)));
  }
}

TEST_CASE("policy: an object of one family says nothing about the other", "[policy]") {
  const auto policy = Policy::compile({rule(Action::allow, "*", "0.0.0.0/0")}).value();
  const auto view = policy.view(named("laptop"));

  CHECK(policy.match(view, to("::1")).action == Action::deny);
  CHECK(policy.match(view, to("::ffff:10.0.0.1")).action == Action::deny);
}

TEST_CASE("policy: icmp is the one of the packet's own family", "[policy]") {
  const auto policy = Policy::compile({rule(Action::allow, "*", "*", Protocol::icmp)}).value();
  const auto view = policy.view(named("laptop"));

  CHECK(policy.match(view, to("10.0.0.1", kIcmp)).action == Action::allow);
  CHECK(policy.match(view, to("fd00::1", kIcmpV6)).action == Action::allow);
  CHECK(policy.match(view, to("10.0.0.1", kIcmpV6)).action == Action::deny);
  CHECK(policy.match(view, to("fd00::1", kIcmp)).action == Action::deny);
}

TEST_CASE("policy: ports are TCP's and UDP's", "[policy]") {
  const auto policy =
      Policy::compile({rule(Action::allow, "*", "*", Protocol::any, {{53, 53}, {8000, 8100}})})
          .value();
  const auto view = policy.view(named("laptop"));
  const auto allows = [&](std::uint8_t protocol, std::optional<std::uint16_t> port) {
    return policy.match(view, to("10.0.0.1", protocol, port)).action == Action::allow;
  };

  CHECK(allows(kTcp, 53));
  CHECK(allows(kUdp, 8000));
  CHECK(allows(kUdp, 8100));
  CHECK_FALSE(allows(kUdp, 7999));
  CHECK_FALSE(allows(kUdp, 8101));
  CHECK_FALSE(allows(kIcmp, std::nullopt));
  CHECK_FALSE(allows(kGre, std::nullopt));
}

TEST_CASE("policy: what cannot be read helps no packet", "[policy]") {
  const auto allowing =
      Policy::compile({rule(Action::allow, "*", "*", Protocol::tcp, {{443, 443}})}).value();
  const auto denying = Policy::compile({rule(Action::deny, "*", "*", Protocol::tcp, {{22, 22}}),
                                        rule(Action::allow, "*", "*")})
                           .value();
  const auto allowing_view = allowing.view(named("laptop"));
  const auto denying_view = denying.view(named("laptop"));

  CHECK(allowing.match(allowing_view, to("10.0.0.1", kTcp, std::nullopt)).action == Action::deny);
  CHECK(allowing.match(allowing_view, to("10.0.0.1", std::nullopt)).action == Action::deny);
  CHECK(denying.match(denying_view, to("10.0.0.1", kTcp, std::nullopt)) == Match{Action::deny, 0});
  CHECK(denying.match(denying_view, to("10.0.0.1", std::nullopt)) == Match{Action::deny, 0});
  CHECK(denying.match(denying_view, to("10.0.0.1", kUdp, std::nullopt)) == Match{Action::allow, 1});
}

TEST_CASE("policy: refuses impossible rules", "[policy]") {
  CHECK(Policy::compile({rule(Action::allow, "*", "*", Protocol::tcp, {{2, 1}})}).error() ==
        errc::invalid_argument);
  CHECK(Policy::compile({rule(Action::allow, "*", "*", Protocol::icmp, {{1, 1}})}).error() ==
        errc::invalid_argument);
  CHECK(Policy::compile(std::vector<Rule>(10'001)).error() == errc::limit_reached);
  CHECK(Policy::compile(std::vector<Rule>(10'000)).has_value());
  CHECK(Policy::compile({rule(Action::allow, "*", "*", Protocol::tcp, std::vector<PortRange>(257))})
            .error() == errc::limit_reached);
}

TEST_CASE("policy: warns of allowed prefixes that can be forged", "[policy]") {
  const auto policy = Policy::compile({rule(Action::allow, "node_abc123", "*"),
                                       rule(Action::deny, "node_abc123", "*"),
                                       rule(Action::allow, "node_" + std::string(16, 'a'), "*")})
                          .value();

  const auto warnings = policy.warnings();

  REQUIRE(warnings.size() == 1);
  CHECK(
      warnings[0] ==
      "rule 1: anyone can make a key whose NodeId begins with 'abc123'; write at least 16 digits");
}

// ---- T-E4: the compiled matcher against the definition, word by word ---------------------------

bool object_covers(const Rule& rule, const IpAddress& address) {
  if (!rule.object) {
    return true;
  }
  if (rule.object->address().is_v6() != address.is_v6()) {
    return false;
  }
  for (unsigned bit = 0; bit < rule.object->length(); ++bit) {
    if (rule.object->address().bit(bit) != address.bit(bit)) {
      return false;
    }
  }
  return true;
}

// Three answers: 1 yes, 0 no, -1 cannot be read.
int service_matches(const Rule& rule, const Target& target) {
  if (rule.protocol == Protocol::any && rule.ports.empty()) {
    return 1;
  }
  if (!target.protocol) {
    return -1;
  }
  const auto number = *target.protocol;
  const bool ported = number == kTcp || number == kUdp;
  if ((rule.protocol == Protocol::tcp && number != kTcp) ||
      (rule.protocol == Protocol::udp && number != kUdp) ||
      (rule.protocol == Protocol::icmp &&
       number != (target.destination.is_v4() ? kIcmp : kIcmpV6)) ||
      (!rule.ports.empty() && !ported)) {
    return 0;
  }
  if (rule.ports.empty()) {
    return 1;
  }
  if (!target.port) {
    return -1;
  }
  for (const auto& range : rule.ports) {
    if (range.first <= *target.port && *target.port <= range.last) {
      return 1;
    }
  }
  return 0;
}

Match reference(const std::vector<Rule>& rules, const Identity& node, const Target& target) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const int service = service_matches(rules[i], target);
    if (rules[i].subject.matches(node) && object_covers(rules[i], target.destination) &&
        (service == 1 || (service == -1 && rules[i].action == Action::deny))) {
      return {rules[i].action, static_cast<std::uint32_t>(i)};
    }
  }
  return {};
}

// Few distinct values, so that rules and packets often meet, and all the borders.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_{seed} {}

  std::size_t below(std::size_t bound) { return random_.below(bound); }

  IpAddress address() {
    std::array<std::uint8_t, 16> bytes{};
    constexpr std::uint8_t kBytes[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
    for (auto& byte : bytes) {
      byte = kBytes[below(std::size(kBytes))];
    }
    return below(2) == 0 ? IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]})
                         : IpAddress::v6(bytes);
  }

  std::uint16_t port() {
    constexpr std::uint16_t kPorts[] = {0, 1, 22, 23, 443, 8000, 65534, 65535};
    return kPorts[below(std::size(kPorts))];
  }

  std::string digits(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      text += below(2) == 0 ? 'a' : 'b';
    }
    return text;
  }

  Subject subject() {
    switch (below(6)) {
      case 0:
      case 1:
        return {};
      case 2:
        return Subject::self();
      case 3:
        return Subject::parse(std::string(1, static_cast<char>('p' + below(4)))).value();
      case 4:
        return Subject::parse(PublicKey{key()}.to_string()).value();
      default:
        return Subject::parse("node_" + digits(4 + below(3))).value();
    }
  }

  Identity identity() {
    Identity node;
    node.self = below(4) == 0;
    node.id = NodeId::parse(digits(40)).value();
    node.key = key();
    node.name = below(4) == 0 ? "" : std::string(1, static_cast<char>('p' + below(4)));
    return node;
  }

  Rule rule() {
    Rule made;
    made.subject = subject();
    if (below(8) != 0) {
      const auto base = address();
      made.object = Prefix::make(base, static_cast<unsigned>(below(base.bits() + 1))).value();
    }
    made.protocol = static_cast<Protocol>(below(4));
    if (made.protocol != Protocol::icmp) {
      for (auto count = below(3); count > 0; --count) {
        const auto one = port();
        const auto other = port();
        made.ports.push_back({std::min(one, other), std::max(one, other)});
      }
    }
    made.action = below(2) == 0 ? Action::allow : Action::deny;
    return made;
  }

  // Half of the packets go to an address of some rule's object.
  Target target(const std::vector<Rule>& rules) {
    Target made{address(), std::nullopt, std::nullopt};
    if (!rules.empty() && below(2) == 0) {
      if (const auto& object = rules[below(rules.size())].object) {
        made.destination = object->address();
      }
    }
    constexpr std::uint8_t kProtocols[] = {kTcp, kUdp, kIcmp, kIcmpV6, kGre};
    if (below(10) != 0) {
      made.protocol = kProtocols[below(std::size(kProtocols))];
    }
    if (made.protocol && (*made.protocol == kTcp || *made.protocol == kUdp) && below(10) != 0) {
      made.port = port();
    }
    return made;
  }

 private:
  PublicKey key() {
    PublicKey made;
    made.bytes.fill(static_cast<std::uint8_t>(below(3)));
    return made;
  }

  SeededRandom random_;
};

TEST_CASE("policy: decides like the definition for random rules and packets",
          "[policy][property]") {
#ifdef NDEBUG
  constexpr std::size_t kPolicies = 10'000;  // 10^7 checks
#else
  constexpr std::size_t kPolicies = 200;
#endif
  constexpr std::size_t kChecks = 1000;
  std::size_t mismatches = 0;
  std::array<std::size_t, 3> seen{};  // denied by default, denied by rule, allowed

  for (std::uint64_t seed = 0; seed < kPolicies && mismatches == 0; ++seed) {
    CAPTURE(seed);
    Generator generator{seed};
    std::vector<Rule> rules(generator.below(generator.below(10) == 0 ? 200 : 12));
    for (auto& item : rules) {
      item = generator.rule();
    }
    const auto policy = Policy::compile(rules).value();
    Identity node;
    PeerView view;
    for (std::size_t check = 0; check < kChecks; ++check) {
      if (check % 50 == 0) {
        node = generator.identity();
        view = policy.view(node);
      }
      const auto target = generator.target(rules);
      const auto expected = reference(rules, node, target);
      if (policy.match(view, target) != expected) {
        ++mismatches;
        CHECK(policy.match(view, target) == expected);
        break;
      }
      ++seen[expected.rule == Match::kNoRule ? 0U : expected.action == Action::deny ? 1U : 2U];
    }
  }

  CHECK(mismatches == 0);
  // Not vacuous: every outcome is frequent.
  for (const auto count : seen) {
    CHECK(count > kPolicies * kChecks / 20);
  }
}

}  // namespace
}  // namespace quicether::policy
