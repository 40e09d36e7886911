#include "mgmt/http_connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <array>
#include <string_view>
#include <utility>

namespace quicether::mgmt {

namespace asio = boost::asio;
namespace http = boost::beast::http;

HttpConnection::HttpConnection(Environment& environment,
                               asio::ip::tcp::socket socket,
                               const MonitoringLimits& limits)
    : socket_{std::move(socket)},
      limits_{limits},
      time_limit_{environment},
      buffer_{2 * limits.header_bytes_max} {}

asio::awaitable<HttpConnection::Read> HttpConnection::async_read() {
  const auto self = shared_from_this();  // close() may come while this waits
  error_code failed;
  if (buffer_.size() == 0) {
    time_limit_.set(limits_.idle, weak_from_this());
    co_await socket_.async_wait(asio::socket_base::wait_read,
                                asio::redirect_error(asio::use_awaitable, failed));
    if (failed) {
      co_return Read::closed;
    }
  }
  time_limit_.set(limits_.request, weak_from_this());
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(limits_.header_bytes_max));
  co_await http::async_read(
      socket_, buffer_, *parser_, asio::redirect_error(asio::use_awaitable, failed));
  if (!failed) {
    co_return Read::request;
  }
  if (failed == http::error::header_limit || failed == http::error::buffer_overflow) {
    co_return Read::too_large;
  }
  const bool left = failed == http::error::end_of_stream || failed == http::error::partial_message;
  const bool is_http = failed.category() == http::make_error_code(http::error{}).category();
  co_return is_http && !left ? Read::malformed : Read::closed;
}

PageRequest HttpConnection::request() const {
  const auto& message = parser_->get();
  PageRequest request{.get = message.method() == http::verb::get, .target = message.target()};
  const auto [first, last] = message.equal_range(http::field::host);
  for (auto host = first; host != last; ++host) {
    request.hosts.emplace_back(host->value());
  }
  return request;
}

asio::awaitable<bool> HttpConnection::async_write(Page page) {
  const auto self = shared_from_this();
  time_limit_.set(limits_.answer, weak_from_this());
  const bool understood = parser_->is_done();
  http::response<http::string_body> response{http::int_to_status(page.status), 11};
  response.set(http::field::content_type, page.content_type);
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  if (page.status == 405) {
    response.set(http::field::allow, "GET");
  }
  response.body() = std::move(page.body);
  // After anything but a good request it is not certain where the next one begins.
  response.keep_alive(understood && page.status < 400 && parser_->get().keep_alive());
  response.prepare_payload();
  if (understood && parser_->get().method() == http::verb::head) {
    response.body().clear();  // RFC 9110 section 9.3.2: the length, and nothing of that length
  }
  error_code failed;
  co_await http::async_write(socket_, response, asio::redirect_error(asio::use_awaitable, failed));
  co_return !failed && response.keep_alive();
}

asio::awaitable<void> HttpConnection::async_finish() {
  const auto self = shared_from_this();
  error_code failed;
  socket_.shutdown(asio::socket_base::shutdown_send, failed);
  time_limit_.set(limits_.request, weak_from_this());
  std::array<char, 1024> ignored{};
  while (!failed) {
    (void)co_await socket_.async_read_some(asio::buffer(ignored),
                                           asio::redirect_error(asio::use_awaitable, failed));
  }
}

void HttpConnection::refuse() noexcept {
  constexpr std::string_view kBusy =
      "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  error_code ignored;
  socket_.non_blocking(true, ignored);
  (void)socket_.write_some(asio::buffer(kBusy), ignored);
  close();
}

void HttpConnection::close() noexcept {
  time_limit_.end();
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace quicether::mgmt
