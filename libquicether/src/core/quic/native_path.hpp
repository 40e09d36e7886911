#ifndef QUICETHER_SRC_CORE_QUIC_NATIVE_PATH_HPP
#define QUICETHER_SRC_CORE_QUIC_NATIVE_PATH_HPP

#include <quicether/base/address.hpp>

#include <ngtcp2/ngtcp2.h>

namespace quicether::quic {

/// Two addresses in the form that ngtcp2 wants, with their storage.
///
/// The local port is always 0: an Endpoint has one port, and whether it is known must not decide
/// whether two paths are equal. An unspecified local address takes the family of the remote one.
class NativePath {
 public:
  /// Empty, for ngtcp2 to fill in.
  NativePath() noexcept;

  NativePath(const IpAddress& local, const SocketAddress& remote) noexcept;

  NativePath(const NativePath& other) noexcept;
  NativePath& operator=(const NativePath& other) noexcept;
  ~NativePath() = default;

  [[nodiscard]] ngtcp2_path* get() noexcept { return &storage_.path; }

  [[nodiscard]] const ngtcp2_path* get() const noexcept { return &storage_.path; }

  friend bool operator==(const NativePath& left, const NativePath& right) noexcept {
    return ngtcp2_path_eq(&left.storage_.path, &right.storage_.path) != 0;
  }

 private:
  ngtcp2_path_storage storage_;
};

/// The addresses of a path of ngtcp2's.
[[nodiscard]] SocketAddress local_address(const ngtcp2_path& path) noexcept;
[[nodiscard]] SocketAddress remote_address(const ngtcp2_path& path) noexcept;

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_NATIVE_PATH_HPP
