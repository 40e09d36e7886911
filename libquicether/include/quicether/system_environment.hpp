#ifndef QUICETHER_SYSTEM_ENVIRONMENT_HPP
#define QUICETHER_SYSTEM_ENVIRONMENT_HPP

#include <quicether/base/error.hpp>
#include <quicether/base/event.hpp>
#include <quicether/env/environment.hpp>
#include <quicether/env/store.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace quicether {

struct SystemOptions {
  /// Where state lives, as open_state_directory() gives it; unset: in memory, until the end.
  std::unique_ptr<Store> store{};
  /// Must outlive the environment; unset: events are dropped.
  EventSink* events = nullptr;
  /// Let trains and super-packets cross the kernel whole (UDP_SEGMENT, UDP_GRO, virtio headers on
  /// the TUN). Off: every packet alone, for measurements and against broken drivers. What the
  /// kernel lacks is never used.
  bool segmentation_offload = true;
  /// 1..kShardsMax: the executor's thread, and a further thread for each beyond the first.
  std::size_t shards = 1;
};

/// The environment of a real machine: sockets, TUN, clock, timers and randomness of Linux.
///
/// Time is CLOCK_BOOTTIME: it goes on while the machine sleeps. `executor` belongs to an
/// io_context or a thread_pool and runs handlers one at a time. Throws
/// `boost::system::system_error` when the process has no file descriptor left, as the io_context
/// itself does.
[[nodiscard]] std::unique_ptr<Environment> system_environment(
    const boost::asio::any_io_executor& executor, SystemOptions options = {});

/// Makes a directory with mode 0700 where missing, locks it for this process, and keeps values in
/// it.
///
/// **Errors:** `already_open` (another process holds it), `wrong_owner`, `insecure_permissions`
/// (others may write into it), `is_symlink`, `not_found`, `permission_denied`, `io_failure`.
[[nodiscard]] result<std::unique_ptr<Store>> open_state_directory(std::string_view path);

/// One clause about a state directory that could not be opened: "the state directory /x is in use
/// by process 7".
[[nodiscard]] std::string explain_state_directory(error_code error, std::string_view path);

}  // namespace quicether

#endif  // QUICETHER_SYSTEM_ENVIRONMENT_HPP
