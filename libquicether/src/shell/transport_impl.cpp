#include "transport_impl.hpp"

#include "core/quic/cid.hpp"

#include <quicether/base/assert.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace quicether {

namespace {

/// Receive calls per wake-up, so that a flood on the socket does not starve timers and the TUN.
constexpr int kReceiveRounds = 4;

/// Sessions and streams that wait for async_accept(): beyond it the oldest are refused.
constexpr std::size_t kAcceptQueueMax = 1024;

/// A session whose local address is no longer the one towards its peer, and which the peer dialled,
/// cannot move (RFC 9000 section 9): after so much silence it is given up, and dialled from here.
constexpr Duration kMovedServerSilence = std::chrono::seconds{3};

}  // namespace

Transport::Impl::Impl(Environment& environment,
                      const Identity& identity,
                      TransportConfig config,
                      node::AdmissionControl& admission)
    : environment_{environment},
      config_{std::move(config)},
      sessions_{std::move(config_.sessions),
                identity.key_pair(),
                environment.random(),
                admission,
                environment.unix_time()},
      timer_{environment.make_timer()} {}

result<void> Transport::Impl::open(std::uint16_t port) {
  if (socket_) {
    return errc::already_open;
  }
  auto options = config_.socket;
  options.bind.port = port == 0 ? options.bind.port : port;
  auto socket = environment_.open_datagram_socket(options);
  if (!socket) {
    return socket.error();
  }
  socket_ = std::move(*socket);
  socket_->pin(pins_);
  wait_readable();
  arm_timer();
  return {};
}

void Transport::Impl::shut() noexcept {
  timer_->cancel();
  if (socket_) {
    socket_->close();
    socket_.reset();
  }
  cancel_waiters();
}

void Transport::Impl::cancel_waiters() noexcept {
  const auto executor = environment_.get_executor();
  for (auto& [session, waiter] : connecting_) {
    waiter.complete(executor, errc::cancelled, session);
  }
  connecting_.clear();
  for (auto& [session, waiter] : redeeming_) {
    waiter.complete(executor, errc::cancelled, wire::Grant{});
  }
  redeeming_.clear();
  if (acceptor_.waiting()) {
    acceptor_.complete(executor, errc::cancelled, SessionId{});
  }
  for (auto& [session, inbox] : inboxes_) {
    if (inbox.waiter.waiting()) {
      inbox.waiter.complete(executor, errc::cancelled, Stream{});
    }
  }
  inboxes_.clear();
  const auto streams = std::exchange(streams_, {});
  for (const auto& [key, weak] : streams) {
    if (const auto stream = weak.lock()) {
      stream->on_session_lost(errc::closed_locally);
    }
  }
}

// The socket.

void Transport::Impl::wait_readable() {
  socket_->wait_readable([weak = weak_from_this()](error_code error) {
    if (const auto self = weak.lock(); self && !error && self->socket_) {
      self->on_readable();
    }
  });
}

void Transport::Impl::on_readable() {
  for (int round = 0; round < kReceiveRounds && socket_; ++round) {
    const auto count = socket_->receive(trains_);
    for (std::size_t i = 0; i < count && socket_; ++i) {
      if (deliver_dht(trains_[i])) {
        continue;
      }
      sessions_.on_train(environment_.now(), trains_[i]);
      drain_events();
      deliver_datagrams();
    }
    if (count < trains_.size()) {
      break;
    }
  }
  if (observer_ != nullptr) {
    observer_->on_datagrams_end();
  }
  run_turn();
  if (socket_) {
    wait_readable();
  }
}

/// True when nothing of the train is left for QUIC. A train may mix both: a peer's DHT and QUIC use
/// one port. The sessions ignore DHT messages.
bool Transport::Impl::deliver_dht(const ReceivedTrain& train) {
  bool only_dht = dht_sink_ != nullptr;
  for (std::size_t at = 0; socket_ && dht_sink_ != nullptr && at < train.bytes.size();
       at += train.segment_bytes) {
    const auto segment =
        train.bytes.subspan(at, std::min(train.segment_bytes, train.bytes.size() - at));
    if (quic::looks_like_dht(segment)) {
      dht_sink_->on_dht_datagram(train.remote, segment);
    } else {
      only_dht = false;
    }
  }
  return only_dht;
}

