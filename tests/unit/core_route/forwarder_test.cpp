#include "support/packets.hpp"

#include <quicether/base/random.hpp>
#include <quicether/core/route/forwarder.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace quicether;
using namespace quicether::test;
using route::Decision;
using route::Drop;
using route::Forwarder;
using route::Hop;

namespace {

constexpr PeerIndex kPeer1{1};
constexpr PeerIndex kPeer2{2};
constexpr PeerIndex kGateway{3};

std::vector<Prefix> prefixes(std::initializer_list<std::string_view> texts) {
  std::vector<Prefix> list;
  for (const auto text : texts) {
    list.push_back(Prefix::parse(text).value());
  }
  return list;
}

// A node 100.64.0.1 / fd00::1 with the subnet 10.0.0.0/8 behind it, and two peers.
Forwarder example() {
  Forwarder forwarder;
  forwarder.set_local({address("100.64.0.1"), address("fd00::1")}, prefixes({"10.0.0.0/8"}));
  forwarder.set_peer(kPeer1, prefixes({"100.64.0.2", "fd00::2", "192.168.1.0/24"}));
  forwarder.set_peer(kPeer2, prefixes({"100.64.0.3", "fd00::3", "192.168.0.0/16"}));
  return forwarder;
}

ByteVector packet(std::string_view source,
                  std::string_view destination,
                  std::uint8_t hop_limit = 64) {
  return udp_packet(
      address(source), address(destination), counting_bytes(10), 1, 2, {.hop_limit = hop_limit});
}

// "to local", "to 2", or why it is dropped.
std::string outcome(const Decision& decision) {
  if (decision.drop != Drop::none) {
    return std::string{to_string(decision.drop)};
  }
  return decision.to.is_local() ? "to local" : "to " + std::to_string(decision.to.peer().value);
}

std::string from_tun(const Forwarder& forwarder,
                     std::string_view source,
                     std::string_view destination) {
  return outcome(forwarder.from_tun(packet(source, destination)));
}

std::string from_peer(const Forwarder& forwarder,
                      PeerIndex sender,
                      std::string_view source,
                      std::string_view destination) {
  return outcome(forwarder.from_peer(sender, packet(source, destination)));
}

std::vector<std::string> routes(const Forwarder& forwarder) {
  std::vector<std::string> list;
  forwarder.routes().for_each([&list](const Prefix& prefix, const Hop& hop) {
    list.push_back(prefix.to_string() + " " +
                   (hop.is_local() ? "local" : std::to_string(hop.peer().value)));
  });
  return list;
}

using Routes = std::vector<std::string>;

}  // namespace

TEST_CASE("forwarder: packets of this node go to who owns the destination", "[route][forwarder]") {
  const auto forwarder = example();

  CHECK(from_tun(forwarder, "100.64.0.1", "100.64.0.2") == "to 1");
  CHECK(from_tun(forwarder, "100.64.0.1", "100.64.0.3") == "to 2");
  CHECK(from_tun(forwarder, "fd00::1", "fd00::3") == "to 2");
  CHECK(from_tun(forwarder, "10.1.2.3", "192.168.1.9") == "to 1");
  CHECK(from_tun(forwarder, "10.1.2.3", "192.168.2.9") == "to 2");
  CHECK(from_tun(forwarder, "100.64.0.1", "100.64.0.4") == "no_route");
  CHECK(from_tun(forwarder, "fd00::1", "2001:db8::1") == "no_route");
}

TEST_CASE("forwarder: this node sends only from what it owns", "[route][forwarder]") {
  const auto forwarder = example();

  CHECK(from_tun(forwarder, "100.64.0.2", "100.64.0.3") == "source_not_owned");
  CHECK(from_tun(forwarder, "203.0.113.1", "100.64.0.3") == "source_not_owned");
}

TEST_CASE("forwarder: what this node owns itself is not sent into the overlay",
          "[route][forwarder]") {
  const auto forwarder = example();

  CHECK(from_tun(forwarder, "100.64.0.1", "100.64.0.1") == "loop");
  CHECK(from_tun(forwarder, "100.64.0.1", "10.9.9.9") == "loop");
}

TEST_CASE("forwarder: packets of peers go to this node or to another peer", "[route][forwarder]") {
  const auto forwarder = example();

  CHECK(from_peer(forwarder, kPeer1, "100.64.0.2", "100.64.0.1") == "to local");
  CHECK(from_peer(forwarder, kPeer1, "192.168.1.200", "10.1.1.1") == "to local");
  CHECK(from_peer(forwarder, kPeer1, "fd00::2", "fd00::1") == "to local");
  CHECK(from_peer(forwarder, kPeer1, "100.64.0.2", "100.64.0.3") == "to 2");
  CHECK(from_peer(forwarder, kPeer1, "100.64.0.2", "100.64.0.9") == "no_route");
  CHECK(from_peer(forwarder, kPeer1, "100.64.0.2", "192.168.1.9") == "loop");
}

