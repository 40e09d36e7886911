#include "platform/linux/file_store.hpp"
#include "platform/linux/state_lock.hpp"

#include <quicether/system_environment.hpp>

#include <fmt/format.h>

#include <utility>

namespace quicether {

result<std::unique_ptr<Store>> open_state_directory(std::string_view path) {
  auto lock = linux_platform::StateLock::acquire(linux_platform::system_file_ops(), path);
  if (lock.has_error()) {
    return lock.error();
  }
  return std::make_unique<linux_platform::FileStore>(std::move(*lock));
}

std::string explain_state_directory(error_code error, std::string_view path) {
  if (error == errc::already_open) {
    return linux_platform::state_lock_message(linux_platform::system_file_ops(), path);
  }
  if (error == errc::insecure_permissions) {
    return fmt::format("other users may write into the state directory {0}: chmod go-w {0}", path);
  }
  if (error == errc::wrong_owner) {
    return fmt::format("the state directory {} belongs to another user", path);
  }
  return fmt::format("the state directory {}: {}", path, error.message());
}

}  // namespace quicether
