#ifndef QUICETHER_SRC_CORE_QUIC_DATAGRAM_QUEUE_HPP
#define QUICETHER_SRC_CORE_QUIC_DATAGRAM_QUEUE_HPP

#include "core/quic/block_pool.hpp"

#include <quicether/base/bytes.hpp>
#include <quicether/core/quic/endpoint.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace quicether::quic {

/// DATAGRAM payloads that wait for the congestion window, bounded in bytes.
///
/// Not copyable, not movable; holds no block while empty. Allocates nothing in steady state.
class DatagramQueue {
 public:
  /// Largest payload that can wait.
  static constexpr std::size_t kPayloadMax = kBlockBytes - 2;

  DatagramQueue(BlockPool& pool, std::size_t bytes_max);
  DatagramQueue(const DatagramQueue&) = delete;
  DatagramQueue& operator=(const DatagramQueue&) = delete;
  ~DatagramQueue();

  /// Copies a payload to the back; false when there is no room for it.
  [[nodiscard]] bool push(const OutgoingDatagram& datagram);

  [[nodiscard]] bool empty() const noexcept { return records_ == 0; }

  [[nodiscard]] bool has_second() const noexcept { return records_ > 1; }

  /// The oldest payload. Valid until pop(). Requires !empty().
  [[nodiscard]] ConstBytes front() const noexcept;

  void pop() noexcept;

 private:
  static constexpr std::size_t kLengthBytes = 2;

  // A length that is none: the rest of the block is unused.
  static constexpr std::uint16_t kEndOfBlock = 0xffff;

  [[nodiscard]] Block& block(std::size_t index) const noexcept {
    return *ring_[(head_ + index) % ring_.size()];
  }

  [[nodiscard]] bool open_block(std::size_t record_bytes);
  void release_front() noexcept;

  BlockPool& pool_;
  std::size_t bytes_max_;
  std::vector<std::unique_ptr<Block>> ring_{};  ///< blocks head_ .. head_ + count_ are in use
  std::size_t head_ = 0;
  std::size_t count_ = 0;
  std::size_t read_at_ = 0;   ///< in the first block
  std::size_t write_at_ = 0;  ///< in the last block
  std::size_t used_ = 0;      ///< bytes of records
  std::size_t records_ = 0;
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_DATAGRAM_QUEUE_HPP