TEST_CASE("forwarder: a peer sends only from what it owns (T-E1)", "[route][forwarder]") {
  const auto forwarder = example();

  CHECK(from_peer(forwarder, kPeer1, "100.64.0.3", "100.64.0.1") == "source_not_owned");
  CHECK(from_peer(forwarder, kPeer1, "100.64.0.1", "100.64.0.1") == "source_not_owned");
  CHECK(from_peer(forwarder, kPeer1, "10.1.1.1", "100.64.0.1") == "source_not_owned");
  CHECK(from_peer(forwarder, kPeer2, "192.168.1.9", "100.64.0.1") == "source_not_owned");
  CHECK(from_peer(forwarder, PeerIndex{9}, "100.64.0.2", "100.64.0.1") == "source_not_owned");

  SeededRandom random{71};
  for (int i = 0; i < 1000; ++i) {
    const auto foreign = IpAddress::v4(static_cast<std::uint32_t>(random.next()));
    if (forwarder.owner(foreign) == Hop{kPeer1}) {
      continue;
    }
    const auto decision =
        forwarder.from_peer(kPeer1, udp_packet(foreign, address("100.64.0.1"), {}));
    CHECK(decision.drop != Drop::none);
  }
}

TEST_CASE("forwarder: a more specific prefix that moves silences its old owner at once (T-E2)",
          "[route][forwarder]") {
  auto forwarder = example();
  CHECK(from_peer(forwarder, kPeer2, "192.168.7.7", "100.64.0.1") == "to local");
  CHECK(from_tun(forwarder, "100.64.0.1", "192.168.7.7") == "to 2");

  forwarder.set_peer(kPeer1, prefixes({"100.64.0.2", "192.168.7.0/24"}));

  CHECK(from_peer(forwarder, kPeer2, "192.168.7.7", "100.64.0.1") == "source_not_owned");
  CHECK(from_peer(forwarder, kPeer1, "192.168.7.7", "100.64.0.1") == "to local");
  CHECK(from_tun(forwarder, "100.64.0.1", "192.168.7.7") == "to 1");
  CHECK(from_peer(forwarder, kPeer2, "192.168.8.8", "100.64.0.1") == "to local");
  CHECK(from_peer(forwarder, kPeer1, "192.168.1.1", "100.64.0.1") == "source_not_owned");
}

TEST_CASE("forwarder: the default gateway takes what nobody owns, in both directions",
          "[route][forwarder]") {
  auto forwarder = example();
  forwarder.set_default_gateway(kGateway);

  CHECK(from_tun(forwarder, "100.64.0.1", "203.0.113.1") == "to 3");
  CHECK(from_tun(forwarder, "fd00::1", "2001:db8::1") == "to 3");
  CHECK(from_peer(forwarder, kGateway, "203.0.113.1", "100.64.0.1") == "to local");
  CHECK(from_peer(forwarder, kGateway, "100.64.0.2", "100.64.0.1") == "source_not_owned");
  CHECK(from_peer(forwarder, kPeer1, "203.0.113.1", "100.64.0.1") == "source_not_owned");
  CHECK(from_peer(forwarder, kGateway, "203.0.113.1", "203.0.113.2") == "loop");
  CHECK(from_peer(forwarder, kPeer1, "100.64.0.2", "203.0.113.2") == "to 3");
  // The gateway does not make this node's packets legitimate.
  CHECK(from_tun(forwarder, "203.0.113.1", "100.64.0.2") == "source_not_owned");

  forwarder.set_default_gateway(std::nullopt);
  CHECK(from_tun(forwarder, "100.64.0.1", "203.0.113.1") == "no_route");
  CHECK(from_peer(forwarder, kGateway, "203.0.113.1", "100.64.0.1") == "source_not_owned");
}

TEST_CASE("forwarder: the hop limit counts between peers only", "[route][forwarder]") {
  const auto forwarder = example();

  for (const unsigned limit : {0U, 1U, 2U, 255U}) {
    CAPTURE(limit);
    const auto hops = static_cast<std::uint8_t>(limit);
    const auto to_node = packet("100.64.0.2", "100.64.0.1", hops);
    const auto to_peer = packet("100.64.0.2", "100.64.0.3", hops);
    CHECK(outcome(forwarder.from_peer(kPeer1, to_node)) == "to local");
    CHECK(outcome(forwarder.from_peer(kPeer1, to_peer)) == (limit < 2 ? "hop_limit" : "to 2"));
    CHECK(outcome(forwarder.from_tun(packet("100.64.0.1", "100.64.0.3", hops))) == "to 2");
  }
}

