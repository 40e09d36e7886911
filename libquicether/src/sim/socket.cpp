#include "sim/socket.hpp"

#include <algorithm>
#include <utility>

namespace quicether::sim::detail {

namespace {

/// Datagrams that arrive within this time of each other may form a train: about how long a network
/// card gathers packets before it interrupts (Linux drivers default to some 50 microseconds).
constexpr Duration kTrainGap = std::chrono::microseconds{50};

/// Whether `next` may follow `previous`, the last one so far of a train that starts with `first`.
[[nodiscard]] bool continues_train(const Packet& first,
                                   const Packet& previous,
                                   const Packet& next) {
  return next.time - previous.time <= kTrainGap && next.source == first.source &&
         next.destination == first.destination && next.ecn == first.ecn && !next.payload.empty() &&
         previous.payload.size() == first.payload.size() &&
         next.payload.size() <= first.payload.size();
}

[[nodiscard]] std::size_t datagrams_in(const OutgoingTrain& train) noexcept {
  if (train.bytes.empty() || train.segment_bytes == 0) {
    return 1;
  }
  return (train.bytes.size() + train.segment_bytes - 1) / train.segment_bytes;
}

[[nodiscard]] bool well_formed(const OutgoingTrain& train) noexcept {
  const bool sizes_fit =
      train.bytes.empty() || (train.segment_bytes > 0 && train.segment_bytes <= train.bytes.size());
  return sizes_fit && train.bytes.size() <= kTrainBytesMax &&
         datagrams_in(train) <= kTrainSegmentsMax && train.remote.port != 0;
}

}  // namespace

Socket::Socket(HostState& host,
               const SocketAddress& bind,
               const Interface* interface,
               const DatagramSocketOptions& options)
    : ProcessObject{host},
      bind_{bind},
      interface_{interface},
      receive_buffer_bytes_{options.receive_buffer_bytes},
      send_buffer_bytes_{options.send_buffer_bytes},
      readable_{host.engine()},
      writable_{host.engine()} {
  stats_.segmentation_offload = true;
  stats_.receive_offload = true;
  host.add_socket(*this);
}

Socket::~Socket() {
  close();
}

void Socket::close() noexcept {
  if (open_ && alive()) {
    host().remove_socket(*this);
  }
  open_ = false;
  discard_received();
  host().engine().queue().cancel(writable_event_);
  readable_.complete(errc::cancelled);
  writable_.complete(errc::cancelled);
}

void Socket::wait_readable(WaitHandler handler) {
  readable_.start(std::move(handler));
  if (!open_) {
    readable_.complete(errc::cancelled);
  } else if (!received_.empty() && active()) {
    readable_.complete({});
  }
}

void Socket::wait_writable(WaitHandler handler) {
  host().engine().queue().cancel(writable_event_);
  writable_.start(std::move(handler));
  if (!open_) {
    writable_.complete(errc::cancelled);
    return;
  }
  if (!alive()) {
    return;
  }
  Engine& engine = host().engine();
  // As Linux does: writable again when a good part of the buffer is free.
  const Instant when = blocked_on_ == nullptr ? engine.now()
                                              : blocked_on_->egress().backlog_falls_to(
                                                    engine.now(), send_buffer_bytes_ / 2);
  writable_event_ = engine.schedule(when, *this, 0);
}

void Socket::on_event(std::uint64_t /*argument*/) {
  blocked_on_ = nullptr;
  if (active()) {
    writable_.complete({});
  }
}

void Socket::on_killed() noexcept {
  if (open_) {
    host().remove_socket(*this);
  }
  host().engine().queue().cancel(writable_event_);
  discard_received();
}

void Socket::on_resumed() noexcept {
  if (!received_.empty()) {
    readable_.complete({});
  }
  if (writable_ && blocked_on_ == nullptr) {
    writable_.complete({});
  }
}

void Socket::discard_received() noexcept {
  for (Packet* packet : received_) {
    host().wire().release(*packet);
  }
  received_.clear();
  received_bytes_ = 0;
}

unsigned Socket::match(const SocketAddress& destination, const Interface* in) const noexcept {
  if (!serves_family_of(destination.address) || (interface_ != nullptr && interface_ != in)) {
    return 0;
  }
  const bool any_address = bind_.address.is_unspecified();
  if (!any_address && bind_.address != destination.address) {
    return 0;
  }
  return 1U + (any_address ? 0U : 2U) + (interface_ == nullptr ? 0U : 1U);
}

bool Socket::deliver(Packet& packet) {
  if (received_bytes_ + packet.payload.size() > receive_buffer_bytes_) {
    return false;
  }
  received_.push_back(&packet);
  received_bytes_ += packet.payload.size();
  ++stats_.datagrams_received;
  stats_.bytes_received += packet.payload.size();
  if (active()) {
    readable_.complete({});
  }
  return true;
}

std::size_t Socket::receive(std::span<ReceivedTrain> trains) noexcept {
  std::size_t filled = 0;
  if (buffers_.size() < trains.size()) {
    buffers_.resize(trains.size());
  }
  while (filled < trains.size() && !received_.empty()) {
    fill(trains[filled], buffers_[filled]);
    ++filled;
  }
  return filled;
}

void Socket::fill(ReceivedTrain& train, ByteVector& buffer) {
  const Packet& first = *received_.front();
  buffer.clear();
  std::size_t count = 0;
  while (count < received_.size() && count < kTrainSegmentsMax) {
    const Packet& packet = *received_[count];
    const bool joins = count == 0 || (buffer.size() + packet.payload.size() <= kTrainBytesMax &&
                                      continues_train(first, *received_[count - 1], packet));
    if (!joins) {
      break;
    }
    buffer.insert(buffer.end(), packet.payload.begin(), packet.payload.end());
    ++count;
  }
  train = {.bytes = buffer,
           .segment_bytes = first.payload.size(),
           .local = first.destination,
           .remote = first.source,
           .ecn = first.ecn};
  received_bytes_ -= buffer.size();
  for (std::size_t i = 0; i < count; ++i) {
    host().wire().release(*received_.front());
    received_.pop_front();
  }
}

std::size_t Socket::send(std::span<const OutgoingTrain> trains) noexcept {
  if (!open_ || !alive()) {
    return trains.size();
  }
  std::size_t taken = 0;
  while (taken < trains.size() && send_train(trains[taken]) == Sending::taken) {
    ++taken;
  }
  return taken;
}

Socket::Sending Socket::send_train(const OutgoingTrain& train) {
  Wire& wire = host().wire();
  const auto way = route(train);
  const SocketAddress source{way ? way->source : train.local.address, bind_.port};
  const std::size_t largest = ip_packet_bytes(train.segment_bytes, train.remote.address);
  const bool fits =
      way && (way->out == nullptr || largest <= std::min(way->out->egress().model().mtu,
                                                         host().path_mtu(train.remote.address)));
  if (!fits || !well_formed(train)) {
    stats_.send_errors += datagrams_in(train);
    wire.refuse(source, train.remote, train.bytes, train.ecn);
    return Sending::taken;
  }
  if (way->out != nullptr) {
    const std::size_t backlog = way->out->egress().backlog_bytes(host().engine().now());
    if (backlog != 0 && backlog + train.bytes.size() > send_buffer_bytes_) {
      blocked_on_ = way->out;
      return Sending::blocked;
    }
  }
  ConstBytes left = train.bytes;
  do {
    const ConstBytes datagram = left.first(std::min(train.segment_bytes, left.size()));
    left = left.subspan(datagram.size());
    wire.send(host(), way->out, source, train.remote, datagram, train.ecn);
    ++stats_.datagrams_sent;
    stats_.bytes_sent += datagram.size();
  } while (!left.empty());
  return Sending::taken;
}

bool Socket::serves_family_of(const IpAddress& address) const noexcept {
  const bool both = bind_.address.is_v6() && bind_.address.is_unspecified();
  return both || bind_.address.is_v4() == address.is_v4();
}

std::optional<Route> Socket::route(const OutgoingTrain& train) const noexcept {
  if (!serves_family_of(train.remote.address)) {
    return std::nullopt;
  }
  const IpAddress& source =
      train.local.address.is_unspecified() ? bind_.address : train.local.address;
  return host().route(train.remote.address, source, interface_);
}

result<IpAddress> Socket::source_address(const SocketAddress& remote) const noexcept {
  const auto way = open_ ? route({.remote = remote}) : std::nullopt;
  if (!way) {
    return errc::unreachable;
  }
  return way->source;
}

}  // namespace quicether::sim::detail
