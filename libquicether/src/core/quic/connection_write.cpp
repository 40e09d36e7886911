#include "core/quic/connection.hpp"
#include "core/quic/datagram_id.hpp"
#include "core/quic/native_time.hpp"

#include <quicether/base/assert.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace quicether::quic {
namespace {

// What a 1-RTT packet adds around its frames: first byte, packet number of at most 4 bytes, AEAD
// tag (RFC 9001 section 5.3); the peer's connection id comes on top.
constexpr std::size_t kPacketOverhead = 1 + 4 + 16;

// What a 0-RTT packet has more: version, two lengths of connection ids, this side's id, and the
// length field, for which ngtcp2 takes 4 bytes (RFC 9000 section 17.2.3).
constexpr std::size_t kEarlyPacketOverhead = kPacketOverhead + 4 + 1 + 1 + kOwnCidBytes + 4;

// Type and length of a DATAGRAM frame (RFC 9221 section 4); payloads below 64 bytes need one less.
constexpr std::size_t kDatagramOverhead = 1 + 2;

// When a deadline is still due after it was acted on: ngtcp2 waits for something else to happen
// first, and asking again at once would spin.
constexpr Duration kPatience = std::chrono::milliseconds{1};

// Answers of ngtcp2 after which the packet is still open.
bool packet_goes_on(ngtcp2_ssize written) noexcept {
  return written == NGTCP2_ERR_WRITE_MORE || written == NGTCP2_ERR_STREAM_DATA_BLOCKED ||
         written == NGTCP2_ERR_STREAM_SHUT_WR || written == NGTCP2_ERR_STREAM_NOT_FOUND;
}

ngtcp2_vec to_native(ConstBytes bytes) noexcept {
  // ngtcp2_vec serves reading and writing; ngtcp2 only reads these.
  return {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
}

}  // namespace

// What packets may have on the current path now.
std::size_t Connection::path_bytes_max() const noexcept {
  const auto known = ngtcp2_conn_get_path_max_tx_udp_payload_size(native_.get());
  return black_hole_.bounds(now_) ? std::min<std::size_t>(known, NGTCP2_MAX_UDP_PAYLOAD_SIZE)
                                  : known;
}

std::size_t Connection::datagram_payload_max() const noexcept {
  const auto* const peer = ngtcp2_conn_get_remote_transport_params(native_.get());
  if (!sends_datagrams() || peer == nullptr || peer->max_datagram_frame_size <= kDatagramOverhead) {
    return 0;
  }
  const auto packet = std::min<std::uint64_t>(path_bytes_max(), peer->max_udp_payload_size);
  const auto overhead = takes_early_data() ? kEarlyPacketOverhead : kPacketOverhead;
  const auto frame = std::min(packet - overhead - ngtcp2_conn_get_dcid(native_.get())->datalen,
                              peer->max_datagram_frame_size);
  return static_cast<std::size_t>(frame) - kDatagramOverhead;
}

bool Connection::flush(Instant now, std::size_t packets_max) {
  DatagramFeed feed{now, waiting_, {}};
  return write_packets(now, feed, packets_max);
}

std::size_t Connection::send_datagrams(Instant now,
                                       std::span<const OutgoingDatagram> datagrams,
                                       bool may_write) {
  DatagramFeed feed{now, waiting_, datagrams};
  goes_on_ = false;
  if (sends_datagrams() && may_write) {
    goes_on_ = write_packets(now, feed, SIZE_MAX);
    if (ended_) {
      return 0;
    }
  }
  for (const auto& datagram : feed.fresh()) {
    waiting_.push(now, datagram);
  }
  if (!waiting_.empty() && sends_datagrams()) {
    goes_on_ = goes_on_ || !may_write;
    arm(now, ngtcp2_conn_get_expiry(native_.get()));  // pacing counts now
  }
  return datagrams.size();
}

// Returns true when something is left to write and nothing but room or the quota stopped it.
bool Connection::write_packets(Instant now, DatagramFeed& feed, std::size_t packets_max) {
  QE_DASSERT(!ended_);
  now_ = now;
  renew_keys(now);
  datagram_max_ = datagram_payload_max();
  choose_datagram_control(now);
  streams_blocked_ = false;
  ngtcp2_conn_info info{};
  if (ping_wanted_) {
    ngtcp2_conn_get_conn_info(native_.get(), &info);
  }
  const auto in_flight_before = info.bytes_in_flight;
  const auto sealed_before = packet_count().sealed;
  const auto room =
      black_hole_.bounds(now) ? std::size_t{NGTCP2_MAX_UDP_PAYLOAD_SIZE} : packet_bytes_max();
  bool stopped = true;
  for (std::size_t count = 0;; ++count) {
    const auto out = shared_.transmit.prepare(room);
    if (out.empty() || count == packets_max) {
      stopped = false;
      break;
    }
    // What a timeout makes ngtcp2 send is a small packet: if large ones vanish, it still arrives.
    auto written = std::exchange(probing_, false) ? write_rest(now, out) : 0;
    if (written == 0) {
      written = write_packet(now, out, feed);
    }
    if (written < 0) {
      fail(now, static_cast<int>(written));
      return false;
    }
    if (written == 0) {
      break;
    }
    on_written(now, static_cast<std::size_t>(written));
  }
  packets_sent_ += packet_count().sealed - sealed_before;
  if (ping_wanted_) {
    ngtcp2_conn_get_conn_info(native_.get(), &info);
    ping_wanted_ = info.bytes_in_flight <= in_flight_before;
  }
  after_burst(now, feed.front() || streams_.next() != nullptr);
  return !stopped;
}

ngtcp2_ssize Connection::write_packet(Instant now, Bytes out, DatagramFeed& feed) {
  ++packet_serial_;
  packet_room_ = datagram_max_;
  stream_turn_ = !stream_turn_;
  for (;;) {
    auto* const stream = established_ ? next_stream() : nullptr;
    const auto datagram = next_datagram(feed);
    ngtcp2_ssize written = 0;
    if (stream != nullptr && (stream_turn_ || !datagram)) {
      written = write_stream_frame(now, out, *stream);
    } else if (datagram) {
      written = write_datagram_frame(now, out, feed, *datagram);
    } else {
      written = write_rest(now, out);
    }
    if (written == 0 && stream != nullptr && datagram && uncontrolled()) {
      streams_blocked_ = true;  // Datagrams may go all the same.
    } else if (!packet_goes_on(written)) {
      return written;
    }
  }
}

void Connection::choose_datagram_control(Instant now) noexcept {
  datagram_flags_ = NGTCP2_WRITE_DATAGRAM_FLAG_NONE;
  if (!established_) {
    return;  // nothing is known of the path, and nothing of the peer but what a ticket says
  }
#ifdef NGTCP2_WRITE_DATAGRAM_FLAG_UNCONTROLLED
  if (shared_.config.datagram_control == DatagramControl::application && !breaker_.tripped(now)) {
    datagram_flags_ = NGTCP2_WRITE_DATAGRAM_FLAG_UNCONTROLLED;
    if (breaker_.wants_probe(now, duration_from_native(ngtcp2_conn_get_pto(native_.get())))) {
      ping_wanted_ = true;
      probing_ = true;
    }
  }
#else
  (void)now;
#endif
}

// Datagrams never fit that are larger than a packet: dropped here, because ngtcp2 answers "0, not
// accepted" both to those and to a full congestion window.
std::optional<OutgoingDatagram> Connection::next_datagram(DatagramFeed& feed) noexcept {
  if (!sends_datagrams() || (takes_early_data() && !has_room_for_early_data())) {
    return std::nullopt;
  }
  for (;;) {
    auto datagram = feed.front();
    if (!datagram ||
        (datagram_max_ != 0 && datagram->header.size() + datagram->body.size() <= datagram_max_)) {
      return datagram;
    }
    feed.pop();
    ++datagrams_dropped_;
  }
}

Stream* Connection::next_stream() noexcept {
  auto* const stream = streams_.next();
  const bool blocked = stream != nullptr && stream->unsent() != 0 &&
                       ngtcp2_conn_get_max_data_left(native_.get()) == 0;
  return blocked || streams_blocked_ ? nullptr : stream;
}

ngtcp2_ssize Connection::write_stream_frame(Instant now, Bytes out, Stream& stream) {
  // A packet is smaller than a block: it takes of two at most.
  std::array<ngtcp2_vec, 2> pieces{};
  std::size_t count = 0;
  std::size_t offered = 0;
  while (count < pieces.size() && offered < stream.unsent()) {
    const auto piece = stream.out.view(stream.in_flight() + offered);
    pieces[count++] = to_native(piece);
    offered += piece.size();
  }
  const bool ends = stream.finish && offered == stream.unsent();
  const std::uint32_t flags =
      NGTCP2_WRITE_STREAM_FLAG_MORE | (ends ? NGTCP2_WRITE_STREAM_FLAG_FIN : 0U);
  ngtcp2_ssize accepted = -1;
  const auto written = ngtcp2_conn_writev_stream(native_.get(),
                                                 out_path_.get(),
                                                 &out_info_,
                                                 out.data(),
                                                 out.size(),
                                                 &accepted,
                                                 flags,
                                                 stream.id,
                                                 pieces.data(),
                                                 count,
                                                 quic::to_native(now));
  if (accepted >= 0) {
    stream.sent += static_cast<std::uint64_t>(accepted);
    stream.finish_sent = ends && static_cast<std::size_t>(accepted) == offered;
    streams_.rotate();
  }
  if (written == NGTCP2_ERR_STREAM_DATA_BLOCKED) {
    streams_.block();
  } else if (written == NGTCP2_ERR_STREAM_SHUT_WR || written == NGTCP2_ERR_STREAM_NOT_FOUND) {
    on_stream_stopped(stream);
  }
  return written;
}

ngtcp2_ssize Connection::write_datagram_frame(Instant now,
                                              Bytes out,
                                              DatagramFeed& feed,
                                              const OutgoingDatagram& datagram) {
  std::array<ngtcp2_vec, 2> pieces{};
  std::size_t count = 0;
  for (const auto piece : {datagram.header, datagram.body}) {
    if (!piece.empty()) {  // ngtcp2 wants none that is
      pieces[count++] = to_native(piece);
    }
  }
  const auto frame = datagram.header.size() + datagram.body.size() + kDatagramOverhead;
  packet_room_ -= std::min(packet_room_, frame);
  const std::uint32_t flags =
      datagram_flags_ | (feed.has_second_of(packet_room_) ? NGTCP2_WRITE_DATAGRAM_FLAG_MORE : 0U);
  const bool large = datagram_max_ - packet_room_ + kPacketOverhead +
                         ngtcp2_conn_get_dcid(native_.get())->datalen >
                     NGTCP2_MAX_UDP_PAYLOAD_SIZE;
  const auto id = datagram_id(packet_serial_, large, datagram.token);
  int accepted = 0;
  const auto written = ngtcp2_conn_writev_datagram(native_.get(),
                                                   out_path_.get(),
                                                   &out_info_,
                                                   out.data(),
                                                   out.size(),
                                                   &accepted,
                                                   flags,
                                                   id,
                                                   pieces.data(),
                                                   count,
                                                   quic::to_native(now));
  if (accepted != 0) {
    if (takes_early_data()) {
      note_early_datagram(id, datagram);
    } else {
      breaker_.on_sent(now);
    }
    feed.pop();
  }
  return written;
}

// Ends the open packet, or writes one of what ngtcp2 has to say by itself.
ngtcp2_ssize Connection::write_rest(Instant now, Bytes out) {
  // ngtcp2 sends a PING when the keep-alive time has passed, and has no other function for it.
  if (ping_wanted_) {
    ngtcp2_conn_set_keep_alive_timeout(native_.get(), 1);
  }
  const auto written = ngtcp2_conn_writev_stream(native_.get(),
                                                 out_path_.get(),
                                                 &out_info_,
                                                 out.data(),
                                                 out.size(),
                                                 nullptr,
                                                 NGTCP2_WRITE_STREAM_FLAG_NONE,
                                                 -1,
                                                 nullptr,
                                                 0,
                                                 quic::to_native(now));
  if (ping_wanted_) {
    ngtcp2_conn_set_keep_alive_timeout(native_.get(), quic::to_native(shared_.config.keep_alive));
  }
  return written;
}

void Connection::on_written(Instant now, std::size_t bytes) {
  const auto ecn = static_cast<Ecn>(out_info_.ecn);
  if (!(out_path_ == written_path_)) {
    written_path_ = out_path_;
    written_route_.local = quic::local_address(*out_path_.get());
    written_route_.remote = quic::remote_address(*out_path_.get());
  }
  written_route_.ecn = ecn;
  shared_.transmit.commit(written_route_, bytes);
  bytes_sent_ += bytes;
  on_first_flight();
  if (bytes > NGTCP2_MAX_UDP_PAYLOAD_SIZE) {
    mtu_watch_.on_sent(now,
                       bytes,
                       ngtcp2_conn_get_path_max_tx_udp_payload_size(native_.get()),
                       duration_from_native(ngtcp2_conn_get_pto(native_.get())));
  }
}

// Paces the next burst after this one. The pacing deadline only matters while data waits: without,
// it would wake the driver once per burst for nothing.
void Connection::after_burst(Instant now, bool data_waits) {
  const auto unpaced = ngtcp2_conn_get_expiry(native_.get());
  ngtcp2_conn_update_pkt_tx_time(native_.get(), quic::to_native(now));
  arm(now, data_waits ? ngtcp2_conn_get_expiry(native_.get()) : unpaced);
}

void Connection::arm(Instant now, ngtcp2_tstamp expiry) noexcept {
  deadline_ = from_native(expiry);
  if (deadline_ <= now && expired_at_ == now) {
    deadline_ = now + kPatience;
  }
  if (ping_wanted_ && established_) {
    deadline_ = std::min(deadline_, now + kPatience);
  }
}

void Connection::renew_keys(Instant now) {
  if (!confirmed_ || packets_sent_ - keys_renewed_at_ < shared_.config.key_update_packets) {
    return;
  }
  // It fails while the last update is not confirmed yet; the next burst tries again.
  if (ngtcp2_conn_initiate_key_update(native_.get(), quic::to_native(now)) == 0) {
    keys_renewed_at_ = packets_sent_;
    ++keys_renewed_;
  }
}

}  // namespace quicether::quic
