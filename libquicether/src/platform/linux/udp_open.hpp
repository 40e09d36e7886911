#ifndef QUICETHER_SRC_PLATFORM_LINUX_UDP_OPEN_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_UDP_OPEN_HPP

#include "platform/linux/file_descriptor.hpp"

#include <quicether/base/address.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/event.hpp>
#include <quicether/env/datagram_socket.hpp>

#include <sys/socket.h>

namespace quicether::linux_platform {

struct BoundUdpSocket {
  FileDescriptor fd{};
  sa_family_t family = AF_UNSPEC;     ///< AF_INET, or AF_INET6 for both families
  SocketAddress local{};              ///< with its real port
  bool segmentation_offload = false;  ///< UDP_SEGMENT is there
  bool receive_offload = false;       ///< UDP_GRO is on
};

/// Opens and binds a non-blocking UDP socket that reports addresses and ECN and never fragments.
///
/// [::] takes both families; where the system has no IPv6 it becomes 0.0.0.0. `offload`: use
/// UDP_SEGMENT and UDP_GRO where the system has them.
/// **Errors:** `already_open` (address in use), `invalid_argument` (no such address or interface),
/// `permission_denied`, `unsupported` (no such family), `io_failure`; an event names the step.
[[nodiscard]] result<BoundUdpSocket> open_udp_socket(const DatagramSocketOptions& options,
                                                     bool offload,
                                                     EventSink& events);

/// The local address from which the system would send to `remote` now.
///
/// `family` and `interface` as the socket was opened with.
/// **Errors:** `unreachable`, `io_failure` (no descriptor left).
[[nodiscard]] result<IpAddress> choose_source_address(const SocketAddress& remote,
                                                      sa_family_t family,
                                                      const std::string& interface) noexcept;

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_UDP_OPEN_HPP
