#include "mgmt/file_io.hpp"

#include "mgmt/file_descriptor.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

namespace quicether::mgmt {
namespace {

constexpr std::size_t kSecretBytesMin = 8;
constexpr std::size_t kSecretBytesMax = 1024;  // crypto::NetworkKey takes no more

result<std::string> read_all(const FileDescriptor& file, std::size_t bytes_max) {
  std::string text;
  std::array<char, 16384> block{};
  while (true) {
    const auto size = ::read(file.get(), block.data(), block.size());
    if (size == 0) {
      return text;
    }
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size < 0) {
      return last_system_error();
    }
    text.append(block.data(), static_cast<std::size_t>(size));
    if (text.size() > bytes_max) {
      return errc::too_large;
    }
  }
}

result<void> write_all(const FileDescriptor& file, std::string_view text) {
  while (!text.empty()) {
    const auto size = ::write(file.get(), text.data(), text.size());
    if (size < 0 && errno != EINTR) {
      return last_system_error();
    }
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  }
  return {};
}

result<void> check_secret_file(const FileDescriptor& file) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) {
    return last_system_error();
  }
  if (!S_ISREG(status.st_mode)) {
    return errc::malformed;
  }
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    return errc::wrong_owner;
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return errc::insecure_permissions;
  }
  return {};
}

// A file that is replaced keeps its mode and, as far as this user may, its owner.
result<void> copy_attributes(const FileDescriptor& file, const std::filesystem::path& from) {
  constexpr mode_t kPermissions = 0777;
  constexpr mode_t kDefault = 0644;
  struct stat status{};
  const bool exists = ::stat(from.c_str(), &status) == 0;
  if (exists && ::fchown(file.get(), status.st_uid, status.st_gid) != 0 && errno != EPERM) {
    return last_system_error();
  }
  if (::fchmod(file.get(), exists ? status.st_mode & kPermissions : kDefault) != 0) {
    return last_system_error();
  }
  return {};
}

result<void> write_and_sync(const FileDescriptor& file, std::string_view text) {
  if (auto written = write_all(file, text); !written) {
    return written;
  }
  if (::fsync(file.get()) != 0) {
    return last_system_error();
  }
  return {};
}

result<void> sync_folder(const std::filesystem::path& folder) {
  const FileDescriptor handle{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!handle || ::fsync(handle.get()) != 0) {
    return last_system_error();
  }
  return {};
}

}  // namespace

result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max) {
  const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) {
    return last_system_error();
  }
  return read_all(file, bytes_max);
}

result<std::string> read_secret_file(const std::filesystem::path& path) {
  // O_NONBLOCK: a FIFO in its place must not stop the start.
  const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!file) {
    return errno == ELOOP ? error_code{errc::is_symlink} : last_system_error();
  }
  if (const auto safe = check_secret_file(file); !safe) {
    return safe.error();
  }
  auto text = read_all(file, kSecretBytesMax + 2);  // a line end is not part of the secret
  if (!text) {
    return text;
  }
  text->erase(text->find_last_not_of(" \t\r\n") + 1);
  if (text->size() > kSecretBytesMax) {
    return errc::too_large;
  }
  if (text->size() < kSecretBytesMin) {
    return text->empty() ? errc::empty_file : errc::truncated;
  }
  return text;
}

result<void> replace_file(const std::filesystem::path& path, std::string_view text) {
  std::error_code no_such_file;
  auto target = std::filesystem::canonical(path, no_such_file);
  if (no_such_file) {
    target = path;
  }
  std::string name = target.string() + ".XXXXXX";
  FileDescriptor file{::mkostemp(name.data(), O_CLOEXEC)};
  if (!file) {
    return last_system_error();
  }
  auto written = copy_attributes(file, target);
  if (written) {
    written = write_and_sync(file, text);
  }
  if (written && ::rename(name.c_str(), target.c_str()) != 0) {
    written = last_system_error();
  }
  if (!written) {
    ::unlink(name.c_str());
    return written;
  }
  return sync_folder(target.parent_path().empty() ? "." : target.parent_path());
}

}  // namespace quicether::mgmt
