#ifndef QUICETHER_SRC_SHELL_STREAM_STATE_HPP
#define QUICETHER_SRC_SHELL_STREAM_STATE_HPP

#include "waiter.hpp"

#include <quicether/base/bytes.hpp>
#include <quicether/base/ids.hpp>
#include <quicether/core/quic/endpoint.hpp>
#include <quicether/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace quicether::detail {

/// What a StreamState needs of the Transport that it belongs to.
class StreamHost {
 public:
  StreamHost() = default;
  StreamHost(const StreamHost&) = delete;
  StreamHost& operator=(const StreamHost&) = delete;
  virtual ~StreamHost() = default;

  virtual result<std::size_t> read_stream(SessionId session, quic::StreamId stream, Bytes out) = 0;
  virtual result<std::size_t> write_stream(SessionId session,
                                           quic::StreamId stream,
                                           ConstBytes bytes,
                                           bool finish) = 0;
  virtual void drop_stream(SessionId session, quic::StreamId stream, bool reset) = 0;
};

/// The state behind a Stream: at most one read and one write wait for the session.
class StreamState : public std::enable_shared_from_this<StreamState> {
 public:
  StreamState(std::weak_ptr<StreamHost> host,
              boost::asio::any_io_executor executor,
              SessionId session,
              quic::StreamId stream);

  void start_read(boost::asio::mutable_buffer buffer, Stream::Handler handler);
  void start_write(boost::asio::const_buffer buffer, Stream::Handler handler);
  [[nodiscard]] result<void> shutdown_send();
  void close() noexcept;

  [[nodiscard]] bool is_open() const noexcept { return open_; }

  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return executor_; }

  /// The session has something to read, takes bytes again, or is gone.
  void on_readable();
  void on_writable();
  void on_session_lost(error_code reason);

 private:
  void try_read();
  void try_write();
  void finish_read(error_code error, std::size_t bytes);
  void finish_write(error_code error, std::size_t bytes);

  std::weak_ptr<StreamHost> host_;
  boost::asio::any_io_executor executor_;
  SessionId session_;
  quic::StreamId stream_;
  bool open_ = true;
  bool send_finished_ = false;
  bool receive_finished_ = false;
  error_code lost_{};
  boost::asio::mutable_buffer read_buffer_{};
  boost::asio::const_buffer write_buffer_{};
  Waiter<std::size_t> reader_{};
  Waiter<std::size_t> writer_{};
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_STREAM_STATE_HPP
