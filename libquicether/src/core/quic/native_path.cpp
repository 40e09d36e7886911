#include "core/quic/native_path.hpp"

#include <quicether/base/assert.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace quicether::quic {
namespace {

// Zeroed first: ngtcp2 keeps whole structures.
ngtcp2_socklen write_native(const IpAddress& address,
                            std::uint16_t port,
                            ngtcp2_sockaddr_union& out) noexcept {
  std::memset(&out, 0, sizeof(out));
  std::array<std::uint8_t, 2> port_bytes{};
  store_be<std::uint16_t>(port_bytes, port);
  const auto bytes = address.bytes();
  if (address.is_v4()) {
    out.in.sin_family = AF_INET;
    std::memcpy(&out.in.sin_port, port_bytes.data(), port_bytes.size());
    std::memcpy(&out.in.sin_addr, bytes.data(), bytes.size());
    return sizeof(out.in);
  }
  out.in6.sin6_family = AF_INET6;
  std::memcpy(&out.in6.sin6_port, port_bytes.data(), port_bytes.size());
  std::memcpy(&out.in6.sin6_addr, bytes.data(), bytes.size());
  return sizeof(out.in6);
}

SocketAddress read_native(const ngtcp2_addr& from) noexcept {
  std::array<std::uint8_t, 2> port_bytes{};
  if (from.addr != nullptr && from.addr->sa_family == AF_INET) {
    sockaddr_in native{};
    std::memcpy(&native, from.addr, sizeof(native));
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &native.sin_addr, bytes.size());
    std::memcpy(port_bytes.data(), &native.sin_port, port_bytes.size());
    return {IpAddress::v4(bytes), load_be<std::uint16_t>(port_bytes)};
  }
  if (from.addr != nullptr && from.addr->sa_family == AF_INET6) {
    sockaddr_in6 native{};
    std::memcpy(&native, from.addr, sizeof(native));
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &native.sin6_addr, bytes.size());
    std::memcpy(port_bytes.data(), &native.sin6_port, port_bytes.size());
    return {IpAddress::v6(bytes), load_be<std::uint16_t>(port_bytes)};
  }
  return {};
}

}  // namespace

NativePath::NativePath() noexcept {
  ngtcp2_path_storage_zero(&storage_);
}

NativePath::NativePath(const IpAddress& local, const SocketAddress& remote) noexcept {
  ngtcp2_path_storage_zero(&storage_);
  const bool wildcard = local.is_unspecified() && local.is_v4() != remote.address.is_v4();
  const auto source = wildcard ? IpAddress::v6(std::array<std::uint8_t, 16>{}) : local;
  const auto fitting = wildcard && remote.address.is_v4() ? IpAddress{} : source;
  storage_.path.local.addrlen = write_native(fitting, 0, storage_.local_addrbuf);
  storage_.path.remote.addrlen = write_native(remote.address, remote.port, storage_.remote_addrbuf);
}

NativePath::NativePath(const NativePath& other) noexcept {
  ngtcp2_path_storage_zero(&storage_);
  ngtcp2_path_copy(&storage_.path, &other.storage_.path);
}

NativePath& NativePath::operator=(const NativePath& other) noexcept {
  if (this != &other) {
    ngtcp2_path_copy(&storage_.path, &other.storage_.path);
  }
  return *this;
}

SocketAddress local_address(const ngtcp2_path& path) noexcept {
  return read_native(path.local);
}

SocketAddress remote_address(const ngtcp2_path& path) noexcept {
  return read_native(path.remote);
}

}  // namespace quicether::quic
