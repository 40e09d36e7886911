#ifndef QUICETHER_SRC_SIM_LAN_SOCKET_HPP
#define QUICETHER_SRC_SIM_LAN_SOCKET_HPP

#include "sim/socket.hpp"

#include <quicether/env/lan_socket.hpp>

#include <array>

namespace quicether::sim::detail {

/// Multicast of the simulation: a datagram goes to the port of every host that has an address in a
/// network of the sender, over the links and paths that lie between the two.
class SimLanSocket final : public LanSocket {
 public:
  SimLanSocket(HostState& host, const SocketAddress& bind, const LanSocketOptions& options);

  void wait_readable(WaitHandler handler) override { socket_.wait_readable(std::move(handler)); }

  [[nodiscard]] std::optional<LanDatagram> receive() noexcept override;
  std::size_t send(ConstBytes bytes) noexcept override;

  void close() noexcept override { socket_.close(); }

 private:
  [[nodiscard]] std::vector<InterfaceAddress> networks() const;
  [[nodiscard]] bool is_neighbour(const IpAddress& address) const;

  HostState& host_;
  LanSocketOptions options_;
  Socket socket_;
  std::array<ReceivedTrain, 1> train_{};
  std::size_t at_ = 0;  ///< how much of the train receive() has handed out
};

}  // namespace quicether::sim::detail

#endif  // QUICETHER_SRC_SIM_LAN_SOCKET_HPP
