#ifndef QUICETHER_SRC_SIM_PENDING_WAIT_HPP
#define QUICETHER_SRC_SIM_PENDING_WAIT_HPP

#include <quicether/base/error.hpp>

#include <boost/asio/any_completion_handler.hpp>

namespace quicether::sim::detail {

class Engine;

/// The one wait that a timer, socket or TUN may have outstanding. Completion is posted; the
/// handler's cancellation slot completes it with `errc::cancelled`.
class PendingWait {
 public:
  using Handler = boost::asio::any_completion_handler<void(error_code)>;

  explicit PendingWait(Engine& engine) noexcept : engine_{engine} {}

  PendingWait(const PendingWait&) = delete;
  PendingWait& operator=(const PendingWait&) = delete;

  /// Completes a wait that is still outstanding with `errc::cancelled`.
  ~PendingWait() { complete(errc::cancelled); }

  /// Begins a wait; an earlier one completes with `errc::cancelled`.
  void start(Handler handler);

  /// Posts the completion of the wait, if there is one. When the simulation is ending, destroys
  /// the handler instead; that may destroy this object.
  void complete(error_code code) noexcept;

  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(handler_); }

 private:
  friend class Engine;  // it destroys the handlers that wait when the simulation ends

  Engine& engine_;
  Handler handler_;
  PendingWait* previous_ = nullptr;
  PendingWait* next_ = nullptr;
};

}  // namespace quicether::sim::detail

#endif  // QUICETHER_SRC_SIM_PENDING_WAIT_HPP
