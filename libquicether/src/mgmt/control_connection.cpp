#include "mgmt/control_connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <utility>

namespace quicether::mgmt {

namespace asio = boost::asio;

ControlConnection::ControlConnection(Environment& environment,
                                     asio::local::stream_protocol::socket socket,
                                     const PeerCredentials& client,
                                     const ControlLimits& limits)
    : socket_{std::move(socket)}, client_{client}, limits_{limits}, time_limit_{environment} {}

asio::awaitable<ControlConnection::Read> ControlConnection::async_read_line() {
  const auto self = shared_from_this();  // close() may come while this waits
  bool receiving = !received_.empty();
  time_limit_.set(receiving ? limits_.request : limits_.idle, weak_from_this());
  std::size_t searched = 0;
  while (true) {
    const auto end = received_.find('\n', searched);
    if (end < limits_.request_bytes_max) {
      line_bytes_ = end + 1;
      time_limit_.lift();  // what takes long now is the answer
      co_return Read::line;
    }
    if (received_.size() >= limits_.request_bytes_max) {
      co_return Read::too_large;
    }
    searched = received_.size();
    error_code failed;
    const auto size = co_await socket_.async_read_some(
        asio::buffer(block_), asio::redirect_error(asio::use_awaitable, failed));
    if (failed) {
      co_return Read::closed;
    }
    received_.append(block_.data(), size);
    if (!receiving) {
      receiving = true;
      time_limit_.set(limits_.request, weak_from_this());
    }
  }
}

std::string ControlConnection::take_line() {
  auto line = received_.substr(0, line_bytes_ - 1);
  received_.erase(0, line_bytes_);
  return line;
}

asio::awaitable<bool> ControlConnection::async_write(std::string text) {
  const auto self = shared_from_this();
  time_limit_.set(limits_.answer, weak_from_this());
  error_code failed;
  co_await asio::async_write(
      socket_, asio::buffer(text), asio::redirect_error(asio::use_awaitable, failed));
  co_return !failed;
}

void ControlConnection::close_with(const std::string& text) noexcept {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  (void)socket_.write_some(asio::buffer(text), ignored);
  close();
}

void ControlConnection::close() noexcept {
  time_limit_.end();
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace quicether::mgmt
