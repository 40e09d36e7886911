#ifndef QUICETHER_SRC_CORE_QUIC_RING_QUEUE_HPP
#define QUICETHER_SRC_CORE_QUIC_RING_QUEUE_HPP

#include <quicether/base/assert.hpp>

#include <cstddef>
#include <vector>

namespace quicether::quic {

/// A first-in first-out queue of small values that keeps its memory: unlike std::deque it
/// allocates only to become longer than it ever was.
template <typename T>
class RingQueue {
 public:
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  void push(T value) {
    if (size_ == items_.size()) {
      grow();
    }
    items_[(head_ + size_) % items_.size()] = value;
    ++size_;
  }

  T pop() noexcept {
    QE_DASSERT(!empty());
    const T value = items_[head_];
    head_ = (head_ + 1) % items_.size();
    --size_;
    return value;
  }

 private:
  void grow() {
    std::vector<T> larger(items_.empty() ? 16 : 2 * items_.size());
    for (std::size_t i = 0; i < size_; ++i) {
      larger[i] = items_[(head_ + i) % items_.size()];
    }
    items_.swap(larger);
    head_ = 0;
  }

  std::vector<T> items_{};
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_RING_QUEUE_HPP
