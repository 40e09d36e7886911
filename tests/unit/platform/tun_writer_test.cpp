#include "platform/linux/tun_writer.hpp"

#include "platform/linux/tun_reader.hpp"
#include "unit/platform/allocation_count.hpp"
#include "unit/platform/system_calls.hpp"
#include "unit/platform/tun_support.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace quicether::linux_platform {

namespace {

using test::address;
using test::FakeTun;
using test::Virtio;

/// A batch as a caller has it: views of packets.
std::vector<Bytes> views_of(std::vector<ByteVector>& packets) {
  return {packets.begin(), packets.end()};
}

std::vector<ByteVector> stream(std::size_t count, std::size_t size, std::size_t last) {
  return test::tcp_stream(address("10.0.0.1"), address("10.0.0.2"), count, size, last);
}

}  // namespace

TEST_CASE("tun_writer: packets of one stream cross as one super-packet that tells the truth",
          "[platform][tun]") {
  FakeTun tun;
  TunWriter writer{tun.device(), {}};
  const auto [from, to] =
      GENERATE(table<std::string, std::string>({{"10.0.0.1", "10.0.0.2"}, {"fd00::1", "fd00::2"}}));
  auto packets = test::tcp_stream(address(from), address(to), 40, 1340, 600);
  const auto expected = test::tcp_super_packet(address(from), address(to), 40, 1340, 600);
  const std::size_t bytes = [&] {
    std::size_t sum = 0;
    for (const auto& packet : packets) {
      sum += packet.size();
    }
    return sum;
  }();

  writer.write(views_of(packets));
  const auto taken = tun.take();

  REQUIRE(taken.has_value());
  CHECK(taken->header == expected.header);
  CHECK(taken->packet.size() == expected.packet.size());
  const std::size_t headers = expected.header.header_bytes;
  CHECK(ByteVector(taken->packet.begin() + static_cast<std::ptrdiff_t>(headers),
                   taken->packet.end()) ==
        ByteVector(expected.packet.begin() + static_cast<std::ptrdiff_t>(headers),
                   expected.packet.end()));
  CHECK_FALSE(tun.take().has_value());
  CHECK(writer.stats().packets == 40);
  CHECK(writer.stats().bytes == bytes);
}

TEST_CASE("tun_writer: datagrams join only where the kernel takes that", "[platform][tun]") {
  FakeTun tun;
  const bool udp = GENERATE(true, false);
  TunWriter writer{tun.device(), {.tcp = true, .udp = udp}};
  const auto content = test::counting_bytes(500);
  std::vector<ByteVector> packets;
  for (std::uint16_t i = 0; i < 4; ++i) {
    packets.push_back(
        test::udp_packet(address("10.0.0.1"), address("10.0.0.2"), content, 5000, 53, {.id = i}));
  }

  writer.write(views_of(packets));
  const auto first = tun.take();

  REQUIRE(first.has_value());
  CHECK(first->header.type == (udp ? 5 : 0));
  CHECK(first->header.header_bytes == (udp ? 28 : 0));
  CHECK(writer.stats().packets == 4);
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
    std::array<Bytes, 128> views{};
    const std::size_t read = reader.read(views, 1400);
    for (const Bytes view : std::span{views}.first(read)) {
      packets.emplace_back(view.begin(), view.end());
    }
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
