#ifndef QUICETHER_SRC_PLATFORM_LINUX_FILE_DESCRIPTOR_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_FILE_DESCRIPTOR_HPP

#include <unistd.h>

#include <utility>

namespace quicether::linux_platform {

/// Owns a file descriptor. Moves, does not copy.
class FileDescriptor {
 public:
  FileDescriptor() noexcept = default;

  /// Takes what open(), socket() … returned; negative means "none".
  explicit FileDescriptor(int fd) noexcept : fd_{fd} {}

  FileDescriptor(FileDescriptor&& other) noexcept : fd_{other.release()} {}

  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    reset(other.release());
    return *this;
  }

  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  ~FileDescriptor() { reset(-1); }

  [[nodiscard]] int get() const noexcept { return fd_; }

  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }

  /// Gives the descriptor away.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

 private:
  void reset(int fd) noexcept {
    // Linux frees the descriptor even when close() reports EINTR or EIO: there is nothing to retry.
    if (fd_ >= 0) {
      ::close(fd_);
    }
    fd_ = fd;
  }

  int fd_ = -1;
};

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_FILE_DESCRIPTOR_HPP
