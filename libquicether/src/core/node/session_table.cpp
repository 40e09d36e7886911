#include "core/node/acquaintances.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/key_pair.hpp>
#include <quicether/core/crypto/node_address.hpp>
#include <quicether/core/node/session_table.hpp>
#include <quicether/core/path/scheduler.hpp>

#include <algorithm>
#include <utility>

namespace quicether::node {

namespace {

/// The control stream: the first client-initiated bidirectional stream (RFC 9000 section 2.1).
constexpr quic::StreamId kControlStream = 0;

/// Control bytes that wait for the peer's flow control. An ANNOUNCE is at most 64 KiB.
constexpr std::size_t kOutboxMax = 256U << 10U;

/// As many as there are tickets to peers (crypto::TlsOptions).
constexpr std::size_t kAcquaintancesMax = 1024;

SessionId session_of(quic::ConnectionHandle connection) {
  return {connection.value};
}

std::optional<NodeId> expected_peer(const DialOptions& options) {
  if (options.expected_key) {
    return crypto::node_id(*options.expected_key);
  }
  return options.expected_id ? options.expected_id : options.guess;
}

quic::ConnectionHandle connection_of(SessionId session) {
  return {session.value};
}

CloseCode close_code_of_refused_invite(error_code refusal) {
  if (refusal == errc::invite_expired) {
    return CloseCode::invite_expired;
  }
  if (refusal == errc::invite_used) {
    return CloseCode::invite_used;
  }
  return refusal == errc::invite_unknown ? CloseCode::invite_unknown : CloseCode::busy;
}

}  // namespace

result<wire::Grant> AdmissionControl::redeem(const PublicKey& /*key*/,
                                             const wire::Redeem& /*invite*/,
                                             crypto::ExporterView /*exporter*/) {
  return errc::invite_unknown;
}

SessionTable::SessionTable(SessionTableConfig config,
                           const crypto::KeyPair& key,
                           Random& random,
                           AdmissionControl& admission,
                           UnixSeconds wall_clock)
    : config_{std::move(config)},
      key_{key},
      admission_{admission},
      endpoint_{config_.quic, key, random, wall_clock},
      boot_id_{random.next()},
      acquaintances_{std::make_unique<Acquaintances>(kAcquaintancesMax)} {}

SessionTable::~SessionTable() = default;

result<SessionId> SessionTable::dial(Instant now, const DialOptions& options) {
  quic::ConnectOptions connect;
  connect.remote = options.remote;
  connect.local = options.local;
  connect.expected_id = options.expected_id;
  connect.expected_key = options.expected_key;
  if (const auto peer = expected_peer(options)) {
    const auto lane = lane_between(crypto::node_id(key_.public_key()), *peer);
    // The sum may not fit a byte: of those that lead to the peer's shard, the smallest is taken.
    const auto further = (lane + options.lane.number) % options.lane.peer_shards;
    connect.lane = options.lane.number == 0 ? lane : static_cast<std::uint8_t>(further);
    connect.early_data = options.early_data && acquaintances_->find(*peer) != nullptr;
  }
  const auto connection = endpoint_.connect(now, connect);
  if (!connection) {
    return connection.error();
  }
  const auto id = session_of(*connection);
  Session session;
  session.info.session = id;
  session.info.dialled_here = true;
  session.info.path_id = options.path_id;
  session.info.lane = options.lane.number;
  if (options.redeem) {
    session.redeem = options.redeem->token;
  }
  sessions_.emplace(id, std::move(session));
  return id;
}

SessionTable::Session* SessionTable::find(SessionId id) noexcept {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

const SessionTable::Session* SessionTable::find_up(SessionId id) const noexcept {
  const auto found = sessions_.find(id);
  return found == sessions_.end() || found->second.stage != Stage::up ? nullptr : &found->second;
}

void SessionTable::close(
    Instant now, SessionId id, CloseCode code, errc reason, std::string_view detail) {
  if (Session* session = find(id); session != nullptr) {
    refuse(now, *session, code, reason, detail);
  }
}

/// Closes a session for a reason of this side's own, which SessionDown will name.
void SessionTable::refuse(
    Instant now, Session& session, CloseCode code, errc reason, std::string_view detail) {
  session.own_reason = reason;
  session.own_detail = detail;
  endpoint_.close(
      now, connection_of(session.info.session), static_cast<std::uint64_t>(code), detail);
  take_events(now);
}

void SessionTable::announce(const wire::Announce& announce) {
  announce_ = announce;
  for (auto& [id, session] : sessions_) {
    if (session.stage == Stage::up) {
      send_announce(session);
    }
  }
}

void SessionTable::set_network_key(std::optional<crypto::NetworkKey> key) {
  config_.network_key = std::move(key);
  acquaintances_->forget_all();
  for (auto& [id, session] : sessions_) {
    session.network_member = false;
  }
}

void SessionTable::readmit(Instant now) {
  acquaintances_->forget_all();  // who is admitted now is to be seen from HELLO
  std::vector<SessionId> up;
  for (const auto& [id, session] : sessions_) {
    if (session.stage == Stage::up) {
      up.push_back(id);
    }
  }
  for (const auto id : up) {
    if (Session* session = find(id); session != nullptr) {
      (void)admit(now, *session);
    }
  }
}

// Driving.

void SessionTable::on_train(Instant now, const ReceivedTrain& train) {
  endpoint_.on_train(now, train);
  take_events(now);
  for (const auto& datagram : endpoint_.received_datagrams()) {
    const auto id = session_of(datagram.connection);
    if (find_up(id) != nullptr) {
      received_.push_back({id, datagram.payload});
    } else {
      ++stats_.datagrams_early;
    }
  }
}

void SessionTable::on_timeout(Instant now) {
  endpoint_.on_timeout(now);
  take_events(now);
  std::vector<SessionId> late;
  for (const auto& [id, session] : sessions_) {
    if (now >= session.deadline) {
      late.push_back(id);
    }
  }
  for (const auto id : late) {
    if (Session* session = find(id); session != nullptr) {
      ++stats_.hello_timeouts;
      refuse(now, *session, CloseCode::hello_timeout, errc::timed_out, "no HELLO in time");
    }
  }
}

Instant SessionTable::next_timeout() const noexcept {
  return std::min(endpoint_.next_timeout(), hello_deadline_);
}

std::span<const OutgoingTrain> SessionTable::poll_transmit(Instant now) {
  const auto trains = endpoint_.poll_transmit(now);
  take_events(now);
  return trains;
}

void SessionTable::consume_transmit(std::size_t count) noexcept {
  endpoint_.consume_transmit(count);
}

std::optional<SessionEvent> SessionTable::poll_event() {
  if (events_.empty()) {
    return std::nullopt;
  }
  auto event = std::move(events_.front());
  events_.pop_front();
  return event;
}

std::span<const SessionDatagram> SessionTable::received_datagrams() const noexcept {
  return received_;
}

void SessionTable::clear_received() noexcept {
  received_.clear();
  endpoint_.clear_received();
}

std::span<const SessionDatagramFate> SessionTable::take_fates() {
  fates_.clear();
  for (const auto& fate : endpoint_.datagram_fates()) {
    fates_.push_back({session_of(fate.connection), fate.token, fate.delivered});
  }
  endpoint_.clear_fates();
  return fates_;
}

// Events of the QUIC endpoint.

void SessionTable::take_events(Instant now) {
  while (auto event = endpoint_.poll_event()) {
    handle(now, *event);
  }
  update_hello_deadline();
}

void SessionTable::update_hello_deadline() noexcept {
  hello_deadline_ = Instant::never();
  if (waiting_for_hello_ == 0) {
    return;
  }
  for (const auto& [id, session] : sessions_) {
    hello_deadline_ = std::min(hello_deadline_, session.deadline);
  }
}

void SessionTable::handle(Instant now, quic::Event& event) {
  const auto id = session_of(event.connection);
  if (const auto* done = std::get_if<quic::HandshakeCompleted>(&event.body)) {
    on_handshake(now, sessions_[id], id, *done);
  } else if (const auto* accepted = std::get_if<quic::EarlyDataAccepted>(&event.body)) {
    on_early_data(now, id, *accepted);
  } else if (const auto* closed = std::get_if<quic::ConnectionClosed>(&event.body)) {
    on_closed(id, *closed);
  } else if (const auto* changed = std::get_if<quic::PathChanged>(&event.body)) {
    if (find_up(id) != nullptr) {
      events_.emplace_back(SessionPathChanged{id, changed->local, changed->remote});
    }
  } else if (const auto* opened = std::get_if<quic::StreamOpened>(&event.body)) {
    on_stream_opened(now, id, opened->stream);
  } else if (const auto* readable = std::get_if<quic::StreamReadable>(&event.body)) {
    if (readable->stream == kControlStream) {
      read_control(now, id);
    } else if (find_up(id) != nullptr) {
      events_.emplace_back(SessionStreamReadable{id, readable->stream});
    }
  } else if (const auto* writable = std::get_if<quic::StreamWritable>(&event.body)) {
    if (writable->stream == kControlStream) {
      if (Session* session = find(id); session != nullptr) {
        flush_control(*session);
      }
    } else if (find_up(id) != nullptr) {
      events_.emplace_back(SessionStreamWritable{id, writable->stream});
    }
  }
}

void SessionTable::on_handshake(Instant now,
                                Session& session,
                                SessionId id,
                                const quic::HandshakeCompleted& done) {
  auto& info = session.info;
  info.session = id;
  info.dialled_here = done.role == quic::Role::client;
  info.peer = done.peer;
  info.peer_id = crypto::node_id(done.peer);
  info.group = done.group;
  info.cipher_suite = done.cipher_suite;
  info.post_quantum = done.post_quantum;
  info.resumed = done.resumed;
  session.exporter = done.exporter;
  if (session.stage == Stage::handshake) {
    session.stage = Stage::hello;
  }
  session.deadline = now + config_.hello_timeout;
  ++waiting_for_hello_;
  if (done.peer == key_.public_key()) {
    refuse(now, session, CloseCode::to_self, errc::to_self, "this is the same node");
    return;
  }
  if (!info.dialled_here) {
    return;  // The dialling side speaks first, and says which lane this is.
  }
  if (!is_on_its_lane(now, session)) {
    return;
  }
  // Whoever has no way left to be admitted is not even told HELLO.
  if (!session.redeem && !config_.network_key && !admit(now, session)) {
    return;
  }
  const auto control = endpoint_.open_stream(connection_of(id));
  if (!control || *control != kControlStream) {
    ++stats_.protocol_errors;
    refuse(now, session, CloseCode::protocol_error, errc::protocol_error, "no control stream");
    return;
  }
  if (session.redeem) {
    const auto proof = invite_proof(*session.redeem, session.exporter, key_.public_key());
    send(session, wire::Redeem{invite_id(*session.redeem), proof});
    return;
  }
  send_hello(session);
  if (const auto* known = done.early_data ? welcome(info.peer_id) : nullptr; known != nullptr) {
    come_up_early(session, *known);
  }
}

/// The peer resumes a session and may have sent datagrams along. While there is another session to
/// it, that one carries what goes to the peer: this may be a flight that somebody held back.
void SessionTable::on_early_data(Instant now,
                                 SessionId id,
                                 const quic::EarlyDataAccepted& accepted) {
  const auto peer = crypto::node_id(accepted.peer);
  const bool linked = std::ranges::any_of(sessions_, [&](const auto& entry) {
    return entry.second.stage == Stage::up && entry.second.info.peer_id == peer;
  });
  const auto* known = linked ? nullptr : welcome(peer);
  if (known == nullptr) {
    return;  // HELLO is waited for, as ever
  }
  auto& session = sessions_[id];
  auto& info = session.info;
  info.session = id;
  info.peer = accepted.peer;
  info.peer_id = peer;
  info.group = accepted.group;
  info.cipher_suite = accepted.cipher_suite;
  info.post_quantum = accepted.post_quantum;
  info.resumed = true;
  if (is_on_its_lane(now, session)) {
    come_up_early(session, *known);
  }
}

/// What is remembered of a peer that is admitted with it; else null.
const Acquaintance* SessionTable::welcome(const NodeId& peer) {
  const auto* known = acquaintances_->find(peer);
  const bool admitted =
      known != nullptr && admission_.admit(known->key, peer, known->network_member).admitted;
  return admitted ? known : nullptr;
}

void SessionTable::come_up_early(Session& session, const Acquaintance& known) {
  auto& info = session.info;
  info.boot_id = known.boot_id;
  info.capabilities = known.capabilities;
  info.peer_shards = known.shards;
  info.early_data = true;
  session.network_member = known.network_member;
  session.stage = Stage::up;
  session.provisional = true;
  ++stats_.sessions_early;
  events_.emplace_back(SessionUp{info});
  send_announce(session);
}

/// A session of another shard is closed.
bool SessionTable::is_on_its_lane(Instant now, Session& session) {
  const auto& info = session.info;
  const auto lane = lane_between(crypto::node_id(key_.public_key()), info.peer_id);
  const bool right = info.lane < config_.lanes && config_.quic.shard.has_lane(lane, info.lane);
  if (!right) {
    refuse(now, session, CloseCode::wrong_shard, errc::wrong_shard, "another shard has the peer");
  }
  return right;
}

void SessionTable::on_closed(SessionId id, const quic::ConnectionClosed& closed) {
  SessionDown down;
  down.session = id;
  down.remote = closed.remote;
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) {
    // An inbound handshake that failed before the peer's key was known.
    down.reason = closed.reason;
    down.detail = closed.detail;
    events_.emplace_back(std::move(down));
    return;
  }
  auto& session = found->second;
  down.was_up = session.stage == Stage::up;
  down.dialled_here = session.info.dialled_here;
  if (session.stage != Stage::handshake) {
    down.peer = session.info.peer;
  }
  if (session.own_reason) {
    down.reason = *session.own_reason;
    down.detail = std::move(session.own_detail);
  } else {
    down.reason = closed.application_code == 0
                      ? closed.reason
                      : make_error_code(to_errc(static_cast<CloseCode>(closed.application_code)));
    down.detail = closed.detail;
  }
  if (session.deadline != Instant::never()) {
    --waiting_for_hello_;
  }
  if (session.provisional) {
    acquaintances_->forget(session.info.peer_id);
  }
  sessions_.erase(found);
  std::erase_if(received_, [&](const SessionDatagram& datagram) { return datagram.session == id; });
  events_.emplace_back(std::move(down));
}

void SessionTable::on_stream_opened(Instant now, SessionId id, quic::StreamId stream) {
  Session* session = find(id);
  if (session == nullptr) {
    return;
  }
  if (stream == kControlStream) {
    read_control(now, id);
  } else if (session->stage == Stage::up) {
    events_.emplace_back(SessionStreamOpened{id, stream});
  } else {
    endpoint_.reset_stream(
        connection_of(id), stream, static_cast<std::uint64_t>(CloseCode::not_admitted));
  }
}

// The control stream.

void SessionTable::read_control(Instant now, SessionId id) {
  std::array<std::uint8_t, 4096> buffer{};
  while (Session* session = find(id)) {
    if (session->own_reason) {
      return;
    }
    const auto read = endpoint_.read_stream(connection_of(id), kControlStream, buffer);
    if (!read) {
      if (read.error() != errc::would_block) {
        ++stats_.protocol_errors;
        refuse(now,
               *session,
               CloseCode::protocol_error,
               errc::protocol_error,
               "the control stream ended");
      }
      return;
    }
    on_control_bytes(now, *session, ConstBytes{buffer}.first(*read));
  }
}

void SessionTable::on_control_bytes(Instant now, Session& session, ConstBytes bytes) {
  const auto id = session.info.session;
  if (session.stage == Stage::handshake) {
    return;
  }
  session.decoder.feed(bytes);
  while (Session* alive = find(id)) {
    if (alive->own_reason) {
      return;
    }
    auto message = alive->decoder.poll();
    if (!message) {
      ++stats_.protocol_errors;
      refuse(now,
             *alive,
             CloseCode::protocol_error,
             errc::protocol_error,
             "malformed control message");
      return;
    }
    if (!*message) {
      return;
    }
    on_message(now, *alive, **message);
  }
}

void SessionTable::on_message(Instant now, Session& session, const wire::ControlMessage& message) {
  if (const auto* redeem = std::get_if<wire::Redeem>(&message)) {
    on_redeem(now, session, *redeem);
  } else if (const auto* grant = std::get_if<wire::Grant>(&message)) {
    on_grant(now, session, *grant);
  } else if (session.redeem || session.redeemed) {
    ++stats_.protocol_errors;
    refuse(now,
           session,
           CloseCode::protocol_error,
           errc::protocol_error,
           "not a message about an invite");
  } else if (const auto* hello = std::get_if<wire::Hello>(&message)) {
    on_hello(now, session, *hello);
  } else if (const auto* announce = std::get_if<wire::Announce>(&message)) {
    if (session.stage != Stage::up || session.provisional) {
      ++stats_.protocol_errors;
      refuse(
          now, session, CloseCode::protocol_error, errc::protocol_error, "ANNOUNCE before HELLO");
      return;
    }
    events_.emplace_back(PeerAnnounced{session.info.session, *announce});
  }
}

void SessionTable::on_hello(Instant now, Session& session, const wire::Hello& hello) {
  if (session.stage == Stage::up && !session.provisional) {
    ++stats_.protocol_errors;
    refuse(now, session, CloseCode::protocol_error, errc::protocol_error, "second HELLO");
    return;
  }
  if (hello.version_min > wire::kControlVersion || hello.version_max < wire::kControlVersion) {
    refuse(now,
           session,
           CloseCode::incompatible_version,
           errc::incompatible_version,
           "no common control protocol version");
    return;
  }
  if (!session.info.dialled_here) {
    session.info.lane = hello.lane;
    if (!is_on_its_lane(now, session)) {
      return;
    }
  }
  if (session.provisional && !agrees(session, hello)) {
    ++stats_.protocol_errors;
    refuse(now,
           session,
           CloseCode::protocol_error,
           errc::protocol_error,
           "HELLO is not the one of before");
    return;
  }
  session.network_member = false;
  if (config_.network_key && hello.network_proof) {
    const auto role =
        session.info.dialled_here ? crypto::ProofRole::server : crypto::ProofRole::client;
    session.network_member = config_.network_key->verify(
        *hello.network_proof, role, session.exporter, session.info.peer);
  }
  if (hello.path_id >= path::kPathsMax) {
    ++stats_.protocol_errors;
    refuse(now, session, CloseCode::protocol_error, errc::protocol_error, "path id out of range");
    return;
  }
  session.info.boot_id = hello.boot_id;
  session.info.capabilities = hello.capabilities;
  session.info.peer_shards = hello.shards;
  if (!session.info.dialled_here) {
    session.info.path_id = hello.path_id;
  }
  if (!admit(now, session)) {
    return;
  }
  if (config_.quic.early_data) {
    acquaintances_->remember(session.info.peer_id,
                             {session.info.peer,
                              hello.boot_id,
                              hello.capabilities,
                              hello.shards,
                              session.network_member});
  }
  session.deadline = Instant::never();
  --waiting_for_hello_;
  const bool was_up = std::exchange(session.provisional, false);
  session.stage = Stage::up;
  if (!session.info.dialled_here) {
    send_hello(session);
  }
  if (!was_up) {
    events_.emplace_back(SessionUp{session.info});
  }
  if (!was_up || !session.info.dialled_here) {
    send_announce(session);
  }
}

/// Whether HELLO says what a session that is up before it was taken for.
bool SessionTable::agrees(const Session& session, const wire::Hello& hello) const noexcept {
  const auto& info = session.info;
  return hello.boot_id == info.boot_id && hello.capabilities == info.capabilities &&
         hello.shards == info.peer_shards && hello.path_id == 0 && hello.lane == 0;
}

void SessionTable::on_redeem(Instant now, Session& session, const wire::Redeem& redeem) {
  if (session.stage != Stage::hello || session.info.dialled_here || session.redeemed) {
    ++stats_.protocol_errors;
    refuse(now, session, CloseCode::protocol_error, errc::protocol_error, "unexpected REDEEM");
    return;
  }
  if (!is_on_its_lane(now, session)) {
    return;
  }
  const auto grant = admission_.redeem(session.info.peer, redeem, session.exporter);
  if (!grant) {
    ++stats_.invites_refused;
    refuse(now,
           session,
           close_code_of_refused_invite(grant.error()),
           errc::not_admitted,
           grant.error().message());
    return;
  }
  ++stats_.invites_redeemed;
  session.redeemed = true;  // the other side closes, once it has the answer
  send(session, *grant);
}

void SessionTable::on_grant(Instant now, Session& session, const wire::Grant& grant) {
  if (session.stage != Stage::hello || !session.redeem) {
    ++stats_.protocol_errors;
    refuse(now, session, CloseCode::protocol_error, errc::protocol_error, "unexpected GRANT");
    return;
  }
  events_.emplace_back(NetworkGranted{session.info.session, grant});
  refuse(now, session, CloseCode::none, errc::closed_locally, "the invite is redeemed");
}

bool SessionTable::admit(Instant now, Session& session) {
  const auto verdict =
      admission_.admit(session.info.peer, session.info.peer_id, session.network_member);
  if (!verdict.admitted) {
    ++stats_.refused;
    refuse(now, session, CloseCode::not_admitted, errc::not_admitted, verdict.reason);
  }
  return verdict.admitted;
}

void SessionTable::send_hello(Session& session) {
  wire::Hello hello;
  hello.version_min = wire::kControlVersion;
  hello.version_max = wire::kControlVersion;
  hello.boot_id = boot_id_;
  hello.path_id = session.info.path_id;
  hello.capabilities = config_.capabilities;
  hello.shards = config_.lanes;
  hello.lane = session.info.lane;
  if (config_.network_key) {
    const auto role =
        session.info.dialled_here ? crypto::ProofRole::client : crypto::ProofRole::server;
    hello.network_proof = config_.network_key->prove(role, session.exporter, key_.public_key());
  }
  send(session, hello);
}

void SessionTable::send_announce(Session& session) {
  // The side that was dialled has no control stream before HELLO.
  if (session.info.dialled_here || !session.provisional) {
    send(session, announce_);
  }
}

void SessionTable::send(Session& session, const wire::ControlMessage& message) {
  if (session.outbox.size() > kOutboxMax) {
    return;  // The peer does not read; the newest ANNOUNCE follows when it does.
  }
  wire::encode(message, session.outbox);
  flush_control(session);
}

void SessionTable::flush_control(Session& session) {
  if (session.outbox.empty()) {
    return;
  }
  const auto written = endpoint_.write_stream(
      connection_of(session.info.session), kControlStream, session.outbox, false);
  if (written) {
    session.outbox.erase(session.outbox.begin(),
                         session.outbox.begin() + static_cast<std::ptrdiff_t>(*written));
  }
}

// Data of sessions that are up, or nearly.

bool SessionTable::takes_early_data(SessionId session) const noexcept {
  const auto found = sessions_.find(session);
  return found != sessions_.end() && found->second.stage == Stage::handshake &&
         endpoint_.takes_early_data(connection_of(session));
}

std::size_t SessionTable::send_datagrams(Instant now,
                                         SessionId session,
                                         std::span<const quic::OutgoingDatagram> datagrams) {
  if (find_up(session) == nullptr && !takes_early_data(session)) {
    return 0;
  }
  return endpoint_.send_datagrams(now, connection_of(session), datagrams);
}

result<quic::StreamId> SessionTable::open_stream(SessionId session) {
  if (find_up(session) == nullptr) {
    return errc::no_session;
  }
  return endpoint_.open_stream(connection_of(session));
}

result<std::size_t> SessionTable::write_stream(SessionId session,
                                               quic::StreamId stream,
                                               ConstBytes bytes,
                                               bool finish) {
  QE_ASSERT(stream != kControlStream);
  if (find_up(session) == nullptr) {
    return errc::no_session;
  }
  return endpoint_.write_stream(connection_of(session), stream, bytes, finish);
}

result<std::size_t> SessionTable::read_stream(SessionId session, quic::StreamId stream, Bytes out) {
  QE_ASSERT(stream != kControlStream);
  if (find_up(session) == nullptr) {
    return errc::no_session;
  }
  return endpoint_.read_stream(connection_of(session), stream, out);
}

void SessionTable::reset_stream(SessionId session, quic::StreamId stream, std::uint64_t code) {
  QE_ASSERT(stream != kControlStream);
  if (find_up(session) != nullptr) {
    endpoint_.reset_stream(connection_of(session), stream, code);
  }
}

result<void> SessionTable::migrate(Instant now, SessionId session, const SocketAddress& local) {
  return endpoint_.migrate(now, connection_of(session), local);
}

void SessionTable::ping(SessionId session) {
  endpoint_.ping(connection_of(session));
}

result<quic::ConnectionStats> SessionTable::stats(SessionId session) const {
  return endpoint_.stats(connection_of(session));
}

const quic::EndpointStats& SessionTable::quic_stats() const noexcept {
  return endpoint_.stats();
}

}  // namespace quicether::node
