#include "path_manager_impl.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/node_address.hpp>
#include <quicether/core/wire/bonded.hpp>
#include <quicether/core/wire/datagram.hpp>
#include <quicether/core/wire/half.hpp>
#include <quicether/core/wire/ip.hpp>

#include <algorithm>
#include <utility>

namespace quicether {

namespace {

/// How often unanswered dials and probed sessions are looked at.
constexpr Duration kDialCheck = std::chrono::milliseconds{50};

/// From a change of the network until the local addresses are looked at: an address goes and
/// another comes, routes follow, and a host with many routes is not to keep us busy.
constexpr Duration kAddressCheckDelay = std::chrono::milliseconds{20};

/// RTT and path MTU seen by the scheduler are at most this old.
constexpr Duration kViewAge = std::chrono::milliseconds{10};

/// Streams and messages that wait for an embedder to take them, per peer.
constexpr std::size_t kStreamsWaitingMax = 64;
constexpr std::size_t kMessagesWaitingMax = 256;
constexpr std::size_t kLinksWaitingMax = 1024;

constexpr std::size_t kPingsMax = 1024;  ///< at a time
constexpr std::size_t kEchoBytes = 8;

/// A path loses packets when more than one in kLossRatio got lost among the last kLossPackets or
/// more, of kLossPeriod or longer. Chunks that repeat the headers cost 4 % of the bytes, one lost
/// head the rest of its super-packet.
constexpr Duration kLossPeriod = std::chrono::milliseconds{100};
constexpr std::uint64_t kLossPackets = 200;  // fewer say little about a loss of 1 %
constexpr std::uint64_t kLossRatio = 2000;

/// A path that carries nothing is asked for a sign of life, for packets are to find it alive; the
/// bond sees to those that carry something.
constexpr Duration kPathIdle = std::chrono::seconds{3};
constexpr Duration kPathSilence = std::chrono::seconds{10};

/// After so much silence that follows datagrams a peer is asked for a sign of life, once. Where
/// only it sent, it may still do: a NAT in front of this host that forgot the link lets nothing in
/// until something goes out.
constexpr Duration kQuiet = std::chrono::seconds{1};

void check_idle_paths(path::LinkTable& links, Transport& transport, Instant now) {
  std::vector<SessionId> silent;
  for (const auto& peer : links.peers()) {
    if (peer.sessions.size() < 2) {
      continue;
    }
    for (const auto& session : peer.sessions) {
      const auto stats = transport.stats(session.session);
      const auto heard = stats ? std::max(stats->last_received, session.up_since) : now;
      if (now - heard >= kPathSilence) {
        silent.push_back(session.session);
      } else if (now - heard >= kPathIdle) {
        transport.ping(session.session);
      }
    }
  }
  for (const auto session : silent) {
    links.on_path_silent(now, session);
  }
}

std::string interface_of(const std::vector<HostInterface>& interfaces, const IpAddress& address) {
  for (const auto& interface : interfaces) {
    const auto& own = interface.addresses;
    if (std::ranges::find(own, address, &InterfaceAddress::address) != own.end()) {
      return interface.name;
    }
  }
  return {};
}

}  // namespace

PathManager::Impl::Impl(Environment& environment,
                        Transport& transport,
                        const Identity& identity,
                        PathManagerConfig config)
    : environment_{environment},
      transport_{transport},
      config_{std::move(config)},
      links_{[&] {
               auto links = config_.links;
               links.self = identity.node_id();
               return links;
             }(),
             environment.random()},
      planner_{environment, transport, links_, config_.multipath},
      sender_{environment, transport},
      timer_{environment.make_timer()} {}

PathManager::Impl::~Impl() = default;

void PathManager::Impl::start() {
  next_address_check_ = environment_.now() + config_.address_check;
  (void)planner_.read_interfaces();
  if (auto watch = environment_.watch_network()) {
    watch_ = std::move(*watch);
    watch_network();
  }
  arm_timer();
}

void PathManager::Impl::watch_network() {
  watch_->async_wait([weak = weak_from_this()](error_code error) {
    if (const auto self = weak.lock(); self && !error) {
      self->watch_network();  // what changes from here on is heard again
      self->on_network_event();
    }
  });
}

void PathManager::Impl::on_network_event() {
  const auto now = environment_.now();
  next_address_check_ = std::min(next_address_check_, now + kAddressCheckDelay);
  if (now >= next_interface_look_) {
    next_interface_look_ = now + kAddressCheckDelay;
    look_at_interfaces();
  }
  arm_timer();
}

/// What is lost with an interface must not be sent on, not even for a moment.
void PathManager::Impl::look_at_interfaces() {
  if (!planner_.read_interfaces()) {
    return;
  }
  const auto now = environment_.now();
  for (const auto session : planner_.lost_sessions()) {
    links_.on_path_lost(now, session);
  }
  links_.on_network_changed(now);
  turn();
  if (observer_ != nullptr) {
    observer_->on_endpoints_changed();
  }
}

PathManager::Impl::LinkState& PathManager::Impl::state(PeerIndex peer) {
  const auto position = config_.links.shard.position_of(peer);
  while (states_.size() <= position) {
    states_.emplace_back();
  }
  return states_[position];
}

// The LinkTable.

void PathManager::Impl::turn() {
  while (true) {
    if (const auto action = links_.poll_action()) {
      carry_out(*action);
    } else if (const auto event = links_.poll_event()) {
      handle(*event);
    } else if (!planner_.plan()) {
      break;
    }
  }
  arm_timer();
}

void PathManager::Impl::carry_out(const path::Action& action) {
  if (const auto* dial = std::get_if<path::Dial>(&action)) {
    node::DialOptions options;
    options.remote = dial->remote;
    options.local = dial->local;
    options.expected_id = dial->expected_id;
    options.expected_key = dial->expected_key;
    options.path_id = dial->path_id;
    options.guess = dial->guess;
    options.lane = dial->lane;
    options.early_data = may_begin_early(*dial);
    if (options.local.address.is_unspecified()) {
      options.local = planner_.local_for(dial->remote);
    }
    const auto session = planner_.may_dial(*dial) ? transport_.dial(options)
                                                  : result<SessionId>{errc::limit_reached};
    if (session) {
      dials_[dial->dial] = *session;
      dialled_[*session] = dial->dial;
      if (options.early_data && transport_.takes_early_data(*session)) {
        links_.on_dial_early(dial->dial);
        auto& link = state(*dial->peer);
        link.early = *session;
        refresh(*dial->peer, link);
      }
    } else {
      links_.on_dial_failed(environment_.now(), dial->dial, session.error(), {});
    }
  } else if (const auto* abandon = std::get_if<path::AbandonDial>(&action)) {
    if (const auto found = dials_.find(abandon->dial); found != dials_.end()) {
      const auto session = found->second;
      dialled_.erase(session);
      dials_.erase(found);
      transport_.close_session(session, errc::superseded, "another attempt is preferred");
    }
  } else if (const auto* close = std::get_if<path::CloseSession>(&action)) {
    transport_.close_session(close->session, close->reason);
  } else if (const auto* probe = std::get_if<path::ProbeSession>(&action)) {
    transport_.ping(probe->session);
    if (const auto stats = transport_.stats(probe->session)) {
      links_.on_probe_sent(probe->session, 2 * stats->pto);
    }
  }
}

void PathManager::Impl::handle(const path::LinkEvent& event) {
  std::visit([this](const auto& body) { handle(body); }, event);
}

void PathManager::Impl::handle(const path::LinkUp& up) {
  planner_.on_link_changed(up.peer);
  refresh(up.peer, state(up.peer));
  const Link link{weak_from_this(), up.peer};
  std::vector<std::uint64_t> done;
  for (const auto& [id, opening] : openings_) {
    if (opening.peer == links_.find(up.peer)->id) {
      done.push_back(id);
    }
  }
  for (const auto id : done) {
    complete_opening(id, {}, link);
  }
  for (const auto& [number, pinging] : pings_) {
    if (pinging.peer == links_.find(up.peer)->id && !pinging.sent) {
      send_ping(number);
    }
  }
  if (is_lane(up.peer)) {
    return;
  }
  if (acceptor_.waiting()) {
    acceptor_.complete(environment_.get_executor(), {}, link);
  } else if (done.empty() && accepted_.size() < kLinksWaitingMax) {
    accepted_.push_back(up.peer);
  }
  if (observer_ != nullptr) {
    observer_->on_link_up(up.peer);
  }
  offer_lanes(up.peer);
}

void PathManager::Impl::handle(const path::LinkDown& down) {
  planner_.on_link_changed(down.peer);
  refresh(down.peer, state(down.peer));
  state(down.peer).told.remote = {};  // when it is up again, that is news
  if (observer_ != nullptr && !is_lane(down.peer)) {
    observer_->on_link_down(down.peer, down.reason);
  }
}

void PathManager::Impl::handle(const path::LinkChanged& changed) {
  planner_.on_link_changed(changed.peer);
  refresh(changed.peer, state(changed.peer));
  transmit(changed.peer);  // what was under way on a path that is gone
  transport_.flush();
  offer_lanes(changed.peer);
}

bool PathManager::Impl::is_lane(PeerIndex peer) const noexcept {
  const auto* link = links_.find(peer);
  return link != nullptr && links_.is_lane(*link);
}

/// Tells the observer of further lanes, if there is news.
void PathManager::Impl::offer_lanes(PeerIndex peer) {
  if (observer_ == nullptr || config_.links.shard.count == 1 || is_lane(peer)) {
    return;
  }
  auto& link = state(peer);
  const auto newest = link.infos.rbegin();  // ids count up
  const auto stats = newest == link.infos.rend() ? result<quic::ConnectionStats>{errc::no_session}
                                                 : transport_.stats(newest->first);
  if (!stats) {
    return;
  }
  const LaneOffer offer{newest->second.peer_shards, newest->second.dialled_here, stats->remote};
  const bool concerns = offer.peer_shards > 1 || link.told.peer_shards > 1;
  if (concerns && offer != link.told) {
    link.told = offer;
    observer_->on_lanes(peer, offer);
  }
}

void PathManager::Impl::handle(const path::LinkWanted& wanted) {
  if (observer_ != nullptr && !is_lane(wanted.peer)) {
    observer_->on_link_wanted(wanted.peer);
  }
}

void PathManager::Impl::handle(const path::TargetMisplaced& misplaced) {
  if (observer_ != nullptr) {
    observer_->on_target_misplaced(misplaced.target, misplaced.id);
  }
}

void PathManager::Impl::arm_timer() {
  const auto now = environment_.now();
  auto deadline = std::min(links_.next_timeout(), next_address_check_);
  if (!dials_.empty() || !links_.probed_sessions().empty()) {
    deadline = std::min(deadline, now + kDialCheck);
  }
  deadline = std::max(deadline, now);
  if (armed_ <= deadline && armed_ > now) {
    return;
  }
  armed_ = deadline;
  timer_->async_wait(deadline, [weak = weak_from_this()](error_code error) {
    if (const auto self = weak.lock(); self && !error) {
      self->armed_ = Instant::never();
      self->on_timer();
    }
  });
}

void PathManager::Impl::on_timer() {
  const auto now = environment_.now();
  check_dials();
  links_.on_timeout(now);
  if (now >= next_address_check_) {
    next_address_check_ = now + config_.address_check;
    look_at_interfaces();
    check_idle_paths(links_, transport_, now);
    ask_quiet_peers();
    planner_.plan_again();
    transport_.check_local_addresses(
        [this](SessionId session) { return planner_.is_pinned(session); },
        [this](SessionId session) { return dialable(session); });
  }
  turn();
}

void PathManager::Impl::ask_quiet_peers() {
  const auto now = environment_.now();
  for (const auto& peer : links_.peers()) {
    auto& link = state(peer.index);
    if (link.asked || now - link.heard < kQuiet) {
      continue;
    }
    link.asked = true;
    for (const auto& session : peer.sessions) {
      transport_.ping(session.session);
    }
  }
}

/// Whether there is a way to an address where the session's peer may be dialled.
bool PathManager::Impl::dialable(SessionId session) const {
  const auto* peer = links_.find(session);
  return peer != nullptr &&
         std::ranges::any_of(links_.addresses_of(peer->index), [this](const SocketAddress& one) {
           return transport_.source_address(one).has_value();
         });
}

void PathManager::Impl::check_dials() {
  for (const auto dial : links_.unheard_dials()) {
    const auto found = dials_.find(dial);
    if (found == dials_.end()) {
      continue;
    }
    const auto stats = transport_.stats(found->second);
    if (stats && stats->packets_received > 0) {
      links_.on_dial_heard(dial);
    }
  }
  for (const auto session : links_.probed_sessions()) {
    if (const auto stats = transport_.stats(session)) {
      links_.on_session_heard(session, stats->last_received);
    }
  }
}

// The Transport.

void PathManager::Impl::on_session_up(const node::SessionInfo& info) {
  if (info.path_id != 0 && !info.dialled_here && !planner_.takes_paths()) {
    transport_.close_session(info.session, errc::protocol_error, "this node takes one path");
    return;
  }
  path::SessionUp up;
  up.session = info.session;
  up.id = info.peer_id;
  up.key = info.peer;
  up.boot_id = info.boot_id;
  up.path_id = info.path_id;
  if (const auto found = dialled_.find(info.session); found != dialled_.end()) {
    up.dial = found->second;
    dials_.erase(found->second);
    dialled_.erase(found);
  }
  if (const auto index = links_.intern(info.peer_id)) {
    auto& link = state(*index);
    link.infos[info.session] = info;
    link.capabilities = info.capabilities;
    planner_.on_session_up(*index, info);
  }
  check_dials();  // An answered attempt may be up on the other side: it must not be given up.
  links_.on_session_up(environment_.now(), up);
  turn();
}

void PathManager::Impl::on_session_down(const node::SessionDown& down) {
  const auto now = environment_.now();
  receiver_.forget(down.session);
  if (const auto found = dialled_.find(down.session); found != dialled_.end()) {
    const auto dial = found->second;
    dials_.erase(dial);
    dialled_.erase(found);
    if (down.reason == errc::wrong_shard && down.peer) {
      links_.on_dial_misplaced(now, dial, crypto::node_id(*down.peer));
    } else {
      links_.on_dial_failed(now, dial, down.reason, down.detail);
    }
  }
  std::size_t position = 0;
  while (position < states_.size() && states_[position].infos.erase(down.session) == 0) {
    ++position;
  }
  links_.on_session_down(now, down.session, down.reason, down.detail);
  turn();
  if (position < states_.size()) {
    offer_lanes(config_.links.shard.peer_at(position));  // of two crossed sessions one is left
  }
}

void PathManager::Impl::on_announce(SessionId session, const wire::Announce& announce) {
  const auto* peer = links_.find(session);
  if (peer == nullptr || links_.is_lane(*peer)) {
    return;
  }
  suspect(peer->index, planner_.on_announce(peer->index, announce.endpoints));
  if (observer_ != nullptr) {
    observer_->on_announce(peer->index, announce);
  }
  turn();
}

void PathManager::Impl::on_datagrams(std::span<const node::SessionDatagram> datagrams) {
  const path::LinkPeer* peer = nullptr;
  SessionId session{};
  for (const auto& datagram : datagrams) {
    if (peer == nullptr || datagram.session != session) {
      if (peer != nullptr) {
        give_out(peer->index);
      }
      session = datagram.session;
      peer = links_.find(session);
      if (peer != nullptr) {
        auto& link = state(peer->index);
        link.heard = environment_.now();
        link.asked = false;
      }
    }
    const auto parsed = wire::parse_datagram(datagram.payload);
    if (peer == nullptr || !parsed) {
      continue;
    }
    switch (parsed->context) {
      case wire::kContextBonded:
        on_bonded(peer->index, session, parsed->body);
        break;
      case wire::kContextEcho:
        send_echo(session, wire::kContextEchoReply, parsed->body);
        break;
      case wire::kContextEchoReply:
        on_echo(*peer, session, parsed->body);
        break;
      case wire::kContextMessage:
        deliver_message(peer->index, parsed->body);
        break;
      default:
        take_packet(peer->index, session, *parsed);
        break;
    }
  }
  if (peer != nullptr) {
    give_out(peer->index);
  }
  receiver_.flush();
}

/// Takes a datagram that bears a packet or a part of one; others are dropped.
void PathManager::Impl::take_packet(PeerIndex peer,
                                    SessionId session,
                                    const wire::Datagram& datagram) {
  switch (datagram.context) {
    case wire::kContextIpPacket:
      receiver_.on_packet(peer, session, datagram.body);
      break;
    case wire::kContextChunk:
      receiver_.on_chunk(peer, session, datagram.body);
      break;
    case wire::kContextHalf:
      receiver_.on_half(peer, session, datagram.body);
      break;
    default:
      break;
  }
}

// Pings.

void PathManager::Impl::ping(const NodeId& peer, const PingOptions& options, PingHandler handler) {
  detail::Waiter<PingReply> waiter;
  waiter.suspend(std::move(handler), [] {});
  const auto index = links_.intern(peer);
  if (!index || pings_.size() >= kPingsMax) {
    waiter.complete(environment_.get_executor(), errc::limit_reached, PingReply{});
    return;
  }
  // Not to be guessed by a peer that would look nearer than it is.
  const auto number = environment_.random().next();
  auto& pinging = pings_[number];
  pinging.peer = peer;
  pinging.waiter = std::move(waiter);
  pinging.timer = environment_.make_timer();
  pinging.timer->async_wait(
      environment_.now() + options.timeout, [weak = weak_from_this(), number](error_code error) {
        const auto self = weak.lock();
        if (!self || error) {
          return;
        }
        const auto found = self->pings_.find(number);
        if (found != self->pings_.end()) {
          const auto reason =
              found->second.sent ? errc::timed_out : self->why_no_link(found->second.peer);
          self->complete_ping(number, reason, {});
        }
      });
  if (links_.find(*index)->up_since) {
    send_ping(number);
  } else {
    links_.on_demand(environment_.now(), *index);
    turn();
  }
}

void PathManager::Impl::send_ping(std::uint64_t number) {
  auto& pinging = pings_.at(number);
  const auto* peer = links_.find(pinging.peer);
  if (peer == nullptr || peer->sessions.empty()) {
    return;
  }
  std::array<std::uint8_t, sizeof(number)> body{};
  store_be(Bytes{body}, number);
  pinging.sent = environment_.now();
  send_echo(peer->sessions.back().session, wire::kContextEcho, body);
}

void PathManager::Impl::send_echo(SessionId session, std::uint8_t context, ConstBytes body) {
  if (body.size() != kEchoBytes) {
    return;
  }
  const std::array header{context};
  const std::array datagrams{quic::OutgoingDatagram{header, body}};
  (void)transport_.send_datagrams(session, datagrams);
  transport_.flush();
}

void PathManager::Impl::on_echo(const path::LinkPeer& peer, SessionId session, ConstBytes body) {
  const auto number = body.size() == kEchoBytes ? load_be<std::uint64_t>(body) : 0;
  const auto found = pings_.find(number);
  if (found == pings_.end() || found->second.peer != peer.id || !found->second.sent) {
    return;
  }
  PingReply reply;
  reply.rtt = environment_.now() - *found->second.sent;
  if (const auto stats = transport_.stats(session)) {
    reply.remote = stats->remote;
  }
  complete_ping(number, {}, reply);
}

void PathManager::Impl::complete_ping(std::uint64_t number,
                                      error_code error,
                                      const PingReply& reply) {
  auto found = pings_.extract(number);
  found.mapped().waiter.complete(environment_.get_executor(), error, reply);
}

error_code PathManager::Impl::why_no_link(const NodeId& peer) const {
  const auto* wanted = links_.find(peer);
  if (wanted != nullptr && wanted->last_error) {
    return wanted->last_error;
  }
  return wanted != nullptr && links_.dialling(wanted->id) ? errc::timed_out : errc::no_address;
}

void PathManager::Impl::deliver_message(PeerIndex peer, ConstBytes message) {
  auto& link = state(peer);
  ByteVector bytes{message.begin(), message.end()};
  if (link.datagram_waiter.waiting()) {
    link.datagram_waiter.complete(environment_.get_executor(), {}, std::move(bytes));
    return;
  }
  if (link.datagrams.size() == kMessagesWaitingMax) {
    link.datagrams.pop_front();
  }
  link.datagrams.push_back(std::move(bytes));
}

void PathManager::Impl::on_stream(SessionId session, Stream stream) {
  const auto* peer = links_.find(session);
  if (peer == nullptr) {
    return;
  }
  auto& link = state(peer->index);
  if (link.stream_waiter.waiting()) {
    link.stream_waiter.complete(environment_.get_executor(), {}, std::move(stream));
  } else if (link.streams.size() < kStreamsWaitingMax) {
    link.streams.push_back(std::move(stream));
  }
}

// Packets.

void PathManager::Impl::refresh(PeerIndex index, LinkState& link) {
  link.refreshed = environment_.now();
  link.view_count = 0;
  link.settled = true;
  const auto* peer = links_.find(index);
  if (peer == nullptr) {
    return;
  }
  for (const auto& session : peer->sessions) {
    const auto stats = transport_.stats(session.session);
    if (!stats) {
      continue;
    }
    // The newest session of a path replaces the older ones.
    const bool same_path =
        link.view_count != 0 && link.views[link.view_count - 1].path_id == session.path_id;
    if (!same_path && link.view_count == link.views.size()) {
      break;
    }
    auto& view = link.views[same_path ? link.view_count - 1 : link.view_count++];
    view.path_id = session.path_id;
    view.session = session.session;
    view.rtt = stats->smoothed_rtt;
    view.datagram_payload_max = stats->datagram_payload_max;
    const auto* uplink = planner_.uplink_of(stats->local.address);
    view.interface_index = uplink == nullptr ? 0 : uplink->index;
    view.weight = uplink == nullptr ? 1.0 : uplink->weight;
    const auto at = static_cast<std::size_t>(&view - link.views.data());
    watch_loss(link.losses[at], session.session, *stats);
    const auto info = link.infos.find(session.session);
    const auto capabilities = info == link.infos.end() ? 0U : info->second.capabilities;
    link.outlets[at] = {session.session,
                        nullptr,
                        stats->datagram_payload_max,
                        config_.chunks && (capabilities & wire::kCapabilityChunks) != 0,
                        (capabilities & wire::kCapabilityHalves) != 0,
                        link.losses[at].loses};
    link.settled = link.settled && stats->path_mtu_settled;
  }
  if (link.view_count == 0) {
    add_early_view(link);
  }
  refresh_bond(index, link);
}

/// Only what would be the only session of its link: others carry its packets well enough.
bool PathManager::Impl::may_begin_early(const path::Dial& dial) const noexcept {
  const auto* peer = dial.peer ? links_.find(*dial.peer) : nullptr;
  return peer != nullptr && peer->sessions.empty() && dial.path_id == 0 && dial.lane.number == 0;
}

/// Lets packets go with the first flight of the session that is being dialled, if it takes them. A
/// bond numbers its packets, and begins when a session is up.
void PathManager::Impl::add_early_view(LinkState& link) {
  if (!link.early || link.bond || !transport_.takes_early_data(*link.early)) {
    return;
  }
  if (const auto stats = transport_.stats(*link.early)) {
    auto& view = link.views[link.view_count];
    view = {};
    view.session = *link.early;
    view.datagram_payload_max = stats->datagram_payload_max;
    link.outlets[link.view_count] = {*link.early,
                                     nullptr,
                                     stats->datagram_payload_max,
                                     false,
                                     (link.capabilities & wire::kCapabilityHalves) != 0,
                                     false};
    ++link.view_count;
    link.settled = false;
  }
}

void PathManager::Impl::watch_loss(PathLoss& loss,
                                   SessionId session,
                                   const quic::ConnectionStats& stats) {
  const auto now = environment_.now();
  if (loss.session != session) {
    loss = {session, now, stats.packets_sent, stats.packets_lost, false};
    return;
  }
  const auto sent = stats.packets_sent - loss.sent;
  if (now - loss.since >= kLossPeriod && sent >= kLossPackets) {
    const auto lost = stats.packets_lost - loss.lost;
    loss = {session, now, stats.packets_sent, stats.packets_lost, lost * kLossRatio > sent};
  }
}

void PathManager::Impl::refresh_if_stale(PeerIndex peer, LinkState& link) {
  if (environment_.now() - link.refreshed > kViewAge) {
    refresh(peer, link);
  }
}

LinkCapacity PathManager::Impl::capacity(PeerIndex peer) {
  auto& link = state(peer);
  refresh_if_stale(peer, link);
  LinkCapacity capacity;
  capacity.up = link.view_count != 0;
  capacity.settled = link.settled;
  for (std::size_t i = 0; i < link.view_count; ++i) {
    const auto room = link.bond ? wire::kBondedHeadBytes : std::size_t{0};
    const auto largest = link.views[i].datagram_payload_max;
    const auto payload = largest - std::min(largest, room);
    const auto bytes = payload > 1 ? payload - 1 : 0;  // one byte of context id
    capacity.packet_bytes_max = i == 0 ? bytes : std::min(capacity.packet_bytes_max, bytes);
    const auto halved =
        link.outlets[i].takes_halves ? wire::halved_packet_bytes_max(payload) : std::size_t{0};
    capacity.halved_bytes_max = i == 0 ? halved : std::min(capacity.halved_bytes_max, halved);
    capacity.chunks = link.outlets[i].takes_chunks && (i == 0 || capacity.chunks);
  }
  return capacity;
}

std::size_t PathManager::Impl::send_packets(PeerIndex peer,
                                            std::span<const wire::IpPacket> packets) {
  auto& link = state(peer);
  refresh_if_stale(peer, link);
  if (link.view_count == 0) {
    links_.on_demand(environment_.now(), peer);
    turn();
    return 0;
  }
  const auto& outlet = link.bond ? link.bonded_outlet : link.outlets[0];
  for (const auto& packet : packets) {
    sender_.put(outlet, packet);
  }
  sender_.flush();
  transmit(peer);
  return packets.size();
}

// Links for embedders.

const path::LinkPeer* PathManager::Impl::link_peer(PeerIndex peer) const noexcept {
  return links_.find(peer);
}

result<Stream> PathManager::Impl::open_stream(PeerIndex peer) {
  auto& link = state(peer);
  refresh(peer, link);
  if (link.view_count == 0) {
    links_.on_demand(environment_.now(), peer);
    turn();
    return errc::no_session;
  }
  return transport_.open_stream(link.views[0].session);
}

void PathManager::Impl::accept_stream(PeerIndex peer, StreamHandler handler) {
  auto& link = state(peer);
  const auto executor = environment_.get_executor();
  if (link.stream_waiter.waiting()) {
    detail::Waiter<Stream> refused;
    refused.suspend(std::move(handler), [] {});
    refused.complete(executor, errc::already_open, Stream{});
    return;
  }
  link.stream_waiter.suspend(std::move(handler), [weak = weak_from_this(), peer] {
    if (const auto self = weak.lock(); self && self->state(peer).stream_waiter.waiting()) {
      self->state(peer).stream_waiter.complete(
          self->environment_.get_executor(), errc::cancelled, Stream{});
    }
  });
  if (!link.streams.empty()) {
    link.stream_waiter.complete(executor, {}, std::move(link.streams.front()));
    link.streams.pop_front();
  }
}

result<std::size_t> PathManager::Impl::send_datagrams(PeerIndex peer,
                                                      std::span<const ConstBytes> datagrams) {
  const auto largest = datagram_bytes_max(peer);
  auto& link = state(peer);
  if (link.view_count == 0) {
    links_.on_demand(environment_.now(), peer);
    turn();
    return errc::no_session;
  }
  if (std::ranges::any_of(datagrams,
                          [&](const ConstBytes& bytes) { return bytes.size() > largest; })) {
    return errc::too_large;
  }
  static constexpr std::array<std::uint8_t, 1> kHeader{wire::kContextMessage};
  std::size_t taken = 0;
  for (const auto& bytes : datagrams) {
    const quic::OutgoingDatagram datagram{kHeader, bytes};
    if (transport_.send_datagrams(link.views[0].session, {&datagram, 1}) == 0) {
      break;
    }
    ++taken;
  }
  transport_.flush();
  return taken;
}

void PathManager::Impl::receive_datagram(PeerIndex peer, DatagramHandler handler) {
  auto& link = state(peer);
  const auto executor = environment_.get_executor();
  if (link.datagram_waiter.waiting()) {
    detail::Waiter<ByteVector> refused;
    refused.suspend(std::move(handler), [] {});
    refused.complete(executor, errc::already_open, ByteVector{});
    return;
  }
  link.datagram_waiter.suspend(std::move(handler), [weak = weak_from_this(), peer] {
    if (const auto self = weak.lock(); self && self->state(peer).datagram_waiter.waiting()) {
      self->state(peer).datagram_waiter.complete(
          self->environment_.get_executor(), errc::cancelled, ByteVector{});
    }
  });
  if (!link.datagrams.empty()) {
    link.datagram_waiter.complete(executor, {}, std::move(link.datagrams.front()));
    link.datagrams.pop_front();
  }
}

std::size_t PathManager::Impl::datagram_bytes_max(PeerIndex peer) {
  return capacity(peer).packet_bytes_max;
}

void PathManager::Impl::open(const NodeId& peer, const OpenOptions& options, LinkHandler handler) {
  const auto id = next_opening_++;
  auto& opening = openings_[id];
  opening.peer = peer;
  opening.waiter.suspend(std::move(handler), [weak = weak_from_this(), id] {
    if (const auto self = weak.lock()) {
      self->complete_opening(id, errc::cancelled, Link{});
    }
  });
  const auto index = links_.intern(peer);
  if (!index) {
    complete_opening(id, index.error(), Link{});
    return;
  }
  if (links_.find(*index)->up_since) {
    complete_opening(id, {}, Link{weak_from_this(), *index});
    return;
  }
  links_.on_demand(environment_.now(), *index);
  opening.timer = environment_.make_timer();
  opening.timer->async_wait(
      environment_.now() + options.timeout, [weak = weak_from_this(), id](error_code error) {
        const auto self = weak.lock();
        if (!self || error) {
          return;
        }
        const auto found = self->openings_.find(id);
        if (found == self->openings_.end()) {
          return;
        }
        self->complete_opening(id, self->why_no_link(found->second.peer), Link{});
      });
  turn();
}

void PathManager::Impl::complete_opening(std::uint64_t id, error_code error, Link link) {
  const auto found = openings_.find(id);
  if (found == openings_.end()) {
    return;
  }
  auto opening = std::move(found->second);
  openings_.erase(found);
  opening.waiter.complete(environment_.get_executor(), error, std::move(link));
}

void PathManager::Impl::accept(LinkHandler handler) {
  if (acceptor_.waiting()) {
    detail::Waiter<Link> refused;
    refused.suspend(std::move(handler), [] {});
    refused.complete(environment_.get_executor(), errc::already_open, Link{});
    return;
  }
  acceptor_.suspend(std::move(handler), [weak = weak_from_this()] {
    if (const auto self = weak.lock(); self && self->acceptor_.waiting()) {
      self->acceptor_.complete(self->environment_.get_executor(), errc::cancelled, Link{});
    }
  });
  if (!accepted_.empty()) {
    const Link link{weak_from_this(), accepted_.front()};
    accepted_.pop_front();
    acceptor_.complete(environment_.get_executor(), {}, link);
  }
}

// Status.

PathStatus PathManager::Impl::path_status(const path::LinkSession& session) const {
  PathStatus status;
  status.path_id = session.path_id;
  status.state = session.state();
  if (const auto stats = transport_.stats(session.session)) {
    status.local = stats->local;
    status.remote = stats->remote;
    status.rtt = stats->smoothed_rtt;
    status.packets_sent = stats->packets_sent;
    status.packets_received = stats->packets_received;
    status.packets_lost = stats->packets_lost;
    status.bytes_sent = stats->bytes_sent;
    status.bytes_received = stats->bytes_received;
    status.datagram_payload_max = stats->datagram_payload_max;
  }
  return status;
}

/// Sessions, and the paths of the link that have none.
void PathManager::Impl::add_paths(PeerStatus& status, const path::LinkPeer& peer) const {
  for (const auto& session : peer.sessions) {
    status.paths.push_back(path_status(session));
    add_measured(status.paths.back(), peer.index, session.session);
  }
  for (const auto& waiting : links_.waiting_paths(peer.index)) {
    PathStatus path;
    path.path_id = waiting.path_id;
    path.local = {waiting.pair.local.address, transport_.local_endpoint().port};
    path.remote = waiting.pair.remote;
    path.state = waiting.state;
    if (peer.up_since) {
      const auto place = std::ranges::upper_bound(
          status.paths, path.path_id, {}, [](const PathStatus& one) { return one.path_id; });
      status.paths.insert(place, path);
    }
  }
}

std::vector<PeerStatus> PathManager::Impl::status() const {
  const auto interfaces = environment_.interfaces();
  std::vector<PeerStatus> peers;
  for (const auto& peer : links_.peers()) {
    if (!links_.is_known(peer)) {
      continue;
    }
    PeerStatus status;
    status.id = peer.id;
    status.key = peer.key;
    if (peer.up_since) {
      status.state = "connected";
      status.connected_for = environment_.now() - *peer.up_since;
    } else if (peer.last_error == condition::denied) {
      status.state = "refused";
    } else {
      status.state = links_.dialling(peer.id) ? "connecting" : "waiting";
    }
    if (!peer.up_since && peer.last_error) {
      status.detail = peer.last_error.message();
      if (!peer.last_detail.empty()) {
        status.detail += ": " + peer.last_detail;
      }
    }
    add_paths(status, peer);
    for (auto& path : status.paths) {
      path.interface = interface_of(interfaces, path.local.address);
    }
    const auto position = config_.links.shard.position_of(peer.index);
    if (!peer.sessions.empty() && position < states_.size()) {
      const auto& infos = states_[position].infos;
      if (const auto found = infos.find(peer.sessions.front().session); found != infos.end()) {
        status.key_exchange = found->second.group;
        status.cipher_suite = found->second.cipher_suite;
        status.post_quantum = found->second.post_quantum;
      }
    }
    peers.push_back(std::move(status));
  }
  return peers;
}

}  // namespace quicether
