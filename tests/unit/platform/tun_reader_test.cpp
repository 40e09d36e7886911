#include "platform/linux/tun_reader.hpp"

#include "unit/platform/allocation_count.hpp"
#include "unit/platform/system_calls.hpp"
#include "unit/platform/tun_support.hpp"

#include <quicether/base/random.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>

namespace quicether::linux_platform {

namespace {

using test::address;
using test::FakeTun;
using test::Virtio;
using wire::OffloadKind;

using Packets = std::vector<ByteVector>;

constexpr std::size_t kMtu = 1400;

struct Fixture : FakeTun {
  TunReader reader{device()};

  /// Reads with room for `room` packets at a time until nothing is left. Super-packets are split.
  std::vector<ByteVector> read_all(std::size_t room = 64, std::size_t mtu = kMtu) {
    std::vector<ByteVector> packets;
    test::append_split(packets, reader, room, mtu);
    return packets;
  }
};

ByteVector small_packet(std::uint16_t id = 7) {
  return test::echo_packet(address("10.0.0.1"), address("10.0.0.2"), id);
}

}  // namespace

TEST_CASE("tun_reader: an ordinary packet comes as it is", "[platform][tun]") {
  Fixture tun;
  tun.give(Virtio{}, small_packet());

  CHECK(tun.read_all() == Packets{small_packet()});
  CHECK(tun.reader.stats().packets == 1);
  CHECK(tun.reader.stats().bytes == small_packet().size());
  CHECK_FALSE(tun.reader.is_gone());
}

TEST_CASE("tun_reader: an unfinished checksum is finished", "[platform][tun]") {
  Fixture tun;
  const auto whole = test::udp_packet(address("fd00::1"), address("fd00::2"), small_packet());
  ByteVector unfinished = whole;
  // The field holds the sum of the pseudo-header alone: everything but the datagram.
  const auto pseudo =
      test::naive_transport_checksum(address("fd00::1"), address("fd00::2"), 17, {});
  const auto length_sum = static_cast<std::uint16_t>(~pseudo) + (whole.size() - 40);
  test::put_u16(unfinished, 46, (length_sum & 0xffffU) + (length_sum >> 16U));
  tun.give(Virtio{.flags = 1, .checksum_start = 40, .checksum_offset = 6}, unfinished);

  CHECK(tun.read_all() == Packets{whole});
}

TEST_CASE("tun_reader: a super-packet stands for the packets its sender would have sent",
          "[platform][tun]") {
  Fixture tun;
  const auto kind =
      GENERATE(OffloadKind::tcp4, OffloadKind::tcp6, OffloadKind::udp4, OffloadKind::udp6);
  const auto [count, size, last] = GENERATE(table<std::size_t, std::size_t, std::size_t>(
      {{2, 1340, 1}, {46, 1340, 1340}, {48, 1340, 600}, {120, 540, 539}}));
  const std::size_t room = GENERATE(1U, 7U, 46U, 200U);
  CAPTURE(kind, count, size, last, room);
  const test::Flow flow{kind, count, size, last};
  tun.give(Virtio{}, small_packet(1));
  tun.give(flow.super);
  tun.give(flow.super);
  tun.give(Virtio{}, small_packet(2));

  const auto packets = tun.read_all(room);

  Packets expected{small_packet(1)};
  for (int i = 0; i < 2; ++i) {
    std::ranges::copy(flow.packets, std::back_inserter(expected));
  }
  expected.push_back(small_packet(2));
  CHECK(packets == expected);
  CHECK(tun.reader.stats().errors == 0);
}

TEST_CASE("tun_reader: super-packets come whole and stay as they are until the next read",
          "[platform][tun]") {
  Fixture tun;
  const test::Flow flow{OffloadKind::tcp4, 40, 1340, 1340};
  for (int i = 0; i < 6; ++i) {
    tun.give(flow.super);
  }
  std::array<wire::IpPacket, 70> views{};
  std::size_t seen = 0;

  while (const std::size_t count = tun.reader.read(views, kMtu)) {
    CHECK(tun.reader.drained() == (count < 4));  // four are read at a time
    for (const auto& view : std::span{views}.first(count)) {
      REQUIRE(ByteVector{view.bytes.begin(), view.bytes.end()} == flow.super.bytes);
      CHECK(view.offload.kind == OffloadKind::tcp4);
      CHECK(view.offload.segment_bytes == 1340);
      std::ranges::fill(view.bytes, std::uint8_t{0xee});  // the caller may use them as it likes
      ++seen;
    }
  }

  CHECK(tun.reader.drained());
  CHECK(seen == 6);
  CHECK(tun.reader.stats().packets == 240);
  CHECK(tun.reader.stats().bytes == 6 * flow.bytes());
}

TEST_CASE("tun_reader: what is malformed is dropped and counted, and the next packet comes",
          "[platform][tun]") {
  Fixture tun;
  const test::Flow flow{OffloadKind::tcp4, 3, 1000, 1};
  const Virtio super_header = test::virtio_of(flow.super);

  struct Case {
    std::string name;
    Virtio header;
    ByteVector packet;
  };

  auto with = [&](auto change) {
    Virtio header = super_header;
    change(header);
    return header;
  };
  const auto bad = GENERATE_COPY(values<Case>(
      {{"nothing after the header", Virtio{}, {}},
       {"above the MTU", Virtio{}, ByteVector(kMtu + 1, 0x45)},
       {"segments above the MTU",
        with([](Virtio& h) { h.segment_bytes = 1361; }),
        flow.super.bytes},
       {"UDP fragmentation offload", with([](Virtio& h) { h.type = 3; }), flow.super.bytes},
       {"unknown kind", with([](Virtio& h) { h.type = 77; }), flow.super.bytes},
       {"segments of nothing", with([](Virtio& h) { h.segment_bytes = 0; }), flow.super.bytes},
       {"too many segments", with([](Virtio& h) { h.segment_bytes = 1; }), flow.super.bytes},
       {"the wrong family", with([](Virtio& h) { h.type = 4; }), flow.super.bytes},
       {"UDP that is TCP", with([](Virtio& h) { h.type = 5; }), flow.super.bytes},
       {"a super-packet without content", super_header, {}},
       {"checksum behind the end",
        Virtio{.flags = 1, .checksum_start = 60000, .checksum_offset = 16},
        small_packet()}}));
  CAPTURE(bad.name);

  tun.give(bad.header, bad.packet);
  tun.give(Virtio{}, small_packet());

  CHECK(tun.read_all() == Packets{small_packet()});
  CHECK(tun.reader.stats().errors == 1);
  CHECK(tun.reader.stats().packets == 1);
}

TEST_CASE("tun_reader: a message shorter than its header is dropped and counted",
          "[platform][tun]") {
  Fixture tun;
  tun.give(ByteVector(9));
  tun.give(ByteVector(1));

  CHECK(tun.read_all().empty());
  CHECK(tun.reader.stats().errors == 2);
}

TEST_CASE("tun_reader: no header and no packet makes it leave its buffers", "[platform][tun]") {
  Fixture tun;
  SeededRandom random{GENERATE(1U, 2U, 3U)};
  constexpr std::array kKinds{
      OffloadKind::tcp4, OffloadKind::tcp6, OffloadKind::udp4, OffloadKind::udp6};
  std::vector<test::Flow> flows;
  for (const OffloadKind kind : kKinds) {
    flows.emplace_back(kind, 40, 1340, 9);
  }
  constexpr std::array<std::uint8_t, 6> kTypes{0, 1, 3, 4, 5, 0x81};
  std::array<wire::IpPacket, 256> views{};
  for (int round = 0; round < 3000; ++round) {
    const test::Flow& flow = flows[random.below(flows.size())];
    Virtio header = test::virtio_of(flow.super);
    ByteVector packet = flow.super.bytes;
    header.flags = static_cast<std::uint8_t>(random.below(3));
    header.type = kTypes[random.below(kTypes.size())];
    if (random.below(2) == 0) {
      header.segment_bytes = static_cast<std::uint16_t>(random.next() >> random.below(16));
      header.checksum_start = static_cast<std::uint16_t>(random.next() >> random.below(16));
      header.checksum_offset = static_cast<std::uint16_t>(random.next() >> random.below(16));
    }
    packet.resize(1 + random.below(65535));
    for (auto changes = random.below(6); changes > 0; --changes) {
      packet[random.below(std::min<std::size_t>(packet.size(), 60))] =
          static_cast<std::uint8_t>(random.next());
    }
    tun.give(header, packet);

    const std::size_t count = tun.reader.read(views, kMtu);
    for (const auto& view : std::span{views}.first(count)) {
      REQUIRE(!view.bytes.empty());
      if (view.offload.kind == OffloadKind::none) {
        REQUIRE(view.bytes.size() <= kMtu);
      } else {
        REQUIRE(wire::plan_segments(view.bytes, view.offload)->packet_bytes_max <= kMtu);
      }
    }
  }
  CHECK(tun.reader.stats().errors > 0);
  CHECK(tun.reader.stats().packets > 0);
}

TEST_CASE("tun_reader: interrupts are repeated, a removed interface is noticed",
          "[platform][tun]") {
  Fixture tun;
  tun.give(Virtio{}, small_packet());
  {
    int interrupts = 3;
    const test::BentSystemCalls bent{{.read = [&](int fd, void* buffer, size_t size) {
      return interrupts-- > 0 ? test::fail_with(EINTR) : test::real_read(fd, buffer, size);
    }}};
    CHECK(tun.read_all().size() == 1);
  }
  CHECK_FALSE(tun.reader.is_gone());
  const test::BentSystemCalls bent{
      {.read = [](int, void*, size_t) -> ssize_t { return test::fail_with(EBADFD); }}};

  CHECK(tun.read_all().empty());
  CHECK(tun.reader.is_gone());
}

TEST_CASE("tun_reader: reading allocates nothing", "[platform][tun]") {
  Fixture tun;
  const test::Flow flow{OffloadKind::tcp4, 40, 1340, 1340};
  std::array<wire::IpPacket, 64> views{};
  for (int i = 0; i < 8; ++i) {
    tun.give(flow.super);
  }

  const auto before = test::allocation_count();
  std::size_t packets = 0;
  while (const std::size_t count = tun.reader.read(views, kMtu)) {
    packets += count;
  }
  const auto after = test::allocation_count();

  CHECK(packets == 8);
  CHECK(after == before);
}

}  // namespace quicether::linux_platform
