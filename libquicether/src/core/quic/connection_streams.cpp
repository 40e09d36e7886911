#include "core/quic/connection.hpp"

#include <quicether/base/assert.hpp>

#include <algorithm>

namespace quicether::quic {

// ---- Calls of the driver ------------------------------------------------------------------------

result<StreamId> Connection::open_stream() {
  std::int64_t id = -1;
  if (streams_.size() >= 2 * shared_.config.limits.streams_max ||
      ngtcp2_conn_open_bidi_stream(native_.get(), &id, nullptr) != 0) {
    return errc::limit_reached;
  }
  streams_.add(id);
  return StreamId{id};
}

result<std::size_t> Connection::write_stream(StreamId id, ConstBytes bytes, bool finish) {
  auto* const stream = streams_.find(id);
  if (stream == nullptr) {
    return errc::not_found;
  }
  if (stream->stopped || stream->gone) {
    return errc::stream_reset;
  }
  if (stream->finish) {
    return errc::invalid_argument;
  }
  const auto most = shared_.config.limits.stream_send_bytes;
  const auto room = most - std::min(most, stream->out.size());
  const auto taken = bytes.first(std::min(room, bytes.size()));
  stream->out.append(taken);
  stream->writer_waits = taken.size() < bytes.size();
  stream->finish = finish && !stream->writer_waits;
  streams_.enqueue(*stream);
  return taken.size();
}

result<std::size_t> Connection::read_stream(StreamId id, Bytes out) {
  auto* const stream = streams_.find(id);
  if (stream == nullptr) {
    return errc::not_found;
  }
  stream->readable_told = false;
  if (!stream->in.empty()) {
    const auto taken = stream->in.take(out);
    ngtcp2_conn_extend_max_stream_offset(native_.get(), id, taken);
    ngtcp2_conn_extend_max_offset(native_.get(), taken);
    return taken;
  }
  if (!stream->reset_received && !stream->end_received) {
    return errc::would_block;
  }
  const auto code = stream->reset_received ? errc::stream_reset : errc::end_of_stream;
  stream->reader_done = true;
  forget_if_done(*stream);
  return code;
}

void Connection::reset_stream(StreamId id, std::uint64_t application_code) {
  auto* const stream = streams_.find(id);
  if (stream == nullptr) {
    return;
  }
  const int failed = ngtcp2_conn_shutdown_stream(native_.get(), 0, id, application_code);
  QE_ASSERT(failed == 0);
  ngtcp2_conn_extend_max_offset(native_.get(), stream->in.size());
  stream->in.clear();
  stream->stopped = true;
  stream->reader_done = true;
  forget_if_done(*stream);
}

// ---- Calls of ngtcp2 ----------------------------------------------------------------------------

// Before the handshake is complete, what the peer says could be a replay: it may not say it.
bool Connection::on_stream_opened(StreamId id) {
  if (!established_) {
    refusal_ = Refusal{{errc::protocol_error, 0, "a stream in early data"}};
    ngtcp2_ccerr_default(&refusal_->report);
    ngtcp2_ccerr_set_transport_error(&refusal_->report, NGTCP2_PROTOCOL_VIOLATION, nullptr, 0);
    return false;
  }
  streams_.add(id);
  shared_.push(handle_, StreamOpened{id});
  return true;
}

void Connection::on_stream_data(StreamId id, ConstBytes bytes, bool end) {
  auto* const stream = streams_.find(id);
  if (stream == nullptr || stream->reader_done) {
    ngtcp2_conn_extend_max_offset(native_.get(), bytes.size());
    return;
  }
  stream->in.append(bytes);
  stream->end_received = stream->end_received || end;
  tell_readable(*stream);
}

void Connection::on_stream_acknowledged(StreamId id, std::uint64_t offset) {
  auto* const stream = streams_.find(id);
  if (stream == nullptr || offset <= stream->acknowledged) {
    return;
  }
  stream->out.drop(static_cast<std::size_t>(offset - stream->acknowledged));
  stream->acknowledged = offset;
  const auto most = shared_.config.limits.stream_send_bytes;
  // Not for every few bytes: a writer that is woken should find room worth waking for.
  if (stream->writer_waits && stream->out.size() <= most - most / 4) {
    stream->writer_waits = false;
    shared_.push(handle_, StreamWritable{id});
  }
}

void Connection::on_stream_reset(StreamId id) {
  auto* const stream = streams_.find(id);
  if (stream == nullptr) {
    return;
  }
  ngtcp2_conn_extend_max_offset(native_.get(), stream->in.size());
  stream->in.clear();
  stream->reset_received = true;
  tell_readable(*stream);
}

// The peer asked with STOP_SENDING; ngtcp2 has answered with RESET_STREAM.
void Connection::on_stream_stopped(Stream& stream) {
  stream.stopped = true;
  if (stream.writer_waits) {
    stream.writer_waits = false;
    shared_.push(handle_, StreamWritable{stream.id});
  }
}

void Connection::on_stream_closed(StreamId id) {
  auto* const stream = streams_.find(id);
  if (stream == nullptr) {
    return;
  }
  packets_lost_ += ngtcp2_conn_get_stream_loss_count(native_.get(), id);
  stream->gone = true;
  stream->out.clear();
  stream->acknowledged = stream->sent;
  if (!stream->reader_done && !stream->end_received && !stream->reset_received) {
    stream->reset_received = true;
    tell_readable(*stream);
  }
  on_stream_stopped(*stream);
  forget_if_done(*stream);
}

void Connection::tell_readable(Stream& stream) {
  if (!stream.readable_told && !stream.reader_done) {
    stream.readable_told = true;
    shared_.push(handle_, StreamReadable{stream.id});
  }
}

// A stream counts against its limit until both sides are done with it and the reader knows.
void Connection::forget_if_done(Stream& stream) {
  if (!stream.gone || !stream.reader_done) {
    return;
  }
  if (ngtcp2_conn_is_local_stream(native_.get(), stream.id) == 0) {
    ngtcp2_conn_extend_max_streams_bidi(native_.get(), 1);
  }
  streams_.erase(stream.id);
}

}  // namespace quicether::quic
