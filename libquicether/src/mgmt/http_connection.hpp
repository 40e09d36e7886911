#ifndef QUICETHER_SRC_MGMT_HTTP_CONNECTION_HPP
#define QUICETHER_SRC_MGMT_HTTP_CONNECTION_HPP

#include "mgmt/monitoring_page.hpp"
#include "mgmt/time_limit.hpp"

#include <quicether/mgmt/monitoring_server.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <memory>
#include <optional>

namespace quicether::mgmt {

/// One client of a MonitoringServer: requests without a body in, pages out, each with a time limit.
///
///   waiting --first byte--> receiving --header end--> (page) --> sending --sent--> waiting
///   any state --limit passed, error, close()--> closed
///
/// Neither copyable nor movable; held by shared_ptr, because its operations outlive the server.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  enum class Read { request, closed, malformed, too_large };

  HttpConnection(Environment& environment,
                 boost::asio::ip::tcp::socket socket,
                 const MonitoringLimits& limits);
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;
  ~HttpConnection() = default;

  /// Waits for a request. request() then gives it.
  [[nodiscard]] boost::asio::awaitable<Read> async_read();

  /// Valid until the next async_read().
  [[nodiscard]] PageRequest request() const;

  /// Sends a page. Returns true when another request may follow.
  [[nodiscard]] boost::asio::awaitable<bool> async_write(Page page);

  /// Lets the client read what was sent before the connection ends: a socket that is closed with
  /// unread input discards what the client has not taken yet.
  [[nodiscard]] boost::asio::awaitable<void> async_finish();

  /// Says "try again" as far as the system takes it at once, and closes.
  void refuse() noexcept;

  /// Ends all operations. Idempotent.
  void close() noexcept;

 private:
  boost::asio::ip::tcp::socket socket_;
  MonitoringLimits limits_;
  TimeLimit time_limit_;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::empty_body>> parser_{};
};

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_HTTP_CONNECTION_HPP
