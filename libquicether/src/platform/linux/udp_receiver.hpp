#ifndef QUICETHER_SRC_PLATFORM_LINUX_UDP_RECEIVER_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_UDP_RECEIVER_HPP

#include "platform/linux/control_message.hpp"
#include "platform/linux/native_address.hpp"

#include <quicether/base/datagram.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace quicether::linux_platform {

struct UdpReceiverStats {
  std::uint64_t datagrams = 0;
  std::uint64_t bytes = 0;
};

/// Receives trains from a non-blocking UDP socket into buffers of its own, several with one system
/// call. Neither copies nor moves.
class UdpReceiver {
 public:
  /// `fd` is bound to `port` and reports addresses, ECN and, where the system can, UDP_GRO.
  UdpReceiver(int fd, std::uint16_t port);

  UdpReceiver(const UdpReceiver&) = delete;
  UdpReceiver& operator=(const UdpReceiver&) = delete;

  /// As DatagramSocket::receive().
  [[nodiscard]] std::size_t receive(std::span<ReceivedTrain> trains) noexcept;

  [[nodiscard]] const UdpReceiverStats& stats() const noexcept { return stats_; }

 private:
  /// Most trains in one call. Datagrams that form no trains share a system call by this number.
  static constexpr std::size_t kSlots = 32;

  /// Holds the largest UDP payload; the system touches only the pages that a train fills.
  static constexpr std::size_t kSlotBytes = 65536;

  struct Slot {
    NativeAddress remote{};
    ControlBuffer control{};
    iovec data{};
  };

  [[nodiscard]] bool read_message(std::size_t index, ReceivedTrain& train) noexcept;

  int fd_;
  std::uint16_t port_;
  UdpReceiverStats stats_{};
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::array<mmsghdr, kSlots> messages_{};
  std::array<Slot, kSlots> slots_{};
};

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_UDP_RECEIVER_HPP
