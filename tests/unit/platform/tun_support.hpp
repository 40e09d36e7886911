#ifndef QUICETHER_TESTS_UNIT_PLATFORM_TUN_SUPPORT_HPP
#define QUICETHER_TESTS_UNIT_PLATFORM_TUN_SUPPORT_HPP

#include "platform/linux/file_descriptor.hpp"
#include "platform/linux/virtio_header.hpp"
#include "support/packets.hpp"

#include <quicether/base/bytes.hpp>

#include <catch2/catch_test_macros.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
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

/// A TCP stream in packets of `payload_bytes`, the last of `last_bytes` with PSH, as its sender
/// would have sent them one by one.
inline std::vector<ByteVector> tcp_stream(const IpAddress& source,
                                          const IpAddress& destination,
                                          std::size_t count,
                                          std::size_t payload_bytes,
                                          std::size_t last_bytes) {
  std::vector<ByteVector> packets;
  for (std::size_t i = 0; i < count; ++i) {
    const bool last = i + 1 == count;
    const auto payload =
        counting_bytes(last ? last_bytes : payload_bytes, static_cast<unsigned>(i));
    packets.push_back(tcp_packet(source,
                                 destination,
                                 payload,
                                 {.sequence = static_cast<std::uint32_t>(1000 + i * payload_bytes),
                                  .flags = static_cast<std::uint8_t>(last ? 0x18 : 0x10)},
                                 {.id = static_cast<std::uint16_t>(source.is_v4() ? 7 + i : 0)}));
  }
  return packets;
}

/// The same stream as one super-packet, and the header to go with it.
struct SuperPacket {
  Virtio header{};
  ByteVector packet{};
};

inline SuperPacket tcp_super_packet(const IpAddress& source,
                                    const IpAddress& destination,
                                    std::size_t count,
                                    std::size_t payload_bytes,
                                    std::size_t last_bytes) {
  ByteVector payload;
  for (std::size_t i = 0; i < count; ++i) {
    append(payload,
           counting_bytes(i + 1 == count ? last_bytes : payload_bytes, static_cast<unsigned>(i)));
  }
  const auto ip_bytes = static_cast<std::uint16_t>(source.is_v4() ? 20 : 40);
  return {.header = {.flags = 1,
                     .type = static_cast<std::uint8_t>(source.is_v4() ? 1 : 4),
                     .header_bytes = static_cast<std::uint16_t>(ip_bytes + 20),
                     .segment_bytes = static_cast<std::uint16_t>(payload_bytes),
                     .checksum_start = ip_bytes,
                     .checksum_offset = 16},
          .packet = tcp_packet(source,
                               destination,
                               payload,
                               {.sequence = 1000, .flags = 0x18},
                               {.id = static_cast<std::uint16_t>(source.is_v4() ? 7 : 0)})};
}

}  // namespace quicether::test

#endif  // QUICETHER_TESTS_UNIT_PLATFORM_TUN_SUPPORT_HPP
