#include "address_rules.hpp"

#include <quicether/core/dht/id.hpp>

#include <cstdint>

namespace quicether::dht {

namespace {

/// From narrow to wide.
enum class Scope : std::uint8_t { host, site, global };

Scope scope_of(const IpAddress& address) noexcept {
  if (address.is_loopback()) {
    return Scope::host;
  }
  return is_local(address) ? Scope::site : Scope::global;
}

}  // namespace

bool is_unicast(const SocketAddress& address) noexcept {
  const auto& ip = address.address;
  if (address.port == 0 || ip.is_unspecified() || ip.is_multicast()) {
    return false;
  }
  const auto first = ip.bytes().front();
  return ip.is_v6() || (first != 0 && first < 240);
}

bool may_contact(const SocketAddress& address, const IpAddress& teller) noexcept {
  return is_unicast(address) && scope_of(address.address) >= scope_of(teller);
}

IpAddress subnet_of(const IpAddress& address) noexcept {
  return Prefix::make(address, address.is_v4() ? 24 : 64)->address();
}

}  // namespace quicether::dht
