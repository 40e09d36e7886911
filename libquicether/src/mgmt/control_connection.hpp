#ifndef QUICETHER_SRC_MGMT_CONTROL_CONNECTION_HPP
#define QUICETHER_SRC_MGMT_CONTROL_CONNECTION_HPP

#include "mgmt/control_socket.hpp"
#include "mgmt/time_limit.hpp"

#include <quicether/mgmt/control_server.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <string>

namespace quicether::mgmt {

/// One client of a ControlServer: lines in and out, each with a time limit. What happens between
/// the two takes as long as it takes.
///
///   waiting --first byte--> receiving --line end--> (answer) --> sending --sent--> waiting
///   any state --limit passed, error, close()--> closed
///
/// Neither copyable nor movable; held by shared_ptr, because its operations outlive the server.
class ControlConnection : public std::enable_shared_from_this<ControlConnection> {
 public:
  enum class Read { line, closed, too_large };

  ControlConnection(Environment& environment,
                    boost::asio::local::stream_protocol::socket socket,
                    const PeerCredentials& client,
                    const ControlLimits& limits);
  ControlConnection(const ControlConnection&) = delete;
  ControlConnection& operator=(const ControlConnection&) = delete;
  ~ControlConnection() = default;

  [[nodiscard]] const PeerCredentials& client() const noexcept { return client_; }

  /// Waits for a line. take_line() then gives it.
  [[nodiscard]] boost::asio::awaitable<Read> async_read_line();

  /// The line that was read, without its end.
  [[nodiscard]] std::string take_line();

  /// Sends all of a text. Returns false when the connection is closed.
  [[nodiscard]] boost::asio::awaitable<bool> async_write(std::string text);

  /// Sends a text as far as the system takes it at once, and closes.
  void close_with(const std::string& text) noexcept;

  /// Ends all operations. Idempotent.
  void close() noexcept;

 private:
  boost::asio::local::stream_protocol::socket socket_;
  PeerCredentials client_;
  ControlLimits limits_;
  TimeLimit time_limit_;
  std::string received_{};      // the line and what came behind it
  std::size_t line_bytes_ = 0;  // of the line that was read, with its end
  std::array<char, 4096> block_{};
};

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_CONTROL_CONNECTION_HPP