void Transport::Impl::deliver_datagrams() {
  const auto datagrams = sessions_.received_datagrams();
  if (!datagrams.empty() && observer_ != nullptr) {
    observer_->on_datagrams(datagrams);
  }
  sessions_.clear_received();
}

void Transport::Impl::flush() {
  if (!socket_) {
    return;
  }
  while (!waiting_writable_) {
    const auto trains = sessions_.poll_transmit(environment_.now());
    if (trains.empty()) {
      break;
    }
    const auto taken = socket_->send(trains);
    sessions_.consume_transmit(taken);
    if (taken < trains.size()) {
      wait_writable();
    }
  }
  arm_timer();
}

void Transport::Impl::wait_writable() {
  waiting_writable_ = true;
  socket_->wait_writable([weak = weak_from_this()](error_code error) {
    if (const auto self = weak.lock()) {
      self->waiting_writable_ = false;
      if (!error) {
        self->flush();
      }
    }
  });
}

// The timer. It is re-armed only when the deadline moves forward in time: deadlines move back with
// every packet, and waking once too early is cheaper than re-arming each time.

void Transport::Impl::arm_timer() {
  const auto deadline = sessions_.next_timeout();
  if (!socket_ || deadline >= armed_) {
    return;
  }
  armed_ = deadline;
  timer_->async_wait(deadline, [weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (!self || error || !self->socket_) {
      return;
    }
    self->armed_ = Instant::never();
    const auto now = self->environment_.now();
    if (now >= self->sessions_.next_timeout()) {
      self->sessions_.on_timeout(now);
    }
    self->run_turn();
  });
}

void Transport::Impl::schedule_turn() {
  if (std::exchange(turn_scheduled_, true)) {
    return;
  }
  boost::asio::post(environment_.get_executor(), [weak = weak_from_this()] {
    if (const auto self = weak.lock(); self && self->turn_scheduled_) {
      self->run_turn();
    }
  });
}

void Transport::Impl::run_turn() {
  turn_scheduled_ = false;
  drain_events();
  flush();
}

// Events.

void Transport::Impl::drain_events() {
  while (const auto event = sessions_.poll_event()) {
    std::visit([this](const auto& body) { handle(body); }, *event);
  }
  const auto fates = sessions_.take_fates();
  if (!fates.empty() && observer_ != nullptr) {
    observer_->on_datagram_fates(fates);
  }
}

void Transport::Impl::handle(const node::SessionUp& up) {
  const auto& info = up.info;
  const auto stats = sessions_.stats(info.session);
  const auto remote = stats ? stats->remote : SocketAddress{};
  up_[info.session] = remote;
  environment_.events().on_event({"session.up",
                                  Severity::info,
                                  {{"peer", info.peer_id.to_string()},
                                   {"address", remote.to_string()},
                                   {"group", info.group},
                                   {"cipher", info.cipher_suite},
                                   {"resumed", info.resumed ? "true" : "false"},
                                   {"early_data", info.early_data ? "true" : "false"}}});
  const auto connecting = connecting_.find(info.session);
  if (observer_ != nullptr) {
    observer_->on_session_up(info);
  } else {
    inboxes_.try_emplace(info.session);
    if (connecting == connecting_.end()) {
      if (acceptor_.waiting()) {
        acceptor_.complete(environment_.get_executor(), {}, info.session);
      } else if (accepted_.size() < kAcceptQueueMax) {
        accepted_.push_back(info.session);
      } else {
        sessions_.close(environment_.now(),
                        info.session,
                        node::CloseCode::busy,
                        errc::refused_busy,
                        "nobody accepts");
      }
    }
  }
  if (connecting != connecting_.end()) {
    connecting->second.complete(environment_.get_executor(), {}, info.session);
    connecting_.erase(connecting);
  }
}