TEST_CASE("forwarder: martians are dropped with their reason, from either side (T-E17)",
          "[route][forwarder]") {
  struct Case {
    std::string_view address;
    std::string_view as_source;
    std::string_view as_destination;
  };

  // A forwarder that owns everything, so that only the address decides.
  Forwarder forwarder;
  forwarder.set_local({}, prefixes({"0.0.0.0/0", "::/0"}));
  forwarder.set_peer(kPeer1, prefixes({"100.64.0.2", "fd00::2"}));

  for (const auto& [text, as_source, as_destination] : {
           Case{"0.0.0.0", "martian_source", "martian_destination"},
           Case{"0.255.255.255", "martian_source", "martian_destination"},
           Case{"1.0.0.0", "", ""},
           Case{"126.255.255.255", "", ""},
           Case{"127.0.0.1", "martian_source", "martian_destination"},
           Case{"127.255.255.255", "martian_source", "martian_destination"},
           Case{"128.0.0.0", "", ""},
           Case{"169.253.255.255", "", ""},
           Case{"169.254.0.1", "martian_source", "martian_destination"},
           Case{"169.255.0.0", "", ""},
           Case{"223.255.255.255", "", ""},
           Case{"224.0.0.251", "martian_source", "multicast"},
           Case{"239.255.255.255", "martian_source", "multicast"},
           Case{"240.0.0.1", "martian_source", "martian_destination"},
           Case{"255.255.255.255", "martian_source", "martian_destination"},
           Case{"::", "martian_source", "martian_destination"},
           Case{"::1", "martian_source", "martian_destination"},
           Case{"::10.0.0.1", "martian_source", "martian_destination"},
           Case{"::ffff:10.0.0.1", "martian_source", "martian_destination"},
           Case{"::fffe:10.0.0.1", "", ""},
           Case{"::1:0:0:0", "", ""},
           Case{"2001:db8::1", "", ""},
           Case{"fe7f::1", "", ""},
           Case{"fe80::1", "martian_source", "martian_destination"},
           Case{"febf::1", "martian_source", "martian_destination"},
           Case{"fec0::1", "", ""},
           Case{"ff02::1", "martian_source", "multicast"},
           Case{"ff0e::1", "martian_source", "multicast"},
       }) {
    CAPTURE(text);
    const std::string_view peer = address(text).is_v4() ? "100.64.0.2" : "fd00::2";
    CHECK(from_tun(forwarder, text, peer) == (as_source.empty() ? "to 1" : as_source));
    CHECK(from_peer(forwarder, kPeer1, text, peer) ==
          (as_source.empty() ? "source_not_owned" : as_source));
    CHECK(from_tun(forwarder, peer, text) ==
          (as_destination.empty() ? "source_not_owned" : as_destination));
    CHECK(from_peer(forwarder, kPeer1, peer, text) ==
          (as_destination.empty() ? "to local" : as_destination));
  }
}

TEST_CASE("forwarder: IPv4 options and source routes are dropped with their reason (T-E17)",
          "[route][forwarder]") {
  const auto forwarder = example();
  const auto options = udp_packet(address("100.64.0.2"),
                                  address("100.64.0.1"),
                                  {},
                                  1,
                                  2,
                                  {.options = {0x94, 4, 0, 0}});  // router alert
  CHECK(outcome(forwarder.from_peer(kPeer1, options)) == "ipv4_options");

  // Routing header type 0 with one segment left.
  auto routing = extension_header(59, ByteVector{0, 1});
  CHECK(outcome(forwarder.from_peer(
            kPeer1, ip_packet(address("fd00::2"), address("fd00::1"), 43, routing))) ==
        "source_routed");
}

TEST_CASE("forwarder: what is no whole packet is dropped with the parser's reason",
          "[route][forwarder]") {
  const auto forwarder = example();
  auto broken = packet("100.64.0.2", "100.64.0.1");
  broken[8] ^= 1U;

  for (const auto& decision : {forwarder.from_peer(kPeer1, broken), forwarder.from_tun(broken)}) {
    CHECK(outcome(decision) == "defect");
    CHECK(decision.defect == wire::IpDefect::bad_checksum);
  }
  CHECK(forwarder.from_peer(kPeer1, {}).defect == wire::IpDefect::truncated);
}

