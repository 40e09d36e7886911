// Links over several paths.
#include "path_manager_impl.hpp"

#include <quicether/core/wire/bonded.hpp>
#include <quicether/core/wire/datagram.hpp>

#include <array>
#include <limits>

namespace quicether {

namespace {

/// Acknowledgements may come so much later than a round trip (RFC 9000 section 13.2.1).
constexpr Duration kHoldSlack = std::chrono::milliseconds{25};

// What is in order is so whichever session it came through: to the PacketReceiver it is of one.
SessionId ordered_session(PeerIndex peer) noexcept {
  return {std::numeric_limits<std::uint64_t>::max() - peer.value};
}

}  // namespace

std::unique_ptr<path::PathScheduler> PathManager::Impl::make_scheduler() const {
  return config_.make_scheduler ? config_.make_scheduler()
                                : path::make_scheduler(config_.multipath);
}

detail::LinkBond& PathManager::Impl::bond(PeerIndex peer, LinkState& link) {
  if (!link.bond) {
    link.bond = std::make_unique<detail::LinkBond>(make_scheduler(), environment_.make_timer());
    link.bonded_outlet.session = ordered_session(peer);
    link.bonded_outlet.bond = &link.bond->sender;
  }
  return *link.bond;
}

/// A link that had several paths once stays bonded while it has one: what is under way has numbers.
void PathManager::Impl::refresh_bond(PeerIndex peer, LinkState& link) {
  if (!link.bond && link.view_count < 2) {
    return;
  }
  auto& bonded = bond(peer, link);
  std::array<path::BondPath, path::kPathsMax> paths{};
  Duration slowest{};
  auto& outlet = link.bonded_outlet;
  outlet.takes_chunks = config_.chunks;
  outlet.takes_halves = true;
  for (std::size_t i = 0; i < link.view_count; ++i) {
    const auto& view = link.views[i];
    slowest = std::max(slowest, view.rtt);
    paths[i] = {view.path_id, view.session, view.datagram_payload_max, view.weight, view.rtt};
    outlet.takes_chunks = outlet.takes_chunks && link.outlets[i].takes_chunks;
    outlet.takes_halves = outlet.takes_halves && link.outlets[i].takes_halves;
  }
  bonded.receiver.set_hold_min(slowest + slowest / 2 + kHoldSlack);
  bonded.sender.set_paths(environment_.now(), std::span{paths}.first(link.view_count));
  outlet.datagram_bytes_max = bonded.sender.datagram_bytes_max();
}

void PathManager::Impl::on_datagram_fates(std::span<const node::SessionDatagramFate> fates) {
  const auto now = environment_.now();
  const path::LinkPeer* peer = nullptr;
  SessionId session{};
  for (const auto& fate : fates) {
    if (fate.session != session) {
      if (peer != nullptr) {
        transmit(peer->index);
      }
      session = fate.session;
      peer = links_.find(session);
    }
    if (peer != nullptr) {
      if (auto& bond = state(peer->index).bond) {
        bond->sender.on_fate(now, session, fate.token, fate.delivered);
      }
    }
  }
  if (peer != nullptr) {
    transmit(peer->index);
  }
}

/// Hands what may leave now to the Transport, and sees to what is due later.
void PathManager::Impl::transmit(PeerIndex peer) {
  auto& bond = state(peer).bond;
  if (!bond) {
    return;
  }
  const auto now = environment_.now();
  while (const auto batch = bond->sender.poll_transmit(now)) {
    transport_.send_datagrams(batch->session, batch->datagrams);
  }
  arm_bond_timer(peer, *bond);
}

/// An address that the peer no longer has was on an interface that went down, more often than not:
/// what is under way to it must not wait until the silence is noticed.
void PathManager::Impl::suspect(PeerIndex peer, const std::vector<SessionId>& withdrawn) {
  auto& link = state(peer);
  if (withdrawn.empty() || !link.bond) {
    return;
  }
  for (const auto session : withdrawn) {
    link.bond->sender.suspect(environment_.now(), session);
  }
  transmit(peer);
  report_states(link);
  transport_.flush();
}

/// Tells the LinkTable which paths are silent.
void PathManager::Impl::report_states(LinkState& link) {
  for (std::size_t i = 0; i < link.view_count; ++i) {
    const auto session = link.views[i].session;
    if (const auto status = link.bond->sender.status(session)) {
      links_.on_path_suspect(session, status->state == path::BondPathState::suspect);
    }
  }
  while (const auto silent = link.bond->sender.poll_silence()) {
    links_.on_path_silent(environment_.now(), *silent);
  }
}

std::vector<std::pair<std::string, std::uint64_t>> PathManager::Impl::counters() const {
  path::BondStats sent;
  path::ResequencerStats received;
  for (const auto& link : states_) {
    if (link.bond) {
      sent += link.bond->sender.stats();
      received += link.bond->receiver.stats();
    }
  }
  return {{"bond.datagrams_dropped", sent.dropped},
          {"bond.datagrams_duplicate", received.duplicates},
          {"bond.datagrams_in_order", received.in_order},
          {"bond.datagrams_late", received.late},
          {"bond.datagrams_missed", received.missed},
          {"bond.datagrams_repeated", sent.repeated},
          {"bond.datagrams_sent", sent.sent},
          {"bond.datagrams_waited", received.waited},
          {"bond.paths_suspected", sent.suspected},
          {"link.chunks_refused", receiver_.chunks_refused()},
          {"link.halves_refused", receiver_.halves_refused()},
          {"link.packets_halved", sender_.packets_halved()},
          {"link.super_packets_sent", sender_.super_packets_sent()}};
}

/// What the bond knows of a path and QUIC does not.
void PathManager::Impl::add_measured(PathStatus& status, PeerIndex peer, SessionId session) const {
  const auto position = config_.links.shard.position_of(peer);
  if (position >= states_.size() || !states_[position].bond) {
    return;
  }
  if (const auto measured = states_[position].bond->sender.status(session)) {
    status.bandwidth_bps = static_cast<std::uint64_t>(8 * measured->rate);
  }
}

void PathManager::Impl::arm_bond_timer(PeerIndex peer, detail::LinkBond& bond) {
  const auto deadline = bond.next_timeout();
  if (deadline >= bond.armed) {
    return;
  }
  bond.armed = deadline;
  bond.timer->async_wait(deadline, [weak = weak_from_this(), peer](error_code error) {
    if (const auto self = weak.lock(); self && !error) {
      self->on_bond_timer(peer);
    }
  });
}

void PathManager::Impl::on_bond_timer(PeerIndex peer) {
  auto& link = state(peer);
  auto& bond = *link.bond;
  const auto now = environment_.now();
  bond.armed = Instant::never();
  bond.sender.on_timeout(now);
  bond.receiver.on_timeout(now);
  give_out(peer);
  receiver_.end_turn();
  transmit(peer);
  report_states(link);
  turn();
  transport_.flush();
}

/// Takes a bonded datagram, which lives until give_out().
void PathManager::Impl::on_bonded(PeerIndex peer, SessionId session, Bytes body) {
  if (const auto bonded = wire::parse_bonded(body)) {
    bond(peer, state(peer)).receiver.take(environment_.now(), session, *bonded);
  }
}

/// Hands on what is in order, or does not have to be.
void PathManager::Impl::give_out(PeerIndex peer) {
  auto& bond = state(peer).bond;
  if (!bond) {
    return;
  }
  for (const auto& released : bond->receiver.released()) {
    if (const auto parsed = wire::parse_datagram(released.payload)) {
      take_packet(peer, released.in_order ? ordered_session(peer) : released.session, *parsed);
    }
  }
  receiver_.flush();
  bond->receiver.clear_released();
  arm_bond_timer(peer, *bond);
}

}  // namespace quicether
