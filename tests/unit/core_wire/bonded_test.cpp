#include <quicether/core/wire/bonded.hpp>
#include <quicether/core/wire/datagram.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

namespace quicether::wire {
namespace {

TEST_CASE("bonded: golden bytes of docs/spec/datagrams.md", "[wire][bonded]") {
  const ByteVector golden{0x02, 0x81, 0x23, 0x00, 0x01, 0x02, 0x03, 0x00, 0x45};
  ByteVector made = golden;
  std::fill_n(made.begin(), kBondedHeadBytes, std::uint8_t{0xff});
  write_bonded_head({0x123, 0x010203, true, false}, made);
  CHECK(made == golden);

  const auto outer = parse_datagram(made);
  REQUIRE(outer.has_value());
  CHECK(outer->context == kContextBonded);
  const auto bonded = parse_bonded(outer->body);
  REQUIRE(bonded.has_value());
  CHECK(bonded->head == BondedHead{0x123, 0x010203, true, false});
  CHECK(ByteVector(bonded->payload.begin(), bonded->payload.end()) == ByteVector{0x00, 0x45});
}

TEST_CASE("bonded: heads come back as they were, reserved flags are ignored", "[wire][bonded]") {
  for (const bool more : {false, true}) {
    for (const bool at_once : {false, true}) {
      for (const std::uint32_t sequence : {0U, 1U, 0xffffffffU}) {
        const BondedHead head{kBondedFlows - 1, sequence, more, at_once};
        ByteVector bytes(kBondedHeadBytes);
        write_bonded_head(head, bytes);
        bytes[1] |= 0x3c;
        const auto parsed = parse_bonded(Bytes{bytes}.subspan(1));
        REQUIRE(parsed.has_value());
        CHECK(parsed->head == head);
        CHECK(parsed->payload.empty());
      }
    }
  }
}

TEST_CASE("bonded: what is too short is refused", "[wire][bonded]") {
  ByteVector bytes(kBondedHeadBytes);
  for (std::size_t size = 0; size + 1 < kBondedHeadBytes; ++size) {
    const auto parsed = parse_bonded(Bytes{bytes}.first(size));
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error() == errc::truncated);
  }
}

}  // namespace
}  // namespace quicether::wire
