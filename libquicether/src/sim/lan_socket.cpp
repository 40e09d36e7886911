#include "sim/lan_socket.hpp"

#include <algorithm>

namespace quicether::sim::detail {

SimLanSocket::SimLanSocket(HostState& host,
                           const SocketAddress& bind,
                           const LanSocketOptions& options)
    : host_{host}, options_{options}, socket_{host, bind, nullptr, DatagramSocketOptions{}} {}

std::vector<InterfaceAddress> SimLanSocket::networks() const {
  std::vector<InterfaceAddress> networks;
  for (const auto& interface : host_.interfaces()) {
    for (const auto& address : interface->addresses()) {
      if (interface->up()) {
        networks.push_back(address);
      }
    }
  }
  return networks;
}

bool SimLanSocket::is_neighbour(const IpAddress& address) const {
  return std::ranges::any_of(
      networks(), [&](const InterfaceAddress& each) { return each.network().contains(address); });
}

std::optional<LanDatagram> SimLanSocket::receive() noexcept {
  while (true) {
    if (at_ >= train_[0].bytes.size()) {
      at_ = 0;
      if (socket_.receive(train_) == 0) {
        train_[0] = {};
        return std::nullopt;
      }
    }
    const auto rest = train_[0].bytes.subspan(at_);
    const auto bytes = rest.first(std::min(train_[0].segment_bytes, rest.size()));
    at_ += bytes.size();
    if (is_neighbour(train_[0].remote.address)) {
      return LanDatagram{train_[0].remote, bytes};
    }
  }
}

std::size_t SimLanSocket::send(ConstBytes bytes) noexcept {
  std::size_t sent = 0;
  for (const auto& network : networks()) {
    if (!options_.source.is_unspecified() && options_.source != network.address) {
      continue;
    }
    ++sent;
    for (const auto& address : host_.wire().addresses_in(network.network())) {
      const OutgoingTrain train{.bytes = bytes,
                                .segment_bytes = bytes.size(),
                                .local = {network.address, 0},
                                .remote = {address, options_.port}};
      (void)socket_.send({&train, 1});
    }
  }
  return sent;
}

}  // namespace quicether::sim::detail
