#include "sim/host_state.hpp"
#include "sim/lan_socket.hpp"
#include "sim/network_watch.hpp"
#include "sim/socket.hpp"
#include "sim/timer.hpp"
#include "sim/tun_state.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/sim/host.hpp>
#include <quicether/sim/simulation.hpp>

#include <chrono>
#include <utility>

namespace quicether::sim {

Host::Host(std::unique_ptr<detail::HostState> state) : state_{std::move(state)} {
  state_->set_self(*this);
}

Host::~Host() = default;

boost::asio::any_io_executor Host::get_executor() noexcept {
  return state_->engine().io().get_executor();
}

Instant Host::now() const noexcept {
  return state_->engine().now();
}

UnixSeconds Host::unix_time() const noexcept {
  const Duration elapsed = now() - Simulation::kStart;
  return kUnixStart + wall_clock_step_ +
         std::chrono::duration_cast<std::chrono::seconds>(elapsed).count();
}

Random& Host::random() noexcept {
  return state_->random();
}

Store& Host::store() noexcept {
  return state_->store();
}

EventSink& Host::events() noexcept {
  return state_->recorder();
}

std::unique_ptr<Timer> Host::make_timer() {
  return std::make_unique<detail::VirtualTimer>(*state_);
}

result<std::unique_ptr<DatagramSocket>> Host::open_datagram_socket(
    const DatagramSocketOptions& options) {
  if (state_->killed()) {
    return errc::io_failure;
  }
  const Interface* interface = nullptr;
  if (!options.interface.empty()) {
    interface = state_->find_interface(options.interface);
    if (interface == nullptr) {
      return errc::invalid_argument;
    }
  }
  SocketAddress bind = options.bind;
  if (!bind.address.is_unspecified() && !state_->owns(bind.address)) {
    return errc::invalid_argument;
  }
  if (bind.port == 0) {
    bind.port = state_->free_port(bind.address, interface);
  }
  if (bind.port == 0 || state_->in_use(bind, interface)) {
    return errc::already_open;
  }
  return std::unique_ptr<DatagramSocket>{
      std::make_unique<detail::Socket>(*state_, bind, interface, options)};
}

result<std::unique_ptr<LanSocket>> Host::open_lan_socket(const LanSocketOptions& options) {
  const SocketAddress bind{IpAddress::v6({}), options.port};
  if (state_->killed()) {
    return errc::io_failure;
  }
  if (state_->in_use(bind, nullptr)) {
    return errc::already_open;
  }
  return std::unique_ptr<LanSocket>{std::make_unique<detail::SimLanSocket>(*state_, bind, options)};
}

result<std::unique_ptr<TunDevice>> Host::open_tun(const TunOptions& options) {
  constexpr std::size_t kNameMax = 15;  // IFNAMSIZ - 1
  if (options.name.empty() || options.name.size() > kNameMax || !Tun::valid_mtu(options.mtu)) {
    return errc::invalid_argument;
  }
  if (state_->killed()) {
    return errc::io_failure;
  }
  if (state_->find_tun(options.name) != nullptr ||
      state_->find_interface(options.name) != nullptr) {
    return errc::already_open;
  }
  return std::unique_ptr<TunDevice>{std::make_unique<Tun>(*state_, options)};
}

std::vector<HostInterface> Host::interfaces() {
  std::vector<HostInterface> interfaces;
  for (const auto& each : state_->interfaces()) {
    HostInterface interface;
    interface.name = each->name();
    interface.index = static_cast<std::uint32_t>(interfaces.size() + 1);
    interface.up = each->up();
    interface.multicast = true;
    interface.addresses = each->addresses();
    interfaces.push_back(std::move(interface));
  }
  return interfaces;
}

result<std::unique_ptr<NetworkWatch>> Host::watch_network() {
  if (state_->killed()) {
    return errc::io_failure;
  }
  return std::unique_ptr<NetworkWatch>{std::make_unique<detail::HostNetworkWatch>(*state_)};
}

const std::string& Host::name() const noexcept {
  return state_->name();
}

Interface& Host::add_interface(const InterfaceOptions& options) {
  return state_->add_interface(options);
}

Interface& Host::interface(std::string_view name) noexcept {
  Interface* found = state_->find_interface(name);
  QE_ASSERT(found != nullptr);
  return *found;
}

MemoryStore& Host::memory_store() noexcept {
  return state_->store();
}

EventRecorder& Host::recorded() noexcept {
  return state_->recorder();
}

Tun* Host::tun(std::string_view name) noexcept {
  detail::TunState* found = state_->find_tun(name);
  return found == nullptr ? nullptr : &found->self;
}

void Host::step_wall_clock(std::int64_t seconds) noexcept {
  wall_clock_step_ += seconds;
}

void Host::kill() noexcept {
  state_->kill();
}

void Host::restart() noexcept {
  state_->restart();
}

void Host::pause() noexcept {
  state_->set_paused(true);
}

void Host::resume() noexcept {
  state_->set_paused(false);
}

bool Host::running() const noexcept {
  return !state_->killed() && !state_->paused();
}

}  // namespace quicether::sim
