#ifndef QUICETHER_SRC_PLATFORM_LINUX_TUN_OPEN_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_TUN_OPEN_HPP

#include "platform/linux/file_descriptor.hpp"

#include <quicether/base/error.hpp>
#include <quicether/base/event.hpp>
#include <quicether/base/shard.hpp>

#include <string>

namespace quicether::linux_platform {

struct OpenedTun {
  FileDescriptor fd{};       ///< non-blocking; each packet is preceded by a virtio_net_hdr
  std::string name{};        ///< the interface's real name
  bool tcp_offload = false;  ///< TCP super-packets and unfinished checksums cross the device
  bool udp_offload = false;  ///< UDP ones too (Linux >= 6.2)
};

/// Creates a TUN interface that lives as long as its descriptor: it is gone with the process,
/// however that ends, and its addresses and routes with it.
///
/// `offload`: let super-packets through where the kernel can. `shard`: see TunOptions.
/// **Errors:** `already_open` (an interface has this name), `permission_denied`, `unsupported` (no
/// /dev/net/tun), `invalid_argument` (not a name), `io_failure`; an event names the step.
[[nodiscard]] result<OpenedTun> open_tun_descriptor(const std::string& name,
                                                    Shard shard,
                                                    bool offload,
                                                    EventSink& events);

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_TUN_OPEN_HPP
