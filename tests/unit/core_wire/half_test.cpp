#include "support/packets.hpp"

#include <quicether/base/random.hpp>
#include <quicether/core/wire/datagram.hpp>
#include <quicether/core/wire/half.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace quicether::wire {
namespace {

using Taken = HalfJoiner::Taken;

ByteVector packet_of(std::size_t payload_bytes, bool v6 = false, unsigned first = 0) {
  const auto from = test::address(v6 ? "2001:db8::1" : "10.1.2.3");
  const auto to = test::address(v6 ? "2001:db8::2" : "100.64.0.9");
  return test::udp_packet(from, to, test::counting_bytes(payload_bytes, first));
}

/// The two DATAGRAM payloads of a packet.
std::array<ByteVector, 2> cut(const ByteVector& packet, std::uint16_t number) {
  std::array<ByteVector, 2> payloads;
  const auto halves = cut_in_halves(packet, number);
  for (std::size_t i = 0; i < halves.size(); ++i) {
    payloads[i] = {halves[i].head.begin(), halves[i].head.end()};
    payloads[i].insert(payloads[i].end(), halves[i].part.begin(), halves[i].part.end());
  }
  return payloads;
}

ConstBytes body(const ByteVector& payload) {
  CHECK(payload.at(0) == kContextHalf);
  return ConstBytes{payload}.subspan(1);
}

ByteVector joined(HalfJoiner& joiner) {
  const auto packet = joiner.packet();
  return {packet.begin(), packet.end()};
}

TEST_CASE("half: a packet of any size comes together as it was, in either order", "[wire][half]") {
  HalfJoiner joiner;
  std::uint16_t number = 0xfff0;  // wraps
  for (const bool v6 : {false, true}) {
    for (std::size_t bytes = 0; bytes < 3000; bytes += bytes < 50 ? 1 : 37) {
      for (const bool swapped : {false, true}) {
        const auto packet = packet_of(bytes, v6);
        auto halves = cut(packet, number++);
        CHECK(halves[0].size() - halves[1].size() == packet.size() % 2);
        CHECK(packet.size() <= halved_packet_bytes_max(halves[0].size()));
        if (swapped) {
          std::swap(halves[0], halves[1]);
        }
        REQUIRE(joiner.take(body(halves[0])) == Taken::waiting);
        REQUIRE(joiner.take(body(halves[1])) == Taken::whole);
        REQUIRE(joined(joiner) == packet);
      }
    }
  }
}

TEST_CASE("half: golden bytes", "[wire][half]") {
  const auto packet = test::udp_packet(
      test::address("10.1.2.3"), test::address("100.64.0.9"), as_bytes("hi"), 5000, 53);
  const auto halves = cut(packet, 0x1234);

  CHECK(halves[0] == ByteVector{0x0a,
                                0x00,
                                0x12,
                                0x34,
                                0x45,
                                0x00,
                                0x00,
                                0x1e,
                                0x00,
                                0x00,
                                0x40,
                                0x00,
                                0x40,
                                0x11,
                                0xca,
                                0x82,
                                0x0a,
                                0x01,
                                0x02});
  CHECK(halves[1] == ByteVector{0x0a,
                                0x01,
                                0x12,
                                0x34,
                                0x03,
                                0x64,
                                0x40,
                                0x00,
                                0x09,
                                0x13,
                                0x88,
                                0x00,
                                0x35,
                                0x00,
                                0x0a,
                                0x13,
                                0x67,
                                0x68,
                                0x69});
}

TEST_CASE("half: what datagrams bear", "[wire][half]") {
  CHECK(halved_packet_bytes_max(0) == 0);
  CHECK(halved_packet_bytes_max(kHalfHeadBytes) == 0);
  CHECK(halved_packet_bytes_max(kHalfHeadBytes + 1) == 2);
  CHECK(halved_packet_bytes_max(1160) == 2 * 1156);
  CHECK(halved_packet_bytes_max(60'000) == 2 * kHalfBytesMax);
}

TEST_CASE("half: the other half may be up to eight packets away", "[wire][half]") {
  HalfJoiner joiner;
  std::vector<ByteVector> packets;
  std::vector<std::array<ByteVector, 2>> halves;
  for (std::uint16_t i = 0; i <= HalfJoiner::kOpenMax; ++i) {
    packets.push_back(packet_of(1400, false, i));
    halves.push_back(cut(packets.back(), i));
    CHECK(joiner.take(body(halves[i][0])) == Taken::waiting);
  }
  for (std::uint16_t i = 1; i <= HalfJoiner::kOpenMax; ++i) {
    REQUIRE(joiner.take(body(halves[i][1])) == Taken::whole);
    CHECK(joined(joiner) == packets[i]);
  }
  CHECK(joiner.take(body(halves[0][1])) == Taken::waiting);  // its other half is forgotten
}

TEST_CASE("half: a half that waits is not joined to a packet of a later round of numbers",
          "[wire][half]") {
  HalfJoiner joiner;
  const auto old = cut(packet_of(1000), 7);
  CHECK(joiner.take(body(old[0])) == Taken::waiting);
  for (std::uint16_t number = 8; number < 8 + HalfJoiner::kOpenMax; ++number) {
    const auto halves = cut(packet_of(1000), number);
    CHECK(joiner.take(body(halves[0])) == Taken::waiting);
    CHECK(joiner.take(body(halves[1])) == Taken::whole);
  }
  CHECK(joiner.take(body(cut(packet_of(1000, false, 9), 7)[1])) == Taken::waiting);
}

TEST_CASE("half: what is refused", "[wire][half]") {
  HalfJoiner joiner;
  const auto packet = packet_of(100);
  const auto halves = cut(packet, 5);

  SECTION("nothing after the number") {
    CHECK(joiner.take(body(halves[0]).first(3)) == Taken::refused);
    CHECK(joiner.take({}) == Taken::refused);
  }
  SECTION("a third place") {
    auto third = halves[0];
    third[1] = 2;
    CHECK(joiner.take(body(third)) == Taken::refused);
  }
  SECTION("more than a half bears") {
    ByteVector large(1 + 2 + kHalfBytesMax + 1);
    CHECK(joiner.take(large) == Taken::refused);
    large.pop_back();
    CHECK(joiner.take(large) == Taken::waiting);
  }
  SECTION("a duplicate, before and after the other half; the packet is not harmed") {
    CHECK(joiner.take(body(halves[0])) == Taken::waiting);
    CHECK(joiner.take(body(halves[0])) == Taken::refused);
    CHECK(joiner.take(body(halves[1])) == Taken::whole);
    CHECK(joined(joiner) == packet);
    CHECK(joiner.take(body(halves[1])) == Taken::refused);
    CHECK(joiner.take(body(halves[0])) == Taken::refused);
  }
  SECTION("halves that overlap or leave a gap") {
    auto second = halves[1];
    SECTION("overlap") {
      second.insert(second.begin() + kHalfHeadBytes, 0);
    }
    SECTION("gap") {
      second.pop_back();
    }
    CHECK(joiner.take(body(halves[0])) == Taken::waiting);
    CHECK(joiner.take(body(second)) == Taken::refused);
  }
  SECTION("what is no IP packet") {
    CHECK(joiner.take(ByteVector{0, 0, 5, 0x45, 0}) == Taken::waiting);
    CHECK(joiner.take(ByteVector{1, 0, 5, 0, 4}) == Taken::refused);
    CHECK(joiner.take(ByteVector{0, 0, 6, 0x10}) == Taken::waiting);
    CHECK(joiner.take(ByteVector{1, 0, 6, 0x10}) == Taken::refused);
  }
}

TEST_CASE("half: lost, repeated and reordered halves give whole packets or none",
          "[wire][half][property]") {
  SeededRandom random{23};
  HalfJoiner joiner;
  std::vector<ByteVector> sent;
  std::vector<ByteVector> flying;
  std::size_t arrived = 0;
  for (std::size_t i = 0; i < 20'000; ++i) {
    sent.push_back(packet_of(random.below(2000), random.below(2) == 0, static_cast<unsigned>(i)));
    for (const auto& half : cut(sent.back(), static_cast<std::uint16_t>(i))) {
      if (random.below(10) != 0) {
        flying.push_back(half);
      }
      if (random.below(20) == 0) {
        flying.push_back(half);
      }
    }
    while (flying.size() > 6) {
      const auto which = flying.begin() + static_cast<std::ptrdiff_t>(random.below(4));
      const auto half = *which;
      flying.erase(which);
      if (joiner.take(body(half)) == Taken::whole) {
        const auto recent = std::span{sent}.last(std::min<std::size_t>(sent.size(), 64));
        REQUIRE(std::ranges::find(recent, joined(joiner)) != recent.end());
        ++arrived;
      }
    }
  }
  // Both halves of four in five packets were sent at least once.
  CHECK(arrived > 20'000 * 7 / 10);
  CHECK(arrived < 20'000 * 9 / 10);
}

}  // namespace
}  // namespace quicether::wire
