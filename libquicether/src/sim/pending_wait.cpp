#include "sim/pending_wait.hpp"

#include "sim/engine.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace quicether::sim::detail {

namespace asio = boost::asio;

void PendingWait::start(Handler handler) {
  complete(errc::cancelled);
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected()) {
    slot.assign([this](asio::cancellation_type type) {
      if (type != asio::cancellation_type::none) {
        complete(errc::cancelled);
      }
    });
  }
  handler_ = std::move(handler);
  engine_.add_wait(*this);
}

void PendingWait::complete(error_code code) noexcept {
  if (!handler_) {
    return;
  }
  engine_.remove_wait(*this);
  Handler handler = std::exchange(handler_, Handler{});
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected()) {
    slot.clear();
  }
  if (!engine_.stopping()) {
    asio::post(engine_.io(), asio::append(std::move(handler), code));
  }
}

}  // namespace quicether::sim::detail
