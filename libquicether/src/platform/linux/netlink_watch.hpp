#ifndef QUICETHER_SRC_PLATFORM_LINUX_NETLINK_WATCH_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_NETLINK_WATCH_HPP

#include "platform/linux/watched_descriptor.hpp"

#include <quicether/env/network_watch.hpp>

#include <memory>

namespace quicether::linux_platform {

/// Listens to rtnetlink's notifications of links, addresses and routes. What they say is not read:
/// whoever waits looks at the present state.
class NetlinkWatch final : public NetworkWatch {
 public:
  /// **Errors:** `io_failure` (no descriptor left), `permission_denied`, `unsupported`.
  [[nodiscard]] static result<std::unique_ptr<NetlinkWatch>> open(
      const boost::asio::any_io_executor& executor);

  void async_wait(WaitHandler handler) override;

 private:
  explicit NetlinkWatch(WatchedDescriptor descriptor) noexcept;

  void drain() noexcept;

  WatchedDescriptor descriptor_;
};

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_NETLINK_WATCH_HPP
