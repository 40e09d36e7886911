#include "platform/linux/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace quicether::linux_platform {
namespace {

constexpr mode_t kPrivate = S_IRUSR | S_IWUSR;

// Temporary files that crashed creations left behind and that a later one passes by.
constexpr int kTemporariesMax = 64;

std::string temporary_name(const std::string& name, int number) {
  return "." + name + "." + std::to_string(number) + ".tmp";
}

result<OpenFile> create_temporary(const OpenFile& directory, const std::string& name) {
  return open_file(directory.ops(),
                   directory.fd(),
                   name.c_str(),
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                   kPrivate);
}

// The content must be on disk before a name leads to it, or a crash may show the name alone.
result<void> fill(const OpenFile& temporary, ConstBytes content) {
  const auto written = write_all(temporary, content);
  return written ? sync_file(temporary) : written;
}

}  // namespace

result<void> create_file(const OpenFile& directory, const std::string& name, ConstBytes content) {
  FileOps& ops = directory.ops();
  std::string temporary_path = temporary_name(name, 0);
  auto temporary = create_temporary(directory, temporary_path);
  for (int number = 1; number < kTemporariesMax && !temporary.has_value() &&
                       temporary.error() == errc::already_open;
       ++number) {
    temporary_path = temporary_name(name, number);
    temporary = create_temporary(directory, temporary_path);
  }
  if (!temporary) {
    return temporary.error();
  }
  auto outcome = fill(*temporary, content);
  if (outcome) {
    // link(), not rename(): it fails when another process was first.
    const int linked = uninterrupted(
        [&] { return ops.link_at(directory.fd(), temporary_path.c_str(), name.c_str()); });
    if (linked < 0) {
      outcome = file_error(linked);
    }
  }
  (void)ops.unlink_at(directory.fd(), temporary_path.c_str());
  return outcome ? sync_file(directory) : outcome;
}

result<void> replace_file(const OpenFile& directory, const std::string& name, ConstBytes content) {
  FileOps& ops = directory.ops();
  const std::string temporary_path = temporary_name(name, 0);
  (void)ops.unlink_at(directory.fd(), temporary_path.c_str());
  const auto temporary = create_temporary(directory, temporary_path);
  if (!temporary) {
    return temporary.error();
  }
  auto outcome = fill(*temporary, content);
  if (outcome) {
    const int renamed = uninterrupted(
        [&] { return ops.rename_at(directory.fd(), temporary_path.c_str(), name.c_str()); });
    if (renamed < 0) {
      outcome = file_error(renamed);
    }
  }
  if (!outcome) {
    (void)ops.unlink_at(directory.fd(), temporary_path.c_str());
    return outcome;
  }
  return sync_file(directory);
}

}  // namespace quicether::linux_platform
