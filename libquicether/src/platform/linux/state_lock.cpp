#include "platform/linux/state_lock.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <utility>

namespace quicether::linux_platform {
namespace {

constexpr mode_t kPrivateDirectory = S_IRWXU;
constexpr mode_t kPrivateFile = S_IRUSR | S_IWUSR;
constexpr unsigned kOthersMayWrite = S_IWGRP | S_IWOTH;
constexpr std::size_t kPidDigitsMax = 16;

// The directory a path lies in.
std::string parent_of(const std::string& path) {
  const auto name_end = path.find_last_not_of('/');
  const auto slash = name_end == std::string::npos ? name_end : path.rfind('/', name_end);
  if (slash == std::string::npos) {
    return path.starts_with('/') ? "/" : ".";
  }
  return path.substr(0, slash + 1);
}

// Makes one directory, its name durable. One that is there already is no error.
result<void> make_directory(FileOps& ops, const std::string& path) {
  const int made = ops.make_directory(path.c_str(), kPrivateDirectory);
  if (made == -EEXIST) {
    return {};
  }
  if (made < 0) {
    return file_error(made);
  }
  const auto parent = open_file(ops, AT_FDCWD, parent_of(path).c_str(), O_RDONLY | O_DIRECTORY);
  return parent ? sync_file(*parent) : parent.error();
}

result<OpenFile> open_or_make_directory(FileOps& ops, const std::string& path) {
  auto opened = open_file(ops, AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY);
  if (opened || opened.error() != errc::not_found) {
    return opened;
  }
  for (auto end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
    if (const auto made = make_directory(ops, path.substr(0, end)); !made) {
      return made.error();
    }
  }
  if (const auto made = make_directory(ops, path); !made) {
    return made.error();
  }
  return open_file(ops, AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY);
}

result<void> check(const OpenFile& directory) {
  FileStatus status;
  const int outcome = directory.ops().status(directory.fd(), status);
  if (outcome < 0) {
    return file_error(outcome);
  }
  if (status.owner != directory.ops().effective_user()) {
    return errc::wrong_owner;
  }
  if ((status.permissions & kOthersMayWrite) != 0) {
    return errc::insecure_permissions;
  }
  return {};
}

}  // namespace

StateLock::StateLock(OpenFile directory, OpenFile lock) noexcept
    : directory_{std::move(directory)}, lock_{std::move(lock)} {}

result<StateLock> StateLock::acquire(FileOps& ops, std::string_view directory) {
  auto opened = open_or_make_directory(ops, std::string{directory});
  if (!opened) {
    return opened.error();
  }
  if (const auto checked = check(*opened); !checked) {
    return checked.error();
  }
  auto lock =
      open_file(ops, opened->fd(), kLockFileName, O_RDWR | O_CREAT | O_NOFOLLOW, kPrivateFile);
  if (!lock) {
    return lock.error();
  }
  const int locked = uninterrupted([&] { return ops.try_lock(lock->fd()); });
  if (locked < 0) {
    return locked == -EWOULDBLOCK ? errc::already_open : file_error(locked);
  }
  // The number only serves a message, so it need not be durable.
  const int truncated = uninterrupted([&] { return ops.truncate(lock->fd()); });
  if (truncated < 0) {
    return file_error(truncated);
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (const auto written = write_all(*lock, as_bytes(pid)); !written) {
    return written.error();
  }
  return StateLock{*std::move(opened), *std::move(lock)};
}

result<pid_t> state_lock_holder(FileOps& ops, std::string_view directory) {
  const std::string name = fmt::format("{}/{}", directory, kLockFileName);
  const auto lock = open_file(ops, AT_FDCWD, name.c_str(), O_RDONLY | O_NOFOLLOW);
  if (!lock) {
    return lock.error();
  }
  std::array<std::uint8_t, kPidDigitsMax + 1> content{};
  const auto size = read_to_end(*lock, content);
  if (!size) {
    return size.error();
  }
  const std::string_view text = as_text(ConstBytes{content}.first(*size));
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc{} || pid <= 0 ||
      std::string_view{end, text.data() + text.size()} != "\n") {
    return errc::malformed;
  }
  return pid;
}

std::string state_lock_message(FileOps& ops, std::string_view directory) {
  const auto holder = state_lock_holder(ops, directory);
  return holder ? fmt::format("the state directory {} is in use by process {}", directory, *holder)
                : fmt::format("the state directory {} is in use by another process", directory);
}

}  // namespace quicether::linux_platform
