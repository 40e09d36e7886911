#ifndef QUICETHER_SRC_PLATFORM_LINUX_NATIVE_ADDRESS_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_NATIVE_ADDRESS_HPP

#include <quicether/base/address.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

namespace quicether::linux_platform {

/// A socket address in the system's form, as a socket of one family takes it.
///
/// On an AF_INET6 socket an IPv4 address is written mapped (::ffff:a.b.c.d); towards the rest of
/// the library it is never mapped.
union NativeAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

/// Writes `address` for a socket of `family` (AF_INET or AF_INET6) and returns its length.
///
/// Returns 0 for an IPv6 address on an AF_INET socket.
[[nodiscard]] socklen_t write_native(const SocketAddress& address,
                                     sa_family_t family,
                                     NativeAddress& out) noexcept;

/// The address in `in`, not mapped. Requires one of the two families.
[[nodiscard]] SocketAddress read_native(const NativeAddress& in) noexcept;

[[nodiscard]] IpAddress read_native(const in_addr& in) noexcept;
[[nodiscard]] IpAddress read_native(const in6_addr& in) noexcept;

/// Requires an IPv4 address.
[[nodiscard]] in_addr native_v4(const IpAddress& address) noexcept;

/// An IPv4 address comes out mapped.
[[nodiscard]] in6_addr native_v6(const IpAddress& address) noexcept;

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_NATIVE_ADDRESS_HPP
