#include <quicether/mgmt/interface_of.hpp>

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <memory>

namespace quicether::mgmt {
namespace {

IpAddress to_address(const sockaddr* native) {
  if (native == nullptr) {
    return {};
  }
  if (native->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, native, sizeof(v4));
    return IpAddress::v4(ntohl(v4.sin_addr.s_addr));
  }
  if (native->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, native, sizeof(v6));
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return IpAddress::v6(bytes);
  }
  return {};
}

}  // namespace

std::string interface_of(const IpAddress& address) {
  ifaddrs* first = nullptr;
  if (address.is_unspecified() || ::getifaddrs(&first) != 0) {
    return "-";
  }
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner{first, &::freeifaddrs};
  for (const auto* entry = first; entry != nullptr; entry = entry->ifa_next) {
    if (to_address(entry->ifa_addr) == address) {
      return entry->ifa_name;
    }
  }
  return "-";
}

}  // namespace quicether::mgmt
