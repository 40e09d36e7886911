#include "support/packets.hpp"

#include <quicether/core/wire/ip.hpp>

#include <catch2/catch_test_macros.hpp>

#include <set>
#include <string>
#include <string_view>

using namespace quicether;
using namespace quicether::test;
using wire::Fragment;
using wire::IpDefect;
using wire::PacketInfo;

namespace {

const IpAddress kA4 = address("10.1.2.3");
const IpAddress kB4 = address("100.64.0.9");
const IpAddress kA6 = address("fd00:1::a");
const IpAddress kB6 = address("fd00:2::b");

PacketInfo parsed(ConstBytes packet) {
  const auto info = wire::parse_packet(packet);
  INFO((info.has_error() ? wire::to_string(info.error()) : std::string_view{"ok"}));
  REQUIRE(info.has_value());
  return *info;
}

// The defect's name, or "none": Catch2 prints it when a comparison fails.
std::string defect_of(ConstBytes packet) {
  const auto info = wire::parse_packet(packet);
  return std::string{info.has_value() ? std::string_view{"none"} : wire::to_string(info.error())};
}

void fix_ipv4_checksum(ByteVector& packet) {
  put_u16(packet, 10, 0);
  put_u16(packet, 10, naive_checksum(ConstBytes{packet}.first(4U * (packet[0] & 0xfU))));
}

// An IPv6 packet whose payload is these extension headers and then `last`.
ByteVector extended(std::uint8_t first,
                    std::initializer_list<ByteVector> headers,
                    ConstBytes last) {
  ByteVector payload;
  for (const auto& header : headers) {
    append(payload, header);
  }
  append(payload, last);
  return ip_packet(kA6, kB6, first, payload);
}

// A UDP datagram of 8 bytes of payload, without IP header.
ByteVector udp_part() {
  const auto packet = udp_packet(kA6, kB6, counting_bytes(8));
  return {packet.begin() + 40, packet.end()};
}

}  // namespace

TEST_CASE("ip: reads every field of an IPv4 TCP packet", "[wire][ip]") {
  const auto packet = tcp_packet(kA4,
                                 kB4,
                                 counting_bytes(10),
                                 {.source_port = 1234, .destination_port = 80, .flags = 0x12},
                                 {.hop_limit = 17, .traffic_class = 0xb9, .id = 0xbeef});

  const auto info = parsed(packet);

  CHECK(info.version == 4);
  CHECK(info.source == kA4);
  CHECK(info.destination == kB4);
  CHECK(info.protocol == wire::kProtocolTcp);
  CHECK(info.source_port == 1234);
  CHECK(info.destination_port == 80);
  CHECK(info.tcp_flags == (wire::kTcpSyn | wire::kTcpAck));
  CHECK(info.hop_limit == 17);
  CHECK(info.dscp == 46);
  CHECK(info.ecn == Ecn::ect1);
  CHECK(info.fragment_id == 0xbeef);
  CHECK(info.dont_fragment);
  CHECK(info.packet_bytes == packet.size());
  CHECK(info.transport_offset == 20);
  CHECK(info.transport_bytes() == 30);
  CHECK(info.fragment == Fragment::none);
  CHECK_FALSE(info.has_ipv4_options);
  CHECK_FALSE(info.source_routed);
  CHECK_FALSE(info.is_icmp());
}

TEST_CASE("ip: reads every field of an IPv6 UDP packet", "[wire][ip]") {
  const auto packet =
      udp_packet(kA6, kB6, counting_bytes(3), 5353, 53, {.hop_limit = 1, .traffic_class = 0x2b});

  const auto info = parsed(packet);

  CHECK(info.version == 6);
  CHECK(info.source == kA6);
  CHECK(info.destination == kB6);
  CHECK(info.protocol == wire::kProtocolUdp);
  CHECK(info.source_port == 5353);
  CHECK(info.destination_port == 53);
  CHECK(info.hop_limit == 1);
  CHECK(info.dscp == 10);
  CHECK(info.ecn == Ecn::ce);
  CHECK(info.dont_fragment);
  CHECK(info.packet_bytes == packet.size());
  CHECK(info.transport_offset == 40);
  CHECK(info.fragment == Fragment::none);
}

