#ifndef QUICETHER_SRC_CORE_DHT_ADDRESS_RULES_HPP
#define QUICETHER_SRC_CORE_DHT_ADDRESS_RULES_HPP

#include <quicether/base/address.hpp>

namespace quicether::dht {

/// True for addresses that can be one host's: no port 0, multicast, broadcast, "this network" or
/// reserved block (RFC 6890).
[[nodiscard]] bool is_unicast(const SocketAddress& address) noexcept;

/// True when `address` may be contacted because `teller` named it: hearsay never leads into a
/// narrower network than the one it came from, so that nobody outside can point a node at the hosts
/// of its own LAN or at its loopback interface.
[[nodiscard]] bool may_contact(const SocketAddress& address, const IpAddress& teller) noexcept;

/// The network that one attacker is likely to own whole: /24 of IPv4, /64 of IPv6. Caps count
/// these.
[[nodiscard]] IpAddress subnet_of(const IpAddress& address) noexcept;

}  // namespace quicether::dht

#endif  // QUICETHER_SRC_CORE_DHT_ADDRESS_RULES_HPP
