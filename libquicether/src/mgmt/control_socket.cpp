#include "mgmt/control_socket.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace quicether::mgmt {
namespace {

constexpr int kBacklog = 64;

result<sockaddr_un> to_native(const std::filesystem::path& path) {
  const auto& text = path.native();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (text.empty() || text.size() >= sizeof(address.sun_path)) {
    return errc::invalid_argument;
  }
  std::copy(text.begin(), text.end(), static_cast<char*>(address.sun_path));
  return address;
}

// The casts are the interface of sockets.
const sockaddr* generic(const sockaddr_un& address) noexcept {
  return reinterpret_cast<const sockaddr*>(&address);
}

result<void> make_folder(const std::filesystem::path& folder) {
  if (folder.empty() || std::filesystem::is_directory(folder)) {
    return {};
  }
  std::error_code failed;
  std::filesystem::create_directories(folder.parent_path(), failed);
  constexpr mode_t kPrivate = 0700;
  if (::mkdir(folder.c_str(), kPrivate) != 0 && errno != EEXIST) {
    return last_system_error();
  }
  return {};
}

result<FileDescriptor> lock_path(const std::filesystem::path& path) {
  constexpr mode_t kPrivate = 0600;
  FileDescriptor lock{::open(
      (path.native() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kPrivate)};
  if (!lock) {
    return last_system_error();
  }
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK ? error_code{errc::already_open} : last_system_error();
  }
  return lock;
}

// Under the lock no daemon of ours can be alive, but another program may use the path.
result<void> remove_stale(const std::filesystem::path& path, const sockaddr_un& address) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    return errno == ENOENT ? result<void>{} : last_system_error();
  }
  if (!S_ISSOCK(status.st_mode)) {
    return errc::invalid_argument;
  }
  const FileDescriptor probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!probe) {
    return last_system_error();
  }
  const bool alive = ::connect(probe.get(), generic(address), sizeof(address)) == 0 ||
                     errno == EAGAIN || errno == EINPROGRESS;
  if (alive) {
    return errc::already_open;
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return last_system_error();
  }
  return {};
}

result<FileDescriptor> listen_at(const sockaddr_un& address) {
  FileDescriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  // On Linux the file gets the mode of the unbound socket: at no moment may others connect.
  constexpr mode_t kPrivate = 0600;
  if (!socket || ::fchmod(socket.get(), kPrivate) != 0 ||
      ::bind(socket.get(), generic(address), sizeof(address)) != 0 ||
      ::listen(socket.get(), kBacklog) != 0) {
    return last_system_error();
  }
  return socket;
}

}  // namespace

ControlSocket::ControlSocket(std::filesystem::path path,
                             FileDescriptor lock,
                             FileDescriptor socket) noexcept
    : path_{std::move(path)}, lock_{std::move(lock)}, socket_{std::move(socket)} {}

ControlSocket::~ControlSocket() {
  if (lock_) {
    ::unlink(path_.c_str());
  }
}

result<ControlSocket> ControlSocket::bind(const std::filesystem::path& path) {
  const auto address = to_native(path);
  if (!address) {
    return address.error();
  }
  if (const auto made = make_folder(path.parent_path()); !made) {
    return made.error();
  }
  auto lock = lock_path(path);
  if (!lock) {
    return lock.error();
  }
  if (const auto free = remove_stale(path, *address); !free) {
    return free.error();
  }
  auto socket = listen_at(*address);
  if (!socket) {
    return socket.error();
  }
  return ControlSocket{path, std::move(*lock), std::move(*socket)};
}

std::optional<PeerCredentials> peer_credentials(int socket) noexcept {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return std::nullopt;
  }
  return PeerCredentials{credentials.uid, credentials.pid};
}

}  // namespace quicether::mgmt