TEST_CASE("ip: reads ICMP echo of both families with its identifier", "[wire][ip]") {
  for (const auto& [source, destination, type] :
       {std::tuple{kA4, kB4, 8}, std::tuple{kA6, kB6, 128}}) {
    const auto info = parsed(echo_packet(source, destination, 0x1234));

    CHECK(info.is_icmp());
    CHECK(info.icmp_type == type);
    CHECK(info.icmp_code == 0);
    CHECK(info.icmp_id == 0x1234);
    CHECK(info.source_port == 0);
  }
}

TEST_CASE("ip: the second word of ICMP messages other than echo is no identifier", "[wire][ip]") {
  const auto info = parsed(icmp_packet(kA4, kB4, 3, 4, 0x1234'0578U));

  CHECK(info.icmp_type == 3);
  CHECK(info.icmp_code == 4);
  CHECK(info.icmp_id == 0);
}

TEST_CASE("ip: ICMP of the wrong family is an unknown protocol", "[wire][ip]") {
  // One byte would be too short for a message, were it taken for one.
  const auto v6_in_v4 = parsed(ip_packet(kA4, kB4, 58, counting_bytes(1)));
  const auto v4_in_v6 = parsed(ip_packet(kA6, kB6, 1, counting_bytes(1)));

  CHECK_FALSE(v6_in_v4.is_icmp());
  CHECK_FALSE(v4_in_v6.is_icmp());
}

TEST_CASE("ip: protocols without ports pass with their number only", "[wire][ip]") {
  for (const unsigned protocol : {2U, 41U, 47U, 50U, 132U, 255U}) {
    const auto info =
        parsed(ip_packet(kA4, kB4, static_cast<std::uint8_t>(protocol), counting_bytes(4, 1)));

    CHECK(info.protocol == protocol);
    CHECK(info.source_port == 0);
    CHECK(info.destination_port == 0);
  }
}

TEST_CASE("ip: IPv4 options are skipped and flagged", "[wire][ip]") {
  const auto packet =
      udp_packet(kA4, kB4, counting_bytes(2), 1, 2, {.options = {0x94, 0x04, 0, 0}});

  const auto info = parsed(packet);

  CHECK(info.has_ipv4_options);
  CHECK(info.transport_offset == 24);
  CHECK(info.source_port == 1);
}

TEST_CASE("ip: every cut of a packet is refused", "[wire][ip]") {
  for (const auto& packet : {tcp_packet(kA4, kB4, counting_bytes(5)),
                             udp_packet(kA6, kB6, counting_bytes(5)),
                             extended(60, {extension_header(17)}, udp_part()),
                             echo_packet(kA4, kB4)}) {
    REQUIRE(defect_of(packet) == "none");
    for (std::size_t size = 0; size < packet.size(); ++size) {
      CAPTURE(size);
      CHECK(defect_of(ConstBytes{packet}.first(size)) == "truncated");
    }
  }
}

TEST_CASE("ip: every packet whose payload is cut but whose lengths agree is refused",
          "[wire][ip]") {
  // The header chain or the transport header is what is missing then.
  for (std::size_t size = 0; size < 20; ++size) {
    CAPTURE(size);
    const auto part = counting_bytes(size, 0x50);
    CHECK(defect_of(ip_packet(kA4, kB4, 6, part)) == "bad_transport_header");
    CHECK(defect_of(ip_packet(kA6, kB6, 6, part)) == "bad_transport_header");
    if (size < 8) {
      CHECK(defect_of(ip_packet(kA4, kB4, 17, part)) == "bad_transport_header");
      CHECK(defect_of(ip_packet(kA4, kB4, 1, part)) == "bad_transport_header");
      CHECK(defect_of(ip_packet(kA6, kB6, 58, part)) == "bad_transport_header");
      for (const unsigned type : {0U, 43U, 44U, 51U, 60U}) {
        CHECK(defect_of(ip_packet(kA6, kB6, static_cast<std::uint8_t>(type), part)) ==
              "bad_extension_header");
      }
    }
  }
}

TEST_CASE("ip: bytes after the packet are refused", "[wire][ip]") {
  for (auto packet : {udp_packet(kA4, kB4, {}), udp_packet(kA6, kB6, {})}) {
    packet.push_back(0);
    CHECK(defect_of(packet) == "trailing_bytes");
  }
}

TEST_CASE("ip: versions other than 4 and 6 are refused", "[wire][ip]") {
  auto packet = udp_packet(kA4, kB4, {});
  for (unsigned version = 0; version < 16; ++version) {
    if (version != 4 && version != 6) {
      packet[0] = static_cast<std::uint8_t>(version << 4U | 5U);
      CHECK(defect_of(packet) == "bad_version");
    }
  }
}

TEST_CASE("ip: impossible IPv4 lengths are refused", "[wire][ip]") {
  auto packet = udp_packet(kA4, kB4, counting_bytes(40));
  packet[0] = 0x44;
  CHECK(defect_of(packet) == "bad_header_length");

  packet[0] = 0x45;
  put_u16(packet, 2, 19);
  CHECK(defect_of(packet) == "bad_total_length");

  const ByteVector huge(65536, 0x45);
  CHECK(defect_of(huge) == "bad_total_length");
}

TEST_CASE("ip: the largest packets of both families are accepted", "[wire][ip]") {
  CHECK(defect_of(udp_packet(kA4, kB4, ByteVector(65535 - 28))) == "none");
  CHECK(defect_of(udp_packet(kA6, kB6, ByteVector(65535 - 48))) == "none");
}

TEST_CASE("ip: every flipped bit of an IPv4 header is noticed", "[wire][ip]") {
  const auto packet = udp_packet(kA4, kB4, counting_bytes(4));

  for (std::size_t bit = 0; bit < 160; ++bit) {
    CAPTURE(bit);
    auto flipped = packet;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(0x80U >> (bit % 8));
    CHECK(defect_of(flipped) != "none");
  }
}

TEST_CASE("ip: an IPv6 jumbogram is refused", "[wire][ip]") {
  // Payload length 0 and the jumbo payload option (RFC 2675).
  auto packet = extended(0, {ByteVector{17, 0, 0xc2, 4, 0, 0, 0, 16}}, udp_part());
  put_u16(packet, 4, 0);

  CHECK(defect_of(packet) == "trailing_bytes");
}

TEST_CASE("ip: TCP and UDP lengths must fit the packet", "[wire][ip]") {
  auto tcp = tcp_packet(kA4, kB4, counting_bytes(8));
  tcp[32] = 0x40;
  CHECK(defect_of(tcp) == "bad_transport_header");
  tcp[32] = 0x70;  // 28 bytes: up to the packet's end
  CHECK(defect_of(tcp) == "none");
  tcp[32] = 0x80;
  CHECK(defect_of(tcp) == "bad_transport_header");

  auto udp = udp_packet(kA4, kB4, counting_bytes(8));
  put_u16(udp, 24, 7);
  CHECK(defect_of(udp) == "bad_transport_header");
  put_u16(udp, 24, 17);
  CHECK(defect_of(udp) == "bad_transport_header");
  put_u16(udp, 24, 8);  // shorter than the IP payload: the rest is surplus (RFC 9868)
  CHECK(defect_of(udp) == "none");
}

TEST_CASE("ip: walks IPv6 extension headers to the transport header", "[wire][ip]") {
  const ByteVector authentication = {17, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1,
                                     0,  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  const auto packet = extended(0,
                               {extension_header(60),
                                extension_header(43),
                                // routing type 2 with no segment left
                                extension_header(51, ByteVector{2, 0}),
                                authentication},
                               udp_part());

  const auto info = parsed(packet);

  CHECK(info.protocol == wire::kProtocolUdp);
  CHECK(info.transport_offset == 40 + 8 + 8 + 8 + 24);
  CHECK(info.source_port == 5000);
  CHECK_FALSE(info.source_routed);
}

TEST_CASE("ip: routing header type 0 and unfinished source routes are flagged", "[wire][ip]") {
  struct Case {
    std::string_view name;
    std::uint8_t type;
    std::uint8_t segments_left;
    bool flagged;
  };

  for (const auto& [name, type, segments_left, flagged] : {
           Case{"type 0, finished", 0, 0, true},
           Case{"type 0", 0, 1, true},
           Case{"mobile IPv6, finished", 2, 0, false},
           Case{"mobile IPv6", 2, 1, true},
           Case{"segment routing", 4, 3, true},
           Case{"segment routing, finished", 4, 0, false},
       }) {
    CAPTURE(name);
    const auto header = extension_header(17, ByteVector{type, segments_left});
    CHECK(parsed(extended(43, {header}, udp_part())).source_routed == flagged);
  }
}

TEST_CASE("ip: hop-by-hop options are refused anywhere but first", "[wire][ip]") {
  CHECK(defect_of(extended(0, {extension_header(17)}, udp_part())) == "none");
  CHECK(defect_of(extended(60, {extension_header(0), extension_header(17)}, udp_part())) ==
        "bad_extension_header");
  CHECK(defect_of(extended(0, {extension_header(0), extension_header(17)}, udp_part())) ==
        "bad_extension_header");
}

TEST_CASE("ip: the chain of extension headers is bounded", "[wire][ip]") {
  const auto chain = [](std::size_t count) {
    ByteVector payload;
    for (std::size_t i = 0; i < count; ++i) {
      append(payload, extension_header(i + 1 < count ? 60 : 17));
    }
    append(payload, udp_part());
    return ip_packet(kA6, kB6, 60, payload);
  };

  CHECK(defect_of(chain(wire::kExtensionHeadersMax)) == "none");
  CHECK(defect_of(chain(wire::kExtensionHeadersMax + 1)) == "too_many_extensions");
}

TEST_CASE("ip: an extension header that claims more than there is, is refused", "[wire][ip]") {
  auto packet = extended(60, {extension_header(17)}, udp_part());
  packet[41] = 2;  // 24 bytes: exactly the rest, so no transport header is left
  CHECK(defect_of(packet) == "bad_transport_header");
  packet[41] = 3;
  CHECK(defect_of(packet) == "bad_extension_header");
  packet[41] = 255;
  CHECK(defect_of(packet) == "bad_extension_header");
}

TEST_CASE("ip: sorts fragments of both families", "[wire][ip]") {
  struct Case {
    std::string_view name;
    std::size_t offset;
    bool more;
    Fragment expected;
  };

  for (const auto& [name, offset, more, expected] : {
           Case{"unfragmented", 0, false, Fragment::none},
           Case{"first", 0, true, Fragment::first},
           Case{"middle", 1400, true, Fragment::later},
           Case{"last", 1400, false, Fragment::later},
           Case{"last, at the guard", wire::kFragmentGuardBytes, false, Fragment::later},
       }) {
    CAPTURE(name);
    const auto field = offset / 8 | (more ? 0x2000U : 0U);
    const auto v4 = udp_packet(
        kA4, kB4, counting_bytes(16), 1, 2, {.id = 77, .flags = static_cast<std::uint16_t>(field)});
    const auto v6 = extended(44, {fragment_header(17, offset, more, 77)}, udp_part());
    for (const auto& packet : {v4, v6}) {
      const auto info = parsed(packet);
      CHECK(info.fragment == expected);
      CHECK(info.fragment_offset == offset);
      CHECK(info.fragment_id == 77);
      CHECK(info.protocol == wire::kProtocolUdp);
      CHECK((info.source_port != 0) == (expected != Fragment::later));
    }
  }
}

TEST_CASE("ip: a first fragment must hold the whole transport header", "[wire][ip]") {
  const auto tcp = tcp_packet(kA4, kB4, counting_bytes(40));

  for (std::size_t size = 8; size <= 56; size += 8) {
    CAPTURE(size);
    const auto part = ConstBytes{tcp}.subspan(20, size);
    const auto* expected = size < 20 ? "tiny_fragment" : "none";
    CHECK(defect_of(ip_packet(kA4, kB4, 6, part, {.flags = 0x2000})) == expected);
    CHECK(defect_of(extended(44, {fragment_header(6, 0, true, 1)}, part)) == expected);
  }
}

TEST_CASE("ip: a first fragment must hold the whole header chain (RFC 7112)", "[wire][ip]") {
  const auto fragment = fragment_header(60, 0, true, 1);

  CHECK(defect_of(extended(44, {fragment, extension_header(17)}, udp_part())) == "none");
  // The options announce 16 bytes and end with the fragment, or go on beyond it.
  ByteVector options = extension_header(17);
  options[1] = 1;
  CHECK(defect_of(extended(44, {fragment, options}, counting_bytes(8))) == "tiny_fragment");
  options[1] = 2;
  CHECK(defect_of(extended(44, {fragment, options}, counting_bytes(8))) == "tiny_fragment");
}

TEST_CASE("ip: headers beyond the guarded bytes of a first fragment are refused", "[wire][ip]") {
  // 72 bytes of options and a UDP header end at 80; 80 bytes of options do not.
  const auto with_options = [](std::size_t bytes) {
    ByteVector options(bytes);
    options[0] = 17;
    options[1] = static_cast<std::uint8_t>(bytes / 8 - 1);
    return extended(44, {fragment_header(60, 0, true, 1), options}, udp_part());
  };

  CHECK(defect_of(with_options(72)) == "none");
  CHECK(defect_of(with_options(80)) == "tiny_fragment");
}

TEST_CASE("ip: a later fragment that could overwrite headers is refused", "[wire][ip]") {
  for (std::size_t offset = 8; offset < 120; offset += 8) {
    CAPTURE(offset);
    const auto* expected = offset < wire::kFragmentGuardBytes ? "overlapping_fragment" : "none";
    for (const unsigned more : {0U, 1U}) {
      const auto field = static_cast<std::uint16_t>(offset / 8 | more << 13U);
      CHECK(defect_of(ip_packet(kA4, kB4, 6, counting_bytes(8), {.flags = field})) == expected);
      CHECK(defect_of(extended(
                44, {fragment_header(6, offset, more != 0, 1)}, counting_bytes(8))) == expected);
    }
  }
}

TEST_CASE("ip: a datagram that would grow beyond 65535 bytes is refused", "[wire][ip]") {
  // IPv4 counts the header, IPv6 does not.
  const auto v4 = [](std::size_t bytes) {
    return defect_of(ip_packet(kA4, kB4, 17, ByteVector(bytes), {.flags = 65504 / 8}));
  };
  const auto v6 = [](std::size_t bytes) {
    return defect_of(extended(44, {fragment_header(17, 65528, false, 1)}, ByteVector(bytes)));
  };

  CHECK(v4(11) == "none");
  CHECK(v4(12) == "bad_fragment");
  CHECK(v6(7) == "none");
  CHECK(v6(8) == "bad_fragment");
}

TEST_CASE("ip: empty fragments and fragments of odd length before the last are refused",
          "[wire][ip]") {
  CHECK(defect_of(ip_packet(kA4, kB4, 17, {}, {.flags = 0x2000})) == "bad_fragment");
  CHECK(defect_of(ip_packet(kA4, kB4, 17, {}, {.flags = 100})) == "bad_fragment");
  CHECK(defect_of(ip_packet(kA4, kB4, 17, counting_bytes(12), {.flags = 0x2000 | 100})) ==
        "bad_fragment");
  CHECK(defect_of(ip_packet(kA4, kB4, 17, counting_bytes(12), {.flags = 100})) == "none");
  CHECK(defect_of(extended(44, {fragment_header(17, 800, true, 1)}, counting_bytes(12))) ==
        "bad_fragment");
}

TEST_CASE("ip: a second Fragment header is refused", "[wire][ip]") {
  CHECK(defect_of(extended(
            44, {fragment_header(44, 0, true, 1), fragment_header(17, 0, true, 2)}, udp_part())) ==
        "bad_extension_header");
  CHECK(defect_of(extended(
            44, {fragment_header(44, 0, false, 1), fragment_header(17, 0, true, 2)}, udp_part())) ==
        "bad_extension_header");
}

TEST_CASE("ip: reserved bits do not change what a packet is", "[wire][ip]") {
  auto v4 = udp_packet(kA4, kB4, counting_bytes(4));
  v4[6] |= 0x80U;
  fix_ipv4_checksum(v4);
  CHECK(defect_of(v4) == "none");

  auto v6 = extended(44, {fragment_header(17, 0, true, 1)}, udp_part());
  v6[43] |= 6U;
  CHECK(parsed(v6).fragment == Fragment::first);
}

TEST_CASE("ip: every defect has a counter name of its own", "[wire][ip]") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < wire::kIpDefectCount; ++i) {
    names.insert(wire::to_string(static_cast<IpDefect>(i)));
  }

  CHECK(names.size() == wire::kIpDefectCount);
  CHECK_FALSE(names.contains("unknown"));
  CHECK(wire::to_string(static_cast<IpDefect>(wire::kIpDefectCount)) == "unknown");
}
