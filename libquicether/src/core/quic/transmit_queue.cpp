#include "core/quic/transmit_queue.hpp"

#include <quicether/base/assert.hpp>

#include <algorithm>

namespace quicether::quic {

TransmitQueue::TransmitQueue()
    : buffer_{std::make_unique_for_overwrite<std::uint8_t[]>(kBufferBytes)} {
  trains_.reserve(kTrainsMax);
}

std::size_t TransmitQueue::offset(const OutgoingTrain& train) const noexcept {
  return static_cast<std::size_t>(train.bytes.data() - buffer_.get());
}

Bytes TransmitQueue::prepare(std::size_t bytes) noexcept {
  full_ = false;
  if (empty()) {
    // Start over: the pages just sent are still in the cache.
    trains_.clear();
    first_ = 0;
    tail_ = 0;
    bytes_ = 0;
    return {buffer_.get(), bytes};
  }
  if (is_long()) {
    full_ = true;
    return {};
  }
  if (trains_.size() == kTrainsMax) {
    if (first_ == 0) {
      full_ = true;
      return {};
    }
    trains_.erase(trains_.begin(), trains_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
  const auto head = offset(trains_[first_]);
  if (tail_ > head && kBufferBytes - tail_ < bytes) {
    tail_ = 0;  // wrap round; what is left at the end stays unused
    open_ = false;
  }
  if (tail_ <= head && head - tail_ <= bytes) {
    full_ = true;
    return {};  // one byte stays free, so that tail == head means only "wrapped just now"
  }
  return {buffer_.get() + tail_, bytes};
}

bool TransmitQueue::joins_last(const Route& route, std::size_t bytes) const noexcept {
  if (!open_ || empty()) {
    return false;
  }
  const auto& last = trains_.back();
  return bytes <= last.segment_bytes && last.bytes.size() + bytes <= kTrainBytesMax &&
         last.bytes.size() < kTrainSegmentsMax * last.segment_bytes && last.local == route.local &&
         last.remote == route.remote && last.ecn == route.ecn;
}

void TransmitQueue::commit(const Route& route, std::size_t bytes) noexcept {
  QE_DASSERT(bytes != 0 && tail_ + bytes <= kBufferBytes);
  const bool joins = joins_last(route, bytes);
  if (joins) {
    auto& last = trains_.back();
    last.bytes = {last.bytes.data(), last.bytes.size() + bytes};
    open_ = bytes == last.segment_bytes;
  } else {
    trains_.push_back(
        {{buffer_.get() + tail_, bytes}, bytes, route.local, route.remote, route.ecn});
    open_ = true;
  }
  tail_ += bytes;
  bytes_ += bytes;
  committed_ += bytes;
}

std::span<const OutgoingTrain> TransmitQueue::trains() noexcept {
  open_ = false;
  return std::span{trains_}.subspan(first_);
}

void TransmitQueue::consume(std::size_t count) noexcept {
  QE_ASSERT(count <= trains_.size() - first_);
  for (const auto& train : std::span{trains_}.subspan(first_, count)) {
    bytes_ -= train.bytes.size();
  }
  first_ += count;
  if (empty()) {
    limit_ = std::min(limit_ + kBacklogBytes, kBufferBytes);
    full_ = false;
  } else {
    limit_ = kBacklogBytes;
  }
}

}  // namespace quicether::quic
