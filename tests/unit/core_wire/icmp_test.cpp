#include "support/packets.hpp"

#include <quicether/base/hex.hpp>
#include <quicether/core/wire/icmp.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <string_view>

using namespace quicether;
using namespace quicether::test;
using wire::IcmpError;

namespace {

const IpAddress kRouter4 = address("100.64.0.1");
const IpAddress kRouter6 = address("fd00::1");
const IpAddress kA4 = address("10.1.2.3");
const IpAddress kB4 = address("100.64.0.9");
const IpAddress kA6 = address("fd00:1::a");
const IpAddress kB6 = address("fd00:2::b");

// The error about `packet`; empty when there is none.
ByteVector error_about(ConstBytes packet,
                       IcmpError error = IcmpError::no_route,
                       std::uint32_t mtu = 1300) {
  const auto info = wire::parse_packet(packet);
  REQUIRE(info.has_value());
  ByteVector out(wire::kIcmpErrorBytesMax, 0xee);
  const auto& source = info->version == 4 ? kRouter4 : kRouter6;
  out.resize(wire::make_icmp_error(error, packet, *info, source, mtu, out));
  return out;
}

}  // namespace

TEST_CASE("icmp: errors have the type, code and checksum of their family", "[wire][icmp]") {
  struct Case {
    std::string_view name;
    IcmpError error;
    std::array<std::uint8_t, 2> v4;
    std::array<std::uint8_t, 2> v6;
    std::uint32_t rest;  // the second word
  };

  for (const auto& [name, error, v4, v6, rest] : {
           Case{"no route", IcmpError::no_route, {3, 0}, {1, 0}, 0},
           Case{"unreachable", IcmpError::unreachable, {3, 1}, {1, 3}, 0},
           Case{"prohibited", IcmpError::prohibited, {3, 13}, {1, 1}, 0},
           Case{"hop limit", IcmpError::hop_limit, {11, 0}, {3, 0}, 0},
           Case{"too big", IcmpError::packet_too_big, {3, 4}, {2, 0}, 1300},
       }) {
    CAPTURE(name);
    const auto about4 = udp_packet(kA4, kB4, counting_bytes(20));
    CHECK(to_hex(error_about(about4, error)) ==
          to_hex(icmp_packet(kRouter4, kA4, v4[0], v4[1], rest, about4, {.traffic_class = 0xc0})));

    const auto about6 = udp_packet(kA6, kB6, counting_bytes(20));
    CHECK(to_hex(error_about(about6, error)) ==
          to_hex(icmp_packet(kRouter6, kA6, v6[0], v6[1], rest, about6, {.traffic_class = 0xc0})));
  }
}

TEST_CASE("icmp: an error quotes as much as fits 576 or 1280 bytes", "[wire][icmp]") {
  for (const std::size_t size : {0U, 519U, 520U, 521U, 1183U, 1184U, 1185U, 9000U}) {
    CAPTURE(size);
    const auto about4 = udp_packet(kA4, kB4, counting_bytes(size));
    const auto error4 = error_about(about4);
    CHECK(error4.size() == std::min<std::size_t>(576, 28 + about4.size()));
    CHECK(std::equal(error4.begin() + 28, error4.end(), about4.begin()));
    CHECK(wire::parse_packet(error4).has_value());

    const auto about6 = udp_packet(kA6, kB6, counting_bytes(size));
    const auto error6 = error_about(about6);
    CHECK(error6.size() == std::min<std::size_t>(1280, 48 + about6.size()));
    CHECK(std::equal(error6.begin() + 48, error6.end(), about6.begin()));
    CHECK(wire::parse_packet(error6).has_value());
  }
}

TEST_CASE("icmp: the MTU of IPv4 has 16 bits, that of IPv6 32", "[wire][icmp]") {
  const auto error4 = error_about(udp_packet(kA4, kB4, {}), IcmpError::packet_too_big, 0x12345U);
  CHECK(load_be<std::uint32_t>(ConstBytes{error4}.subspan(24)) == 0xffffU);

  const auto error6 = error_about(udp_packet(kA6, kB6, {}), IcmpError::packet_too_big, 0x12345U);
  CHECK(load_be<std::uint32_t>(ConstBytes{error6}.subspan(44)) == 0x12345U);
}

