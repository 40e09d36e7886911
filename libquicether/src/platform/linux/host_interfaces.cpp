#include "platform/linux/host_interfaces.hpp"

#include "platform/linux/native_address.hpp"

#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace quicether::linux_platform {

namespace {

bool is_ip(const sockaddr* address) noexcept {
  return address != nullptr && (address->sa_family == AF_INET || address->sa_family == AF_INET6);
}

IpAddress address_of(const sockaddr* from) noexcept {
  NativeAddress native{};
  std::memcpy(&native, from, from->sa_family == AF_INET ? sizeof native.v4 : sizeof native.v6);
  return read_native(native).address;
}

unsigned prefix_length(const IpAddress& mask) noexcept {
  unsigned length = 0;
  for (const auto byte : mask.bytes()) {
    length += static_cast<unsigned>(std::popcount(byte));
  }
  return length;
}

/// The entry of the interface, which is made when it is the first of its name.
HostInterface& entry_of(std::vector<HostInterface>& interfaces, const ifaddrs& native) {
  // An address may have a label ("eth0:1"), which names its interface as well.
  const std::string_view label{native.ifa_name};
  const std::string name{label.substr(0, label.find(':'))};
  const auto found = std::ranges::find(interfaces, name, &HostInterface::name);
  if (found != interfaces.end()) {
    return *found;
  }
  const auto flags = native.ifa_flags;
  HostInterface interface;
  interface.name = name;
  interface.index = ::if_nametoindex(name.c_str());
  interface.up = (flags & IFF_UP) != 0 && (flags & IFF_RUNNING) != 0;
  interface.loopback = (flags & IFF_LOOPBACK) != 0;
  interface.multicast = (flags & IFF_MULTICAST) != 0 && (flags & IFF_POINTOPOINT) == 0;
  return interfaces.emplace_back(std::move(interface));
}

}  // namespace

std::vector<HostInterface> host_interfaces() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) {
    return {};
  }
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner{first, &::freeifaddrs};
  std::vector<HostInterface> interfaces;
  for (const auto* each = first; each != nullptr; each = each->ifa_next) {
    auto& interface = entry_of(interfaces, *each);
    if (is_ip(each->ifa_addr) && is_ip(each->ifa_netmask)) {
      interface.addresses.push_back(
          {address_of(each->ifa_addr), prefix_length(address_of(each->ifa_netmask))});
    }
  }
  std::erase_if(interfaces, [](const HostInterface& one) { return one.index == 0; });
  return interfaces;
}

}  // namespace quicether::linux_platform
