#ifndef QUICETHER_STREAM_HPP
#define QUICETHER_STREAM_HPP

#include <quicether/base/error.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace quicether {

namespace detail {
class StreamState;
}  // namespace detail

/// A bidirectional byte stream to a peer: an Asio AsyncReadStream and AsyncWriteStream.
///
/// Runs anything written for such streams, Boost.Beast for one. Moves, does not copy; destroying an
/// open stream resets it. Threads: the Environment's.
class Stream {
 public:
  using executor_type = boost::asio::any_io_executor;
  using Handler = boost::asio::any_completion_handler<void(error_code, std::size_t)>;

  /// A stream that is not open: every operation completes with `errc::not_open`.
  Stream() noexcept;
  explicit Stream(std::shared_ptr<detail::StreamState> state) noexcept;
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  [[nodiscard]] executor_type get_executor() const noexcept;

  [[nodiscard]] bool is_open() const noexcept;

  /// Reads at least one byte into `buffers`. Signature: void(error_code, std::size_t bytes).
  ///
  /// One read at a time. **Errors:** `boost::asio::error::eof` when the peer has finished (what
  /// Asio's composed reads expect), `stream_reset`, `no_session`, `not_open`, `cancelled`.
  /// **Cancellation:** terminal, partial, total; no byte is lost, the stream stays usable.
  template <typename MutableBuffers,
            boost::asio::completion_token_for<void(error_code, std::size_t)> Token>
  auto async_read_some(const MutableBuffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(
        [](auto handler, Stream* self, boost::asio::mutable_buffer buffer) {
          self->start_read(buffer, Handler{std::move(handler)});
        },
        token,
        this,
        first_buffer<boost::asio::mutable_buffer>(buffers));
  }

  /// Writes at least one byte of `buffers`. Signature: void(error_code, std::size_t bytes).
  ///
  /// One write at a time. Completes when the stream's send buffer took the bytes.
  /// **Errors:** `stream_reset`, `no_session`, `not_open`, `cancelled`.
  /// **Cancellation:** terminal, partial, total; nothing was written then.
  template <typename ConstBuffers,
            boost::asio::completion_token_for<void(error_code, std::size_t)> Token>
  auto async_write_some(const ConstBuffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(
        [](auto handler, Stream* self, boost::asio::const_buffer buffer) {
          self->start_write(buffer, Handler{std::move(handler)});
        },
        token,
        this,
        first_buffer<boost::asio::const_buffer>(buffers));
  }

  /// Finishes the sending direction: the peer reads end of file. Reading goes on.
  ///
  /// **Errors:** `not_open`, `no_session`.
  [[nodiscard]] result<void> shutdown_send();

  /// Completes outstanding operations with `errc::cancelled` and resets what is not finished.
  void close() noexcept;

 private:
  template <typename Buffer, typename Buffers>
  static Buffer first_buffer(const Buffers& buffers) {
    const auto end = boost::asio::buffer_sequence_end(buffers);
    for (auto it = boost::asio::buffer_sequence_begin(buffers); it != end; ++it) {
      const Buffer buffer{*it};
      if (buffer.size() != 0) {
        return buffer;
      }
    }
    return Buffer{};
  }

  void start_read(boost::asio::mutable_buffer buffer, Handler handler);
  void start_write(boost::asio::const_buffer buffer, Handler handler);

  std::shared_ptr<detail::StreamState> state_;
};

}  // namespace quicether

#endif  // QUICETHER_STREAM_HPP
