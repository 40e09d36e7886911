#include "support/super_packets.hpp"

#include <quicether/base/hex.hpp>
#include <quicether/base/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>

using namespace quicether;
using namespace quicether::test;
using wire::Offload;
using wire::OffloadKind;

namespace {

constexpr std::array kKinds = {
    OffloadKind::tcp4, OffloadKind::tcp6, OffloadKind::udp4, OffloadKind::udp6};

// segment() with room to spare.
struct Splitter {
  ByteVector arena = ByteVector(1U << 18U, 0xee);
  std::array<Bytes, wire::kSegmentsMax> packets{};

  result<std::size_t> split(const SuperPacket& super, std::size_t packet_bytes_max = 65535) {
    return wire::segment(super.bytes, super.offload, packet_bytes_max, arena, packets);
  }
};

// The super-packet's own bytes are sent; the expected packets come from the same parameters.
void check_split(OffloadKind kind,
                 ConstBytes payload,
                 std::size_t segment_bytes,
                 const TcpOptions& tcp = {},
                 const IpOptions& ip = {}) {
  const auto expected = naive_segments(kind, payload, segment_bytes, tcp, ip);
  Splitter splitter;
  const auto count = splitter.split(super_packet(kind, payload, segment_bytes, tcp, ip));
  REQUIRE(count.has_value());
  REQUIRE(*count == expected.size());
  const auto* next = splitter.arena.data();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    REQUIRE(std::ranges::equal(splitter.packets[i], expected[i]));
    CHECK(splitter.packets[i].data() == next);
    CHECK(wire::parse_packet(splitter.packets[i]).has_value());
    next += expected[i].size();
  }
}

}  // namespace

TEST_CASE("segment: agrees with packets made one by one for every number of bytes",
          "[wire][offload]") {
  for (const auto kind : kKinds) {
    for (std::size_t size = 0; size <= 70; ++size) {
      for (const std::size_t segment_bytes : {1U, 7U, 32U, 33U, 1000U}) {
        CAPTURE(static_cast<int>(kind), size, segment_bytes);
        check_split(kind, counting_bytes(size), segment_bytes);
      }
    }
  }
}

