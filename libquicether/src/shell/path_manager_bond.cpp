// Links over several paths.
#include "path_manager_impl.hpp"

#include <quicether/core/wire/bonded.hpp>
#include <quicether/core/wire/datagram.hpp>

#include <array>
#include <limits>

namespace quicether {

namespace {

// What is in order is so whichever session it came through: to the PacketReceiver it is of one.
SessionId ordered_session(PeerIndex peer) noexcept {
  return {std::numeric_limits<std::uint64_t>::max() - peer.value};
}

}  // namespace

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
  auto& outlet = link.bonded_outlet;
  outlet.takes_chunks = config_.chunks;
  outlet.takes_halves = true;
  for (std::size_t i = 0; i < link.view_count; ++i) {
    const auto& view = link.views[i];
    paths[i] = {view.path_id, view.session, view.datagram_payload_max, view.weight, view.rtt};
    outlet.takes_chunks = outlet.takes_chunks && link.outlets[i].takes_chunks;
    outlet.takes_halves = outlet.takes_halves && link.outlets[i].takes_halves;
  }
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
  auto& bond = *state(peer).bond;
  const auto now = environment_.now();
  bond.armed = Instant::never();
  bond.sender.on_timeout(now);
  bond.receiver.on_timeout(now);
  give_out(peer);
  receiver_.end_turn();
  transmit(peer);
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
