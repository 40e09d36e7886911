#ifndef QUICETHER_TESTS_UNIT_PLATFORM_FILES_FAULTY_FILE_OPS_HPP
#define QUICETHER_TESTS_UNIT_PLATFORM_FILES_FAULTY_FILE_OPS_HPP

#include "platform/linux/file_ops.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <optional>

namespace quicether::test {

/// The real system calls, of which one fails, or from which on none happens any more.
class FaultyFileOps final : public linux_platform::FileOps {
 public:
  static constexpr unsigned kNever = std::numeric_limits<unsigned>::max();

  unsigned fail_call = kNever;   ///< this call, counted from 0, fails with fail_errno
  unsigned crash_call = kNever;  ///< neither this call nor a later one has any effect
  int fail_errno = EIO;          ///< what the failed call reports
  unsigned interruptions = 0;    ///< every interruptible call first reports EINTR as often
  std::size_t transfer_bytes_max = std::numeric_limits<std::size_t>::max();
  std::optional<uid_t> pretended_user{};

  /// Calls made so far; close() is not counted, it has no outcome that matters.
  [[nodiscard]] unsigned calls() const noexcept { return calls_; }

  [[nodiscard]] unsigned syncs() const noexcept { return syncs_; }

  /// Descriptors opened and not closed.
  [[nodiscard]] int open_descriptors() const noexcept { return open_; }

  int open_at(int directory, const char* name, int flags, mode_t mode) noexcept override {
    const int fd = attempt<int>(true, [&] { return real_.open_at(directory, name, flags, mode); });
    open_ += fd >= 0 ? 1 : 0;
    return fd;
  }

  int close(int fd) noexcept override {
    --open_;
    return real_.close(fd);
  }

  ssize_t read(int fd, Bytes out) noexcept override {
    const Bytes part = out.first(std::min(out.size(), transfer_bytes_max));
    return attempt<ssize_t>(true, [&] { return real_.read(fd, part); });
  }

  ssize_t write(int fd, ConstBytes bytes) noexcept override {
    const ConstBytes part = bytes.first(std::min(bytes.size(), transfer_bytes_max));
    return attempt<ssize_t>(true, [&] { return real_.write(fd, part); });
  }

  int sync(int fd) noexcept override {
    ++syncs_;
    return attempt<int>(true, [&] { return real_.sync(fd); });
  }

  int status(int fd, linux_platform::FileStatus& out) noexcept override {
    return attempt<int>(false, [&] { return real_.status(fd, out); });
  }

  int truncate(int fd) noexcept override {
    return attempt<int>(true, [&] { return real_.truncate(fd); });
  }

  int try_lock(int fd) noexcept override {
    return attempt<int>(true, [&] { return real_.try_lock(fd); });
  }

  int link_at(int directory, const char* from, const char* to) noexcept override {
    return attempt<int>(true, [&] { return real_.link_at(directory, from, to); });
  }

  int rename_at(int directory, const char* from, const char* to) noexcept override {
    return attempt<int>(true, [&] { return real_.rename_at(directory, from, to); });
  }

  int unlink_at(int directory, const char* name) noexcept override {
    return attempt<int>(false, [&] { return real_.unlink_at(directory, name); });
  }

  int make_directory(const char* path, mode_t mode) noexcept override {
    return attempt<int>(false, [&] { return real_.make_directory(path, mode); });
  }

  uid_t effective_user() noexcept override {
    return pretended_user.value_or(real_.effective_user());
  }

 private:
  template <typename Outcome, typename Call>
  Outcome attempt(bool interruptible, Call call) noexcept {
    const unsigned number = calls_++;
    if (number >= crash_call) {
      return -EIO;
    }
    if (number == fail_call) {
      return static_cast<Outcome>(-fail_errno);
    }
    if (interruptible && interrupted_ < interruptions) {
      ++interrupted_;
      return -EINTR;
    }
    interrupted_ = 0;
    return call();
  }

  linux_platform::FileOps& real_ = linux_platform::system_file_ops();
  unsigned calls_ = 0;
  unsigned syncs_ = 0;
  unsigned interrupted_ = 0;
  int open_ = 0;
};

}  // namespace quicether::test

#endif  // QUICETHER_TESTS_UNIT_PLATFORM_FILES_FAULTY_FILE_OPS_HPP
