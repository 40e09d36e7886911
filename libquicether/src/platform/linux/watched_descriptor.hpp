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

  /// Posts `handler` when the descriptor is readable, or with `errc::cancelled` when close() or the
  /// destructor comes first; after close(), with the reason that it was given.
  void wait_readable(WaitHandler handler);

  /// The same for writable.
  void wait_writable(WaitHandler handler);

  /// Cancels the waits and closes the descriptor; later waits fail with `reason`. Idempotent.
  void close(errc reason = errc::cancelled) noexcept;

 private:
  void wait(boost::asio::posix::descriptor_base::wait_type what, WaitHandler handler);

  boost::asio::posix::stream_descriptor descriptor_;
  errc closed_ = errc::cancelled;
};

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_WATCHED_DESCRIPTOR_HPP
