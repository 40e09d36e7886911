#include "core/quic/byte_queue.hpp"

#include <quicether/base/assert.hpp>

#include <algorithm>

namespace quicether::quic {

void ByteQueue::append(ConstBytes bytes) {
  while (!bytes.empty()) {
    const auto end = front_ + size_;
    if (end == blocks_.size() * queue::kBlockBytes) {
      blocks_.push_back(pool_.take());
    }
    const auto at = end % queue::kBlockBytes;
    const auto count = std::min(bytes.size(), queue::kBlockBytes - at);
    std::copy_n(bytes.begin(), count, blocks_.back()->begin() + static_cast<std::ptrdiff_t>(at));
    size_ += count;
    bytes = bytes.subspan(count);
  }
}

ConstBytes ByteQueue::view(std::size_t offset) const noexcept {
  QE_ASSERT(offset < size_);
  const auto at = front_ + offset;
  const ConstBytes block{*blocks_[at / queue::kBlockBytes]};
  return block.subspan(at % queue::kBlockBytes,
                       std::min(size_ - offset, queue::kBlockBytes - at % queue::kBlockBytes));
}

std::size_t ByteQueue::take(Bytes out) noexcept {
  std::size_t taken = 0;
  while (taken < out.size() && size_ != 0) {
    const auto piece = view(0);
    const auto count = std::min(piece.size(), out.size() - taken);
    std::copy_n(piece.begin(), count, out.begin() + static_cast<std::ptrdiff_t>(taken));
    drop(count);
    taken += count;
  }
  return taken;
}

void ByteQueue::drop(std::size_t count) noexcept {
  QE_ASSERT(count <= size_);
  front_ += count;
  size_ -= count;
  while (front_ >= queue::kBlockBytes) {
    pool_.give(std::move(blocks_.front()));
    blocks_.pop_front();
    front_ -= queue::kBlockBytes;
  }
  if (size_ == 0) {
    clear();
  }
}

void ByteQueue::clear() noexcept {
  for (auto& block : blocks_) {
    pool_.give(std::move(block));
  }
  blocks_.clear();
  front_ = 0;
  size_ = 0;
}

}  // namespace quicether::quic
