#include "host_addresses.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <memory>
#include <optional>

namespace qed {

namespace {

using quicether::IpAddress;

std::optional<IpAddress> to_address(const sockaddr* native) {
  if (native != nullptr && native->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, native, sizeof(v4));
    return IpAddress::v4(ntohl(v4.sin_addr.s_addr));
  }
  if (native != nullptr && native->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, native, sizeof(v6));
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return IpAddress::v6(bytes);
  }
  return std::nullopt;
}

}  // namespace

std::vector<IpAddress> host_addresses(std::string_view except) {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) {
    return {};
  }
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner{first, ::freeifaddrs};
  std::vector<IpAddress> addresses;
  for (const auto* entry = first; entry != nullptr; entry = entry->ifa_next) {
    const auto address = to_address(entry->ifa_addr);
    if (address && entry->ifa_name != except && (entry->ifa_flags & IFF_UP) != 0) {
      addresses.push_back(*address);
    }
  }
  return addresses;
}

}  // namespace qed
