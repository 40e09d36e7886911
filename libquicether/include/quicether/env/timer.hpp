#ifndef QUICETHER_ENV_TIMER_HPP
#define QUICETHER_ENV_TIMER_HPP

#include <quicether/base/error.hpp>
#include <quicether/base/time.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>

#include <utility>

namespace quicether {

/// One deadline on the clock of an Environment. Real timers and simulated ones look the same.
class Timer {
 public:
  using WaitHandler = boost::asio::any_completion_handler<void(error_code)>;

  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer() = default;

  /// Completes at `deadline`, at once when it has passed already; never for Instant::never().
  ///
  /// At most one wait is outstanding: a second one, `cancel()` or destruction completes the first
  /// with `errc::cancelled`. Completion signature: void(error_code).
  /// **Cancellation:** by `cancel()`, or through the token's slot (terminal); the timer is
  /// reusable.
  template <boost::asio::completion_token_for<void(error_code)> Token>
  auto async_wait(Instant deadline, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code)>(
        [](auto handler, Timer* self, Instant when) {
          self->start_wait(when, WaitHandler{std::move(handler)});
        },
        token,
        this,
        deadline);
  }

  /// Completes an outstanding wait with `errc::cancelled`.
  virtual void cancel() noexcept = 0;

 protected:
  /// The handler is posted, never called from inside.
  virtual void start_wait(Instant deadline, WaitHandler handler) = 0;
};

}  // namespace quicether

#endif  // QUICETHER_ENV_TIMER_HPP