TEST_CASE("segment: agrees with packets made one by one for random super-packets",
          "[wire][offload]") {
  SeededRandom random{31};

  for (int round = 0; round < 500; ++round) {
    const auto kind = kKinds[random.below(kKinds.size())];
    TcpOptions tcp;
    tcp.sequence = static_cast<std::uint32_t>(random.next());
    tcp.flags = static_cast<std::uint8_t>(random.next());
    tcp.options.resize(4 * random.below(11));
    random.fill(tcp.options);
    IpOptions ip;
    ip.id = static_cast<std::uint16_t>(random.next());
    ip.traffic_class = static_cast<std::uint8_t>(random.next());
    ip.flags = random.below(2) == 0 ? 0x4000 : 0;
    if (random.below(4) == 0) {
      ip.options.resize(4 * random.below(11));
    }
    ByteVector payload(random.below(20'000));
    random.fill(payload);
    CAPTURE(round, static_cast<int>(kind));
    check_split(kind, payload, 536 + random.below(1000), tcp, ip);
  }
}

TEST_CASE("segment: sequence numbers and identifications wrap", "[wire][offload]") {
  check_split(OffloadKind::tcp4,
              counting_bytes(5000),
              1000,
              {.sequence = 0xffff'fc00U},
              {.id = 0xfffe, .flags = 0});
}

TEST_CASE("segment: FIN and PSH go to the last packet, CWR to the first", "[wire][offload]") {
  Splitter splitter;
  const auto super = super_packet(
      OffloadKind::tcp6, counting_bytes(250), 100, {.flags = 0x99});  // CWR ACK PSH FIN

  REQUIRE(splitter.split(super).value() == 3);

  CHECK(splitter.packets[0][53] == 0x90);
  CHECK(splitter.packets[1][53] == 0x10);
  CHECK(splitter.packets[2][53] == 0x19);
}

TEST_CASE("segment: IPv6 extension headers are repeated in every packet", "[wire][offload]") {
  auto super = super_packet(OffloadKind::udp6, counting_bytes(250), 100);
  const auto options = extension_header(17);
  super.bytes.insert(super.bytes.begin() + 40, options.begin(), options.end());
  super.bytes[6] = 60;
  put_u16(super.bytes, 4, super.bytes.size() - 40);
  super.offload.checksum_start = 48;
  Splitter splitter;

  REQUIRE(splitter.split(super).value() == 3);

  for (std::size_t i = 0; i < 3; ++i) {
    const auto packet = splitter.packets[i];
    const auto info = wire::parse_packet(packet);
    REQUIRE(info.has_value());
    CHECK(info->transport_offset == 48);
    CHECK(to_hex(packet.subspan(40, 8)) == to_hex(options));
    CHECK(wire::internet_checksum(
              packet.subspan(48),
              wire::pseudo_header_sum(info->source, info->destination, 17, packet.size() - 48)) ==
          0);
  }
}

TEST_CASE("segment: a UDP checksum of zero is sent as all ones", "[wire][offload]") {
  // Finds the payload whose checksum is zero: one word decides.
  for (const auto kind : {OffloadKind::udp4, OffloadKind::udp6}) {
    ByteVector payload(2);
    const auto packet = plain_packet(kind, payload);
    const auto checksum = load_be<std::uint16_t>(ConstBytes{packet}.subspan(is_v4(kind) ? 26 : 46));
    put_u16(payload, 0, checksum);
    Splitter splitter;

    REQUIRE(splitter.split(super_packet(kind, payload, 100)).value() == 1);

    CHECK(load_be<std::uint16_t>(splitter.packets[0].subspan(is_v4(kind) ? 26 : 46)) == 0xffff);
  }
}

TEST_CASE("segment: limits are kept and nothing is written beyond them", "[wire][offload]") {
  const auto super = super_packet(OffloadKind::tcp4, counting_bytes(1000), 100);
  Splitter splitter;

  CHECK(splitter.split(super, 140).value() == 10);
  CHECK(splitter.split(super, 139).error() == errc::too_large);

  ByteVector arena(1400, 0xee);
  CHECK(wire::segment(super.bytes, super.offload, 140, arena, splitter.packets).value() == 10);
  arena.assign(1400, 0xee);
  CHECK(wire::segment(super.bytes, super.offload, 140, Bytes{arena}.first(1399), splitter.packets)
            .error() == errc::too_large);
  CHECK(wire::segment(super.bytes, super.offload, 140, arena, std::span{splitter.packets}.first(9))
            .error() == errc::too_large);
  CHECK(std::ranges::all_of(arena, [](std::uint8_t byte) { return byte == 0xee; }));

  CHECK(splitter.split(super_packet(OffloadKind::tcp4, counting_bytes(128), 1)).value() == 128);
  CHECK(splitter.split(super_packet(OffloadKind::tcp4, counting_bytes(129), 1)).error() ==
        errc::too_large);
}

TEST_CASE("segment: a payload shorter than a segment may be smaller than it claims",
          "[wire][offload]") {
  Splitter splitter;
  CHECK(splitter.split(super_packet(OffloadKind::tcp4, counting_bytes(60), 9000), 100).value() ==
        1);
}

TEST_CASE("segment: what is no super-packet of its kind is refused", "[wire][offload]") {
  Splitter splitter;
  const auto refused = [&splitter](const SuperPacket& super) {
    return splitter.split(super).error() == errc::malformed;
  };
  const auto good = super_packet(OffloadKind::tcp4, counting_bytes(1000), 100);

  for (const auto kind : {OffloadKind::none, OffloadKind::tcp6, OffloadKind::udp4}) {
    auto other = good;
    other.offload.kind = kind;
    CHECK(refused(other));
  }
  auto other = good;
  other.offload.segment_bytes = 0;
  CHECK(refused(other));
  other = good;
  other.offload.checksum_start += 1;
  CHECK(refused(other));
  other = good;
  other.offload.checksum_offset = 6;
  CHECK(refused(other));
  other = good;
  other.bytes.pop_back();
  CHECK(refused(other));
  other = good;
  other.bytes[8] ^= 1U;
  CHECK(refused(other));
  const auto fragment =
      super_packet(OffloadKind::tcp4, counting_bytes(1004), 100, {}, {.flags = 0x2000});
  REQUIRE(wire::parse_packet(fragment.bytes).has_value());
  CHECK(refused(fragment));

  auto ordinary = super_packet(OffloadKind::udp6, counting_bytes(1000), 100);
  ordinary.offload.kind = OffloadKind::none;
  CHECK(refused(ordinary));

  // TCP whose sequence number looks like a UDP length of 1020 bytes.
  SuperPacket mistaken{
      plain_packet(OffloadKind::tcp4, counting_bytes(1000), {.sequence = 1020U << 16U}),
      {.kind = OffloadKind::udp4, .segment_bytes = 100}};
  CHECK(refused(mistaken));

  auto udp = super_packet(OffloadKind::udp4, counting_bytes(1000), 100);
  put_u16(udp.bytes, 24, 1007);
  CHECK(refused(udp));
}

TEST_CASE("segment: checksums that were complete already come out the same", "[wire][offload]") {
  const auto payload = counting_bytes(1000);
  Splitter splitter;
  SuperPacket super{plain_packet(OffloadKind::tcp4, payload),
                    {.kind = OffloadKind::tcp4, .segment_bytes = 400}};

  REQUIRE(splitter.split(super).value() == 3);

  const auto expected = naive_segments(OffloadKind::tcp4, payload, 400);
  CHECK(to_hex(splitter.packets[2]) == to_hex(expected[2]));
}

TEST_CASE("splitter: gives the same packets as segment(), also the largest, again and again",
          "[wire][offload]") {
  wire::Splitter splitter;
  for (int round = 0; round < 2; ++round) {
    for (const auto kind : kKinds) {
      for (const std::size_t segment_bytes : {512U, 1348U, 60'000U}) {
        const auto payload = counting_bytes(65'400);
        TcpOptions tcp;
        tcp.options.resize(40, 1);
        auto super = super_packet(kind, payload, segment_bytes, tcp);
        const auto packets = splitter.split({super.bytes, super.offload}, 65'535);
        REQUIRE(packets.has_value());
        const auto expected = naive_segments(kind, payload, segment_bytes, tcp);
        CHECK(std::ranges::equal(*packets, expected, [](const Bytes& one, const ByteVector& other) {
          return std::ranges::equal(one, other);
        }));
      }
    }
  }
  auto super = super_packet(OffloadKind::tcp4, counting_bytes(3000), 1348);
  CHECK(splitter.split({super.bytes, super.offload}, 1387).error() == errc::too_large);
  CHECK(splitter.split({super.bytes, super.offload}, 1388).has_value());
}

TEST_CASE("complete_checksum: gives the checksum of the whole packet", "[wire][offload]") {
  for (const auto kind : kKinds) {
    for (std::size_t size = 0; size < 40; ++size) {
      const auto payload = counting_bytes(size, 3);
      auto super = super_packet(kind, payload, 1);
      REQUIRE(wire::complete_checksum(super.bytes, super.offload).has_value());
      CHECK(to_hex(super.bytes) == to_hex(plain_packet(kind, payload)));
    }
  }
}

TEST_CASE("complete_checksum: a field outside the packet is refused", "[wire][offload]") {
  auto super = super_packet(OffloadKind::udp4, counting_bytes(4), 1);
  const auto untouched = super.bytes;

  for (const auto& [start, offset] : {std::pair{20, 11},
                                      std::pair{31, 0},
                                      std::pair{32, 0},
                                      std::pair{33, 0},
                                      std::pair{0, 65535},
                                      std::pair{65535, 65535}}) {
    const Offload wrong{.needs_checksum = true,
                        .checksum_start = static_cast<std::uint16_t>(start),
                        .checksum_offset = static_cast<std::uint16_t>(offset)};
    CAPTURE(start, offset);
    CHECK(wire::complete_checksum(super.bytes, wrong).error() == errc::malformed);
  }
  CHECK(to_hex(super.bytes) == to_hex(untouched));
  CHECK(wire::complete_checksum({}, {.needs_checksum = true}).error() == errc::malformed);
}
