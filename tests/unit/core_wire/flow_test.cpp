#include "support/packets.hpp"

#include <quicether/base/random.hpp>
#include <quicether/core/wire/ip.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <set>
#include <string_view>
#include <vector>

using namespace quicether;
using namespace quicether::test;
using wire::FlowKey;

namespace {

const IpAddress kA4 = address("10.1.2.3");
const IpAddress kB4 = address("100.64.0.9");
const IpAddress kRouter4 = address("192.0.2.1");
const IpAddress kA6 = address("fd00:1::a");
const IpAddress kB6 = address("fd00:2::b");
const IpAddress kRouter6 = address("2001:db8::1");

FlowKey key_of(ConstBytes packet) {
  const auto info = wire::parse_packet(packet);
  REQUIRE(info.has_value());
  return wire::flow_key(*info);
}

std::optional<FlowKey> quoted(ConstBytes packet) {
  const auto info = wire::parse_packet(packet);
  REQUIRE(info.has_value());
  return wire::quoted_flow(packet, *info);
}

// An ICMP error of the family `version` that quotes `packet`.
ByteVector error_about(unsigned version,
                       ConstBytes packet,
                       std::uint8_t type,
                       std::uint8_t code = 0) {
  return version == 4 ? icmp_packet(kRouter4, kA4, type, code, 0, packet)
                      : icmp_packet(kRouter6, kA6, type, code, 0, packet);
}

ByteVector error_about(ConstBytes packet, std::uint8_t type, std::uint8_t code = 0) {
  return error_about(packet[0] >> 4U, packet, type, code);
}

}  // namespace

TEST_CASE("flow: fragments of a datagram stay in order, and apart from whole packets",
          "[wire][flow]") {
  const auto whole = udp_packet(kA6, kB6, counting_bytes(400), 1000, 53);
  std::vector<FlowKey> keys;
  for (const std::size_t offset : {0U, 208U}) {
    auto body = fragment_header(17, offset, offset == 0, 7);
    append(body, ConstBytes{whole}.subspan(40 + offset, offset == 0 ? 208 : 200));
    const auto info = wire::parse_packet(ip_packet(kA6, kB6, 44, body));
    REQUIRE(info.has_value());
    keys.push_back(wire::order_key(*info));
  }
  CHECK(keys[0] == keys[1]);
  const auto info = wire::parse_packet(whole);
  REQUIRE(info.has_value());
  CHECK(wire::order_key(*info) == wire::flow_key(*info));
  CHECK(wire::order_key(*info) != keys[0]);
}

TEST_CASE("flow: an answer's key is the reversed key", "[wire][flow]") {
  CHECK(key_of(udp_packet(kA4, kB4, {}, 1000, 53)).reversed() ==
        key_of(udp_packet(kB4, kA4, {}, 53, 1000)));
  CHECK(key_of(echo_packet(kA6, kB6, 9)).reversed() ==
        key_of(icmp_packet(kB6, kA6, 129, 0, 9U << 16U)));
  CHECK(key_of(udp_packet(kA4, kB4, {}, 1000, 53)) != key_of(udp_packet(kA4, kB4, {}, 1000, 54)));
  CHECK(key_of(echo_packet(kA6, kB6, 9)) != key_of(echo_packet(kA6, kB6, 10)));
}

TEST_CASE("flow: the hash depends on every bit of the key and on the seed", "[wire][flow]") {
  for (const auto& base :
       {key_of(udp_packet(kA4, kB4, {}, 1000, 53)), key_of(udp_packet(kA6, kB6, {}, 1000, 53))}) {
    std::set<std::uint64_t> hashes = {wire::flow_hash(base, 1), wire::flow_hash(base, 2)};
    std::size_t expected = 2;
    const auto bits = base.source.bits();
    for (unsigned bit = 0; bit < bits; ++bit) {
      const auto flipped = [bit](const IpAddress& from) {
        std::array<std::uint8_t, 16> bytes{};
        std::copy(from.bytes().begin(), from.bytes().end(), bytes.begin());
        bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        return *IpAddress::from_bytes(ConstBytes{bytes}.first(from.bits() / 8));
      };
      auto other = base;
      other.source = flipped(base.source);
      hashes.insert(wire::flow_hash(other, 1));
      other = base;
      other.destination = flipped(base.destination);
      hashes.insert(wire::flow_hash(other, 1));
      expected += 2;
    }
    for (unsigned bit = 0; bit < 16; ++bit) {
      auto other = base;
      other.source_port = static_cast<std::uint16_t>(base.source_port ^ (1U << bit));
      hashes.insert(wire::flow_hash(other, 1));
      other = base;
      other.destination_port = static_cast<std::uint16_t>(base.destination_port ^ (1U << bit));
      hashes.insert(wire::flow_hash(other, 1));
      expected += 2;
    }
    auto other = base;
    other.protocol = 6;
    hashes.insert(wire::flow_hash(other, 1));
    CHECK(hashes.size() == expected + 1);
  }
}

