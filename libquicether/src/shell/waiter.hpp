#ifndef QUICETHER_SRC_SHELL_WAITER_HPP
#define QUICETHER_SRC_SHELL_WAITER_HPP

#include <quicether/base/assert.hpp>
#include <quicether/base/error.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace quicether::detail {

/// One suspended operation: holds its completion handler, wires its cancellation slot, and posts
/// the completion, so that a handler never runs inside the call that completes it.
template <typename... Results>
class Waiter {
 public:
  using Handler = boost::asio::any_completion_handler<void(error_code, Results...)>;

  Waiter() = default;
  Waiter(Waiter&&) noexcept = default;
  Waiter& operator=(Waiter&&) noexcept = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() = default;

  [[nodiscard]] bool waiting() const noexcept { return static_cast<bool>(handler_); }

  /// Suspends. `on_cancel` runs when the operation's owner cancels it; it calls complete().
  template <typename OnCancel>
  void suspend(Handler handler, OnCancel on_cancel) {
    QE_ASSERT(!waiting());
    handler_ = std::move(handler);
    const auto slot = boost::asio::get_associated_cancellation_slot(handler_);
    if (slot.is_connected()) {
      boost::asio::cancellation_slot{slot}.assign(
          [cancel = std::move(on_cancel)](boost::asio::cancellation_type type) mutable {
            if (type != boost::asio::cancellation_type::none) {
              cancel();
            }
          });
    }
  }

  /// Completes the operation. Requires waiting().
  void complete(const boost::asio::any_io_executor& executor,
                error_code error,
                Results... results) {
    QE_ASSERT(waiting());
    auto handler = std::exchange(handler_, nullptr);
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.clear();
    }
    boost::asio::post(executor,
                      boost::asio::append(std::move(handler), error, std::move(results)...));
  }

 private:
  Handler handler_{};
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_WAITER_HPP