TEST_CASE("icmp: the flow of the quoted packet can be read back", "[wire][icmp]") {
  for (const auto& about : {tcp_packet(kA4, kB4, counting_bytes(2000)),
                            udp_packet(kA6, kB6, counting_bytes(2000)),
                            echo_packet(kA4, kB4)}) {
    const auto error = error_about(about);
    const auto info = wire::parse_packet(error);
    REQUIRE(info.has_value());
    const auto flow = wire::quoted_flow(error, *info);
    REQUIRE(flow.has_value());
    CHECK(*flow == wire::flow_key(*wire::parse_packet(about)));
  }
}

TEST_CASE("icmp: errors are not answered, other messages are", "[wire][icmp]") {
  for (unsigned type = 0; type < 256; ++type) {
    CAPTURE(type);
    const auto icmp_type = static_cast<std::uint8_t>(type);
    const bool is_error4 = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
    CHECK(error_about(icmp_packet(kA4, kB4, icmp_type, 0)).empty() == is_error4);
    CHECK(error_about(icmp_packet(kA6, kB6, icmp_type, 0)).empty() == (type < 128));
  }
}

TEST_CASE("icmp: nothing is sent about later fragments, but about first ones", "[wire][icmp]") {
  const auto part = counting_bytes(64, 1);
  CHECK(error_about(ip_packet(kA4, kB4, 17, part, {.flags = 200})).empty());
  CHECK_FALSE(error_about(ip_packet(kA4, kB4, 17, part, {.flags = 0x2000})).empty());
  CHECK_FALSE(
      error_about(ip_packet(kA4, kB4, 17, part, {.flags = 0x2000}), IcmpError::packet_too_big)
          .empty());

  auto later = fragment_header(17, 800, true, 1);
  append(later, part);
  CHECK(error_about(ip_packet(kA6, kB6, 44, later)).empty());
}

TEST_CASE("icmp: nothing is sent to or about what is no single host", "[wire][icmp]") {
  for (const auto* text : {"0.0.0.0",
                           "0.1.2.3",
                           "127.0.0.1",
                           "224.0.0.1",
                           "239.255.255.255",
                           "240.0.0.1",
                           "255.255.255.255"}) {
    CAPTURE(text);
    CHECK(error_about(udp_packet(address(text), kB4, {})).empty());
    CHECK(error_about(udp_packet(kA4, address(text), {})).empty());
  }
  for (const auto* text : {"::", "::1", "ff02::1", "ff0e::1"}) {
    CAPTURE(text);
    CHECK(error_about(udp_packet(address(text), kB6, {})).empty());
    CHECK(error_about(udp_packet(kA6, address(text), {})).empty());
  }
}

TEST_CASE("icmp: a source of the other family sends nothing", "[wire][icmp]") {
  const auto packet = udp_packet(kA4, kB4, {});
  ByteVector out(wire::kIcmpErrorBytesMax);
  CHECK(wire::make_icmp_error(
            IcmpError::no_route, packet, *wire::parse_packet(packet), kRouter6, 0, out) == 0);
}

TEST_CASE("icmp: a lower hop limit is what the sender might have written", "[wire][icmp]") {
  for (unsigned limit = 1; limit < 256; ++limit) {
    const auto of = [](unsigned value) {
      return IpOptions{.hop_limit = static_cast<std::uint8_t>(value), .id = 0xfeff};
    };
    auto packet4 = udp_packet(kA4, kB4, {}, 1, 2, of(limit));
    wire::decrement_hop_limit(packet4);
    CHECK(to_hex(packet4) == to_hex(udp_packet(kA4, kB4, {}, 1, 2, of(limit - 1))));

    auto packet6 = udp_packet(kA6, kB6, {}, 1, 2, of(limit));
    wire::decrement_hop_limit(packet6);
    CHECK(to_hex(packet6) == to_hex(udp_packet(kA6, kB6, {}, 1, 2, of(limit - 1))));
  }
}
