#include "platform/linux/multicast_socket.hpp"

#include "platform/linux/control_message.hpp"
#include "platform/linux/host_interfaces.hpp"
#include "platform/linux/native_address.hpp"
#include "platform/linux/system_error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace quicether::linux_platform {

namespace {

constexpr std::size_t kNetworksMax = 32;

bool set_option(const FileDescriptor& fd, int level, int name, int value) noexcept {
  return ::setsockopt(fd.get(), level, name, &value, sizeof value) == 0;
}

/// Where a datagram was sent to, as its IP header says; unspecified when the system did not tell.
IpAddress destination_of(msghdr& message) noexcept {
  for (auto* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(header), sizeof info);
      return read_native(info.ipi_addr);
    }
    if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(header), sizeof info);
      return read_native(info.ipi6_addr);
    }
  }
  return {};
}

template <typename Info>
void attach(const Info& info, int level, int type, ControlBuffer& buffer, msghdr& message) {
  cmsghdr header{};
  header.cmsg_level = level;
  header.cmsg_type = type;
  header.cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(buffer.bytes.data(), &header, sizeof header);
  std::memcpy(buffer.bytes.data() + CMSG_LEN(0), &info, sizeof info);
  message.msg_control = buffer.bytes.data();
  message.msg_controllen = CMSG_SPACE(sizeof info);
}

result<FileDescriptor> open_and_bind(sa_family_t family, std::uint16_t port) noexcept {
  FileDescriptor fd{::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!fd) {
    return errc_from_errno(errno);
  }
  const bool v6 = family == AF_INET6;
  const bool told = v6 ? set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) &&
                             set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
                       : set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
  if (!told || !set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)) {
    return errc_from_errno(errno);
  }
  NativeAddress native{};
  const auto length = write_native({v6 ? IpAddress::v6({}) : IpAddress{}, port}, family, native);
  if (::bind(fd.get(), &native.any, length) != 0) {
    return errc_from_errno(errno);
  }
  return fd;
}

}  // namespace

std::vector<LanNetwork> lan_networks() {
  std::vector<LanNetwork> networks;
  for (const auto& interface : host_interfaces()) {
    for (const auto& address : interface.addresses) {
      const bool counts = interface.up && interface.multicast && !interface.loopback &&
                          !address.address.is_link_local();
      if (counts && networks.size() < kNetworksMax) {
        networks.push_back({address, interface.index});
      }
    }
  }
  return networks;
}

result<std::unique_ptr<LanSocket>> MulticastSocket::open(
    const boost::asio::any_io_executor& executor, const LanSocketOptions& options) {
  sa_family_t family = AF_INET6;
  auto fd = open_and_bind(family, options.port);
  if (!fd) {
    family = AF_INET;
    fd = open_and_bind(family, options.port);
  }
  if (!fd) {
    return fd.error();
  }
  WatchedDescriptor descriptor{executor};
  if (const auto assigned = descriptor.assign(std::move(*fd)); !assigned) {
    return assigned.error();
  }
  return std::unique_ptr<LanSocket>{new MulticastSocket{std::move(descriptor), family, options}};
}

MulticastSocket::MulticastSocket(WatchedDescriptor descriptor,
                                 sa_family_t family,
                                 const LanSocketOptions& options)
    : descriptor_{std::move(descriptor)}, family_{family}, options_{options} {
  join();
}

void MulticastSocket::wait_readable(WaitHandler handler) {
  descriptor_.wait_readable(std::move(handler));
}

void MulticastSocket::close() noexcept {
  descriptor_.close();
}

const IpAddress& MulticastSocket::group(const LanNetwork& network) const noexcept {
  return network.address.address.is_v4() ? options_.group_v4 : options_.group_v6;
}

void MulticastSocket::join() noexcept {
  networks_ = lan_networks();
  std::erase_if(networks_, [&](const LanNetwork& network) {
    return family_ == AF_INET && network.address.address.is_v6();
  });
  for (const auto& network : networks_) {
    // Joining again is refused and does no harm.
    if (network.address.address.is_v4()) {
      ip_mreqn wanted{};
      wanted.imr_multiaddr = native_v4(options_.group_v4);
      wanted.imr_ifindex = static_cast<int>(network.interface);
      (void)::setsockopt(descriptor_.get(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &wanted, sizeof wanted);
    } else {
      ipv6_mreq wanted{};
      wanted.ipv6mr_multiaddr = native_v6(options_.group_v6);
      wanted.ipv6mr_interface = network.interface;
      (void)::setsockopt(
          descriptor_.get(), IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &wanted, sizeof wanted);
    }
  }
}

std::size_t MulticastSocket::send(ConstBytes bytes) noexcept {
  if (!descriptor_.is_open()) {
    return 0;
  }
  join();
  return static_cast<std::size_t>(std::ranges::count_if(networks_, [&](const auto& network) {
    return (options_.source.is_unspecified() || options_.source == network.address.address) &&
           send_in(network, bytes);
  }));
}

bool MulticastSocket::send_in(const LanNetwork& network, ConstBytes bytes) noexcept {
  NativeAddress native{};
  iovec data{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_namelen = write_native({group(network), options_.port}, family_, native);
  message.msg_name = &native;
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  // The system's own limit of one hop for multicast stays.
  ControlBuffer control{};
  if (family_ == AF_INET) {
    in_pktinfo info{};
    info.ipi_ifindex = static_cast<int>(network.interface);
    info.ipi_spec_dst = native_v4(network.address.address);
    attach(info, IPPROTO_IP, IP_PKTINFO, control, message);
  } else {
    in6_pktinfo info{};
    info.ipi6_ifindex = network.interface;
    info.ipi6_addr = native_v6(network.address.address);
    attach(info, IPPROTO_IPV6, IPV6_PKTINFO, control, message);
  }
  return ::sendmsg(descriptor_.get(), &message, 0) >= 0;
}

std::optional<LanDatagram> MulticastSocket::receive() noexcept {
  while (descriptor_.is_open()) {
    NativeAddress native{};
    ControlBuffer control{};
    iovec data{buffer_.data(), buffer_.size()};
    msghdr message{};
    message.msg_name = &native;
    message.msg_namelen = sizeof native;
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    const auto size = ::recvmsg(descriptor_.get(), &message, 0);
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size < 0) {
      return std::nullopt;
    }
    const auto remote = read_native(native);
    const auto destination = destination_of(message);
    const bool to_group = destination == options_.group_v4 || destination == options_.group_v6;
    const bool neighbour = std::ranges::any_of(networks_, [&](const LanNetwork& network) {
      return network.address.network().contains(remote.address);
    });
    if (to_group && neighbour) {
      return LanDatagram{remote, ConstBytes{buffer_}.first(static_cast<std::size_t>(size))};
    }
  }
  return std::nullopt;
}

}  // namespace quicether::linux_platform
