#include "core/dht/address_rules.hpp"
#include "core/dht/address_votes.hpp"
#include "core/dht/recent_map.hpp"
#include "core/dht/source_table.hpp"
#include "core/dht/write_tokens.hpp"
#include "support/dht_crypto.hpp"

#include <quicether/core/dht/krpc.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <string>

using namespace quicether;
using namespace quicether::dht;
using namespace std::chrono_literals;

namespace {

constexpr Instant kNow{1h};

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

SocketAddress at(std::string_view text) {
  return SocketAddress::parse(text).value();
}

}  // namespace

// Test plan T-D11.
TEST_CASE("source_table: one address above its rate gets its rate, others all they ask",
          "[dht][sources]") {
  const Limits limits;
  SourceTable sources{limits};
  std::size_t flooder = 0;
  std::size_t other = 0;
  for (int i = 0; i < 100 * 60; ++i) {  // 100 per second for a minute
    const auto now = kNow + i * 10ms;
    flooder += sources.admit(now, ip("198.51.100.1"), 100) ? 1U : 0U;
    if (i % 10 == 0) {
      other += sources.admit(now, ip("203.0.113.1"), 100) ? 1U : 0U;
    }
  }
  const auto allowed = 60 * limits.queries_per_source.per_second;
  CHECK(flooder >= allowed);
  CHECK(flooder <= allowed * 105 / 100);
  CHECK(other == 600);
}

// Test plan T-D11.
TEST_CASE("source_table: a hundred addresses of one subnet share a rate", "[dht][sources]") {
  const Limits limits;
  SourceTable sources{limits};
  std::size_t flooders = 0;
  std::size_t other = 0;
  for (int i = 0; i < 10'000 * 60; ++i) {  // 100 addresses, 100 per second each
    const auto now = kNow + i * 100us;
    const auto from = IpAddress::v4({198, 51, 100, static_cast<std::uint8_t>(i % 100)});
    flooders += sources.admit(now, from, 100) ? 1U : 0U;
    if (i % 1000 == 0) {
      other += sources.admit(now, ip("198.51.101.1"), 100) ? 1U : 0U;
    }
  }
  const auto allowed = 60 * limits.queries_per_subnet.per_second;
  CHECK(flooders >= allowed);
  CHECK(flooders <= allowed * 105 / 100);
  CHECK(other == 600);
}

// Test plan T-D7, the arithmetic of it.
TEST_CASE("source_table: strangers get back what they sent, and one loan", "[dht][sources]") {
  const Limits limits;
  SourceTable sources{limits};
  const auto victim = ip("203.0.113.1");
  std::size_t received = 0;
  std::size_t sent = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto now = kNow + i * 50ms;
    REQUIRE(sources.admit(now, victim, 100));
    received += 100;
    const auto answer = sources.allowance(now, victim);
    sources.on_answered(now, victim, answer);
    sent += answer;
  }
  CHECK(sent <= received);

  sources.on_verified(kNow + 51s, victim);
  CHECK(sources.allowance(kNow + 51s, victim) == kMessageBytesMax);
  CHECK(sources.allowance(kNow + 51s + 1h, victim) < kMessageBytesMax);
}

TEST_CASE("source_table: all strangers together have one budget of loans", "[dht][sources]") {
  const Limits limits;
  SourceTable sources{limits};
  std::size_t sent = 0;
  for (std::uint32_t i = 0; i < 100'000; ++i) {  // each another victim, over ten seconds
    const auto now = kNow + i * 100us;
    const auto to = IpAddress::v4((50U << 24U) + i * 256);
    const auto answer = sources.allowance(now, to);
    sources.on_answered(now, to, answer);
    sent += answer;
  }
  const auto& loans = limits.loan_bytes_per_second;
  CHECK(sent <= loans.burst + 10U * loans.per_second);
}

TEST_CASE("source_table: leaves alone who never answered, for a while", "[dht][sources]") {
  const Limits limits;
  SourceTable sources{limits};
  const auto dead = ip("203.0.113.1");
  const auto seen = ip("203.0.113.2");
  sources.on_query_answered(kNow, seen);
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(sources.silent(kNow, dead));
    sources.on_query_sent(kNow, dead, 100);
    sources.on_query_sent(kNow, seen, 100);
  }
  CHECK(sources.silent(kNow, dead));
  CHECK_FALSE(sources.silent(kNow, seen));
  CHECK_FALSE(sources.silent(kNow + limits.silence, dead));
}

