#ifndef QUICETHER_SRC_MGMT_FILE_IO_HPP
#define QUICETHER_SRC_MGMT_FILE_IO_HPP

#include <quicether/base/error.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace quicether::mgmt {

/// Reads a whole file of any kind.
///
/// **Errors:** the system's own; `too_large` above `bytes_max`.
[[nodiscard]] result<std::string> read_file(const std::filesystem::path& path,
                                            std::size_t bytes_max);

/// Reads the secret of a network: 8..1024 bytes, without white space at the end.
///
/// **Errors:** the system's own; `is_symlink`, `wrong_owner` (neither this user nor root),
/// `insecure_permissions` (anyone else may read or write it), `empty_file`, `truncated` (under 8
/// bytes), `too_large`, `malformed` (no regular file).
[[nodiscard]] result<std::string> read_secret_file(const std::filesystem::path& path);

/// Replaces a file so that after a crash it is the old one or the new one, whole. Keeps the mode
/// and owner of the old one, else it gets 0644; follows a symbolic link.
///
/// **Errors:** the system's own.
[[nodiscard]] result<void> replace_file(const std::filesystem::path& path, std::string_view text);

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_FILE_IO_HPP
