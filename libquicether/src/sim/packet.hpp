#ifndef QUICETHER_SRC_SIM_PACKET_HPP
#define QUICETHER_SRC_SIM_PACKET_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/datagram.hpp>
#include <quicether/base/time.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace quicether::sim {
class Interface;
}

namespace quicether::sim::detail {

class HostState;

/// A datagram on its way, or in the receiver's socket.
struct Packet {
  /// Where it is when its event comes.
  enum class Stage : std::uint8_t { between_hosts, at_ingress, arrived, too_large_report };

  std::uint64_t id = 0;
  SocketAddress source{};
  SocketAddress destination{};
  ByteVector payload{};
  Ecn ecn = Ecn::not_ect;
  bool corrupted = false;
  bool duplicate = false;
  Stage stage = Stage::between_hosts;
  HostState* from = nullptr;
  HostState* to = nullptr;
  Interface* in = nullptr;  ///< null within one host
  Instant time{};           ///< when it was sent; when it arrived, once it waits in a socket
  std::size_t mtu = 0;      ///< what a too_large_report says
};

/// Reuses packets, so that a busy simulation does not allocate.
class PacketPool {
 public:
  /// A packet with default values, but possibly with capacity in its payload.
  [[nodiscard]] Packet& take() {
    if (free_.empty()) {
      packets_.push_back(std::make_unique<Packet>());
      free_.reserve(packets_.size());
      return *packets_.back();
    }
    Packet& packet = *free_.back();
    free_.pop_back();
    return packet;
  }

  void give_back(Packet& packet) noexcept {
    ByteVector payload = std::move(packet.payload);
    payload.clear();
    packet = Packet{};
    packet.payload = std::move(payload);
    free_.push_back(&packet);
  }

 private:
  std::vector<std::unique_ptr<Packet>> packets_;
  std::vector<Packet*> free_;
};

}  // namespace quicether::sim::detail

#endif  // QUICETHER_SRC_SIM_PACKET_HPP
