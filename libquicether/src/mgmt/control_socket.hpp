#ifndef QUICETHER_SRC_MGMT_CONTROL_SOCKET_HPP
#define QUICETHER_SRC_MGMT_CONTROL_SOCKET_HPP

#include "mgmt/file_descriptor.hpp"

#include <quicether/base/error.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>

namespace quicether::mgmt {

/// A bound, listening Unix socket that is this process's alone.
///
/// The claim is a lock on `<path>.lock`, which the system drops with the process: whoever holds it
/// may remove what a crashed predecessor left. Moves, does not copy.
class ControlSocket {
 public:
  /// **Errors:** as ControlServer::open().
  [[nodiscard]] static result<ControlSocket> bind(const std::filesystem::path& path);

  ControlSocket(ControlSocket&&) noexcept = default;
  ControlSocket& operator=(ControlSocket&&) = delete;
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  /// Removes the socket. Does not close what release() gave away.
  ~ControlSocket();

  [[nodiscard]] int get() const noexcept { return socket_.get(); }

  /// Gives the listening descriptor away.
  [[nodiscard]] int release() noexcept { return socket_.release(); }

 private:
  ControlSocket(std::filesystem::path path, FileDescriptor lock, FileDescriptor socket) noexcept;

  std::filesystem::path path_;
  FileDescriptor lock_;  // invalid in a moved-from object: then there is nothing to remove
  FileDescriptor socket_;
};

/// Who is at the other end of a Unix socket.
struct PeerCredentials {
  std::uint32_t user = 0;
  int process = 0;
};

/// Asks the system. **Source:** SO_PEERCRED, unix(7).
[[nodiscard]] std::optional<PeerCredentials> peer_credentials(int socket) noexcept;

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_CONTROL_SOCKET_HPP