void Transport::Impl::log_down(const node::SessionDown& down) {
  // Who dials gives attempts up for better ones: on the other side the peer closed them.
  const bool ended_there =
      down.reason == errc::closed_by_peer && !(down.dialled_here && !down.was_up);
  const bool failed = !ended_there && down.reason != errc::closed_locally &&
                      down.reason != errc::superseded && down.reason != errc::wrong_shard;
  environment_.events().on_event({down.was_up ? "session.down" : "session.failed",
                                  failed ? Severity::warning : Severity::info,
                                  {{"address", down.remote.to_string()},
                                   {"dialled_here", down.dialled_here ? "true" : "false"},
                                   {"reason", down.reason.message()},
                                   {"detail", down.detail}}});
}

void Transport::Impl::handle(const node::SessionDown& down) {
  log_down(down);
  up_.erase(down.session);
  std::erase(accepted_, down.session);
  if (const auto inbox = inboxes_.find(down.session); inbox != inboxes_.end()) {
    if (inbox->second.waiter.waiting()) {
      inbox->second.waiter.complete(environment_.get_executor(), down.reason, Stream{});
    }
    inboxes_.erase(inbox);
  }
  auto stream = streams_.lower_bound({down.session, 0});
  while (stream != streams_.end() && stream->first.first == down.session) {
    const auto state = stream->second.lock();
    stream = streams_.erase(stream);
    if (state) {
      state->on_session_lost(down.reason);
    }
  }
  if (const auto connecting = connecting_.find(down.session); connecting != connecting_.end()) {
    connecting->second.complete(environment_.get_executor(), down.reason, SessionId{});
    connecting_.erase(connecting);
  }
  if (const auto redeeming = redeeming_.find(down.session); redeeming != redeeming_.end()) {
    redeeming->second.complete(environment_.get_executor(), down.reason, wire::Grant{});
    redeeming_.erase(redeeming);
  }
  if (observer_ != nullptr) {
    observer_->on_session_down(down);
  }
}

void Transport::Impl::handle(const node::PeerAnnounced& announced) {
  if (observer_ != nullptr) {
    observer_->on_announce(announced.session, announced.announce);
  }
}

void Transport::Impl::handle(const node::NetworkGranted& granted) {
  if (const auto redeeming = redeeming_.find(granted.session); redeeming != redeeming_.end()) {
    redeeming->second.complete(environment_.get_executor(), {}, granted.grant);
    redeeming_.erase(redeeming);
  }
}

void Transport::Impl::handle(const node::SessionPathChanged& changed) {
  up_[changed.session] = changed.remote;
  environment_.events().on_event(
      {"session.moved",
       Severity::info,
       {{"local", changed.local.to_string()}, {"remote", changed.remote.to_string()}}});
}

void Transport::Impl::handle(const node::SessionStreamOpened& opened) {
  auto stream = make_stream(opened.session, opened.stream);
  if (observer_ != nullptr) {
    observer_->on_stream(opened.session, std::move(stream));
    return;
  }
  const auto inbox = inboxes_.find(opened.session);
  if (inbox == inboxes_.end()) {
    return;
  }
  if (inbox->second.waiter.waiting()) {
    inbox->second.waiter.complete(environment_.get_executor(), {}, std::move(stream));
  } else if (inbox->second.streams.size() < kAcceptQueueMax) {
    inbox->second.streams.push_back(std::move(stream));
  }
}

void Transport::Impl::handle(const node::SessionStreamReadable& readable) {
  const auto found = streams_.find({readable.session, readable.stream});
  if (found != streams_.end()) {
    if (const auto stream = found->second.lock()) {
      stream->on_readable();
    }
  }
}

void Transport::Impl::handle(const node::SessionStreamWritable& writable) {
  const auto found = streams_.find({writable.session, writable.stream});
  if (found != streams_.end()) {
    if (const auto stream = found->second.lock()) {
      stream->on_writable();
    }
  }
}

// Operations.

