#include "platform/linux/tun_open.hpp"

#include "platform/linux/system_error.hpp"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace quicether::linux_platform {

namespace {

// Linux 6.2; the headers of Debian 12 are older.
constexpr unsigned kTunUso4 = 0x20;
constexpr unsigned kTunUso6 = 0x40;

errc errc_from_tun(int error) noexcept {
  switch (error) {
    case ENOENT:
    case ENXIO:
    case ENODEV:
      return errc::unsupported;
    default:
      return errc_from_errno(error);
  }
}

result<OpenedTun> failed(std::string_view step, const std::string& name, EventSink& events) {
  const int error = errno;
  events.on_event(
      {.target = "tun.open_failed",
       .severity = Severity::error,
       .fields = {
           {"interface", name}, {"step", std::string{step}}, {"reason", errno_text(error)}}});
  return errc_from_tun(error);
}

/// Turns on as much as the kernel has.
void enable_offload(OpenedTun& tun) noexcept {
  constexpr unsigned kTcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
  constexpr unsigned kTcpAndUdp = kTcp | kTunUso4 | kTunUso6;
  tun.udp_offload = ::ioctl(tun.fd.get(), TUNSETOFFLOAD, kTcpAndUdp) == 0;
  tun.tcp_offload = tun.udp_offload || ::ioctl(tun.fd.get(), TUNSETOFFLOAD, kTcp) == 0;
}

}  // namespace

result<OpenedTun> open_tun_descriptor(const std::string& name,
                                      Shard shard,
                                      bool offload,
                                      EventSink& events) {
  ifreq request{};
  if (name.empty() || name.size() >= sizeof request.ifr_name) {
    errno = EINVAL;
    return failed("name", name, events);
  }
  OpenedTun tun;
  tun.fd = FileDescriptor{::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)};
  if (!tun.fd) {
    return failed("open /dev/net/tun", name, events);
  }
  std::memcpy(request.ifr_name, name.data(), name.size());
  unsigned flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
  if (shard.count > 1) {
    flags |= IFF_MULTI_QUEUE;
  }
  if (shard.index == 0) {
    flags |= IFF_TUN_EXCL;  // a persistent interface of this name is somebody else's
  }
  request.ifr_flags = static_cast<short>(flags);
  if (::ioctl(tun.fd.get(), TUNSETIFF, &request) != 0) {
    return failed("create", name, events);
  }
  tun.name = request.ifr_name;
  if (offload) {
    enable_offload(tun);
  }
  return tun;
}

}  // namespace quicether::linux_platform
