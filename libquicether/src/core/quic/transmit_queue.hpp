#ifndef QUICETHER_SRC_CORE_QUIC_TRANSMIT_QUEUE_HPP
#define QUICETHER_SRC_CORE_QUIC_TRANSMIT_QUEUE_HPP

#include <quicether/base/datagram.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace quicether::quic {

/// Where a packet goes and how it is marked.
struct Route {
  SocketAddress local{};
  SocketAddress remote{};
  Ecn ecn = Ecn::not_ect;

  friend bool operator==(const Route&, const Route&) noexcept = default;
};

/// Packets that wait for the socket, in one buffer, back to back as trains.
///
/// ngtcp2 encrypts straight into it: prepare() gives room at the end, commit() makes a packet of
/// what was written there. Packets of one route and size join the last train. Bounded, and while
/// the socket is slow, kept short: what is here has lost its chance to be sent later than others,
/// or never. Allocates nothing after construction.
class TransmitQueue {
 public:
  static constexpr std::size_t kBufferBytes = std::size_t{1} << 20U;
  static constexpr std::size_t kTrainsMax = 512;

  /// Bytes that wait at most when the socket has just refused some: half a train, 5 ms at 50
  /// Mbit/s. Each time that it takes everything, so much more may wait.
  static constexpr std::size_t kBacklogBytes = std::size_t{32} << 10U;

  TransmitQueue();

  /// Room for one packet of up to `bytes`; empty when the queue is full. Valid until commit().
  [[nodiscard]] Bytes prepare(std::size_t bytes) noexcept;

  /// Takes the first `bytes` of the last prepare() as a packet. `bytes` >= 1.
  void commit(const Route& route, std::size_t bytes) noexcept;

  /// All trains, oldest first; they do not grow any more. Valid until the next non-const call.
  [[nodiscard]] std::span<const OutgoingTrain> trains() noexcept;

  /// Drops trains from the front: the socket took them, and refused the others.
  void consume(std::size_t count) noexcept;

  /// Bytes of all packets ever.
  [[nodiscard]] std::uint64_t committed() const noexcept { return committed_; }

  /// True when the last prepare() found no room, and it is not empty since.
  [[nodiscard]] bool is_full() const noexcept { return full_; }

  /// True when as much waits as may, while the socket is slow: prepare() would give nothing.
  [[nodiscard]] bool is_long() const noexcept { return bytes_ >= limit_; }

  [[nodiscard]] bool empty() const noexcept { return first_ == trains_.size(); }

 private:
  [[nodiscard]] bool joins_last(const Route& route, std::size_t bytes) const noexcept;
  [[nodiscard]] std::size_t offset(const OutgoingTrain& train) const noexcept;

  std::unique_ptr<std::uint8_t[]> buffer_;
  std::vector<OutgoingTrain> trains_{};
  std::size_t first_ = 0;  ///< trains before it are consumed
  std::size_t tail_ = 0;   ///< where the next packet goes
  std::size_t bytes_ = 0;  ///< of all trains
  std::uint64_t committed_ = 0;
  std::size_t limit_ = kBufferBytes;  ///< from so many bytes on it is full
  bool open_ = false;                 ///< the last train may grow
  bool full_ = false;
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_TRANSMIT_QUEUE_HPP