TEST_CASE("recent_map: keeps what was used last, within its bound", "[dht][sources]") {
  RecentMap<int> map{100};
  const auto address = [](std::uint32_t number) { return IpAddress::v4(number); };
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    map[address(i)] = static_cast<int>(i);
    map[address(3)] = 3;  // in use all the time
    REQUIRE(map.size() <= 102);
  }
  CHECK(*map.find(address(3)) == 3);
  CHECK(*map.find(address(9999)) == 9999);
  CHECK(*map.find(address(9960)) == 9960);
  CHECK(map.find(address(5)) == nullptr);
}

TEST_CASE("write_tokens: bind address and target, and end with their secret", "[dht][tokens]") {
  const testing::RealCrypto crypto;
  SeededRandom random{1};
  WriteTokens tokens{crypto, random, kNow};
  const auto holder = ip("203.0.113.1");
  const auto token = tokens.make(holder, Id{});
  Id other;
  other.bytes[3] = 1;

  CHECK(tokens.valid(token, holder, Id{}));
  CHECK_FALSE(tokens.valid(token, ip("203.0.113.2"), Id{}));
  CHECK_FALSE(tokens.valid(token, holder, other));
  CHECK_FALSE(tokens.valid({}, holder, Id{}));
  CHECK_FALSE(tokens.valid(ConstBytes{token}.first(7), holder, Id{}));

  tokens.rotate(kNow + 5min);
  CHECK(tokens.valid(token, holder, Id{}));
  tokens.rotate(kNow + 9min);
  CHECK(tokens.valid(token, holder, Id{}));
  tokens.rotate(kNow + 10min);
  CHECK_FALSE(tokens.valid(token, holder, Id{}));
}

TEST_CASE("address_votes: a majority of networks decides", "[dht][votes]") {
  AddressVotes votes;
  const auto right = at("203.0.113.9:9000");
  CHECK_FALSE(votes.add(ip("192.0.2.1"), right));
  CHECK_FALSE(votes.add(ip("198.51.100.1"), right));
  CHECK_FALSE(votes.result());
  CHECK(votes.add(ip("198.18.0.1"), right));
  CHECK(votes.result() == right);

  // One network says something else as often as it likes.
  for (std::uint8_t host = 1; host < 250; ++host) {
    CHECK_FALSE(votes.add(IpAddress::v4({6, 6, 6, host}), at("6.6.6.6:6")));
  }
  CHECK(votes.result() == right);
}

TEST_CASE("address_votes: a port that changes from voter to voter is none", "[dht][votes]") {
  AddressVotes votes;
  for (std::uint8_t i = 1; i <= 6; ++i) {
    (void)votes.add(IpAddress::v4({20, i, 0, 1}), {ip("203.0.113.9"), std::uint16_t{i}});
  }
  CHECK(votes.result() == SocketAddress{ip("203.0.113.9"), 0});
}

TEST_CASE("address_votes: a move wins after the old votes have passed", "[dht][votes]") {
  AddressVotes votes;
  for (std::uint8_t i = 1; i <= 24; ++i) {
    (void)votes.add(IpAddress::v4({20, i, 0, 1}), at("203.0.113.9:9000"));
  }
  bool changed = false;
  for (std::uint8_t i = 1; i <= 24; ++i) {
    changed = votes.add(IpAddress::v4({20, i, 0, 1}), at("203.0.113.10:9000")) || changed;
  }
  CHECK(changed);
  CHECK(votes.result() == at("203.0.113.10:9000"));
}

TEST_CASE("address_rules: hearsay leads nowhere narrower than where it came from",
          "[dht][addresses]") {
  CHECK(may_contact(at("8.8.8.8:53"), ip("9.9.9.9")));
  CHECK_FALSE(may_contact(at("192.168.1.1:80"), ip("9.9.9.9")));
  CHECK_FALSE(may_contact(at("127.0.0.1:80"), ip("9.9.9.9")));
  CHECK_FALSE(may_contact(at("127.0.0.1:80"), ip("192.168.1.2")));
  CHECK_FALSE(may_contact(at("[::1]:80"), ip("2001:db8::1")));
  CHECK_FALSE(may_contact(at("[fd00::1]:80"), ip("2001:db8::1")));
  CHECK(may_contact(at("192.168.1.1:80"), ip("192.168.1.2")));
  CHECK(may_contact(at("8.8.8.8:53"), ip("192.168.1.2")));
  CHECK(may_contact(at("127.0.0.1:80"), ip("127.0.0.1")));
  for (const auto never : {"8.8.8.8:0",
                           "0.0.0.0:1",
                           "0.1.2.3:1",
                           "224.0.0.1:1",
                           "240.0.0.1:1",
                           "255.255.255.255:1",
                           "[::]:1",
                           "[ff02::1]:1"}) {
    CAPTURE(never);
    CHECK_FALSE(may_contact(at(never), ip("127.0.0.1")));
  }
}
