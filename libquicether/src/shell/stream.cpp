#include "stream_state.hpp"

#include <quicether/stream.hpp>

#include <boost/asio/system_executor.hpp>

#include <utility>

namespace quicether {

Stream::Stream() noexcept = default;

Stream::Stream(std::shared_ptr<detail::StreamState> state) noexcept : state_{std::move(state)} {}

Stream::Stream(Stream&&) noexcept = default;

Stream& Stream::operator=(Stream&& other) noexcept {
  if (this != &other) {
    close();
    state_ = std::move(other.state_);
  }
  return *this;
}

Stream::~Stream() {
  close();
}

Stream::executor_type Stream::get_executor() const noexcept {
  return state_ ? state_->executor() : executor_type{boost::asio::system_executor{}};
}

bool Stream::is_open() const noexcept {
  return state_ && state_->is_open();
}

result<void> Stream::shutdown_send() {
  return state_ ? state_->shutdown_send() : result<void>{errc::not_open};
}

void Stream::close() noexcept {
  if (state_) {
    state_->close();
    state_.reset();
  }
}

void Stream::start_read(boost::asio::mutable_buffer buffer, Handler handler) {
  if (!state_) {
    detail::Waiter<std::size_t> refused;
    refused.suspend(std::move(handler), [] {});
    refused.complete(get_executor(), errc::not_open, 0);
    return;
  }
  state_->start_read(buffer, std::move(handler));
}

void Stream::start_write(boost::asio::const_buffer buffer, Handler handler) {
  if (!state_) {
    detail::Waiter<std::size_t> refused;
    refused.suspend(std::move(handler), [] {});
    refused.complete(get_executor(), errc::not_open, 0);
    return;
  }
  state_->start_write(buffer, std::move(handler));
}

}  // namespace quicether
