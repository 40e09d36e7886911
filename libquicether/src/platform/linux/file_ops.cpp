#include "platform/linux/file_ops.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

namespace quicether::linux_platform {
namespace {

// What the call returned, or -errno.
template <typename Outcome>
Outcome or_errno(Outcome outcome) noexcept {
  return outcome < 0 ? static_cast<Outcome>(-errno) : outcome;
}

class SystemFileOps final : public FileOps {
 public:
  int open_at(int directory, const char* name, int flags, mode_t mode) noexcept override {
    return or_errno(::openat(directory, name, flags, mode));
  }

  int close(int fd) noexcept override { return or_errno(::close(fd)); }

  ssize_t read(int fd, Bytes out) noexcept override {
    return or_errno(::read(fd, out.data(), out.size()));
  }

  ssize_t write(int fd, ConstBytes bytes) noexcept override {
    return or_errno(::write(fd, bytes.data(), bytes.size()));
  }

  int sync(int fd) noexcept override { return or_errno(::fsync(fd)); }

  int status(int fd, FileStatus& out) noexcept override {
    constexpr unsigned kPermissions = 0777;

    struct stat status{};

    const int outcome = or_errno(::fstat(fd, &status));
    out = FileStatus{.is_regular = S_ISREG(status.st_mode),
                     .is_directory = S_ISDIR(status.st_mode),
                     .permissions = status.st_mode & kPermissions,
                     .owner = status.st_uid,
                     .size = static_cast<std::uint64_t>(status.st_size)};
    return outcome;
  }

  int truncate(int fd) noexcept override { return or_errno(::ftruncate(fd, 0)); }

  int try_lock(int fd) noexcept override { return or_errno(::flock(fd, LOCK_EX | LOCK_NB)); }

  int link_at(int directory, const char* from, const char* to) noexcept override {
    return or_errno(::linkat(directory, from, directory, to, 0));
  }

  int rename_at(int directory, const char* from, const char* to) noexcept override {
    return or_errno(::renameat(directory, from, directory, to));
  }

  int unlink_at(int directory, const char* name) noexcept override {
    return or_errno(::unlinkat(directory, name, 0));
  }

  int make_directory(const char* path, mode_t mode) noexcept override {
    return or_errno(::mkdir(path, mode));
  }

  uid_t effective_user() noexcept override { return ::geteuid(); }
};

}  // namespace

FileOps& system_file_ops() noexcept {
  static SystemFileOps ops;
  return ops;
}

errc file_error(ssize_t negative_errno) noexcept {
  switch (-negative_errno) {
    case ENOENT:
    case ENOTDIR:
      return errc::not_found;
    case EEXIST:
      return errc::already_open;
    case ELOOP:
      return errc::is_symlink;
    case EACCES:
    case EPERM:
    case EROFS:
      return errc::permission_denied;
    case EISDIR:
    case ENXIO:  // a FIFO or socket in the place of a file
      return errc::malformed;
    case ENAMETOOLONG:
      return errc::invalid_argument;
    default:
      return errc::io_failure;
  }
}

OpenFile& OpenFile::operator=(OpenFile&& other) noexcept {
  std::swap(ops_, other.ops_);
  std::swap(fd_, other.fd_);
  return *this;
}

OpenFile::~OpenFile() {
  // Linux frees the descriptor whatever close() reports; what must be safe on disk was synced.
  if (fd_ >= 0) {
    (void)ops_->close(fd_);
  }
}

result<OpenFile> open_file(
    FileOps& ops, int directory, const char* name, int flags, mode_t mode) noexcept {
  const int all_flags = flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  const int fd = uninterrupted([&] { return ops.open_at(directory, name, all_flags, mode); });
  if (fd < 0) {
    return file_error(fd);
  }
  return OpenFile{ops, fd};
}

result<std::size_t> read_to_end(const OpenFile& file, Bytes out) noexcept {
  std::size_t size = 0;
  while (size < out.size()) {
    const auto got = uninterrupted([&] { return file.ops().read(file.fd(), out.subspan(size)); });
    if (got < 0) {
      return file_error(got);
    }
    if (got == 0) {
      return size;
    }
    size += static_cast<std::size_t>(got);
  }
  return errc::too_large;
}

result<void> write_all(const OpenFile& file, ConstBytes bytes) noexcept {
  while (!bytes.empty()) {
    const auto taken = uninterrupted([&] { return file.ops().write(file.fd(), bytes); });
    if (taken <= 0) {  // a file that takes nothing and reports nothing would loop for ever
      return taken < 0 ? file_error(taken) : errc::io_failure;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(taken));
  }
  return {};
}

result<void> sync_file(const OpenFile& file) noexcept {
  const int outcome = uninterrupted([&] { return file.ops().sync(file.fd()); });
  return outcome < 0 ? result<void>{file_error(outcome)} : result<void>{};
}

}  // namespace quicether::linux_platform
