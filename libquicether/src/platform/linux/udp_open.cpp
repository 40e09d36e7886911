#include "platform/linux/udp_open.hpp"

#include "platform/linux/native_address.hpp"
#include "platform/linux/shard_steering.hpp"
#include "platform/linux/system_error.hpp"

#include <fmt/format.h>

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace quicether::linux_platform {

namespace {

bool set_option(const FileDescriptor& fd, int level, int name, int value) noexcept {
  return ::setsockopt(fd.get(), level, name, &value, sizeof value) == 0;
}

bool bind_to_interface(const FileDescriptor& fd, const std::string& interface) noexcept {
  return interface.empty() || ::setsockopt(fd.get(),
                                           SOL_SOCKET,
                                           SO_BINDTODEVICE,
                                           interface.data(),
                                           static_cast<socklen_t>(interface.size())) == 0;
}

/// Reports addresses and the ECN field with every datagram and sets "don't fragment", without the
/// kernel's own idea of the path MTU: QUIC finds it by probing (RFC 9000 section 14.3).
bool set_packet_options(const FileDescriptor& fd, sa_family_t family) noexcept {
  const bool v4 = set_option(fd, IPPROTO_IP, IP_RECVTOS, 1) &&
                  set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  if (family == AF_INET) {
    return v4 && set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
  }
  // An IPv4 datagram on an AF_INET6 socket reports its TOS by the IPv4 option and its address,
  // mapped, by the IPv6 one.
  return v4 && set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) &&
         set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
         set_option(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1) &&
         set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
}

/// Sets a buffer size beyond the system's limit when privileged, else up to it.
void set_buffer(
    const FileDescriptor& fd, int forced, int ordinary, std::size_t bytes, EventSink& events) {
  constexpr std::size_t kMax = std::numeric_limits<int>::max() / 2;  // the kernel doubles it
  const int wanted = static_cast<int>(std::min(bytes, kMax));
  if (set_option(fd, SOL_SOCKET, forced, wanted)) {
    return;
  }
  int granted = 0;
  socklen_t length = sizeof granted;
  if (set_option(fd, SOL_SOCKET, ordinary, wanted) &&
      ::getsockopt(fd.get(), SOL_SOCKET, ordinary, &granted, &length) == 0 &&
      granted / 2 < wanted) {
    events.on_event(
        {.target = "udp.small_buffer",
         .severity = Severity::warning,
         .fields = {{"limit", ordinary == SO_RCVBUF ? "net.core.rmem_max" : "net.core.wmem_max"},
                    {"wanted_bytes", fmt::to_string(wanted)},
                    {"granted_bytes", fmt::to_string(granted / 2)}}});
  }
}

/// UDP_GRO exists since Linux 5.0, but delivered damaged trains before 5.12 (seen by wireguard-go,
/// which has the same limit).
bool receive_offload_works() noexcept {
  utsname system{};
  if (::uname(&system) != 0) {
    return false;
  }
  char* rest = nullptr;
  const long major = std::strtol(system.release, &rest, 10);
  const long minor = *rest == '.' ? std::strtol(rest + 1, nullptr, 10) : 0;
  return std::pair{major, minor} >= std::pair{5L, 12L};
}

bool has_segmentation_offload(const FileDescriptor& fd) noexcept {
  int value = 0;
  socklen_t length = sizeof value;
  return ::getsockopt(fd.get(), IPPROTO_UDP, UDP_SEGMENT, &value, &length) == 0;
}

bool share_port(const FileDescriptor& fd) noexcept {
  return set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
}

/// Binds a socket alone, or to the port that the shards of a node share. The first shard's offers
/// to share only what it has got for itself: a second node on the port is still an error.
bool bind_socket(const FileDescriptor& fd,
                 const NativeAddress& address,
                 socklen_t length,
                 Shard shard) noexcept {
  if (shard.index != 0 && !share_port(fd)) {
    return false;
  }
  if (::bind(fd.get(), &address.any, length) != 0) {
    return false;
  }
  if (shard.index == 0 && shard.count > 1 && !share_port(fd)) {
    return false;
  }
  // The kernel counts the sockets in the order in which they were bound.
  return shard.index + 1 < shard.count || shard.count == 1 || steer_by_lane(fd, shard.count);
}

bool lower_option(const FileDescriptor& fd, int level, int name, int by) noexcept {
  int value = 0;
  socklen_t length = sizeof value;
  return ::getsockopt(fd.get(), level, name, &value, &length) == 0 &&
         set_option(fd, level, name, value - by);
}

/// The receiver's system joins datagrams from one port to another to trains, and a whole train goes
/// to one shard there. It joins none that differ in their hop limit (dev_gro_receive() of Linux),
/// so those of each shard here get one of their own: a peer may have sessions with several (ADR
/// 24).
bool keep_trains_apart(const FileDescriptor& fd, sa_family_t family, Shard shard) noexcept {
  return shard.index == 0 ||
         (lower_option(fd, IPPROTO_IP, IP_TTL, shard.index) &&
          (family == AF_INET || lower_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, shard.index)));
}

