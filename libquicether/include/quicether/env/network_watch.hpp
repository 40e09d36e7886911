#ifndef QUICETHER_ENV_NETWORK_WATCH_HPP
#define QUICETHER_ENV_NETWORK_WATCH_HPP

#include <quicether/base/error.hpp>

#include <boost/asio/any_completion_handler.hpp>

namespace quicether {

/// Hears when the host's network changes: interfaces, addresses, routes.
///
/// Threads: the Environment's.
class NetworkWatch {
 public:
  using WaitHandler = boost::asio::any_completion_handler<void(error_code)>;

  NetworkWatch() = default;
  NetworkWatch(const NetworkWatch&) = delete;
  NetworkWatch& operator=(const NetworkWatch&) = delete;

  /// Completes an outstanding wait with `errc::cancelled`.
  virtual ~NetworkWatch() = default;

  /// Calls `handler` once after a change since the watch was made or the last call, whichever is
  /// later; changes come in bunches, and one call stands for all of a bunch. It may also be called
  /// without one. At most one wait is outstanding. The handler is posted.
  virtual void async_wait(WaitHandler handler) = 0;
};

}  // namespace quicether

#endif  // QUICETHER_ENV_NETWORK_WATCH_HPP