TEST_CASE("forwarder: local prefixes win over equal ones of peers", "[route][forwarder]") {
  Forwarder forwarder;

  forwarder.set_peer(kPeer1, prefixes({"10.0.0.0/8"}));
  forwarder.set_local({}, prefixes({"10.0.0.0/8"}));
  CHECK(routes(forwarder) == Routes{"10.0.0.0/8 local"});
  forwarder.set_peer(kPeer2, prefixes({"10.0.0.0/8"}));
  CHECK(routes(forwarder) == Routes{"10.0.0.0/8 local"});

  forwarder.set_local({}, {});
  CHECK(routes(forwarder) == Routes{"10.0.0.0/8 2"});
  forwarder.set_peer(kPeer2, {});
  CHECK(routes(forwarder) == Routes{"10.0.0.0/8 1"});
  forwarder.set_peer(kPeer1, {});
  CHECK(routes(forwarder).empty());
}

TEST_CASE("forwarder: repeating a claim does not take a prefix over", "[route][forwarder]") {
  Forwarder forwarder;
  forwarder.set_peer(kPeer1, prefixes({"10.0.0.0/8"}));
  forwarder.set_peer(kPeer2, prefixes({"10.0.0.0/8"}));
  CHECK(routes(forwarder) == Routes{"10.0.0.0/8 2"});

  forwarder.set_peer(kPeer1, prefixes({"10.0.0.0/8", "11.0.0.0/8"}));

  CHECK(routes(forwarder) == Routes{"10.0.0.0/8 2", "11.0.0.0/8 1"});
}

TEST_CASE("forwarder: a prefix given twice counts once", "[route][forwarder]") {
  Forwarder forwarder;
  forwarder.set_peer(kPeer1, prefixes({"10.0.0.0/8", "10.0.0.0/8"}));
  forwarder.set_local({address("100.64.0.1")}, prefixes({"100.64.0.1"}));
  CHECK(routes(forwarder) == Routes{"10.0.0.0/8 1", "100.64.0.1/32 local"});

  forwarder.set_peer(kPeer1, {});
  forwarder.set_local({}, {});
  CHECK(routes(forwarder).empty());
}

TEST_CASE("forwarder: random claims give what a list of them gives", "[route][forwarder]") {
  // The model: claims in the order they were made; the last one of a prefix counts, local first.
  SeededRandom random{72};
  Forwarder forwarder;
  std::vector<std::pair<Prefix, Hop>> claims;

  for (int round = 0; round < 3'000; ++round) {
    const auto who = random.below(5);
    const Hop hop = who == 0 ? Hop{} : Hop{PeerIndex{static_cast<std::uint32_t>(who)}};
    std::set<Prefix> wanted;
    for (auto count = random.below(6); count > 0; --count) {
      wanted.insert(*Prefix::make(IpAddress::v4(static_cast<std::uint32_t>(random.below(8)) << 29U),
                                  static_cast<unsigned>(random.below(4))));
    }
    std::erase_if(
        claims, [&](const auto& one) { return one.second == hop && !wanted.contains(one.first); });
    for (const auto& prefix : wanted) {
      if (std::ranges::find(claims, std::pair{prefix, hop}) == claims.end()) {
        claims.emplace_back(prefix, hop);
      }
    }

    const std::vector<Prefix> list(wanted.begin(), wanted.end());
    if (hop.is_local()) {
      forwarder.set_local({}, list);
    } else {
      forwarder.set_peer(hop.peer(), list);
    }

    std::map<Prefix, Hop> expected;
    for (const auto& [prefix, owner] : claims) {
      const auto known = expected.find(prefix);
      if (known == expected.end() || !known->second.is_local()) {
        expected[prefix] = owner;
      }
    }
    std::map<Prefix, Hop> actual;
    forwarder.routes().for_each(
        [&actual](const Prefix& prefix, const Hop& owner) { actual[prefix] = owner; });
    REQUIRE(actual == expected);
  }
}

TEST_CASE("forwarder: fragments are routed, later ones by their addresses", "[route][forwarder]") {
  const auto forwarder = example();
  const auto part = counting_bytes(96, 1);
  const auto fragment = [&part](std::uint16_t flags) {
    return ip_packet(address("100.64.0.2"), address("100.64.0.1"), 17, part, {.flags = flags});
  };

  CHECK(outcome(forwarder.from_peer(kPeer1, fragment(0x2000))) == "to local");
  CHECK(outcome(forwarder.from_peer(kPeer1, fragment(0x2000 | 100))) == "to local");
  CHECK(outcome(forwarder.from_peer(kPeer2, fragment(0x2000 | 100))) == "source_not_owned");
  CHECK(forwarder.from_peer(kPeer1, fragment(0x2000 | 5)).defect ==
        wire::IpDefect::overlapping_fragment);
}

TEST_CASE("forwarder: every reason has a counter name of its own", "[route][forwarder]") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < route::kDropCount; ++i) {
    names.insert(to_string(static_cast<Drop>(i)));
  }

  CHECK(names.size() == route::kDropCount);
  CHECK_FALSE(names.contains("unknown"));
  CHECK(to_string(static_cast<Drop>(route::kDropCount)) == "unknown");
}
