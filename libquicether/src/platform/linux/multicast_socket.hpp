#ifndef QUICETHER_SRC_PLATFORM_LINUX_MULTICAST_SOCKET_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_MULTICAST_SOCKET_HPP

#include "platform/linux/file_descriptor.hpp"
#include "platform/linux/watched_descriptor.hpp"

#include <quicether/env/lan_socket.hpp>

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace quicether::linux_platform {

/// The address of an interface that can multicast.
struct LanNetwork {
  InterfaceAddress address{};
  unsigned interface = 0;  ///< its index
};

/// The kernel's networks now; at most 32. **Source:** LanSocket says which ones count.
[[nodiscard]] std::vector<LanNetwork> lan_networks();

/// The kernel's multicast. One socket for both families; where the system has no IPv6, for IPv4.
class MulticastSocket final : public LanSocket {
 public:
  /// Several sockets of one host may have the same port.
  [[nodiscard]] static result<std::unique_ptr<LanSocket>> open(
      const boost::asio::any_io_executor& executor, const LanSocketOptions& options);

  void wait_readable(WaitHandler handler) override;
  [[nodiscard]] std::optional<LanDatagram> receive() noexcept override;
  std::size_t send(ConstBytes bytes) noexcept override;
  void close() noexcept override;

 private:
  MulticastSocket(WatchedDescriptor descriptor,
                  sa_family_t family,
                  const LanSocketOptions& options);

  void join() noexcept;
  [[nodiscard]] const IpAddress& group(const LanNetwork& network) const noexcept;
  [[nodiscard]] bool send_in(const LanNetwork& network, ConstBytes bytes) noexcept;

  WatchedDescriptor descriptor_;
  sa_family_t family_;
  LanSocketOptions options_;
  std::vector<LanNetwork> networks_{};
  std::array<std::uint8_t, 1500> buffer_{};
};

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_MULTICAST_SOCKET_HPP
