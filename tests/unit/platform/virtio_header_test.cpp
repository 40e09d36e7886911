#include "platform/linux/virtio_header.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <bit>

namespace quicether::linux_platform {

namespace {

using wire::Offload;
using wire::OffloadKind;

constexpr VirtioHeader kTcp4{1, 1, 40, 0, 0x3c, 0x05, 20, 0, 16, 0};  // little-endian

ByteVector packet_of(OffloadKind kind) {
  const bool v6 = kind == OffloadKind::tcp6 || kind == OffloadKind::udp6;
  return ByteVector(60, v6 ? 0x60 : 0x45);
}

}  // namespace

TEST_CASE("virtio_header: golden bytes of a TCP super-packet over IPv4", "[platform][tun]") {
  if constexpr (std::endian::native == std::endian::little) {
    const auto offload = read_virtio_header(kTcp4, packet_of(OffloadKind::tcp4)).value();

    CHECK(offload.kind == OffloadKind::tcp4);
    CHECK(offload.segment_bytes == 1340);
    CHECK(offload.needs_checksum);
    CHECK(offload.checksum_start == 20);
    CHECK(offload.checksum_offset == 16);
    CHECK(write_virtio_header(offload, 40) == kTcp4);
  }
}

TEST_CASE("virtio_header: every kind survives writing and reading", "[platform][tun]") {
  const auto kind = GENERATE(OffloadKind::none,
                             OffloadKind::tcp4,
                             OffloadKind::tcp6,
                             OffloadKind::udp4,
                             OffloadKind::udp6);
  const bool needs_checksum = GENERATE(true, false);
  const Offload offload{.kind = kind,
                        .segment_bytes = 1211,
                        .needs_checksum = needs_checksum,
                        .checksum_start = 40,
                        .checksum_offset = 6};

  const auto read = read_virtio_header(write_virtio_header(offload, 48), packet_of(kind)).value();

  CHECK(read.kind == kind);
  CHECK(read.segment_bytes == 1211);
  CHECK(read.needs_checksum == needs_checksum);
  CHECK(read.checksum_start == 40);
  CHECK(read.checksum_offset == 6);
}

TEST_CASE("virtio_header: kinds that nobody asked for are unsupported", "[platform][tun]") {
  const int type = GENERATE(2, 3, 6, 0x80, 0x81, 0xff);
  VirtioHeader header = kTcp4;
  header[1] = static_cast<std::uint8_t>(type);

  CHECK(read_virtio_header(header, packet_of(OffloadKind::tcp4)).error() == errc::unsupported);
}

}  // namespace quicether::linux_platform
