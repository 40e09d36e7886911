#include "sim/host_state.hpp"
#include "sim/wire.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/sim/host.hpp>
#include <quicether/sim/network.hpp>

#include <algorithm>
#include <utility>

namespace quicether::sim {

Network::Network(detail::Engine& engine) : wire_{std::make_unique<detail::Wire>(engine)} {}

Network::~Network() = default;

Host& Network::add_host(std::string name) {
  QE_ASSERT(
      std::ranges::none_of(states_, [&](const auto* state) { return state->name() == name; }));
  auto state = std::make_unique<detail::HostState>(std::move(name), *wire_, states_.size());
  states_.push_back(state.get());
  return *hosts_.emplace_back(std::make_unique<Host>(std::move(state)));
}

Host& Network::add_host(std::string name, std::initializer_list<std::string_view> addresses) {
  InterfaceOptions options;
  for (const std::string_view text : addresses) {
    const auto address = InterfaceAddress::parse(text);
    QE_ASSERT(address.has_value());
    options.addresses.push_back(*address);
  }
  Host& host = add_host(std::move(name));
  host.add_interface(options);
  return host;
}

Host& Network::host(std::string_view name) noexcept {
  const auto found =
      std::ranges::find_if(hosts_, [&](const auto& each) { return each->name() == name; });
  QE_ASSERT(found != hosts_.end());
  return **found;
}

Host* Network::owner(const IpAddress& address) noexcept {
  detail::HostState* state = wire_->owner(address);
  return state == nullptr ? nullptr : &state->self();
}

void Network::set_path(const Host& one, const Host& other, const LinkModel& model) {
  set_path_one_way(one, other, model);
  set_path_one_way(other, one, model);
}

void Network::set_path_one_way(const Host& from, const Host& to, const LinkModel& model) {
  path(from, to).set_model(model);
}

Link& Network::path(const Host& from, const Host& to) {
  return wire_->path(state_of(from), state_of(to));
}

void Network::block(const Host& from, const Host& to) {
  wire_->block(state_of(from), state_of(to));
}

void Network::partition(std::initializer_list<const Host*> one,
                        std::initializer_list<const Host*> other) {
  for (const Host* left : one) {
    for (const Host* right : other) {
      block(*left, *right);
      block(*right, *left);
    }
  }
}

void Network::heal() noexcept {
  wire_->heal();
}

void Network::intercept(std::function<bool(InterceptedDatagram)> interceptor) {
  wire_->intercept(std::move(interceptor));
}

void Network::inject(const SocketAddress& source,
                     const SocketAddress& destination,
                     ConstBytes payload) {
  wire_->inject(source, destination, payload);
}

void Network::observe(std::function<void(const DatagramEvent&)> observer) {
  wire_->observe(std::move(observer));
}

detail::HostState& Network::state_of(const Host& host) const noexcept {
  const auto found =
      std::ranges::find_if(hosts_, [&](const auto& each) { return each.get() == &host; });
  QE_ASSERT(found != hosts_.end());
  return *states_[static_cast<std::size_t>(found - hosts_.begin())];
}

}  // namespace quicether::sim
