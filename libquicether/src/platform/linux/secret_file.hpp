#ifndef QUICETHER_SRC_PLATFORM_LINUX_SECRET_FILE_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_SECRET_FILE_HPP

#include "platform/linux/file_ops.hpp"

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/core/crypto/secret_bytes.hpp>

#include <cstddef>
#include <string_view>

namespace quicether::linux_platform {

/// Largest secret file read.
inline constexpr std::size_t kSecretFileBytesMax = 4096;

/// Reads a file that only its owner, this process's effective user, may touch.
///
/// The checks are made on the open file: nobody can exchange it in between.
/// **Errors:** `is_symlink`, `malformed` (not a regular file), `wrong_owner`,
/// `insecure_permissions` (any bit for group or others), `empty_file`, `too_large`, and those of
/// file_error().
[[nodiscard]] result<crypto::SecretBytes> read_secret_file(FileOps& ops, std::string_view path);

/// Creates a file with mode 0600, atomically and durably; never replaces one.
///
/// **Errors:** `already_open` (there is such a file), `not_found` (no such folder),
/// `invalid_argument` (no file name), and those of file_error().
[[nodiscard]] result<void> create_secret_file(FileOps& ops,
                                              std::string_view path,
                                              ConstBytes content);

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_SECRET_FILE_HPP
