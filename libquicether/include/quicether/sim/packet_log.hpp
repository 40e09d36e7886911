#ifndef QUICETHER_SIM_PACKET_LOG_HPP
#define QUICETHER_SIM_PACKET_LOG_HPP

#include <quicether/sim/datagram_event.hpp>
#include <quicether/sim/network.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace quicether::sim {

/// Keeps the last datagrams of a network and draws them as a Mermaid sequence diagram.
class PacketLog {
 public:
  /// Names what a payload is ("Initial 1200 B"). The default gives its size.
  using Label = std::function<std::string(ConstBytes)>;

  /// Starts to watch `network`, which may outlive the log. `capacity`: datagrams kept, at least 1.
  explicit PacketLog(Network& network, std::size_t capacity = 60, Label label = {});
  PacketLog(const PacketLog&) = delete;
  PacketLog& operator=(const PacketLog&) = delete;
  ~PacketLog();

  /// The diagram, oldest datagram first; times are virtual seconds since the simulation began.
  /// Needs the network.
  [[nodiscard]] std::string to_mermaid() const;

 private:
  struct Ring;
  std::shared_ptr<Ring> ring_;
};

}  // namespace quicether::sim

#endif  // QUICETHER_SIM_PACKET_LOG_HPP
