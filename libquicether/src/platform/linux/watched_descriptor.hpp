#ifndef QUICETHER_SRC_PLATFORM_LINUX_WATCHED_DESCRIPTOR_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_WATCHED_DESCRIPTOR_HPP

#include "platform/linux/file_descriptor.hpp"

#include <quicether/base/error.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace quicether::linux_platform {

/// Owns a descriptor and waits on an executor until it is ready. Asio does the waiting and nothing
/// else: the data moves in direct system calls.
class WatchedDescriptor {
 public:
  using WaitHandler = boost::asio::any_completion_handler<void(error_code)>;

  explicit WatchedDescriptor(const boost::asio::any_io_executor& executor)
      : descriptor_{executor} {}

  /// Takes the descriptor. Call once, before anything else.
  ///
  /// **Errors:** `io_failure` when the event loop cannot watch it.
  [[nodiscard]] result<void> assign(FileDescriptor fd);

  /// Requires an assigned descriptor that close() has not closed.
  [[nodiscard]] int get() noexcept { return descriptor_.native_handle(); }

  [[nodiscard]] bool is_open() const noexcept { return descriptor_.is_open(); }

  /// Posts `handler` when the descriptor is readable; with `errc::cancelled` when close(), cancel()
  /// or the destructor comes first, with `errc::not_open` after close().
  void wait_readable(WaitHandler handler);

  /// The same for writable.
  void wait_writable(WaitHandler handler);

  /// Cancels the waits.
  void cancel() noexcept;

  /// Cancels the waits and closes the descriptor. Idempotent.
  void close() noexcept;

 private:
  void wait(boost::asio::posix::descriptor_base::wait_type what, WaitHandler handler);

  boost::asio::posix::stream_descriptor descriptor_;
};

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_WATCHED_DESCRIPTOR_HPP
