#ifndef QUICETHER_BENCH_NET_LINK_EMULATOR_PACKET_PORT_HPP
#define QUICETHER_BENCH_NET_LINK_EMULATOR_PACKET_PORT_HPP

#include "frame.hpp"

#include <cstddef>
#include <span>
#include <string>

namespace quicether::bench {

/// All frames of one interface, in batches, by a packet socket. Neither copyable nor movable.
///
/// Batches, not a mapped ring: with recvmmsg() and sendmmsg() frames are read into the place from
/// which they are sent later, whereas a ring slot would have to be copied out of to be free again.
class PacketPort {
 public:
  static constexpr std::size_t kBatch = 64;

  /// Throws std::system_error.
  explicit PacketPort(const std::string& interface);
  PacketPort(const PacketPort&) = delete;
  PacketPort& operator=(const PacketPort&) = delete;
  ~PacketPort();

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

  /// Reads what waits into `frames` and returns how many, at most kBatch.
  [[nodiscard]] std::size_t receive(std::span<Frame*> frames) noexcept;

  /// Sends up to kBatch frames; returns how many the kernel refused.
  [[nodiscard]] std::size_t send(std::span<Frame* const> frames) noexcept;

 private:
  int descriptor_;
};

}  // namespace quicether::bench

#endif  // QUICETHER_BENCH_NET_LINK_EMULATOR_PACKET_PORT_HPP