result<SessionId> Transport::Impl::dial(const node::DialOptions& options) {
  if (!socket_) {
    return errc::not_open;
  }
  auto wanted = options;
  if (wanted.local.address.is_unspecified()) {
    // QUIC tells paths apart by both addresses, so the local one is looked up before the first
    // packet instead of learnt from the first answer.
    const auto source = socket_->source_address(wanted.remote);
    if (!source) {
      return source.error();
    }
    wanted.local.address = *source;
  }
  wanted.local.port = socket_->local_endpoint().port;
  auto session = sessions_.dial(environment_.now(), wanted);
  schedule_turn();
  return session;
}

void Transport::Impl::connect(const node::DialOptions& options, SessionHandler handler) {
  const auto session = dial(options);
  if (!session) {
    detail::Waiter<SessionId> refused;
    refused.suspend(std::move(handler), [] {});
    refused.complete(environment_.get_executor(), session.error(), SessionId{});
    return;
  }
  connecting_[*session].suspend(std::move(handler), [weak = weak_from_this(), id = *session] {
    const auto self = weak.lock();
    if (!self) {
      return;
    }
    const auto found = self->connecting_.find(id);
    if (found != self->connecting_.end()) {
      found->second.complete(self->environment_.get_executor(), errc::cancelled, SessionId{});
      self->connecting_.erase(found);
      self->sessions_.close(
          self->environment_.now(), id, node::CloseCode::none, errc::cancelled, "cancelled");
      self->schedule_turn();
    }
  });
}

void Transport::Impl::redeem(const node::DialOptions& options, GrantHandler handler) {
  QE_ASSERT(options.redeem.has_value());
  const auto session = dial(options);
  if (!session) {
    detail::Waiter<wire::Grant> refused;
    refused.suspend(std::move(handler), [] {});
    refused.complete(environment_.get_executor(), session.error(), wire::Grant{});
    return;
  }
  redeeming_[*session].suspend(std::move(handler), [weak = weak_from_this(), id = *session] {
    const auto self = weak.lock();
    const bool waits = self && self->redeeming_.contains(id);
    if (waits) {
      self->redeeming_[id].complete(
          self->environment_.get_executor(), errc::cancelled, wire::Grant{});
      self->redeeming_.erase(id);
      self->sessions_.close(
          self->environment_.now(), id, node::CloseCode::none, errc::cancelled, "cancelled");
      self->schedule_turn();
    }
  });
}

void Transport::Impl::accept(SessionHandler handler) {
  detail::Waiter<SessionId> immediate;
  if (!socket_ || acceptor_.waiting() || !accepted_.empty()) {
    immediate.suspend(std::move(handler), [] {});
    if (!socket_ || acceptor_.waiting()) {
      immediate.complete(
          environment_.get_executor(), socket_ ? errc::already_open : errc::not_open, SessionId{});
      return;
    }
    immediate.complete(environment_.get_executor(), {}, accepted_.front());
    accepted_.pop_front();
    return;
  }
  acceptor_.suspend(std::move(handler), [weak = weak_from_this()] {
    if (const auto self = weak.lock(); self && self->acceptor_.waiting()) {
      self->acceptor_.complete(self->environment_.get_executor(), errc::cancelled, SessionId{});
    }
  });
}

void Transport::Impl::accept_stream(SessionId session, StreamHandler handler) {
  const auto inbox = inboxes_.find(session);
  detail::Waiter<Stream> immediate;
  if (inbox == inboxes_.end() || inbox->second.waiter.waiting()) {
    immediate.suspend(std::move(handler), [] {});
    immediate.complete(environment_.get_executor(),
                       inbox == inboxes_.end() ? errc::no_session : errc::already_open,
                       Stream{});
    return;
  }
  if (!inbox->second.streams.empty()) {
    immediate.suspend(std::move(handler), [] {});
    immediate.complete(environment_.get_executor(), {}, std::move(inbox->second.streams.front()));
    inbox->second.streams.pop_front();
    return;
  }
  inbox->second.waiter.suspend(std::move(handler), [weak = weak_from_this(), session] {
    const auto self = weak.lock();
    if (!self) {
      return;
    }
    const auto found = self->inboxes_.find(session);
    if (found != self->inboxes_.end() && found->second.waiter.waiting()) {
      found->second.waiter.complete(self->environment_.get_executor(), errc::cancelled, Stream{});
    }
  });
}

