#include "sim/wire.hpp"

#include "sim/host_state.hpp"

#include <quicether/base/assert.hpp>

#include <utility>

namespace quicether::sim::detail {

namespace {

void add_to_trace(TraceHash& trace, const SocketAddress& address) noexcept {
  const ConstBytes bytes = address.address.bytes();
  trace.add((static_cast<std::uint64_t>(bytes.size()) << 16U) | address.port);
  for (std::size_t i = 0; i < bytes.size(); i += 4) {
    trace.add(load_be<std::uint32_t>(bytes.subspan(i, 4)));
  }
}

}  // namespace

void Wire::assign(const IpAddress& address, HostState& host, Interface& interface) {
  const bool is_free = owners_.emplace(address, Owner{&host, &interface}).second;
  QE_ASSERT(is_free);  // an address belongs to one interface of the whole network
}

void Wire::unassign(const IpAddress& address) noexcept {
  owners_.erase(address);
}

HostState* Wire::owner(const IpAddress& address) noexcept {
  const auto found = owners_.find(address);
  return found == owners_.end() ? nullptr : found->second.host;
}

std::vector<IpAddress> Wire::addresses_in(const Prefix& network) const {
  std::vector<IpAddress> addresses;
  for (const auto& [address, owner] : owners_) {
    if (network.contains(address)) {
      addresses.push_back(address);
    }
  }
  return addresses;
}

Wire::Path& Wire::path_state(const HostState& from, const HostState& to) {
  QE_ASSERT(&from != &to);
  const Pair pair{from.index(), to.index()};
  const auto found = paths_.find(pair);
  if (found != paths_.end()) {
    return found->second;
  }
  const std::uint64_t seed = engine_.derive_seed("path " + from.name() + " " + to.name());
  return paths_.try_emplace(pair, seed).first->second;
}

Link& Wire::path(const HostState& from, const HostState& to) {
  return path_state(from, to).link;
}

void Wire::block(const HostState& from, const HostState& to) {
  path_state(from, to).blocked = true;
}

void Wire::heal() noexcept {
  for (auto& [pair, path] : paths_) {
    path.blocked = false;
  }
}

void Wire::observe(std::function<void(const DatagramEvent&)> observer) {
  observers_.push_back(std::move(observer));
}

void Wire::intercept(std::function<bool(InterceptedDatagram)> interceptor) {
  interceptor_ = std::move(interceptor);
}

Packet& Wire::new_packet(const SocketAddress& source,
                         const SocketAddress& destination,
                         ConstBytes payload) {
  Packet& packet = pool_.take();
  packet.id = next_id_++;
  packet.source = source;
  packet.destination = destination;
  packet.payload.assign(payload.begin(), payload.end());
  packet.time = engine_.now();
  return packet;
}

void Wire::send(HostState& from,
                Interface* out,
                const SocketAddress& source,
                const SocketAddress& destination,
                ConstBytes payload,
                Ecn ecn) {
  Packet& packet = new_packet(source, destination, payload);
  packet.ecn = ecn;
  packet.from = &from;
  tell(packet, Fate::sent);
  if (out == nullptr) {
    packet.to = &from;
    packet.stage = Packet::Stage::arrived;
    schedule(packet, engine_.now());
  } else if (enter(packet, out->egress(), Packet::Stage::between_hosts)) {
    // Even without any delay a datagram arrives after the call that sends it.
    schedule(packet, engine_.now());
  }
}

void Wire::inject(const SocketAddress& source,
                  const SocketAddress& destination,
                  ConstBytes payload) {
  Packet& packet = new_packet(source, destination, payload);
  tell(packet, Fate::sent);
  if (find_receiver(packet)) {
    packet.stage = Packet::Stage::at_ingress;
    schedule(packet, engine_.now());
  }
}

void Wire::refuse(const SocketAddress& source,
                  const SocketAddress& destination,
                  ConstBytes payload,
                  Ecn ecn) {
  tell({.time = engine_.now(),
        .id = next_id_++,
        .source = source,
        .destination = destination,
        .payload = payload,
        .ecn = ecn,
        .fate = Fate::refused});
}

void Wire::on_event(std::uint64_t argument) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): schedule() made the number from this pointer
  auto& packet = *reinterpret_cast<Packet*>(static_cast<std::uintptr_t>(argument));
  switch (packet.stage) {
    case Packet::Stage::between_hosts:
      return cross(packet);
    case Packet::Stage::at_ingress:
      return enter_ingress(packet);
    case Packet::Stage::arrived:
      return arrive(packet);
    case Packet::Stage::too_large_report:
      packet.from->learn_path_mtu(packet.destination.address, packet.mtu);
      return pool_.give_back(packet);
  }
}

