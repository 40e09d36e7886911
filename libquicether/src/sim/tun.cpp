#include "sim/tun_state.hpp"

#include <quicether/sim/tun.hpp>

#include <utility>

namespace quicether::sim {

namespace {

/// RFC 8200 section 5 and the largest IPv4 packet.
constexpr std::uint32_t kMtuMin = 1280;
constexpr std::uint32_t kMtuMax = 65535;

}  // namespace

namespace detail {

TunState::TunState(Tun& device, HostState& on, const TunOptions& options)
    : ProcessObject{on},
      self{device},
      name{options.name},
      mtu{options.mtu},
      addresses{options.addresses},
      readable{on.engine()} {
  on.add_tun(*this);
}

void TunState::remove() noexcept {
  if (open) {
    host().remove_tun(*this);
  }
  open = false;
  routes.clear();
  to_library.clear();
}

void TunState::on_resumed() noexcept {
  if (!to_library.empty()) {
    readable.complete({});
  }
}

}  // namespace detail

Tun::Tun(detail::HostState& host, const TunOptions& options)
    : state_{std::make_unique<detail::TunState>(*this, host, options)} {}

Tun::~Tun() {
  close();
}

bool Tun::valid_mtu(std::uint32_t mtu) noexcept {
  return mtu >= kMtuMin && mtu <= kMtuMax;
}

const std::string& Tun::name() const noexcept {
  return state_->name;
}

std::uint32_t Tun::mtu() const noexcept {
  return state_->mtu;
}

void Tun::wait_readable(WaitHandler handler) {
  state_->readable.start(std::move(handler));
  if (state_->may_tell() && !state_->to_library.empty()) {
    state_->readable.complete({});
  } else if (state_->closed) {
    state_->readable.complete(errc::cancelled);
  }
}

std::size_t Tun::read(std::span<wire::IpPacket> packets) noexcept {
  auto& waiting = state_->to_library;
  auto& current = state_->being_read;
  current.clear();
  while (current.size() < packets.size() && !waiting.empty()) {
    current.push_back(std::move(waiting.front()));
    waiting.pop_front();
  }
  for (std::size_t i = 0; i < current.size(); ++i) {
    packets[i] = {current[i].bytes, current[i].offload};
    const auto plan = wire::plan_segments(current[i].bytes, current[i].offload);
    state_->stats.packets_read += plan ? plan->count : 1;
    state_->stats.bytes_read +=
        current[i].bytes.size() + (plan ? (plan->count - 1) * plan->header_bytes : 0);
  }
  return current.size();
}

bool Tun::drained() const noexcept {
  return state_->to_library.empty();
}

void Tun::write(std::span<const wire::IpPacket> packets) noexcept {
  if (!state_->serves()) {
    return;
  }
  for (const auto& packet : packets) {
    if (packet.offload.kind != wire::OffloadKind::none) {
      write_super_packet(packet);
    } else if (packet.offload.needs_checksum &&
               !wire::complete_checksum(packet.bytes, packet.offload)) {
      ++state_->stats.write_errors;
    } else {
      write_packet(packet.bytes);
    }
  }
}

// The kernel keeps super-packets whole as long as it can; a test sees what they stand for.
void Tun::write_super_packet(const wire::IpPacket& packet) {
  const auto packets = state_->splitter.split(packet, state_->mtu);
  if (!packets) {
    ++state_->stats.write_errors;
    return;
  }
  for (const auto one : *packets) {
    write_packet(one);
  }
}

void Tun::write_packet(ConstBytes packet) {
  const unsigned version = packet.empty() ? 0U : packet[0] >> 4U;
  // The kernel's checks: an IP version it knows, and not above the MTU of the interface.
  if ((version != 4 && version != 6) || packet.size() > state_->mtu) {
    ++state_->stats.write_errors;
    return;
  }
  ++state_->stats.packets_written;
  state_->stats.bytes_written += packet.size();
  if (state_->receiver) {
    state_->receiver(packet);
  } else {
    state_->written.emplace_back(packet.begin(), packet.end());
  }
}

result<void> Tun::add_route(const Prefix& destination) {
  if (!state_->serves()) {
    return errc::io_failure;
  }
  state_->routes.insert(destination);
  return {};
}

result<void> Tun::remove_route(const Prefix& destination) {
  if (!state_->serves()) {
    return errc::io_failure;
  }
  state_->routes.erase(destination);
  return {};
}

result<void> Tun::set_mtu(std::uint32_t mtu) {
  if (!valid_mtu(mtu)) {
    return errc::invalid_argument;
  }
  if (!state_->serves()) {
    return errc::io_failure;
  }
  state_->mtu = mtu;
  return {};
}

void Tun::close() noexcept {
  state_->remove();
  state_->closed = true;
  state_->readable.complete(errc::cancelled);
}

TunStats Tun::stats() const noexcept {
  return state_->stats;
}

bool Tun::inject(ConstBytes packet) {
  return packet.size() <= state_->mtu && enqueue(packet, {});
}

bool Tun::inject(ConstBytes super_packet, const wire::Offload& offload) {
  const auto plan = wire::plan_segments(super_packet, offload);
  return plan && plan->packet_bytes_max <= state_->mtu && enqueue(super_packet, offload);
}

bool Tun::enqueue(ConstBytes packet, const wire::Offload& offload) {
  if (!state_->serves() || state_->to_library.size() >= kQueuePackets) {
    return false;
  }
  state_->to_library.push_back({{packet.begin(), packet.end()}, offload});
  if (state_->may_tell()) {
    state_->readable.complete({});
  }
  return true;
}

std::vector<ByteVector> Tun::take_written() {
  return std::exchange(state_->written, {});
}

void Tun::on_written(std::function<void(ConstBytes)> receiver) {
  state_->receiver = std::move(receiver);
}

const std::vector<InterfaceAddress>& Tun::addresses() const noexcept {
  return state_->addresses;
}

const std::set<Prefix>& Tun::routes() const noexcept {
  return state_->routes;
}

}  // namespace quicether::sim
