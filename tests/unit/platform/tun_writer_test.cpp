#include "platform/linux/tun_writer.hpp"

#include "platform/linux/tun_reader.hpp"
#include "unit/platform/allocation_count.hpp"
#include "unit/platform/system_calls.hpp"
#include "unit/platform/tun_support.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace quicether::linux_platform {

namespace {

using test::FakeTun;
using test::Virtio;
using wire::OffloadKind;

/// A batch as a caller has it: views of packets.
std::vector<wire::IpPacket> views_of(std::vector<ByteVector>& packets) {
  std::vector<wire::IpPacket> views;
  for (auto& packet : packets) {
    views.push_back({packet, {}});
  }
  return views;
}

std::vector<ByteVector> stream(std::size_t count, std::size_t size, std::size_t last) {
  return test::Flow{OffloadKind::tcp4, count, size, last}.packets;
}

}  // namespace

TEST_CASE("tun_writer: packets of one flow cross as one super-packet that tells the truth",
          "[platform][tun]") {
  FakeTun tun;
  TunWriter writer{tun.device(), {}};
  const auto kind =
      GENERATE(OffloadKind::tcp4, OffloadKind::tcp6, OffloadKind::udp4, OffloadKind::udp6);
  CAPTURE(kind);
  test::Flow flow{kind, 40, 1340, 600};

  writer.write(views_of(flow.packets));
  const auto taken = tun.take();

  REQUIRE(taken.has_value());
  CHECK(taken->header == test::virtio_of(flow.super));
  CHECK(taken->packet == flow.super.bytes);
  CHECK_FALSE(tun.take().has_value());
  CHECK(writer.stats().packets == 40);
  CHECK(writer.stats().bytes == flow.bytes());
}

TEST_CASE("tun_writer: datagrams stay apart where the kernel does not take them joined",
          "[platform][tun]") {
  FakeTun tun;
  TunWriter writer{tun.device(), {.tcp = true, .udp = false}};
  test::Flow flow{OffloadKind::udp4, 4, 500, 500};

  writer.write(views_of(flow.packets));

  for (const ByteVector& packet : flow.packets) {
    const auto taken = tun.take();
    REQUIRE(taken.has_value());
    CHECK(taken->header == Virtio{});
    CHECK(taken->packet == packet);
  }
}

TEST_CASE("tun_writer: a super-packet crosses as it is, in order with what comes before and after",
          "[platform][tun]") {
  FakeTun tun;
  const auto kind =
      GENERATE(OffloadKind::tcp4, OffloadKind::tcp6, OffloadKind::udp4, OffloadKind::udp6);
  const bool taken_whole = GENERATE(true, false);
  TunWriter writer{tun.device(), {.tcp = taken_whole, .udp = taken_whole}};
  test::Flow flow{kind, 10, 1340, 600};
  ByteVector before(40, 0x45);
  ByteVector after(50, 0x45);
  const std::vector<wire::IpPacket> batch{
      {before, {}}, {flow.super.bytes, flow.super.offload}, {after, {}}};

  writer.write(batch);

  CHECK(tun.take()->packet == before);
  if (taken_whole) {
    const auto taken = tun.take();
    CHECK(taken->header == test::virtio_of(flow.super));
    CHECK(taken->packet == flow.super.bytes);
  } else {
    for (const auto& packet : flow.packets) {
      const auto taken = tun.take();
      CHECK(taken->header == Virtio{});
      CHECK(taken->packet == packet);
    }
  }
  CHECK(tun.take()->packet == after);
  CHECK_FALSE(tun.take().has_value());
  CHECK(writer.stats().packets == 12);
  CHECK(writer.stats().bytes == flow.bytes() + 90);
}

TEST_CASE("tun_writer: a packet without its checksum crosses with a request to complete it",
          "[platform][tun]") {
  FakeTun tun;
  TunWriter writer{tun.device(), {}};
  ByteVector packet(60, 0x45);
  wire::Offload offload;
  offload.needs_checksum = true;
  offload.checksum_start = 20;
  offload.checksum_offset = 16;
  const wire::IpPacket one{packet, offload};

  writer.write({&one, 1});

  const auto taken = tun.take();
  REQUIRE(taken.has_value());
  CHECK(taken->header == Virtio{.flags = 1, .checksum_start = 20, .checksum_offset = 16});
  CHECK(taken->packet == packet);
  CHECK(writer.stats().packets == 1);
}

TEST_CASE("tun_writer: without offload every packet crosses as it is", "[platform][tun]") {
  FakeTun tun;
  TunWriter writer{tun.device(), {.tcp = false, .udp = false}};
  auto packets = stream(5, 1000, 1000);
  const auto expected = packets;

  writer.write(views_of(packets));

  for (const ByteVector& packet : expected) {
    const auto taken = tun.take();
    REQUIRE(taken.has_value());
    CHECK(taken->header == Virtio{});
    CHECK(taken->packet == packet);
  }
  CHECK_FALSE(tun.take().has_value());
}

TEST_CASE("tun_writer: what it joins a reader takes apart again, in any number of batches",
          "[platform][tun]") {
  FakeTun tun;
  TunWriter writer{tun.device(), {}};
  const std::size_t count = GENERATE(1U, 2U, 255U, 256U, 257U, 700U);
  auto packets = stream(count, 700, 100);
  const auto expected = packets;

  writer.write(views_of(packets));
  while (const auto taken = tun.take()) {  // as a cable between two devices
    FakeTun other;
    TunReader reader{other.device()};
    other.give(taken->header, taken->packet);
    test::append_split(packets, reader, 128, 1400);
  }

  packets.erase(packets.begin(), packets.begin() + static_cast<std::ptrdiff_t>(count));
  CHECK(packets == expected);
}

TEST_CASE("tun_writer: what the system refuses is dropped and counted, packet by packet",
          "[platform][tun]") {
  FakeTun tun;
  TunWriter writer{tun.device(), {}};
  auto packets = stream(10, 1000, 1000);
  const int error = GENERATE(EINVAL, EAGAIN, EIO, ENOBUFS);
  {
    const test::BentSystemCalls bent{
        {.writev = [error](int, const iovec*, int) -> ssize_t { return test::fail_with(error); }}};
    writer.write(views_of(packets));
  }
  auto more = stream(3, 1000, 1000);
  writer.write(views_of(more));

  CHECK(writer.stats().errors == 10);
  CHECK(writer.stats().packets == 3);
  CHECK(tun.take().has_value());
}

TEST_CASE("tun_writer: interrupts are repeated", "[platform][tun]") {
  FakeTun tun;
  TunWriter writer{tun.device(), {}};
  auto packets = stream(2, 1000, 1000);
  int interrupts = 3;
  const test::BentSystemCalls bent{{.writev = [&](int fd, const iovec* pieces, int count) {
    return interrupts-- > 0 ? test::fail_with(EINTR) : test::real_writev(fd, pieces, count);
  }}};

  writer.write(views_of(packets));

  CHECK(tun.take().has_value());
  CHECK(writer.stats().errors == 0);
}

TEST_CASE("tun_writer: writing allocates nothing", "[platform][tun]") {
  FakeTun tun;
  TunWriter writer{tun.device(), {}};
  auto packets = stream(100, 1340, 1340);
  const auto views = views_of(packets);

  const auto before = test::allocation_count();
  writer.write(views);
  const auto after = test::allocation_count();

  CHECK(after == before);
  CHECK(writer.stats().packets == 100);
}

}  // namespace quicether::linux_platform