/// Turns errno into the result of open_udp_socket().
errc failed(std::string_view step, const DatagramSocketOptions& options, EventSink& events) {
  const int error = errno;
  events.on_event({.target = "udp.open_failed",
                   .severity = Severity::error,
                   .fields = {{"address", options.bind.to_string()},
                              {"interface", options.interface},
                              {"step", std::string{step}},
                              {"reason", errno_text(error)}}});
  return errc_from_errno(error);
}

}  // namespace

result<BoundUdpSocket> open_udp_socket(const DatagramSocketOptions& options,
                                       bool offload,
                                       EventSink& events) {
  BoundUdpSocket socket;
  SocketAddress bind_address = options.bind;
  socket.family = bind_address.address.is_v4() ? AF_INET : AF_INET6;
  constexpr int kType = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  socket.fd = FileDescriptor{::socket(socket.family, kType, 0)};
  if (!socket.fd && errno == EAFNOSUPPORT && bind_address.address.is_unspecified()) {
    socket.family = AF_INET;
    bind_address.address = IpAddress{};
    socket.fd = FileDescriptor{::socket(AF_INET, kType, 0)};
  }
  if (!socket.fd) {
    return failed("socket", options, events);
  }
  if (!set_packet_options(socket.fd, socket.family) ||
      !keep_trains_apart(socket.fd, socket.family, options.shard)) {
    return failed("options", options, events);
  }
  if (!bind_to_interface(socket.fd, options.interface)) {
    return failed("interface", options, events);
  }
  set_buffer(socket.fd, SO_RCVBUFFORCE, SO_RCVBUF, options.receive_buffer_bytes, events);
  set_buffer(socket.fd, SO_SNDBUFFORCE, SO_SNDBUF, options.send_buffer_bytes, events);

  NativeAddress native{};
  socklen_t length = write_native(bind_address, socket.family, native);
  if (!bind_socket(socket.fd, native, length, options.shard)) {
    return failed("bind", options, events);
  }
  length = sizeof native;
  if (::getsockname(socket.fd.get(), &native.any, &length) != 0) {
    return failed("getsockname", options, events);
  }
  socket.local = read_native(native);
  socket.segmentation_offload = offload && has_segmentation_offload(socket.fd);
  socket.receive_offload =
      offload && receive_offload_works() && set_option(socket.fd, IPPROTO_UDP, UDP_GRO, 1);
  return socket;
}

result<IpAddress> choose_source_address(const SocketAddress& remote,
                                        sa_family_t family,
                                        const std::string& interface) noexcept {
  const sa_family_t remote_family = remote.address.is_v4() ? AF_INET : AF_INET6;
  if (family == AF_INET && remote_family == AF_INET6) {
    return errc::unreachable;
  }
  const FileDescriptor fd{::socket(remote_family, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!fd || !bind_to_interface(fd, interface)) {
    return errc::io_failure;
  }
  // connect() on a UDP socket sends nothing: it looks up the route and the source address.
  NativeAddress native{};
  socklen_t length = write_native(remote, remote_family, native);
  if (::connect(fd.get(), &native.any, length) != 0) {
    return errc::unreachable;
  }
  length = sizeof native;
  if (::getsockname(fd.get(), &native.any, &length) != 0) {
    return errc::io_failure;
  }
  return read_native(native).address;
}

}  // namespace quicether::linux_platform
