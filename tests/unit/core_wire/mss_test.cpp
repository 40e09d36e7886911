#include "support/packets.hpp"

#include <quicether/base/hex.hpp>
#include <quicether/base/random.hpp>
#include <quicether/core/wire/icmp.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string_view>

using namespace quicether;
using namespace quicether::test;

namespace {

const IpAddress kA4 = address("10.1.2.3");
const IpAddress kB4 = address("100.64.0.9");
const IpAddress kA6 = address("fd00:1::a");
const IpAddress kB6 = address("fd00:2::b");

constexpr std::uint8_t kSyn = 0x02;

ByteVector options(std::string_view text) {
  ByteVector bytes(text.size() / 2);
  REQUIRE(from_hex(text, bytes).has_value());
  return bytes;
}

ByteVector syn(bool v6, const ByteVector& tcp_options, std::uint8_t flags = kSyn) {
  return tcp_packet(v6 ? kA6 : kA4, v6 ? kB6 : kB4, {}, {.flags = flags, .options = tcp_options});
}

bool clamp(ByteVector& packet, std::uint32_t mtu) {
  return wire::clamp_mss(packet, *wire::parse_packet(packet), mtu);
}

}  // namespace

TEST_CASE("mss: is lowered to what fits, wherever the option stands", "[wire][mss]") {
  struct Case {
    std::string_view name;
    std::string_view before;
    std::string_view v4;  // with an MTU of 1300: 1260 = 0x04ec
    std::string_view v6;  // 1240 = 0x04d8
  };

  for (const auto& [name, before, v4, v6] : {
           Case{"alone", "020405b4", "020404ec", "020404d8"},
           Case{"as Linux sends it",
                "020405b40402080a001122334455667701030307",
                "020404ec0402080a001122334455667701030307",
                "020404d80402080a001122334455667701030307"},
           Case{"at an odd place", "01020405b4000000", "01020404ec000000", "01020404d8000000"},
           Case{"at another odd place", "030307020405b400", "030307020404ec00", "030307020404d800"},
           Case{"last", "01010101020405b4", "01010101020404ec", "01010101020404d8"},
       }) {
    CAPTURE(name);
    auto packet4 = syn(false, options(before));
    CHECK(clamp(packet4, 1300));
    CHECK(to_hex(packet4) == to_hex(syn(false, options(v4))));

    auto packet6 = syn(true, options(before));
    CHECK(clamp(packet6, 1300));
    CHECK(to_hex(packet6) == to_hex(syn(true, options(v6))));
  }
}

TEST_CASE("mss: SYN and ACK together are lowered too, other packets are not", "[wire][mss]") {
  auto packet = syn(false, options("020405b4"), 0x12);
  CHECK(clamp(packet, 1300));

  packet = syn(false, options("020405b4"), 0x10);
  CHECK_FALSE(clamp(packet, 1300));
  CHECK(to_hex(packet) == to_hex(syn(false, options("020405b4"), 0x10)));

  auto udp = udp_packet(kA4, kB4, counting_bytes(40, 2));
  CHECK_FALSE(clamp(udp, 1300));
}

TEST_CASE("mss: is never raised", "[wire][mss]") {
  for (const std::uint32_t mtu : {1500U, 1501U, 9000U, 65536U, 0xffff'ffffU}) {
    auto packet = syn(false, options("020405b4"));
    CHECK_FALSE(clamp(packet, mtu));
    CHECK(to_hex(packet) == to_hex(syn(false, options("020405b4"))));
  }
  auto packet = syn(false, options("020405b4"));
  CHECK(clamp(packet, 1499));
}

TEST_CASE("mss: an MTU without room for headers changes nothing", "[wire][mss]") {
  for (const std::uint32_t mtu : {0U, 39U, 40U}) {
    auto packet = syn(false, options("020405b4"));
    CHECK_FALSE(clamp(packet, mtu));
  }
  auto packet = syn(true, options("020405b4"));
  CHECK_FALSE(clamp(packet, 60));
  CHECK(clamp(packet, 61));
}

TEST_CASE("mss: options that end, are cut or malformed are left alone", "[wire][mss]") {
  for (const std::string_view text : {"00020405b4000000",  // after the end of options
                                      "0300020405b40000",  // an option of no length
                                      "0301020405b40000",  // an option of one byte
                                      "0340020405b40000",  // an option beyond the header
                                      "020305b4",          // the wrong size of MSS
                                      "0205020405b40000",
                                      "01010102",  // MSS cut after its kind
                                      "01010204",
                                      "010204ff",
                                      "04020402"}) {
    CAPTURE(text);
    auto packet = syn(false, options(text));
    CHECK_FALSE(clamp(packet, 1300));
    CHECK(to_hex(packet) == to_hex(syn(false, options(text))));
  }
  ByteVector none;
  auto packet = syn(true, none);
  CHECK_FALSE(clamp(packet, 1300));
}

TEST_CASE("mss: random options keep a right checksum", "[wire][mss]") {
  SeededRandom random{61};
  unsigned changed = 0;

  for (int round = 0; round < 50'000; ++round) {
    ByteVector tcp_options(4 * (1 + random.below(10)));
    for (auto& byte : tcp_options) {
      byte = static_cast<std::uint8_t>(random.below(4) == 0 ? random.next() : random.below(5));
    }
    auto packet = syn(round % 2 == 0, tcp_options);
    const auto mtu = static_cast<std::uint32_t>(60 + random.below(1500));
    changed += clamp(packet, mtu) ? 1U : 0U;
    const std::size_t start = round % 2 == 0 ? 40 : 20;
    const auto info = *wire::parse_packet(packet);
    REQUIRE(naive_transport_checksum(
                info.source, info.destination, 6, ConstBytes{packet}.subspan(start)) == 0);
  }

  CHECK(changed > 1000);
}
