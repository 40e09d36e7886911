#ifndef QUICETHER_SRC_MGMT_FILE_DESCRIPTOR_HPP
#define QUICETHER_SRC_MGMT_FILE_DESCRIPTOR_HPP

#include <quicether/base/error.hpp>

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace quicether::mgmt {

/// Owns a file descriptor. Moves, does not copy.
class FileDescriptor {
 public:
  FileDescriptor() noexcept = default;

  explicit FileDescriptor(int number) noexcept : number_{number} {}

  FileDescriptor(FileDescriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}

  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  ~FileDescriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }

  [[nodiscard]] int get() const noexcept { return number_; }

  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }

  explicit operator bool() const noexcept { return number_ >= 0; }

 private:
  int number_ = -1;
};

/// The system's error of the last call.
[[nodiscard]] inline error_code last_system_error() noexcept {
  return {errno, boost::system::system_category()};
}

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_FILE_DESCRIPTOR_HPP
