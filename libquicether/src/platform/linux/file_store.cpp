#include "platform/linux/file_store.hpp"

#include "platform/linux/atomic_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <string>
#include <utility>

namespace quicether::linux_platform {
namespace {

constexpr std::size_t kNameBytesMax = 64;
constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789._-";

// Temporary files start with a dot, so no value has the name of one.
bool is_valid_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kNameBytesMax && name.front() != '.' &&
         name.find_first_not_of(kNameCharacters) == std::string_view::npos && name != kLockFileName;
}

}  // namespace

FileStore::FileStore(StateLock lock) noexcept : lock_{std::move(lock)} {}

result<ByteVector> FileStore::load(std::string_view name) {
  if (!is_valid_name(name)) {
    return errc::invalid_argument;
  }
  const OpenFile& directory = lock_.directory();
  const auto file =
      open_file(directory.ops(), directory.fd(), std::string{name}.c_str(), O_RDONLY | O_NOFOLLOW);
  if (!file) {
    return file.error();
  }
  FileStatus status;
  const int outcome = directory.ops().status(file->fd(), status);
  if (outcome < 0 || !status.is_regular) {
    return outcome < 0 ? file_error(outcome) : errc::io_failure;
  }
  if (status.size > kStoreValueBytesMax) {
    return errc::too_large;
  }
  ByteVector value(static_cast<std::size_t>(status.size) + 1);
  const auto size = read_to_end(*file, value);
  if (!size) {
    return size.error();
  }
  value.resize(*size);
  return value;
}

result<void> FileStore::save(std::string_view name, ConstBytes value) {
  if (!is_valid_name(name)) {
    return errc::invalid_argument;
  }
  if (value.size() > kStoreValueBytesMax) {
    return errc::too_large;
  }
  return replace_file(lock_.directory(), std::string{name}, value);
}

result<void> FileStore::remove(std::string_view name) {
  if (!is_valid_name(name)) {
    return errc::invalid_argument;
  }
  const OpenFile& directory = lock_.directory();
  const int removed = directory.ops().unlink_at(directory.fd(), std::string{name}.c_str());
  if (removed == -ENOENT) {
    return {};
  }
  return removed < 0 ? result<void>{file_error(removed)} : sync_file(directory);
}

}  // namespace quicether::linux_platform
