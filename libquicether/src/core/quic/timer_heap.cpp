#include "core/quic/timer_heap.hpp"

namespace quicether::quic {

void TimerHeap::set(std::uint32_t slot, Instant deadline) {
  if (slot >= where_.size()) {
    where_.resize(slot + std::size_t{1}, kAbsent);
  }
  auto at = where_[slot];
  if (deadline.is_never()) {
    if (at == kAbsent) {
      return;
    }
    where_[slot] = kAbsent;
    const auto last = heap_.back();
    heap_.pop_back();
    if (at < heap_.size()) {
      sift_up(at, last);
      sift_down(where_[last.slot], last);
    }
    return;
  }
  if (at == kAbsent) {
    at = heap_.size();
    heap_.emplace_back();
  } else if (heap_[at].deadline == deadline) {
    return;
  }
  const Entry entry{deadline, slot};
  sift_up(at, entry);
  sift_down(where_[slot], entry);
}

void TimerHeap::sift_up(std::size_t at, Entry entry) noexcept {
  while (at != 0) {
    const auto parent = (at - 1) / 2;
    if (!before(entry, heap_[parent])) {
      break;
    }
    place(at, heap_[parent]);
    at = parent;
  }
  place(at, entry);
}

void TimerHeap::sift_down(std::size_t at, Entry entry) noexcept {
  for (;;) {
    auto child = 2 * at + 1;
    if (child >= heap_.size()) {
      break;
    }
    if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) {
      ++child;
    }
    if (!before(heap_[child], entry)) {
      break;
    }
    place(at, heap_[child]);
    at = child;
  }
  place(at, entry);
}

}  // namespace quicether::quic
