#include <quicether/base/random.hpp>
#include <quicether/core/policy/packet_filter.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <support/packets.hpp>
#include <utility>
#include <vector>

namespace quicether::policy {
namespace {

using namespace std::chrono_literals;
using test::address;

constexpr Party kSelf{};
constexpr Party kLaptop{PeerIndex{0}};
constexpr Party kServer{PeerIndex{1}};
constexpr Party kStranger{PeerIndex{2}};

const IpAddress kSelfIp = test::address("100.64.0.1");
const IpAddress kLaptopIp = test::address("100.64.0.2");
const IpAddress kServerIp = test::address("100.64.0.3");
const IpAddress kSelfIp6 = test::address("fd00::1");
const IpAddress kLaptopIp6 = test::address("fd00::2");

constexpr std::uint8_t kSyn = wire::kTcpSyn;
constexpr std::uint8_t kSynAck = wire::kTcpSyn | wire::kTcpAck;
constexpr std::uint8_t kAck = wire::kTcpAck;
constexpr std::uint8_t kFin = wire::kTcpFin | wire::kTcpAck;
constexpr std::uint8_t kRst = wire::kTcpRst;

Rule rule(Action action,
          std::string_view subject,
          std::string_view object = "*",
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

Policy policy_of(std::vector<Rule> rules) {
  return Policy::compile(std::move(rules)).value();
}

// A filter that knows this node, the laptop and the server, and takes packets as bytes.
class Filter {
 public:
  explicit Filter(std::vector<Rule> rules)
      : policy_{std::make_unique<Policy>(policy_of(std::move(rules)))}, filter_{*policy_, {}} {
    name(kLaptop, "laptop");
    name(kServer, "server");
  }

  void name(Party party, std::string text) {
    Identity node;
    node.id.bytes.fill(static_cast<std::uint8_t>(party.index()));
    node.name = std::move(text);
    filter_.set_node(party, std::move(node));
  }

  void replace(std::vector<Rule> rules) {
    auto next = std::make_unique<Policy>(policy_of(std::move(rules)));
    filter_.replace(*next);
    policy_ = std::move(next);
  }

  Verdict send(Party from, Party to, const ByteVector& packet) {
    const auto info = wire::parse_packet(packet);
    REQUIRE(info.has_value());
    return filter_.check(now, from, to, *info, packet);
  }

  bool passes(Party from, Party to, const ByteVector& packet) {
    return send(from, to, packet).allowed();
  }

  PacketFilter& operator*() { return filter_; }

  Instant now{1s};

 private:
  std::unique_ptr<Policy> policy_;
  PacketFilter filter_;
};

ByteVector tcp(const IpAddress& from,
               const IpAddress& to,
               std::uint16_t from_port,
               std::uint16_t to_port,
               std::uint8_t flags) {
  return test::tcp_packet(
      from, to, {}, {.source_port = from_port, .destination_port = to_port, .flags = flags});
}

ByteVector udp(const IpAddress& from,
               const IpAddress& to,
               std::uint16_t from_port,
               std::uint16_t to_port) {
  return test::udp_packet(from, to, test::counting_bytes(16), from_port, to_port);
}

ByteVector echo_reply(const IpAddress& from, const IpAddress& to, std::uint16_t id) {
  return test::icmp_packet(from, to, from.is_v4() ? 0 : 129, 0, std::uint32_t{id} << 16U | 1U);
}

// An ICMP or ICMPv6 error from `from` about `quoted`.
ByteVector error_about(const ByteVector& quoted,
                       const IpAddress& from,
                       const IpAddress& to,
                       std::uint8_t type) {
  return test::icmp_packet(from, to, type, 0, 0, quoted);
}

std::vector<Rule> self_may_start() {
  return {rule(Action::allow, "self")};
}

TEST_CASE("packet_filter: an empty policy passes nothing either way, pings included",
          "[policy][packet_filter]") {
  Filter filter{{}};
  const std::pair<Party, Party> directions[] = {
      {kSelf, kLaptop}, {kLaptop, kSelf}, {kLaptop, kServer}, {kStranger, kSelf}};

  for (const auto& [from, to] : directions) {
    const auto ping = test::echo_packet(kSelfIp, kLaptopIp);
    for (const auto& packet : {ping,
                               test::echo_packet(kSelfIp6, kLaptopIp6),
                               echo_reply(kSelfIp, kLaptopIp, 7),
                               tcp(kSelfIp, kLaptopIp, 1000, 22, kSyn),
                               tcp(kSelfIp, kLaptopIp, 22, 1000, kSynAck),
                               udp(kSelfIp, kLaptopIp, 53, 53),
                               error_about(ping, kSelfIp, kSelfIp, 3),
                               test::ip_packet(kSelfIp, kLaptopIp, 47, {})}) {
      CHECK_FALSE(filter.passes(from, to, packet));
      CHECK_FALSE(filter.passes(from, to, packet));  // and the first try opened nothing
    }
  }
  CHECK((*filter).flows().size() == 0);
}

TEST_CASE("packet_filter: peers may answer what this node starts, and start nothing",
          "[policy][packet_filter]") {
  Filter filter{self_may_start()};

  CHECK(filter.send(kSelf, kLaptop, tcp(kSelfIp, kLaptopIp, 1000, 22, kSyn)).reason ==
        Reason::rule);
  CHECK(filter.send(kLaptop, kSelf, tcp(kLaptopIp, kSelfIp, 22, 1000, kSynAck)).reason ==
        Reason::reply);
  CHECK(filter.passes(kSelf, kLaptop, tcp(kSelfIp, kLaptopIp, 1000, 22, kAck)));
  CHECK(filter.passes(kLaptop, kSelf, tcp(kLaptopIp, kSelfIp, 22, 1000, kAck)));
  CHECK(filter.passes(kSelf, kLaptop, udp(kSelfIp, kLaptopIp, 1000, 53)));
  CHECK(filter.passes(kLaptop, kSelf, udp(kLaptopIp, kSelfIp, 53, 1000)));

  CHECK(filter.send(kLaptop, kSelf, tcp(kLaptopIp, kSelfIp, 22, 1001, kSynAck)).reason ==
        Reason::no_rule);
  CHECK_FALSE(filter.passes(kLaptop, kSelf, tcp(kLaptopIp, kSelfIp, 1000, 22, kSyn)));
  CHECK_FALSE(filter.passes(kLaptop, kSelf, udp(kLaptopIp, kSelfIp, 1000, 53)));
}

TEST_CASE("packet_filter: a SYN is no answer", "[policy][packet_filter]") {
  Filter filter{self_may_start()};
  CHECK(filter.passes(kSelf, kLaptop, tcp(kSelfIp, kLaptopIp, 1000, 22, kSyn)));

  CHECK_FALSE(filter.passes(kLaptop, kSelf, tcp(kLaptopIp, kSelfIp, 22, 1000, kSyn)));
}

TEST_CASE("packet_filter: echo replies answer echo requests of the same id only",
          "[policy][packet_filter]") {
  for (const bool v6 : {false, true}) {
    CAPTURE(v6);
    const auto& self = v6 ? kSelfIp6 : kSelfIp;
    const auto& laptop = v6 ? kLaptopIp6 : kLaptopIp;
    Filter filter{self_may_start()};

    CHECK_FALSE(filter.passes(kLaptop, kSelf, echo_reply(laptop, self, 7)));
    CHECK(filter.passes(kSelf, kLaptop, test::echo_packet(self, laptop, 7)));
    CHECK(filter.send(kLaptop, kSelf, echo_reply(laptop, self, 7)).reason == Reason::reply);
    CHECK_FALSE(filter.passes(kLaptop, kSelf, echo_reply(laptop, self, 8)));
    CHECK_FALSE(filter.passes(kLaptop, kSelf, test::echo_packet(laptop, self, 7)));
  }
}

TEST_CASE("packet_filter: an unasked echo reply opens no way back", "[policy][packet_filter]") {
  Filter filter{self_may_start()};

  CHECK(filter.passes(kSelf, kLaptop, echo_reply(kSelfIp, kLaptopIp, 7)));

  CHECK_FALSE(filter.passes(kLaptop, kSelf, test::echo_packet(kLaptopIp, kSelfIp, 7)));
  CHECK_FALSE(filter.passes(kLaptop, kSelf, echo_reply(kLaptopIp, kSelfIp, 7)));
}

TEST_CASE("packet_filter: only the party that was asked may answer", "[policy][packet_filter]") {
  Filter filter{self_may_start()};
  CHECK(filter.passes(kSelf, kLaptop, udp(kSelfIp, kLaptopIp, 1000, 53)));

  CHECK_FALSE(filter.passes(kServer, kSelf, udp(kLaptopIp, kSelfIp, 53, 1000)));
  CHECK_FALSE(filter.passes(kLaptop, kServer, udp(kLaptopIp, kSelfIp, 53, 1000)));
}

TEST_CASE("packet_filter: forwarding asks for the sender's right and lets answers back",
          "[policy][packet_filter]") {
  Filter filter{{rule(Action::allow, "laptop", "100.64.0.3")}};

  CHECK_FALSE(filter.passes(kServer, kLaptop, udp(kServerIp, kLaptopIp, 53, 1000)));
  CHECK(filter.passes(kLaptop, kServer, udp(kLaptopIp, kServerIp, 1000, 53)));
  CHECK(filter.passes(kServer, kLaptop, udp(kServerIp, kLaptopIp, 53, 1000)));
  CHECK_FALSE(filter.passes(kServer, kLaptop, udp(kServerIp, kLaptopIp, 53, 1001)));
  CHECK_FALSE(filter.passes(kSelf, kServer, udp(kSelfIp, kServerIp, 1000, 53)));
}

TEST_CASE("packet_filter: every packet counts for the rule that decided about it",
          "[policy][packet_filter]") {
  Filter filter{{rule(Action::deny, "laptop", "100.64.0.3"), rule(Action::allow, "laptop")}};

  for (int i = 0; i < 3; ++i) {
    CHECK(filter.send(kLaptop, kSelf, udp(kLaptopIp, kSelfIp, 1, 2)).rule == 1);
    CHECK(filter.passes(kSelf, kLaptop, udp(kSelfIp, kLaptopIp, 2, 1)));
  }
  CHECK(filter.send(kLaptop, kServer, udp(kLaptopIp, kServerIp, 1, 2)).rule == 0);
  CHECK_FALSE(filter.passes(kServer, kSelf, udp(kServerIp, kSelfIp, 1, 2)));
  CHECK_FALSE(filter.passes(kStranger, kSelf, udp(kServerIp, kSelfIp, 1, 2)));

  const auto rules = (*filter).rule_counters();
  CHECK(std::vector(rules.begin(), rules.end()) == std::vector<std::uint64_t>{1, 3});
  const auto& counters = (*filter).counters();
  CHECK(counters.allowed_by_rule == 3);
  CHECK(counters.allowed_as_reply == 3);
  CHECK(counters.denied_by_rule == 1);
  CHECK(counters.denied_by_default == 1);
  CHECK(counters.denied_unknown_node == 1);
}

TEST_CASE("packet_filter: nobody it was not told of may send", "[policy][packet_filter]") {
  Filter filter{{rule(Action::allow, "*")}};

  CHECK(filter.send(kStranger, kSelf, udp(kServerIp, kSelfIp, 1, 2)).reason ==
        Reason::unknown_node);
  filter.name(kStranger, "");
  CHECK(filter.passes(kStranger, kSelf, udp(kServerIp, kSelfIp, 1, 2)));
}

// ---- ICMP errors -------------------------------------------------------------------------------

TEST_CASE("packet_filter: errors about a known flow pass", "[policy][packet_filter]") {
  for (const bool v6 : {false, true}) {
    CAPTURE(v6);
    const auto& self = v6 ? kSelfIp6 : kSelfIp;
    const auto& laptop = v6 ? kLaptopIp6 : kLaptopIp;
    const auto router = address(v6 ? "fd00::99" : "100.64.0.99");
    Filter filter{self_may_start()};
    const auto request = udp(self, laptop, 1000, 53);
    const auto answer = udp(laptop, self, 53, 1000);
    const auto unreachable = error_about(request, router, self, v6 ? 1 : 3);
    CHECK_FALSE(filter.passes(kLaptop, kSelf, unreachable));

    CHECK(filter.passes(kSelf, kLaptop, request));

    CHECK(filter.send(kLaptop, kSelf, unreachable).reason == Reason::related);
    CHECK(filter.passes(kLaptop, kSelf, error_about(request, laptop, self, v6 ? 3 : 11)));
    // About the answer, on its way to who answered.
    CHECK(filter.passes(kSelf, kLaptop, error_about(answer, self, laptop, v6 ? 2 : 3)));
    // An error brings no more errors, and keeps no flow alive.
    filter.now = filter.now + kTransientTimeout;
    CHECK_FALSE(filter.passes(kLaptop, kSelf, unreachable));
  }
}

TEST_CASE("packet_filter: errors that do not fit a known flow need a rule",
          "[policy][packet_filter]") {
  Filter filter{self_may_start()};
  const auto request = udp(kSelfIp, kLaptopIp, 1000, 53);
  CHECK(filter.passes(kSelf, kLaptop, request));

  // Of another peer, to another receiver, about an unknown flow, about a packet the wrong way.
  CHECK_FALSE(filter.passes(kServer, kSelf, error_about(request, kServerIp, kSelfIp, 3)));
  CHECK_FALSE(filter.passes(kLaptop, kSelf, error_about(request, kLaptopIp, kServerIp, 3)));
  CHECK_FALSE(filter.passes(
      kLaptop, kSelf, error_about(udp(kSelfIp, kLaptopIp, 1001, 53), kLaptopIp, kSelfIp, 3)));
  CHECK_FALSE(filter.passes(
      kLaptop, kSelf, error_about(udp(kLaptopIp, kSelfIp, 53, 1000), kLaptopIp, kSelfIp, 3)));
  // Redirect and source quench change how this host sends.
  CHECK_FALSE(filter.passes(kLaptop, kSelf, error_about(request, kLaptopIp, kSelfIp, 5)));
  CHECK_FALSE(filter.passes(kLaptop, kSelf, error_about(request, kLaptopIp, kSelfIp, 4)));
}

// ---- Reload ------------------------------------------------------------------------------------

TEST_CASE("packet_filter: a new policy ends what it denies, in both directions, at once",
          "[policy][packet_filter]") {
  const auto request = tcp(kLaptopIp, kSelfIp, 1000, 22, kAck);
  const auto answer = tcp(kSelfIp, kLaptopIp, 22, 1000, kAck);
  for (const bool answer_first : {false, true}) {
    CAPTURE(answer_first);
    Filter filter{{rule(Action::allow, "laptop")}};
    CHECK(filter.passes(kLaptop, kSelf, request));
    CHECK(filter.passes(kSelf, kLaptop, answer));

    filter.replace({rule(Action::deny, "laptop", "*", Protocol::tcp, {{22, 22}}),
                    rule(Action::allow, "laptop")});

    if (answer_first) {
      CHECK(filter.send(kSelf, kLaptop, answer).reason == Reason::no_rule);
    }
    CHECK(filter.send(kLaptop, kSelf, request).reason == Reason::rule);
    CHECK_FALSE(filter.passes(kLaptop, kSelf, request));
    CHECK_FALSE(filter.passes(kSelf, kLaptop, answer));
    CHECK((*filter).flows().size() == 0);
  }
}

TEST_CASE("packet_filter: a new policy keeps what it allows", "[policy][packet_filter]") {
  const auto request = tcp(kLaptopIp, kSelfIp, 1000, 22, kAck);
  const auto answer = tcp(kSelfIp, kLaptopIp, 22, 1000, kAck);
  Filter filter{{rule(Action::allow, "laptop")}};
  CHECK(filter.passes(kLaptop, kSelf, request));

  filter.replace({rule(Action::deny, "server"), rule(Action::allow, "laptop")});

  CHECK(filter.send(kSelf, kLaptop, answer).reason == Reason::reply);
  CHECK(filter.send(kLaptop, kSelf, request).rule == 1);
  CHECK(std::vector((*filter).rule_counters().begin(), (*filter).rule_counters().end()) ==
        std::vector<std::uint64_t>{0, 1});
}

TEST_CASE("packet_filter: after a new policy the other side may own the flow",
          "[policy][packet_filter]") {
  const auto there = udp(kSelfIp, kLaptopIp, 1000, 2000);
  const auto back = udp(kLaptopIp, kSelfIp, 2000, 1000);
  Filter filter{{rule(Action::allow, "laptop")}};
  CHECK(filter.passes(kLaptop, kSelf, back));
  CHECK(filter.passes(kSelf, kLaptop, there));

  filter.replace({rule(Action::allow, "self")});

  CHECK(filter.send(kSelf, kLaptop, there).reason == Reason::rule);
  CHECK(filter.send(kLaptop, kSelf, back).reason == Reason::reply);
}

TEST_CASE("packet_filter: two pings with one id are one flow with two rights",
          "[policy][packet_filter]") {
  Filter filter{{rule(Action::allow, "*")}};
  CHECK(filter.passes(kSelf, kLaptop, test::echo_packet(kSelfIp, kLaptopIp, 7)));
  CHECK(filter.send(kLaptop, kSelf, test::echo_packet(kLaptopIp, kSelfIp, 7)).reason ==
        Reason::rule);
  CHECK((*filter).flows().size() == 1);

  filter.replace({rule(Action::allow, "self")});

  CHECK_FALSE(filter.passes(kLaptop, kSelf, test::echo_packet(kLaptopIp, kSelfIp, 7)));
  CHECK(filter.passes(kSelf, kLaptop, test::echo_packet(kSelfIp, kLaptopIp, 7)));
  CHECK(filter.passes(kLaptop, kSelf, echo_reply(kLaptopIp, kSelfIp, 7)));
}

TEST_CASE("packet_filter: another name is another subject at once", "[policy][packet_filter]") {
  Filter filter{{rule(Action::allow, "laptop")}};
  CHECK(filter.passes(kLaptop, kSelf, udp(kLaptopIp, kSelfIp, 1, 2)));

  filter.name(kLaptop, "guest");

  CHECK_FALSE(filter.passes(kLaptop, kSelf, udp(kLaptopIp, kSelfIp, 1, 2)));
  CHECK_FALSE(filter.passes(kSelf, kLaptop, udp(kSelfIp, kLaptopIp, 2, 1)));
}

// ---- Time --------------------------------------------------------------------------------------

TEST_CASE("packet_filter: TCP lives long while it is open and short otherwise",
          "[policy][packet_filter]") {
  struct Case {
    std::string_view name;
    std::vector<std::uint8_t> to_peer;
    std::vector<std::uint8_t> from_peer;
    bool long_lived;
  };

  const Case cases[] = {
      {"opening", {kSyn}, {}, false},
      {"open", {kSyn}, {kSynAck}, true},
      {"half closed", {kSyn, kFin}, {kSynAck}, true},
      {"closed", {kSyn, kFin}, {kSynAck, kFin}, false},
      {"reset by the peer", {kSyn}, {kSynAck, kRst}, false},
      {"opening again", {kSyn, kFin, kSyn}, {kSynAck, kFin}, false},
      {"open again", {kSyn, kFin, kSyn}, {kSynAck, kFin, kSynAck}, true},
      {"open again after a reset", {kSyn, kRst, kSyn}, {kSynAck, kAck, kSynAck}, true},
  };
  for (const auto& item : cases) {
    CAPTURE(item.name);
    Filter filter{self_may_start()};
    for (std::size_t i = 0; i < std::max(item.to_peer.size(), item.from_peer.size()); ++i) {
      if (i < item.to_peer.size()) {
        CHECK(filter.passes(kSelf, kLaptop, tcp(kSelfIp, kLaptopIp, 1000, 22, item.to_peer[i])));
      }
      if (i < item.from_peer.size()) {
        CHECK(filter.passes(kLaptop, kSelf, tcp(kLaptopIp, kSelfIp, 22, 1000, item.from_peer[i])));
      }
    }

    filter.now = filter.now + kTransientTimeout;
    CHECK(filter.passes(kLaptop, kSelf, tcp(kLaptopIp, kSelfIp, 22, 1000, kAck)) ==
          item.long_lived);
    filter.now = filter.now + kEstablishedTimeout;
    CHECK_FALSE(filter.passes(kLaptop, kSelf, tcp(kLaptopIp, kSelfIp, 22, 1000, kAck)));
  }
}

TEST_CASE("packet_filter: both sides' packets keep a UDP flow alive", "[policy][packet_filter]") {
  Filter filter{self_may_start()};
  const auto there = udp(kSelfIp, kLaptopIp, 1000, 53);
  const auto back = udp(kLaptopIp, kSelfIp, 53, 1000);
  CHECK(filter.passes(kSelf, kLaptop, there));

  for (int i = 0; i < 5; ++i) {
    filter.now = filter.now + kTransientTimeout - 1ns;
    CHECK(filter.passes(kLaptop, kSelf, back));
  }
  filter.now = filter.now + kTransientTimeout;
  CHECK_FALSE(filter.passes(kLaptop, kSelf, back));
}

// ---- Fragments ---------------------------------------------------------------------------------

// The bytes `payload` at `offset` of a fragmented datagram.
ByteVector fragment(const IpAddress& from,
                    const IpAddress& to,
                    std::uint8_t protocol,
                    ConstBytes payload,
                    std::size_t offset,
                    bool more,
                    std::uint16_t id) {
  if (from.is_v6()) {
    auto body = test::fragment_header(protocol, offset, more, id);
    test::append(body, payload);
    return test::ip_packet(from, to, 44, body);
  }
  test::IpOptions ip;
  ip.id = id;
  ip.flags = static_cast<std::uint16_t>(offset / 8 | (more ? 0x2000U : 0U));
  return test::ip_packet(from, to, protocol, payload, ip);
}

TEST_CASE("packet_filter: later fragments pass after the first one", "[policy][packet_filter]") {
  const auto data = test::counting_bytes(80);
  const auto head = ByteVector{0x03, 0xe8, 0x00, 0x35, 0x00, 160, 0, 0};  // UDP 1000 -> 53
  auto first_part = head;
  test::append(first_part, test::counting_bytes(72));
  for (const bool v6 : {false, true}) {
    CAPTURE(v6);
    const auto& self = v6 ? kSelfIp6 : kSelfIp;
    const auto& laptop = v6 ? kLaptopIp6 : kLaptopIp;
    Filter filter{{rule(Action::allow, "laptop", "*", Protocol::udp, {{53, 53}})}};
    const auto first = fragment(laptop, self, 17, first_part, 0, true, 9);
    const auto last = fragment(laptop, self, 17, data, 80, false, 9);
    const auto other = fragment(laptop, self, 17, data, 80, false, 10);

    CHECK(filter.send(kLaptop, kSelf, last).reason == Reason::no_rule);
    CHECK(filter.send(kLaptop, kSelf, first).reason == Reason::rule);
    CHECK(filter.send(kLaptop, kSelf, last).reason == Reason::fragment);
    CHECK_FALSE(filter.passes(kLaptop, kSelf, other));
    CHECK_FALSE(filter.passes(kServer, kSelf, last));
    CHECK_FALSE(filter.passes(kSelf, kLaptop, fragment(self, laptop, 17, data, 80, false, 9)));

    // The identification 0 reads the same from both ends; still only one end has sent a first part.
    CHECK(filter.passes(kLaptop, kSelf, fragment(laptop, self, 17, first_part, 0, true, 0)));
    CHECK_FALSE(filter.passes(kSelf, kLaptop, fragment(self, laptop, 17, data, 80, false, 0)));
    // IPv6 reassembles without a look at the protocol, IPv4 does look.
    CHECK(filter.passes(kLaptop, kSelf, fragment(laptop, self, 60, data, 80, false, 9)) == v6);

    filter.replace({rule(Action::allow, "laptop", "*", Protocol::udp, {{53, 53}})});
    CHECK_FALSE(filter.passes(kLaptop, kSelf, last));
  }
}

TEST_CASE("packet_filter: fragments of an answer pass too", "[policy][packet_filter]") {
  Filter filter{self_may_start()};
  auto answer = ByteVector{0x00, 0x35, 0x03, 0xe8, 0x00, 160, 0, 0};  // UDP 53 -> 1000
  test::append(answer, test::counting_bytes(72));
  CHECK(filter.passes(kSelf, kLaptop, udp(kSelfIp, kLaptopIp, 1000, 53)));

  CHECK(filter.passes(kLaptop, kSelf, fragment(kLaptopIp, kSelfIp, 17, answer, 0, true, 3)));
  CHECK(filter.passes(
      kLaptop, kSelf, fragment(kLaptopIp, kSelfIp, 17, test::counting_bytes(8), 80, false, 3)));
}

TEST_CASE("packet_filter: a deny with ports stops fragments without ports",
          "[policy][packet_filter]") {
  Filter filter{{rule(Action::deny, "laptop", "*", Protocol::tcp, {{22, 22}}),
                 rule(Action::allow, "laptop")}};
  const auto data = test::counting_bytes(8);

  const auto tcp_part = fragment(kLaptopIp, kSelfIp, 6, data, 80, false, 1);
  const auto udp_part = fragment(kLaptopIp, kSelfIp, 17, data, 80, false, 1);
  // In IPv6 the number in a later fragment may be an extension header's.
  const auto hidden = fragment(kLaptopIp6, kSelfIp6, 60, data, 80, false, 1);

  CHECK(filter.send(kLaptop, kSelf, tcp_part).rule == 0);
  CHECK(filter.send(kLaptop, kSelf, udp_part).rule == 1);
  CHECK(filter.send(kLaptop, kSelf, hidden).rule == 0);
}

// What a receiver makes of fragments, whichever of two overlapping ones it believes.
class Reassembly {
 public:
  explicit Reassembly(bool first_wins) : first_wins_{first_wins} {}

  void add(ConstBytes payload, std::size_t offset, bool more) {
    for (std::size_t i = 0; i < payload.size(); ++i) {
      if (first_wins_) {
        bytes_.try_emplace(offset + i, payload[i]);
      } else {
        bytes_[offset + i] = payload[i];
      }
    }
    if (!more) {
      end_ = first_wins_ && end_ ? end_ : offset + payload.size();
    }
  }

  // The destination port of a complete datagram.
  [[nodiscard]] std::optional<unsigned> port() const {
    if (!end_) {
      return std::nullopt;
    }
    for (std::size_t i = 0; i < *end_; ++i) {
      if (!bytes_.contains(i)) {
        return std::nullopt;
      }
    }
    return bytes_.at(2) * 256U + bytes_.at(3);
  }

 private:
  bool first_wins_;
  std::map<std::size_t, std::uint8_t> bytes_;
  std::optional<std::size_t> end_;
};

TEST_CASE("packet_filter: no sequence of fragments makes a denied datagram",
          "[policy][packet_filter][property]") {
  constexpr std::size_t kOffsets[] = {0, 8, 16, 72, 80, 88, 160, 168};
  constexpr std::size_t kSizes[] = {8, 16, 80, 88, 160};
  std::size_t complete = 0;

  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    CAPTURE(seed);
    SeededRandom random{seed};
    Filter filter{{rule(Action::allow, "laptop", "*", Protocol::udp, {{53, 53}})}};
    std::map<std::uint64_t, std::array<Reassembly, 2>> receiver;  // by datagram id
    for (int i = 0; i < 60; ++i) {
      const bool v6 = seed % 2 == 1;
      const bool evil = random.below(2) == 0;
      const auto id = static_cast<std::uint16_t>(random.below(2));
      const auto offset = kOffsets[random.below(std::size(kOffsets))];
      const bool more = random.below(3) != 0;
      auto payload = test::counting_bytes(kSizes[random.below(std::size(kSizes))]);
      if (offset == 0) {  // UDP 1000 -> 53, or -> 22
        const ByteVector head = {
            0x03, 0xe8, 0x00, evil ? std::uint8_t{22} : std::uint8_t{53}, 0, 240, 0, 0};
        std::ranges::copy(head, payload.begin());
      } else if (evil) {  // bytes that would be port 22 wherever they land
        std::ranges::fill(payload, std::uint8_t{0});
        for (std::size_t byte = 3; byte < payload.size(); byte += 8) {
          payload[byte] = 22;
        }
      }
      const auto packet = fragment(
          v6 ? kLaptopIp6 : kLaptopIp, v6 ? kSelfIp6 : kSelfIp, 17, payload, offset, more, id);
      const auto info = wire::parse_packet(packet);
      if (!info || !(*filter).check(filter.now, kLaptop, kSelf, *info, packet).allowed()) {
        continue;
      }
      auto& [first, last] =
          receiver.try_emplace(id, std::array{Reassembly{true}, Reassembly{false}}).first->second;
      for (auto* way : {&first, &last}) {
        way->add(payload, offset, more);
        if (const auto port = way->port()) {
          ++complete;
          REQUIRE(*port == 53);
        }
      }
    }
  }
  CHECK(complete > 1000);
}

// ---- The whole against a model -----------------------------------------------------------------

TEST_CASE("packet_filter: agrees with a plain model under random use",
          "[policy][packet_filter][property]") {
  const std::vector<std::vector<Rule>> policies = {
      {},
      {rule(Action::allow, "*")},
      {rule(Action::allow, "self")},
      {rule(Action::allow, "laptop"), rule(Action::deny, "*", "100.64.0.3")},
      {rule(Action::deny, "*", "*", Protocol::udp, {{2, 3}}), rule(Action::allow, "*")},
      {rule(Action::allow, "*", "100.64.0.1", Protocol::udp, {{1, 2}})},
  };
  const std::array<Party, 3> parties = {kSelf, kLaptop, kServer};
  const std::array<IpAddress, 3> addresses = {kSelfIp, kLaptopIp, kServerIp};
  const std::array<Identity, 3> nodes = {
      Identity{.id = {}, .key = {}, .name = {}, .self = true},
      Identity{.id = {}, .key = {}, .name = "laptop", .self = false},
      Identity{.id = {}, .key = {}, .name = "server", .self = false}};
  std::map<Reason, std::size_t> seen;

  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    CAPTURE(seed);
    SeededRandom random{seed};
    Filter filter{policies[0]};
    auto policy = policy_of(policies[0]);
    std::set<FlowView> started;
    std::map<FlowView, Instant> last_packet;  // of the flow, under the view that compares smaller

    const auto allows = [&](const FlowView& view) {
      const Target target{view.key.destination, view.key.protocol, view.key.destination_port};
      return policy.match(policy.view(nodes[view.from.index()]), target).action == Action::allow;
    };
    for (int step = 0; step < 4000; ++step) {
      if (random.below(20) == 0) {
        const auto& next = policies[random.below(policies.size())];
        filter.replace(next);
        policy = policy_of(next);
      }
      filter.now = filter.now + std::chrono::seconds{random.below(10) == 0 ? random.below(300) : 1};
      const auto from = random.below(3);
      const auto to = (from + 1 + random.below(2)) % 3;
      const auto from_port = static_cast<std::uint16_t>(1 + random.below(3));
      const auto to_port = static_cast<std::uint16_t>(1 + random.below(3));
      const auto packet = udp(addresses[from], addresses[to], from_port, to_port);
      const FlowView view{
          parties[from], parties[to], {addresses[from], addresses[to], from_port, to_port, 17}};
      const auto reverse = view.reversed();

      auto& last = last_packet.try_emplace(std::min(view, reverse), Instant{-kTransientTimeout})
                       .first->second;
      for (const auto& one : {view, reverse}) {
        if (filter.now >= last + kTransientTimeout || (started.contains(one) && !allows(one))) {
          started.erase(one);
        }
      }
      auto expected = Reason::no_rule;
      if (started.contains(view) || (!started.contains(reverse) && allows(view))) {
        expected = Reason::rule;
        started.insert(view);
      } else if (started.contains(reverse)) {
        expected = Reason::reply;
      }
      const bool allowed = expected != Reason::no_rule;
      last = allowed ? filter.now : last;

      const auto verdict = filter.send(parties[from], parties[to], packet);
      REQUIRE(verdict.allowed() == allowed);
      REQUIRE((verdict.reason == expected || (!allowed && verdict.reason == Reason::rule)));
      ++seen[verdict.reason];
    }
  }
  CHECK(seen[Reason::rule] > 10'000);
  CHECK(seen[Reason::reply] > 5'000);
  CHECK(seen[Reason::no_rule] > 10'000);
}

}  // namespace
}  // namespace quicether::policy
