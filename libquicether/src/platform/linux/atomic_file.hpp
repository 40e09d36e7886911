#ifndef QUICETHER_SRC_PLATFORM_LINUX_ATOMIC_FILE_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_ATOMIC_FILE_HPP

#include "platform/linux/file_ops.hpp"

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>

#include <string>

namespace quicether::linux_platform {

/// Creates the file `name` with mode 0600 in an open directory. After a crash it is there as a
/// whole or not at all; after success it survives one.
///
/// Of several processes that create the same name one succeeds. A crash may leave a file
/// ".<name>.<number>.tmp" behind, which later calls pass by.
/// **Errors:** `already_open` (the name is in use), and those of file_error().
[[nodiscard]] result<void> create_file(const OpenFile& directory,
                                       const std::string& name,
                                       ConstBytes content);

/// Replaces the file `name`, or creates it with mode 0600. After a crash the content is the old one
/// or the new one, whole; after success it is the new one.
///
/// The caller is the directory's only writer (StateLock). A crash may leave a file ".<name>.0.tmp"
/// behind, which the next call for the name removes.
/// **Errors:** those of file_error(); the old content is then still there, unless making the new
/// one durable was the step that failed.
[[nodiscard]] result<void> replace_file(const OpenFile& directory,
                                        const std::string& name,
                                        ConstBytes content);

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_ATOMIC_FILE_HPP
