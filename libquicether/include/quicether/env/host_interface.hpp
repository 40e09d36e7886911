#ifndef QUICETHER_ENV_HOST_INTERFACE_HPP
#define QUICETHER_ENV_HOST_INTERFACE_HPP

#include <quicether/base/address.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace quicether {

/// A network interface of this host, as it is now.
struct HostInterface {
  std::string name{};
  std::uint32_t index = 0;  ///< how the system calls it for short; never 0
  bool up = false;          ///< switched on, and its line works
  bool loopback = false;
  bool multicast = false;  ///< can, and is no point-to-point line
  std::vector<InterfaceAddress> addresses{};

  friend bool operator==(const HostInterface&, const HostInterface&) = default;
};

}  // namespace quicether

#endif  // QUICETHER_ENV_HOST_INTERFACE_HPP
