#include "platform/linux/netlink_watch.hpp"

#include "platform/linux/file_descriptor.hpp"
#include "platform/linux/system_error.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace quicether::linux_platform {

result<std::unique_ptr<NetlinkWatch>> NetlinkWatch::open(
    const boost::asio::any_io_executor& executor) {
  FileDescriptor fd{::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE)};
  if (!fd) {
    return errc_from_errno(errno);
  }

  union {
    sockaddr any;
    sockaddr_nl netlink;
  } address{};

  address.netlink = {};
  address.netlink.nl_family = AF_NETLINK;
  address.netlink.nl_groups =
      RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  if (::bind(fd.get(), &address.any, sizeof address.netlink) != 0) {
    return errc_from_errno(errno);
  }
  WatchedDescriptor descriptor{executor};
  if (auto assigned = descriptor.assign(std::move(fd)); assigned.has_error()) {
    return assigned.error();
  }
  return std::unique_ptr<NetlinkWatch>{new NetlinkWatch{std::move(descriptor)}};
}

NetlinkWatch::NetlinkWatch(WatchedDescriptor descriptor) noexcept
    : descriptor_{std::move(descriptor)} {}

void NetlinkWatch::async_wait(WaitHandler handler) {
  drain();
  descriptor_.wait_readable(std::move(handler));
}

void NetlinkWatch::drain() noexcept {
  // ENOBUFS says that notifications were lost: there was a change, which is all they say here.
  std::array<std::uint8_t, 8192> ignored;
  while (::recv(descriptor_.get(), ignored.data(), ignored.size(), 0) > 0 || errno == ENOBUFS ||
         errno == EINTR) {
  }
}

}  // namespace quicether::linux_platform
