#ifndef QUICETHER_SRC_PLATFORM_LINUX_STATE_LOCK_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_STATE_LOCK_HPP

#include "platform/linux/file_ops.hpp"

#include <quicether/base/error.hpp>

#include <sys/types.h>

#include <string>
#include <string_view>

namespace quicether::linux_platform {

/// The name of the lock file in a state directory.
inline constexpr const char* kLockFileName = "lock";

/// Holds a state directory for this process alone, until it is destroyed or the process ends.
///
/// Moves, does not copy.
class StateLock {
 public:
  /// Makes the directory, and those above it, with mode 0700 where missing, and locks it.
  ///
  /// **Errors:** `already_open` (another process holds it; state_lock_holder() says which),
  /// `wrong_owner`, `insecure_permissions` (others may write into it), `is_symlink` (the lock
  /// file), and those of file_error().
  [[nodiscard]] static result<StateLock> acquire(FileOps& ops, std::string_view directory);

  /// The directory, open.
  [[nodiscard]] const OpenFile& directory() const noexcept { return directory_; }

 private:
  StateLock(OpenFile directory, OpenFile lock) noexcept;

  OpenFile directory_;
  OpenFile lock_;
};

/// The process that holds, or last held, the lock of a state directory, as it wrote itself down.
///
/// **Errors:** `not_found`, `malformed`, and those of file_error().
[[nodiscard]] result<pid_t> state_lock_holder(FileOps& ops, std::string_view directory);

/// One clause for the `already_open` of acquire(): "the state directory /x is in use by process 7".
[[nodiscard]] std::string state_lock_message(FileOps& ops, std::string_view directory);

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_STATE_LOCK_HPP