TEST_CASE("flow: the hash is the same on every platform", "[wire][flow]") {
  CHECK(wire::flow_hash(key_of(udp_packet(kA4, kB4, {}, 1000, 53)), 0) == 0xba6700d7c6cc1b04U);
  CHECK(wire::flow_hash(key_of(udp_packet(kA6, kB6, {}, 1000, 53)), 0) == 0xaa4a9b752df61d8cU);
}

TEST_CASE("flow: the lane is the same on every platform, and for answers", "[wire][flow][lane]") {
  // As in docs/spec/transport.md.
  const FlowKey v4{kA4, kB4, 5000, 53, 17};
  const FlowKey v6{kA6, kB6, 5000, 443, 6};
  CHECK(wire::flow_lane(v4, 1) == 0);
  CHECK(wire::flow_lane(v4, 16) == 14);
  CHECK(wire::flow_lane(v6, 16) == 2);
  CHECK(wire::flow_lane(v4.reversed(), 16) == wire::flow_lane(v4, 16));
  CHECK(wire::flow_lane(v6.reversed(), 16) == wire::flow_lane(v6, 16));
}

TEST_CASE("flow: lanes get equal shares, also of every second port", "[wire][flow][lane]") {
  for (const unsigned step : {1U, 2U, 4U}) {
    for (const std::size_t lanes : {2U, 3U, 16U}) {
      std::array<unsigned, 16> shares{};
      constexpr unsigned kFlows = 4096;
      for (unsigned i = 0; i < kFlows; ++i) {
        const FlowKey key{kA4, kB4, static_cast<std::uint16_t>(32'768 + i * step), 443, 6};
        ++shares.at(wire::flow_lane(key, lanes));
      }
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        CHECK(shares.at(lane) > kFlows / lanes * 9 / 10);
        CHECK(shares.at(lane) < kFlows / lanes * 11 / 10);
      }
    }
  }
}

TEST_CASE("flow: neighbouring flows spread evenly over the low bits", "[wire][flow]") {
  std::array<unsigned, 16> buckets{};

  for (unsigned port = 0; port < 16'000; ++port) {
    const FlowKey key{kA4, kB4, static_cast<std::uint16_t>(port), 443, 6};
    ++buckets[wire::flow_hash(key, 99) % buckets.size()];
  }

  for (const auto count : buckets) {
    CHECK(count > 850);
    CHECK(count < 1150);
  }
}

TEST_CASE("flow: an ICMP error names the flow of the packet it quotes", "[wire][flow]") {
  struct Case {
    std::string_view name;
    ByteVector packet;
    std::uint8_t type;
  };

  for (const auto& [name, packet, type] : {
           Case{"unreachable, UDP", udp_packet(kA4, kB4, counting_bytes(99), 1000, 53), 3},
           Case{"time exceeded, TCP", tcp_packet(kA4, kB4, counting_bytes(99)), 11},
           Case{"parameter problem, echo", echo_packet(kA4, kB4, 9), 12},
           Case{"options", udp_packet(kA4, kB4, {}, 1, 2, {.options = {1, 1, 1, 1}}), 3},
           Case{"too big, UDP", udp_packet(kA6, kB6, counting_bytes(99), 1000, 53), 2},
           Case{"unreachable, echo", echo_packet(kA6, kB6, 9), 1},
           Case{"extension header",
                ip_packet(kA6,
                          kB6,
                          60,
                          [] {
                            auto payload = extension_header(17);
                            append(payload, ConstBytes{udp_packet(kA6, kB6, {})}.subspan(40));
                            return payload;
                          }()),
                1},
       }) {
    CAPTURE(name);
    const auto flow = quoted(error_about(packet, type));
    REQUIRE(flow.has_value());
    CHECK(*flow == key_of(packet));
  }
}

TEST_CASE("flow: a quote cut after eight bytes of transport header is enough", "[wire][flow]") {
  for (const auto& packet :
       {tcp_packet(kA4, kB4, counting_bytes(500)), tcp_packet(kA6, kB6, counting_bytes(500))}) {
    const unsigned version = packet[0] >> 4U;
    const std::size_t needed = (version == 4 ? 20U : 40U) + 8;
    for (std::size_t size = 0; size <= needed; ++size) {
      CAPTURE(size);
      const auto flow = quoted(error_about(version, ConstBytes{packet}.first(size), 3));
      CHECK(flow.has_value() == (size == needed));
    }
  }
}

TEST_CASE("flow: a quoted first fragment is known, a later one is not", "[wire][flow]") {
  const auto part = counting_bytes(64, 1);
  const auto v4 = [&](std::uint16_t flags) {
    return ip_packet(kA4, kB4, 17, part, {.flags = flags});
  };
  const auto v6 = [&](std::size_t offset) {
    auto payload = fragment_header(17, offset, true, 5);
    append(payload, part);
    return ip_packet(kA6, kB6, 44, payload);
  };

  CHECK(quoted(error_about(v4(0x2000), 3, 4)).has_value());
  CHECK_FALSE(quoted(error_about(v4(0x2000 | 100), 3, 4)).has_value());
  CHECK(quoted(error_about(v6(0), 2)).has_value());
  CHECK_FALSE(quoted(error_about(v6(800), 2)).has_value());
}

TEST_CASE("flow: only errors quote, and only packets of their own family", "[wire][flow]") {
  const auto v4 = udp_packet(kA4, kB4, {});
  const auto v6 = udp_packet(kA6, kB6, {});

  CHECK_FALSE(quoted(v4).has_value());
  CHECK_FALSE(quoted(icmp_packet(kRouter4, kA4, 8, 0, 0, v4)).has_value());
  CHECK_FALSE(quoted(icmp_packet(kRouter6, kA6, 128, 0, 0, v6)).has_value());
  CHECK_FALSE(quoted(icmp_packet(kRouter4, kA4, 3, 0, 0, v6)).has_value());
  CHECK_FALSE(quoted(icmp_packet(kRouter6, kA6, 1, 0, 0, v4)).has_value());
  CHECK_FALSE(quoted(icmp_packet(kRouter4, kA4, 3, 0)).has_value());
}

TEST_CASE("flow: a later fragment of an ICMP message is no error", "[wire][flow]") {
  const auto quoted_packet = udp_packet(kA6, kB6, counting_bytes(100));
  auto payload = fragment_header(58, 800, false, 5);
  append(payload, ConstBytes{error_about(quoted_packet, 1)}.subspan(40));
  const auto packet = ip_packet(kRouter6, kA6, 44, payload);

  CHECK_FALSE(quoted(packet).has_value());
  CHECK_FALSE(wire::is_icmp_error(*wire::parse_packet(packet)));
}

TEST_CASE("flow: a packet of the other family is not taken for one of its own", "[wire][flow]") {
  // Long enough to be read as either.
  const auto v4 = udp_packet(kA4, kB4, counting_bytes(100));
  const auto v6 = udp_packet(kA6, kB6, counting_bytes(100));

  CHECK_FALSE(quoted(error_about(6, v4, 1)).has_value());
  CHECK_FALSE(quoted(error_about(4, v6, 3)).has_value());
}

TEST_CASE("flow: a quoted ICMP message other than echo has no identifier", "[wire][flow]") {
  for (const auto& packet :
       {icmp_packet(kA4, kB4, 13, 0, 0x1234'0001U), icmp_packet(kA6, kB6, 135, 0, 0x1234'0001U)}) {
    const auto flow = quoted(error_about(packet, 3));
    REQUIRE(flow.has_value());
    CHECK(*flow == key_of(packet));
    CHECK(flow->source_port == 0);
  }
}

TEST_CASE("flow: quoted extension headers are walked as far as those of a packet", "[wire][flow]") {
  const auto udp = udp_packet(kA6, kB6, counting_bytes(4));
  const auto chain = [&udp](std::size_t count) {
    ByteVector payload;
    for (std::size_t i = 0; i < count; ++i) {
      append(payload, extension_header(i + 1 < count ? 60 : 17));
    }
    append(payload, ConstBytes{udp}.subspan(40));
    return ip_packet(kA6, kB6, 60, payload);
  };
  CHECK(quoted(error_about(chain(wire::kExtensionHeadersMax), 1)).has_value());
  CHECK_FALSE(quoted(error_about(chain(wire::kExtensionHeadersMax + 1), 1)).has_value());

  // Cut anywhere, or claiming more than there is, they lead nowhere.
  const auto whole = chain(2);
  for (std::size_t size = 40; size < 40 + 16 + 8; ++size) {
    CAPTURE(size);
    CHECK_FALSE(quoted(error_about(ConstBytes{whole}.first(size), 1)).has_value());
  }
  auto long_header = whole;
  long_header[41] = 200;
  CHECK_FALSE(quoted(error_about(long_header, 1)).has_value());
}

TEST_CASE("flow: a quoted header that leads nowhere is refused", "[wire][flow]") {
  auto bad_length = udp_packet(kA4, kB4, counting_bytes(40));
  bad_length[0] = 0x44;
  CHECK_FALSE(quoted(error_about(bad_length, 3)).has_value());
  bad_length[0] = 0x4f;
  CHECK(quoted(error_about(bad_length, 3)).has_value());
  for (std::size_t size = 20; size < 68; ++size) {
    CAPTURE(size);
    CHECK_FALSE(quoted(error_about(ConstBytes{bad_length}.first(size), 3)).has_value());
  }

  ByteVector endless;
  for (int i = 0; i < 20; ++i) {
    append(endless, extension_header(60));
  }
  CHECK_FALSE(quoted(error_about(ip_packet(kA6, kB6, 60, endless), 1)).has_value());
}
