#ifndef QUICETHER_SRC_PLATFORM_LINUX_UDP_SENDER_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_UDP_SENDER_HPP

#include "platform/linux/control_message.hpp"
#include "platform/linux/native_address.hpp"

#include <quicether/base/datagram.hpp>
#include <quicether/env/datagram_socket.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace quicether::linux_platform {

struct UdpSenderStats {
  std::uint64_t datagrams = 0;
  std::uint64_t bytes = 0;
  std::uint64_t errors = 0;  ///< datagrams that the system refused
};

/// Sends trains over a non-blocking UDP socket, as many as possible with one system call.
///
/// A train is one message when the system segments it (UDP_SEGMENT), else one message for each of
/// its datagrams. When the system refuses a train whole and then takes its first datagram alone,
/// segmentation is what it cannot do (EIO: the device computes no checksums; EINVAL: some drivers
/// and old kernels), and it is off from then on. Neither copies nor moves.
class UdpSender {
 public:
  /// `fd` is a socket of `family`. `segmentation_offload`: begin with UDP_SEGMENT.
  UdpSender(int fd, sa_family_t family, bool segmentation_offload) noexcept
      : fd_{fd}, family_{family}, segmentation_offload_{segmentation_offload} {}

  UdpSender(const UdpSender&) = delete;
  UdpSender& operator=(const UdpSender&) = delete;

  /// As DatagramSocket::send().
  ///
  /// A socket that fills up in the middle of a train that goes out one by one loses the rest of the
  /// train, as any full queue would: sending its beginning twice would not be better.
  [[nodiscard]] std::size_t send(std::span<const OutgoingTrain> trains) noexcept;

  /// See DatagramSocket::pin().
  void pin(std::span<const AddressPin> pins) { pins_.assign(pins.begin(), pins.end()); }

  [[nodiscard]] bool segmentation_offload() const noexcept { return segmentation_offload_; }

  [[nodiscard]] const UdpSenderStats& stats() const noexcept { return stats_; }

 private:
  /// Messages in one system call. At 64 what is left of the call's fixed cost is below 1 % of the
  /// cost of a datagram (245 of 1436 ns / 64, measured 2026-11 on a 2-core Zen 4 guest).
  static constexpr std::size_t kBatch = 64;

  /// A place in the caller's trains.
  struct Position {
    std::size_t train = 0;
    std::size_t offset = 0;  ///< bytes of the train that are done
  };

  /// One message: what it points to, and which part of the trains it is.
  struct Slot {
    NativeAddress remote{};
    ControlBuffer control{};
    iovec data{};
    Position from{};
    Position to{};
    std::size_t datagrams = 0;
  };

  [[nodiscard]] std::size_t fill(std::span<const OutgoingTrain> trains, Position at) noexcept;
  [[nodiscard]] bool write_message(std::size_t index,
                                   const OutgoingTrain& train,
                                   Position at) noexcept;
  [[nodiscard]] std::uint32_t interface_for(const OutgoingTrain& train) const noexcept;
  void on_sent(std::size_t messages) noexcept;
  [[nodiscard]] Position on_refused(int error) noexcept;

  int fd_;
  sa_family_t family_;
  bool segmentation_offload_;
  std::size_t apart_ = 0;  ///< the train of this call that was refused whole and goes one by one
  UdpSenderStats stats_{};
  std::vector<AddressPin> pins_{};
  std::array<mmsghdr, kBatch> messages_{};
  std::array<Slot, kBatch> slots_{};
};

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_UDP_SENDER_HPP
