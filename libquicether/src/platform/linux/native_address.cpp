#include "platform/linux/native_address.hpp"

#include <quicether/base/assert.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace quicether::linux_platform {

in_addr native_v4(const IpAddress& address) noexcept {
  QE_DASSERT(address.is_v4());
  return {.s_addr = htonl(address.to_v4_number())};
}

in6_addr native_v6(const IpAddress& address) noexcept {
  std::array<std::uint8_t, 16> bytes{};
  if (address.is_v4()) {
    bytes[10] = bytes[11] = 0xff;
  }
  std::ranges::copy_backward(address.bytes(), bytes.end());
  return std::bit_cast<in6_addr>(bytes);
}

IpAddress read_native(const in_addr& in) noexcept {
  return IpAddress::v4(ntohl(in.s_addr));
}

IpAddress read_native(const in6_addr& in) noexcept {
  return IpAddress::v6(std::bit_cast<std::array<std::uint8_t, 16>>(in)).unmapped();
}

socklen_t write_native(const SocketAddress& address,
                       sa_family_t family,
                       NativeAddress& out) noexcept {
  if (family == AF_INET) {
    if (!address.address.is_v4()) {
      return 0;
    }
    out.v4 = {};
    out.v4.sin_family = AF_INET;
    out.v4.sin_port = htons(address.port);
    out.v4.sin_addr = native_v4(address.address);
    return sizeof out.v4;
  }
  out.v6 = {};
  out.v6.sin6_family = AF_INET6;
  out.v6.sin6_port = htons(address.port);
  out.v6.sin6_addr = native_v6(address.address);
  return sizeof out.v6;
}

SocketAddress read_native(const NativeAddress& in) noexcept {
  if (in.any.sa_family == AF_INET) {
    return {.address = read_native(in.v4.sin_addr), .port = ntohs(in.v4.sin_port)};
  }
  QE_DASSERT(in.any.sa_family == AF_INET6);
  return {.address = read_native(in.v6.sin6_addr), .port = ntohs(in.v6.sin6_port)};
}

}  // namespace quicether::linux_platform
