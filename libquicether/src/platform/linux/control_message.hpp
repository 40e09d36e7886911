#ifndef QUICETHER_SRC_PLATFORM_LINUX_CONTROL_MESSAGE_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_CONTROL_MESSAGE_HPP

#include <quicether/base/datagram.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace quicether::linux_platform {

/// Room for the control messages of one train: addresses, ECN and segment size, each at most once,
/// and what a newer kernel may add.
struct ControlBuffer {
  alignas(cmsghdr) std::array<std::uint8_t, 192> bytes;
};

/// What accompanies a train on its way out.
struct OutgoingControl {
  IpAddress local{};            ///< unspecified: the system chooses
  std::uint32_t interface = 0;  ///< to leave through; 0: the system chooses. Needs `local`
  bool remote_is_v4 = false;    ///< the ECN field sits in another header for each family
  Ecn ecn = Ecn::not_ect;
  std::size_t segment_bytes = 0;  ///< 0: the bytes are one datagram
};

/// Attaches the control messages to `message` for a socket of `family`.
void write_control(const OutgoingControl& control,
                   sa_family_t family,
                   ControlBuffer& buffer,
                   msghdr& message) noexcept;

/// What came with a train.
struct IncomingControl {
  IpAddress local{};  ///< unspecified: the system did not tell
  Ecn ecn = Ecn::not_ect;
  std::size_t segment_bytes = 0;  ///< 0: the bytes are one datagram
};

[[nodiscard]] IncomingControl read_control(msghdr& message) noexcept;

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_CONTROL_MESSAGE_HPP