void Wire::schedule(Packet& packet, Instant time) {
  engine_.schedule(time, *this, reinterpret_cast<std::uintptr_t>(&packet));
}

/// Sends a packet into a link. True when it is through already; otherwise it comes back as an
/// event at stage `next`, or is gone.
bool Wire::enter(Packet& packet, Link& link, Packet::Stage next) {
  const std::size_t bytes = ip_packet_bytes(packet.payload.size(), packet.destination.address);
  const Passage passage = link.pass(engine_.now(), bytes, packet.ecn);
  packet.stage = next;
  if (passage.fate == Fate::too_large && link.model().report_too_large) {
    report_too_large(packet, link.model().mtu);
    return false;
  }
  if (passage.fate != Fate::delivered) {
    drop(packet, passage.fate);
    return false;
  }
  if (passage.mark_ce) {
    packet.ecn = Ecn::ce;
  }
  if (passage.corruption) {
    corrupt_payload(packet.payload, *passage.corruption, link.model().corruption_span);
    packet.corrupted = true;
  }
  if (link.transparent() && passage.arrival == engine_.now()) {
    return true;
  }
  schedule(packet, passage.arrival);
  if (passage.duplicate) {
    Packet& copy = pool_.take();
    copy = packet;
    copy.id = next_id_++;
    copy.duplicate = true;
    schedule(copy, passage.arrival);
  }
  return false;
}

bool Wire::find_receiver(Packet& packet) {
  const auto owner = owners_.find(packet.destination.address);
  if (owner == owners_.end()) {
    drop(packet, Fate::no_route);
    return false;
  }
  packet.to = owner->second.host;
  packet.in = owner->second.interface;
  return true;
}

void Wire::cross(Packet& packet) {
  if (interceptor_ &&
      !interceptor_({packet.source, packet.destination, packet.payload, packet.ecn})) {
    return drop(packet, Fate::intercepted);
  }
  if (!find_receiver(packet)) {
    return;
  }
  const auto path = paths_.find({packet.from->index(), packet.to->index()});
  if (path != paths_.end()) {
    if (path->second.blocked) {
      return drop(packet, Fate::blocked);
    }
    if (!enter(packet, path->second.link, Packet::Stage::at_ingress)) {
      return;
    }
  }
  enter_ingress(packet);
}

void Wire::enter_ingress(Packet& packet) {
  if (!packet.in->up()) {
    return drop(packet, Fate::link_down);
  }
  if (enter(packet, packet.in->ingress(), Packet::Stage::arrived)) {
    arrive(packet);
  }
}

void Wire::arrive(Packet& packet) {
  // The host may have roamed while the datagram was on its way.
  if (packet.in != nullptr && !(packet.in->up() && packet.in->has(packet.destination.address))) {
    return drop(packet, packet.in->up() ? Fate::no_route : Fate::link_down);
  }
  packet.time = engine_.now();
  const Fate fate = packet.to->deliver(packet);
  if (fate != Fate::delivered) {
    return drop(packet, fate);
  }
  tell(packet, fate);
}

void Wire::drop(Packet& packet, Fate fate) {
  tell(packet, fate);
  pool_.give_back(packet);
}

void Wire::report_too_large(Packet& packet, std::size_t mtu) {
  if (packet.from == nullptr) {  // injected: nobody would hear it
    return drop(packet, Fate::too_large);
  }
  tell(packet, Fate::too_large);
  packet.stage = Packet::Stage::too_large_report;
  packet.mtu = mtu;
  // The report takes as long back as the packet took to get here.
  const Instant now = engine_.now();
  schedule(packet, now + (now - packet.time));
}

void Wire::tell(const Packet& packet, Fate fate) {
  tell({.time = engine_.now(),
        .id = packet.id,
        .source = packet.source,
        .destination = packet.destination,
        .payload = packet.payload,
        .ecn = packet.ecn,
        .fate = fate,
        .corrupted = packet.corrupted,
        .duplicate = packet.duplicate});
}

void Wire::tell(const DatagramEvent& event) {
  TraceHash& trace = engine_.trace();
  trace.add(static_cast<std::uint64_t>(event.time.since_start().count()));
  trace.add((static_cast<std::uint64_t>(event.payload.size()) << 8U) |
            (static_cast<std::uint64_t>(event.fate) << 4U) |
            (static_cast<std::uint64_t>(event.ecn) << 2U) | (event.corrupted ? 2U : 0U) |
            (event.duplicate ? 1U : 0U));
  add_to_trace(trace, event.source);
  add_to_trace(trace, event.destination);
  for (const auto& observer : observers_) {
    observer(event);
  }
}

}  // namespace quicether::sim::detail