Stream Transport::Impl::make_stream(SessionId session, quic::StreamId stream) {
  auto state = std::make_shared<detail::StreamState>(
      weak_from_this(), environment_.get_executor(), session, stream);
  streams_[{session, stream}] = state;
  return Stream{std::move(state)};
}

result<Stream> Transport::Impl::open_stream(SessionId session) {
  const auto stream = sessions_.open_stream(session);
  if (!stream) {
    return stream.error();
  }
  return make_stream(session, *stream);
}

result<std::size_t> Transport::Impl::read_stream(SessionId session,
                                                 quic::StreamId stream,
                                                 Bytes out) {
  auto read = sessions_.read_stream(session, stream, out);
  schedule_turn();
  return read;
}

result<std::size_t> Transport::Impl::write_stream(SessionId session,
                                                  quic::StreamId stream,
                                                  ConstBytes bytes,
                                                  bool finish) {
  auto written = sessions_.write_stream(session, stream, bytes, finish);
  schedule_turn();
  return written;
}

void Transport::Impl::drop_stream(SessionId session, quic::StreamId stream, bool reset) {
  streams_.erase({session, stream});
  if (reset) {
    sessions_.reset_stream(session, stream, static_cast<std::uint64_t>(node::CloseCode::none));
    schedule_turn();
  }
}

void Transport::Impl::pin(std::span<const AddressPin> pins) {
  pins_.assign(pins.begin(), pins.end());
  if (socket_) {
    socket_->pin(pins_);
  }
}

void Transport::Impl::check_local_addresses(const std::function<bool(SessionId)>& stays,
                                            const std::function<bool(SessionId)>& dialable) {
  if (!socket_) {
    return;
  }
  const auto now = environment_.now();
  const auto up = up_;
  for (const auto& [session, remote] : up) {
    if (stays && stays(session)) {
      continue;
    }
    const auto stats = sessions_.stats(session);
    const auto source = socket_->source_address(remote);
    if (!stats || (source && *source == stats->local.address)) {
      continue;
    }
    if (source && stats->role == quic::Role::client) {
      (void)sessions_.migrate(now, session, {*source, socket_->local_endpoint().port});
      continue;
    }
    const bool lost = !source || !has_address(stats->local.address);
    if (lost && dialable && dialable(session)) {
      sessions_.close(
          now, session, node::CloseCode::none, errc::unreachable, "the local address is gone");
    } else if (!source) {
      continue;  // a cable that is out may come back
    } else if (now - stats->last_received > kMovedServerSilence) {
      sessions_.close(
          now, session, node::CloseCode::none, errc::unreachable, "the local address has changed");
    } else {
      // A host with several addresses may well be reached at another one: ask before giving up.
      sessions_.ping(session);
    }
  }
  schedule_turn();
}

bool Transport::Impl::has_address(const IpAddress& address) const {
  return std::ranges::any_of(environment_.interfaces(), [&](const HostInterface& one) {
    return one.up && std::ranges::find(one.addresses, address, &InterfaceAddress::address) !=
                         one.addresses.end();
  });
}

void Transport::Impl::close(CloseHandler handler) {
  closer_.suspend(std::move(handler), [] {});
  const auto now = environment_.now();
  while (!up_.empty()) {
    const auto session = up_.begin()->first;
    up_.erase(up_.begin());
    sessions_.close(
        now, session, node::CloseCode::shutting_down, errc::closed_locally, "shutting down");
  }
  run_turn();
  // The close frames that the socket did not take at once are given up: the peers' idle timeout
  // and stateless reset cover them.
  shut();
  closer_.complete(environment_.get_executor(), {});
}

}  // namespace quicether
