#include "core/quic/endpoint_impl.hpp"

#include "core/quic/tls_glue.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/key_pair.hpp>

#include <algorithm>

namespace quicether::quic {
namespace {

// Packets that a connection may write while others wait: one train.
constexpr std::size_t kTurnPackets = kTrainSegmentsMax;

// RFC 9000 section 10.3: a shorter packet cannot be a stateless reset.
constexpr std::size_t kResetBytesMin = 21;

bool is_long_header(ConstBytes packet) noexcept {
  return (packet[0] & 0x80U) != 0;
}

OwnCid own_cid(const ngtcp2_version_cid& ids) noexcept {
  OwnCid cid;
  std::copy_n(ids.dcid, cid.bytes.size(), cid.bytes.begin());
  return cid;
}

}  // namespace

Endpoint::Impl::Impl(EndpointConfig config,
                     const crypto::KeyPair& key,
                     const crypto::TlsCredentials& credentials,
                     Random& random,
                     UnixSeconds wall_clock)
    : shared_{std::move(config), key, credentials, random},
      replies_{shared_},
      wall_clock_{wall_clock} {
  configure_for_quic(shared_.tls);
}

Instant Endpoint::Impl::advance(Instant now) noexcept {
  if (!started_) {
    started_ = now;
  }
  now_ = std::max(now_, now);
  const auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(now_ - *started_);
  shared_.tls.set_time(wall_clock_ + elapsed.count());
  return now_;
}

bool Endpoint::Impl::is_full() const noexcept {
  const auto& limits = shared_.config.limits;
  return table_.size() >= limits.connections_max || shared_.events.size() >= limits.events_max;
}

// ---- Connections --------------------------------------------------------------------------------

result<ConnectionHandle> Endpoint::Impl::connect(Instant now, const ConnectOptions& options) {
  now = advance(now);
  if (options.remote.address.is_unspecified() || options.remote.port == 0) {
    return errc::invalid_argument;
  }
  if (!options.local.address.is_unspecified() &&
      options.local.address.is_v4() != options.remote.address.is_v4()) {
    return errc::invalid_argument;
  }
  if (is_full()) {
    return errc::limit_reached;
  }
  auto& connection =
      table_.put(std::make_unique<Connection>(shared_, table_.next_handle(), now, options));
  enqueue(connection);
  return connection.handle();
}

void Endpoint::Impl::close(Instant now,
                           ConnectionHandle handle,
                           std::uint64_t application_code,
                           std::string_view reason) {
  if (auto* const connection = table_.find(handle); connection != nullptr) {
    connection->close(advance(now), application_code, reason);
    after(*connection);
  }
}

void Endpoint::Impl::enqueue(Connection& connection) {
  if (!connection.queued) {
    connection.queued = true;
    queue_.push(connection.handle());
  }
}

// As enqueue(), for one that filled the room that there was.
void Endpoint::Impl::enqueue_again(Connection& connection) {
  if (!connection.queued) {
    connection.queued = true;
    greedy_.push(connection.handle());
  }
}

// Those that have little to send come first (the idea of RFC 8290's new queues), but after each
// turn of the others only with as many bytes as that had.
Connection* Endpoint::Impl::next_in_turn() noexcept {
  greedy_turn_ = !greedy_.empty() && (queue_.empty() || priority_bytes_ == 0);
  auto* const connection = table_.find((greedy_turn_ ? greedy_ : queue_).pop());
  if (connection != nullptr) {
    connection->queued = false;
  }
  return connection;
}

void Endpoint::Impl::after_turn(std::uint64_t bytes) noexcept {
  priority_bytes_ = greedy_turn_ ? bytes : priority_bytes_ - std::min(priority_bytes_, bytes);
}

// What follows every call into a connection that may have changed it.
void Endpoint::Impl::after(Connection& connection) {
  if (connection.ended()) {
    bury(connection);
    return;
  }
  enqueue(connection);
  timers_.set(ConnectionTable::slot_of(connection.handle()), connection.deadline());
}

// Turns an ended connection into an event and what the closing or draining period needs.
void Endpoint::Impl::bury(Connection& connection) {
  auto ending = std::move(*connection.ended());
  const auto handle = connection.handle();
  const bool told = ending.kind != Ending::Kind::never_began && ending.kind != Ending::Kind::retry;
  if (!ending.packet.empty()) {
    const auto out = shared_.transmit.prepare(ending.packet.size());
    if (!out.empty()) {
      std::ranges::copy(ending.packet, out.begin());
      shared_.transmit.commit(ending.route, ending.packet.size());
    }
  }
  if (ending.kind == Ending::Kind::close || ending.kind == Ending::Kind::drain) {
    closed_.add(
        connection.own_cids(), now_ + ending.period, ending.route, std::move(ending.packet));
  }
  if (told) {
    shared_.stats.handshakes_failed += connection.established() ? 0U : 1U;
    shared_.push(handle,
                 ConnectionClosed{ending.reason.code,
                                  ending.reason.application_code,
                                  std::move(ending.reason.detail),
                                  connection.established(),
                                  connection.remote()});
  }
  timers_.set(ConnectionTable::slot_of(handle), Instant::never());
  table_.erase(handle);
}

// ---- Input --------------------------------------------------------------------------------------

void Endpoint::Impl::on_train(Instant now, const ReceivedTrain& train) {
  now = advance(now);
  QE_ASSERT(train.segment_bytes != 0 || train.bytes.empty());
  auto rest = ConstBytes{train.bytes};
  while (!rest.empty()) {
    const auto packet = rest.first(std::min(train.segment_bytes, rest.size()));
    rest = rest.subspan(packet.size());
    on_datagram(now, train, packet);
  }
}

void Endpoint::Impl::on_datagram(Instant now, const ReceivedTrain& train, ConstBytes packet) {
  if (looks_like_dht(packet)) {
    ++shared_.stats.dht_messages_ignored;
    return;
  }
  ngtcp2_version_cid ids{};
  const int error = ngtcp2_pkt_decode_version_cid(&ids, packet.data(), packet.size(), kOwnCidBytes);
  const bool unknown_version =
      error == NGTCP2_ERR_VERSION_NEGOTIATION ||
      (error == 0 && is_long_header(packet) && ids.version != 0 &&
       ids.version != NGTCP2_PROTO_VER_V1 && packet.size() >= NGTCP2_MAX_UDP_PAYLOAD_SIZE);
  if (unknown_version) {
    replies_.negotiate_version(now, train, ids);
    return;
  }
  if (error != 0) {
    ++shared_.stats.datagrams_ignored;
    return;
  }
  if (auto* const connection = find_by_ids(ids); connection != nullptr) {
    deliver(now, *connection, train, packet);
    return;
  }
  on_unknown(now, train, ids, packet);
}

Connection* Endpoint::Impl::find_by_ids(const ngtcp2_version_cid& ids) const noexcept {
  if (ids.dcidlen == kOwnCidBytes) {
    if (auto* const connection = table_.find(shared_.ids.find(own_cid(ids)));
        connection != nullptr) {
      return connection;
    }
  }
  const bool long_header = ids.scid != nullptr;
  return long_header && ids.dcidlen <= NGTCP2_MAX_CIDLEN
             ? table_.find(shared_.ids.find(ForeignCid::of({ids.dcid, ids.dcidlen})))
             : nullptr;
}

void Endpoint::Impl::deliver(Instant now,
                             Connection& connection,
                             const ReceivedTrain& train,
                             ConstBytes packet) {
  connection.on_packet(now, train, packet);
  if (connection.ended()) {
    bury(connection);
  } else {
    enqueue(connection);  // its deadline is set when it has written its answer
  }
}

void Endpoint::Impl::on_unknown(Instant now,
                                const ReceivedTrain& train,
                                const ngtcp2_version_cid& ids,
                                ConstBytes packet) {
  if (ids.dcidlen == kOwnCidBytes && closed_.on_packet(own_cid(ids), shared_.transmit)) {
    return;
  }
  if (is_long_header(packet)) {
    accept(now, train, packet);
    return;
  }
  if (auto* const connection = find_by_token(packet); connection != nullptr) {
    ++shared_.stats.stateless_resets_received;
    connection->on_stateless_reset();
    bury(*connection);
    return;
  }
  ++shared_.stats.datagrams_ignored;
  const auto& shard = shared_.config.shard;
  if (shard_of(packet, shard.count) == shard.index) {  // else another shard may know it
    replies_.reset(now, train, packet);
  }
}

Connection* Endpoint::Impl::find_by_token(ConstBytes packet) const noexcept {
  if (packet.size() < kResetBytesMin) {
    return nullptr;
  }
  ResetToken token;
  std::ranges::copy(packet.last(token.size()), token.begin());
  return table_.find(shared_.ids.find(token));
}

void Endpoint::Impl::accept(Instant now, const ReceivedTrain& train, ConstBytes packet) {
  Newcomer newcomer;
  newcomer.local = train.local;
  newcomer.remote = train.remote;
  auto& header = newcomer.header;
  if (ngtcp2_accept(&header, packet.data(), packet.size()) != 0) {
    ++shared_.stats.datagrams_ignored;
    return;
  }
  const auto& limits = shared_.config.limits;
  if (is_full() || shared_.handshakes >= limits.handshakes_max) {
    ++shared_.stats.connections_refused;
    replies_.refuse(now, train, header, NGTCP2_CONNECTION_REFUSED);
    return;
  }
  newcomer.original_dcid = header.dcid;
  switch (replies_.check_token(now, train, header, newcomer.original_dcid)) {
    case StatelessReplies::Token::valid:
      newcomer.address_proven = true;
      break;
    case StatelessReplies::Token::invalid:
      replies_.refuse(now, train, header, NGTCP2_INVALID_TOKEN);
      return;
    case StatelessReplies::Token::absent:
      if (shared_.handshakes >= limits.handshakes_before_retry) {
        replies_.retry(now, train.local, train.remote, header);
        return;
      }
      break;
  }
  auto& connection =
      table_.put(std::make_unique<Connection>(shared_, table_.next_handle(), now, newcomer));
  connection.on_packet(now, train, packet);
  if (!connection.ended()) {
    enqueue(connection);
    return;
  }
  if (connection.ended()->kind == Ending::Kind::retry) {
    // The ClientHello came out of order: ngtcp2 buffers only for proven addresses.
    replies_.retry(now, train.local, train.remote, header);
  } else if (connection.ended()->kind == Ending::Kind::never_began) {
    ++shared_.stats.datagrams_ignored;
  }
  bury(connection);
}

// ---- Time and output ----------------------------------------------------------------------------

void Endpoint::Impl::on_timeout(Instant now) {
  now = advance(now);
  closed_.on_timeout(now);
  while (timers_.next() <= now) {
    auto& connection = *table_.at(timers_.next_slot());
    // Out of the heap until it has written: ngtcp2's deadline moves only then.
    timers_.set(ConnectionTable::slot_of(connection.handle()), Instant::never());
    connection.on_timeout(now);
    if (connection.ended()) {
      bury(connection);
    } else {
      enqueue(connection);
    }
  }
}

Instant Endpoint::Impl::next_timeout() const noexcept {
  return std::min(timers_.next(), closed_.next_timeout());
}

std::span<const OutgoingTrain> Endpoint::Impl::poll_transmit(Instant now) {
  now = advance(now);
  while ((!queue_.empty() || !greedy_.empty()) && !shared_.transmit.is_long()) {
    auto* const connection = next_in_turn();
    if (connection == nullptr) {
      continue;
    }
    const auto before = shared_.transmit.committed();
    const bool goes_on = connection->flush(now, kTurnPackets);
    after_turn(shared_.transmit.committed() - before);
    if (connection->ended()) {
      bury(*connection);
      continue;
    }
    timers_.set(ConnectionTable::slot_of(connection->handle()), connection->deadline());
    if (goes_on) {
      enqueue_again(*connection);
      if (shared_.transmit.is_full()) {
        break;
      }
    }
  }
  return shared_.transmit.trains();
}

std::size_t Endpoint::Impl::send_datagrams(Instant now,
                                           ConnectionHandle handle,
                                           std::span<const OutgoingDatagram> datagrams) {
  auto* const connection = table_.find(handle);
  if (connection == nullptr) {
    return 0;
  }
  // When there is no room, others may be waiting for it: nobody jumps the queue.
  const bool may_write = !shared_.transmit.is_full() && !shared_.transmit.is_long();
  const auto taken = connection->send_datagrams(advance(now), datagrams, may_write);
  if (connection->ended()) {
    bury(*connection);
    return taken;
  }
  timers_.set(ConnectionTable::slot_of(handle), connection->deadline());
  if (connection->goes_on()) {
    may_write ? enqueue_again(*connection) : enqueue(*connection);
  }
  return taken;
}

}  // namespace quicether::quic
