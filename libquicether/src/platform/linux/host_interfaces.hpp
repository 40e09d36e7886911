#ifndef QUICETHER_SRC_PLATFORM_LINUX_HOST_INTERFACES_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_HOST_INTERFACES_HPP

#include <quicether/env/host_interface.hpp>

#include <vector>

namespace quicether::linux_platform {

/// The kernel's interfaces now, as getifaddrs() lists them. Empty when it does not tell.
[[nodiscard]] std::vector<HostInterface> host_interfaces();

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_HOST_INTERFACES_HPP
