#include "sim/host_state.hpp"

#include "sim/network_watch.hpp"
#include "sim/socket.hpp"
#include "sim/tun_state.hpp"

#include <quicether/base/assert.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace quicether::sim::detail {

namespace {

/// First dynamic port, RFC 6335 section 6.
constexpr std::uint16_t kDynamicPortFirst = 49152;

}  // namespace

ProcessObject::ProcessObject(HostState& host) : host_{host}, process_{host.process()} {
  host.add_object(*this);
}

ProcessObject::~ProcessObject() {
  host_.remove_object(*this);
}

bool ProcessObject::alive() const noexcept {
  return !host_.killed() && process_ == host_.process();
}

bool ProcessObject::active() const noexcept {
  return alive() && !host_.paused();
}

HostState::HostState(std::string name, Wire& wire, std::size_t index)
    : name_{std::move(name)},
      wire_{wire},
      index_{index},
      random_{wire.engine().derive_seed("host " + name_)},
      recorder_{[&wire] { return wire.engine().now(); }},
      next_port_{kDynamicPortFirst} {}

Interface& HostState::add_interface(const InterfaceOptions& options) {
  QE_ASSERT(find_interface(options.name) == nullptr);
  return *interfaces_.emplace_back(std::make_unique<Interface>(*this, options));
}

Interface* HostState::find_interface(std::string_view name) noexcept {
  const auto found =
      std::ranges::find_if(interfaces_, [&](const auto& each) { return each->name() == name; });
  return found == interfaces_.end() ? nullptr : found->get();
}

bool HostState::owns(const IpAddress& address) const noexcept {
  return address.is_loopback() || wire_.owner(address) == this;
}

std::optional<Route> HostState::route(const IpAddress& remote,
                                      const IpAddress& source,
                                      const Interface* interface) const noexcept {
  if (remote.is_unspecified() || remote.is_multicast()) {
    return std::nullopt;
  }
  if (!owns(remote)) {
    return route_out(remote, source, interface);
  }
  if (source.is_unspecified()) {
    return Route{.source = remote};
  }
  return owns(source) ? std::optional{Route{.source = source}} : std::nullopt;
}

std::optional<Route> HostState::route_out(const IpAddress& remote,
                                          const IpAddress& source,
                                          const Interface* interface) const noexcept {
  std::optional<Route> by_default;
  for (const auto& each : interfaces_) {
    if (!each->up() || (interface != nullptr && interface != each.get())) {
      continue;
    }
    for (const InterfaceAddress& mine : each->addresses()) {
      const bool usable = mine.address.is_v4() == remote.is_v4() &&
                          (source.is_unspecified() || mine.address == source);
      if (usable && mine.network().contains(remote)) {
        return Route{.out = each.get(), .source = mine.address};
      }
      if (usable && !by_default) {
        by_default = Route{.out = each.get(), .source = mine.address};
      }
    }
  }
  return by_default;
}

std::size_t HostState::path_mtu(const IpAddress& remote) const noexcept {
  const auto known = path_mtus_.find(remote);
  return known == path_mtus_.end() ? kUnlimited : known->second;
}

void HostState::learn_path_mtu(const IpAddress& remote, std::size_t mtu) {
  path_mtus_[remote] = std::min(mtu, path_mtu(remote));
}

void HostState::add_socket(Socket& socket) {
  sockets_.emplace(socket.bind().port, &socket);
}

void HostState::remove_socket(Socket& socket) noexcept {
  const auto [first, last] = sockets_.equal_range(socket.bind().port);
  sockets_.erase(
      std::find_if(first, last, [&](const auto& each) { return each.second == &socket; }));
}

bool HostState::in_use(const SocketAddress& bind, const Interface* interface) const noexcept {
  const auto covers = [](const IpAddress& wide, const IpAddress& address) {
    return wide.is_unspecified() && (wide.is_v6() || address.is_v4());
  };
  const auto [first, last] = sockets_.equal_range(bind.port);
  return std::any_of(first, last, [&](const auto& each) {
    const IpAddress& other = each.second->bind().address;
    return each.second->interface() == interface &&
           (other == bind.address || covers(other, bind.address) || covers(bind.address, other));
  });
}

std::uint16_t HostState::free_port(const IpAddress& address, const Interface* interface) noexcept {
  constexpr unsigned kPorts = std::numeric_limits<std::uint16_t>::max() - kDynamicPortFirst + 1U;
  for (unsigned tries = 0; tries < kPorts; ++tries) {
    const std::uint16_t port = next_port_;
    next_port_ = port == std::numeric_limits<std::uint16_t>::max()
                     ? kDynamicPortFirst
                     : static_cast<std::uint16_t>(port + 1U);
    if (!in_use({address, port}, interface)) {
      return port;
    }
  }
  return 0;
}

Fate HostState::deliver(Packet& packet) {
  Socket* best = nullptr;
  unsigned best_match = 0;
  const auto [first, last] = sockets_.equal_range(packet.destination.port);
  for (auto each = first; each != last; ++each) {
    const unsigned match = each->second->match(packet.destination, packet.in);
    if (match > best_match) {
      best = each->second;
      best_match = match;
    }
  }
  if (best == nullptr) {
    return Fate::no_socket;
  }
  return best->deliver(packet) ? Fate::delivered : Fate::buffer_full;
}

void HostState::add_watch(HostNetworkWatch& watch) {
  watches_.push_back(&watch);
}

void HostState::remove_watch(HostNetworkWatch& watch) noexcept {
  std::erase(watches_, &watch);
}

void HostState::on_network_changed() noexcept {
  forget_path_mtus();  // they belong to the paths of the old addresses
  for (auto* const watch : watches_) {
    watch->on_change();
  }
}

void HostState::add_tun(TunState& tun) {
  tuns_.push_back(&tun);
}

void HostState::remove_tun(TunState& tun) noexcept {
  std::erase(tuns_, &tun);
}

TunState* HostState::find_tun(std::string_view name) noexcept {
  const auto found =
      std::ranges::find_if(tuns_, [&](const TunState* each) { return each->name == name; });
  return found == tuns_.end() ? nullptr : *found;
}

void HostState::kill() noexcept {
  if (killed_) {
    return;
  }
  for (ProcessObject* object : objects_) {
    if (object->alive()) {
      object->on_killed();
    }
  }
  killed_ = true;
  paused_ = false;
  store_.set_frozen(true);
}

void HostState::restart() noexcept {
  QE_ASSERT(killed_);
  killed_ = false;
  ++process_;
  store_.set_frozen(false);
}

void HostState::set_paused(bool paused) noexcept {
  if (killed_ || paused_ == paused) {
    return;
  }
  paused_ = paused;
  if (paused) {
    return;
  }
  for (ProcessObject* object : objects_) {
    if (object->alive()) {
      object->on_resumed();
    }
  }
}

void HostState::add_object(ProcessObject& object) {
  object.index_ = objects_.size();
  objects_.push_back(&object);
}

void HostState::remove_object(ProcessObject& object) noexcept {
  objects_.back()->index_ = object.index_;
  objects_[object.index_] = objects_.back();
  objects_.pop_back();
}

}  // namespace quicether::sim::detail
