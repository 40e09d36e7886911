#ifndef QUICETHER_SRC_PLATFORM_LINUX_FILE_OPS_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_FILE_OPS_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>

#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace quicether::linux_platform {

/// What fstat() tells that state files care about.
struct FileStatus {
  bool is_regular = false;
  bool is_directory = false;
  unsigned permissions = 0;  ///< the lower nine bits of st_mode
  uid_t owner = 0;
  std::uint64_t size = 0;
};

/// The system calls that state files are made with, so that tests can crash or fail each of them.
///
/// Every function is one system call and returns what it returns, or -errno. Names are relative to
/// the open directory `directory`; AT_FDCWD works too.
class FileOps {
 public:
  FileOps() = default;
  FileOps(const FileOps&) = delete;
  FileOps& operator=(const FileOps&) = delete;
  virtual ~FileOps() = default;

  virtual int open_at(int directory, const char* name, int flags, mode_t mode) noexcept = 0;
  virtual int close(int fd) noexcept = 0;
  virtual ssize_t read(int fd, Bytes out) noexcept = 0;
  virtual ssize_t write(int fd, ConstBytes bytes) noexcept = 0;
  virtual int sync(int fd) noexcept = 0;
  virtual int status(int fd, FileStatus& out) noexcept = 0;
  virtual int truncate(int fd) noexcept = 0;  ///< to zero bytes
  virtual int try_lock(int fd) noexcept = 0;  ///< flock(), exclusive, without waiting
  virtual int link_at(int directory, const char* from, const char* to) noexcept = 0;
  virtual int rename_at(int directory, const char* from, const char* to) noexcept = 0;
  virtual int unlink_at(int directory, const char* name) noexcept = 0;
  virtual int make_directory(const char* path, mode_t mode) noexcept = 0;
  virtual uid_t effective_user() noexcept = 0;
};

/// The real ones.
[[nodiscard]] FileOps& system_file_ops() noexcept;

/// The `errc` for a failed call on a file. `negative_errno`: what a FileOps function returned.
[[nodiscard]] errc file_error(ssize_t negative_errno) noexcept;

/// Repeats an interrupted call (EINTR) until it is through.
template <typename Call>
auto uninterrupted(Call call) noexcept {
  constexpr int kInterrupted = -EINTR;
  auto outcome = call();
  while (outcome == kInterrupted) {
    outcome = call();
  }
  return outcome;
}

/// Owns a descriptor that a FileOps opened. Moves, does not copy.
class OpenFile {
 public:
  OpenFile(FileOps& ops, int fd) noexcept : ops_{&ops}, fd_{fd} {}

  OpenFile(OpenFile&& other) noexcept : ops_{other.ops_}, fd_{std::exchange(other.fd_, -1)} {}

  OpenFile& operator=(OpenFile&& other) noexcept;
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile();

  [[nodiscard]] FileOps& ops() const noexcept { return *ops_; }

  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  FileOps* ops_;
  int fd_;
};

/// Opens a file, repeating interrupted calls. O_CLOEXEC, O_NOCTTY and O_NONBLOCK are added: a FIFO
/// in the place of a file must not hang the process.
///
/// **Errors:** those of file_error().
[[nodiscard]] result<OpenFile> open_file(
    FileOps& ops, int directory, const char* name, int flags, mode_t mode = 0) noexcept;

/// Reads from the current place to the end into `out`, which is one byte larger than the largest
/// content wanted. Returns the bytes read.
///
/// **Errors:** `too_large` (`out` was filled), `io_failure`.
[[nodiscard]] result<std::size_t> read_to_end(const OpenFile& file, Bytes out) noexcept;

/// Writes everything, however little each call takes.
///
/// **Errors:** `io_failure`.
[[nodiscard]] result<void> write_all(const OpenFile& file, ConstBytes bytes) noexcept;

/// Makes what was written, or a directory's entries, survive a loss of power.
///
/// **Errors:** `io_failure`.
[[nodiscard]] result<void> sync_file(const OpenFile& file) noexcept;

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_FILE_OPS_HPP
