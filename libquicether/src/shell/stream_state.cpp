#include "stream_state.hpp"

#include <boost/asio/error.hpp>

#include <utility>

namespace quicether::detail {

StreamState::StreamState(std::weak_ptr<StreamHost> host,
                         boost::asio::any_io_executor executor,
                         SessionId session,
                         quic::StreamId stream)
    : host_{std::move(host)}, executor_{std::move(executor)}, session_{session}, stream_{stream} {}

void StreamState::start_read(boost::asio::mutable_buffer buffer, Stream::Handler handler) {
  if (reader_.waiting()) {
    Waiter<std::size_t> refused;
    refused.suspend(std::move(handler), [] {});
    refused.complete(executor_, errc::already_open, 0);
    return;
  }
  read_buffer_ = buffer;
  reader_.suspend(std::move(handler), [weak = weak_from_this()] {
    if (const auto self = weak.lock(); self && self->reader_.waiting()) {
      self->finish_read(errc::cancelled, 0);
    }
  });
  try_read();
}

void StreamState::start_write(boost::asio::const_buffer buffer, Stream::Handler handler) {
  if (writer_.waiting()) {
    Waiter<std::size_t> refused;
    refused.suspend(std::move(handler), [] {});
    refused.complete(executor_, errc::already_open, 0);
    return;
  }
  write_buffer_ = buffer;
  writer_.suspend(std::move(handler), [weak = weak_from_this()] {
    if (const auto self = weak.lock(); self && self->writer_.waiting()) {
      self->finish_write(errc::cancelled, 0);
    }
  });
  try_write();
}

void StreamState::try_read() {
  if (!open_ || lost_) {
    finish_read(open_ ? lost_ : make_error_code(errc::not_open), 0);
    return;
  }
  if (read_buffer_.size() == 0) {
    finish_read({}, 0);
    return;
  }
  if (receive_finished_) {
    finish_read(boost::asio::error::eof, 0);
    return;
  }
  const auto host = host_.lock();
  if (!host) {
    finish_read(errc::no_session, 0);
    return;
  }
  const auto read = host->read_stream(
      session_, stream_, {static_cast<std::uint8_t*>(read_buffer_.data()), read_buffer_.size()});
  if (read) {
    finish_read({}, *read);
    return;
  }
  if (read.error() == errc::would_block) {
    return;
  }
  if (read.error() == errc::end_of_stream) {
    receive_finished_ = true;
    finish_read(boost::asio::error::eof, 0);
    return;
  }
  finish_read(read.error(), 0);
}

void StreamState::try_write() {
  if (!open_ || lost_ || send_finished_) {
    finish_write(lost_ ? lost_ : make_error_code(errc::not_open), 0);
    return;
  }
  if (write_buffer_.size() == 0) {
    finish_write({}, 0);
    return;
  }
  const auto host = host_.lock();
  if (!host) {
    finish_write(errc::no_session, 0);
    return;
  }
  const auto written = host->write_stream(
      session_,
      stream_,
      {static_cast<const std::uint8_t*>(write_buffer_.data()), write_buffer_.size()},
      false);
  if (!written) {
    finish_write(written.error(), 0);
    return;
  }
  if (*written == 0) {
    return;
  }
  finish_write({}, *written);
}

void StreamState::finish_read(error_code error, std::size_t bytes) {
  reader_.complete(executor_, error, bytes);
}

void StreamState::finish_write(error_code error, std::size_t bytes) {
  writer_.complete(executor_, error, bytes);
}

result<void> StreamState::shutdown_send() {
  const auto host = host_.lock();
  if (!open_ || send_finished_) {
    return errc::not_open;
  }
  if (!host || lost_) {
    return errc::no_session;
  }
  const auto finished = host->write_stream(session_, stream_, {}, true);
  if (!finished) {
    return finished.error();
  }
  send_finished_ = true;
  return {};
}

void StreamState::close() noexcept {
  if (!std::exchange(open_, false)) {
    return;
  }
  if (reader_.waiting()) {
    finish_read(errc::cancelled, 0);
  }
  if (writer_.waiting()) {
    finish_write(errc::cancelled, 0);
  }
  if (const auto host = host_.lock(); host && !lost_) {
    host->drop_stream(session_, stream_, !send_finished_);
  }
}

void StreamState::on_readable() {
  if (reader_.waiting()) {
    try_read();
  }
}

void StreamState::on_writable() {
  if (writer_.waiting()) {
    try_write();
  }
}

void StreamState::on_session_lost(error_code reason) {
  lost_ = reason;
  if (reader_.waiting()) {
    finish_read(reason, 0);
  }
  if (writer_.waiting()) {
    finish_write(reason, 0);
  }
}

}  // namespace quicether::detail
