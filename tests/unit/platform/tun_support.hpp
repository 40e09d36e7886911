#ifndef QUICETHER_TESTS_UNIT_PLATFORM_TUN_SUPPORT_HPP
#define QUICETHER_TESTS_UNIT_PLATFORM_TUN_SUPPORT_HPP

#include "platform/linux/file_descriptor.hpp"
#include "platform/linux/tun_reader.hpp"
#include "platform/linux/virtio_header.hpp"
#include "support/super_packets.hpp"

#include <quicether/base/bytes.hpp>
#include <quicether/base/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace quicether::test {

/// The header that a TUN device puts before a packet, field by field.
struct Virtio {
  std::uint8_t flags = 0;  ///< 1: the checksum is unfinished
  std::uint8_t type = 0;   ///< 1: TCP over IPv4, 4: over IPv6, 5: UDP
  std::uint16_t header_bytes = 0;
  std::uint16_t segment_bytes = 0;
  std::uint16_t checksum_start = 0;
  std::uint16_t checksum_offset = 0;

  friend bool operator==(const Virtio&, const Virtio&) = default;
};

static_assert(sizeof(Virtio) == linux_platform::kVirtioHeaderBytes);

/// What a kernel would put before a super-packet.
inline Virtio virtio_of(const SuperPacket& super) {
  const wire::Offload& offload = super.offload;
  const auto transport = is_tcp(offload.kind) ? 20 : 8;
  const auto type = !is_tcp(offload.kind) ? 5 : is_v4(offload.kind) ? 1 : 4;
  return {.flags = 1,
          .type = static_cast<std::uint8_t>(type),
          .header_bytes = static_cast<std::uint16_t>(offload.checksum_start + transport),
          .segment_bytes = offload.segment_bytes,
          .checksum_start = offload.checksum_start,
          .checksum_offset = offload.checksum_offset};
}

/// Two connected sockets that keep messages apart: one stands for the TUN descriptor, through the
/// other a test plays the kernel.
class FakeTun {
 public:
  FakeTun() {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) ==
            0);
    device_ = linux_platform::FileDescriptor{ends[0]};
    kernel_ = linux_platform::FileDescriptor{ends[1]};
    const int bytes = 4 << 20;
    for (const int end : ends) {
      REQUIRE(::setsockopt(end, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) *
                  ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) ==
              0);
    }
  }

  [[nodiscard]] int device() const noexcept { return device_.get(); }

  /// Gives the device a message as it is.
  void give(ConstBytes message) const {
    REQUIRE(::write(kernel_.get(), message.data(), message.size()) ==
            static_cast<ssize_t>(message.size()));
  }

  void give(const SuperPacket& super) const { give(virtio_of(super), super.bytes); }

  void give(const Virtio& header, ConstBytes packet) const {
    ByteVector message(sizeof header);
    std::memcpy(message.data(), &header, sizeof header);
    append(message, packet);
    give(message);
  }

  struct Taken {
    Virtio header{};
    ByteVector packet{};
  };

  /// What the device was given; nothing when there is no more.
  [[nodiscard]] std::optional<Taken> take() const {
    ByteVector message(70000);
    const ssize_t size = ::read(kernel_.get(), message.data(), message.size());
    if (size < 0) {
      return std::nullopt;
    }
    REQUIRE(static_cast<std::size_t>(size) > sizeof(Virtio));
    Taken taken;
    std::memcpy(&taken.header, message.data(), sizeof taken.header);
    taken.packet.assign(message.begin() + sizeof taken.header, message.begin() + size);
    return taken;
  }

 private:
  linux_platform::FileDescriptor device_{};
  linux_platform::FileDescriptor kernel_{};
};

/// One flow, as packets and as the super-packet that holds them all.
struct Flow {
  std::vector<ByteVector> packets{};
  SuperPacket super{};

  /// `count` packets with `size` bytes of payload, the last with `last_size`.
  Flow(wire::OffloadKind kind, std::size_t count, std::size_t size, std::size_t last_size) {
    ByteVector payload((count - 1) * size + last_size);
    SeededRandom{count + size}.fill(payload);
    const TcpOptions tcp{.flags = wire::kTcpAck | wire::kTcpPsh};
    packets = naive_segments(kind, payload, size, tcp);
    super = super_packet(kind, payload, size, tcp);
  }

  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = 0;
    for (const ByteVector& packet : packets) {
      sum += packet.size();
    }
    return sum;
  }
};

/// Reads with room for `room` packets at a time until nothing is left; super-packets are split.
inline void append_split(std::vector<ByteVector>& packets,
                         linux_platform::TunReader& reader,
                         std::size_t room,
                         std::size_t mtu) {
  std::vector<wire::IpPacket> views(room);
  while (const std::size_t count = reader.read(views, mtu)) {
    REQUIRE(count <= room);
    for (const auto& view : std::span{views}.first(count)) {
      for (auto& packet : split(view)) {
        packets.push_back(std::move(packet));
      }
    }
  }
}

}  // namespace quicether::test

#endif  // QUICETHER_TESTS_UNIT_PLATFORM_TUN_SUPPORT_HPP
