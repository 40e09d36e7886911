#ifndef QUICETHER_SRC_CORE_QUIC_BYTE_QUEUE_HPP
#define QUICETHER_SRC_CORE_QUIC_BYTE_QUEUE_HPP

#include "core/queue/block_pool.hpp"

#include <quicether/base/bytes.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <span>

namespace quicether::quic {

/// A queue of bytes whose addresses stay the same until they are dropped.
///
/// Not copyable, not movable; holds no memory while empty.
class ByteQueue {
 public:
  explicit ByteQueue(queue::BlockPool& pool) noexcept : pool_{pool} {}

  ByteQueue(const ByteQueue&) = delete;
  ByteQueue& operator=(const ByteQueue&) = delete;

  ~ByteQueue() { clear(); }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  void append(ConstBytes bytes);

  /// Views bytes from `offset` on, contiguous, as many as one block holds. `offset` < size().
  [[nodiscard]] ConstBytes view(std::size_t offset) const noexcept;

  /// Copies from the front, as much as fits, and drops it. Returns how much.
  std::size_t take(Bytes out) noexcept;

  /// Drops bytes from the front. `count` <= size().
  void drop(std::size_t count) noexcept;

  void clear() noexcept;

 private:
  queue::BlockPool& pool_;
  std::deque<std::unique_ptr<queue::Block>> blocks_{};
  std::size_t front_ = 0;  ///< offset of the first byte in the first block
  std::size_t size_ = 0;
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_BYTE_QUEUE_HPP
