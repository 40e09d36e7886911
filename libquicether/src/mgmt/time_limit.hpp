#ifndef QUICETHER_SRC_MGMT_TIME_LIMIT_HPP
#define QUICETHER_SRC_MGMT_TIME_LIMIT_HPP

#include <quicether/env/environment.hpp>

#include <memory>
#include <utility>

namespace quicether::mgmt {

/// Closes a connection whose client takes too long for something.
///
/// After end() it does nothing: a connection's operations may outlive the environment, its timer
/// may not.
class TimeLimit {
 public:
  explicit TimeLimit(Environment& environment)
      : environment_{environment}, timer_{environment.make_timer()} {}

  /// Calls `connection->close()` after `limit`, in place of what was to do so before.
  template <typename Connection>
  void set(Duration limit, std::weak_ptr<Connection> connection) {
    if (timer_ == nullptr) {
      return;
    }
    timer_->async_wait(environment_.now() + limit,
                       [connection = std::move(connection)](error_code cancelled) {
                         const auto alive = connection.lock();
                         if (alive != nullptr && !cancelled) {
                           alive->close();
                         }
                       });
  }

  void lift() noexcept {
    if (timer_ != nullptr) {
      timer_->cancel();
    }
  }

  void end() noexcept { timer_.reset(); }

 private:
  Environment& environment_;
  std::unique_ptr<Timer> timer_;
};

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_TIME_LIMIT_HPP
