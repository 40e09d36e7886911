#include "support/packets.hpp"

#include <quicether/base/hex.hpp>
#include <quicether/core/wire/datagram.hpp>
#include <quicether/core/wire/ip.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace quicether;
using namespace quicether::test;

TEST_CASE("datagram: the golden bytes of docs/spec/datagrams.md are an IP packet",
          "[wire][datagram]") {
  ByteVector payload(31);
  REQUIRE(from_hex("00"
                   "4500001e000040004011ca820a01020364400009"
                   "13880035000a13676869",
                   payload)
              .has_value());
  const auto expected =
      udp_packet(address("10.1.2.3"), address("100.64.0.9"), as_bytes("hi"), 5000, 53);

  const auto datagram = wire::parse_datagram(payload);

  REQUIRE(datagram.has_value());
  CHECK(datagram->context == wire::kContextIpPacket);
  CHECK(to_hex(datagram->body) == to_hex(expected));
  CHECK(wire::parse_packet(datagram->body).has_value());
}

TEST_CASE("datagram: contexts of every length are read, known or not", "[wire][datagram]") {
  for (auto payload : {ByteVector{0x06, 0xaa},
                       ByteVector{0x40, 0x06, 0xaa},
                       ByteVector{0x80, 0, 0, 0x06, 0xaa},
                       ByteVector{0xc0, 0, 0, 0, 0, 0, 0, 0x06, 0xaa}}) {
    const auto datagram = wire::parse_datagram(payload);
    REQUIRE(datagram.has_value());
    CHECK(datagram->context == wire::kContextMessage);
    REQUIRE(datagram->body.size() == 1);
    CHECK(datagram->body.data() == &payload.back());
  }
  ByteVector unknown = {0x7f, 0xff};
  CHECK(wire::parse_datagram(unknown)->context == 0x3fff);
  CHECK(wire::parse_datagram(unknown)->body.empty());
}

TEST_CASE("datagram: an incomplete context id is refused", "[wire][datagram]") {
  for (auto payload :
       {ByteVector{}, ByteVector{0x40}, ByteVector{0x80, 0, 0}, ByteVector(7, 0xc0)}) {
    CHECK(wire::parse_datagram(payload).error() == errc::truncated);
  }
}
