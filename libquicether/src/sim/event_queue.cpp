#include "sim/event_queue.hpp"

#include <quicether/base/assert.hpp>

#include <algorithm>

namespace quicether::sim::detail {

namespace {

constexpr std::size_t kArity = 4;

}  // namespace

EventId EventQueue::push(Instant time, EventTarget& target, std::uint64_t argument) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
    free_slots_.reserve(slots_.size());  // so that cancel() and pop() never allocate
  }
  heap_.emplace_back();
  const std::uint32_t index = free_slots_.back();
  free_slots_.pop_back();
  Slot& slot = slots_[index];
  slot.target = &target;
  slot.argument = argument;
  sift_up(heap_.size() - 1, {time, next_sequence_++, index});
  return {index, slot.generation};
}

void EventQueue::cancel(EventId id) noexcept {
  if (id.slot < slots_.size() && slots_[id.slot].generation == id.generation &&
      slots_[id.slot].target != nullptr) {
    remove(slots_[id.slot].position);
  }
}

EventQueue::Due EventQueue::pop() noexcept {
  QE_DASSERT(!heap_.empty());
  const Entry& first = heap_.front();
  const Slot& slot = slots_[first.slot];
  const Due due{first.time, slot.target, slot.argument};
  remove(0);
  return due;
}

void EventQueue::place(std::size_t position, const Entry& entry) noexcept {
  heap_[position] = entry;
  slots_[entry.slot].position = static_cast<std::uint32_t>(position);
}

void EventQueue::sift_up(std::size_t position, const Entry& entry) noexcept {
  while (position > 0) {
    const std::size_t parent = (position - 1) / kArity;
    if (!before(entry, heap_[parent])) {
      break;
    }
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, entry);
}

void EventQueue::sift_down(std::size_t position, const Entry& entry) noexcept {
  for (;;) {
    const std::size_t first = position * kArity + 1;
    if (first >= heap_.size()) {
      break;
    }
    const std::size_t last = std::min(first + kArity, heap_.size());
    std::size_t least = first;
    for (std::size_t child = first + 1; child < last; ++child) {
      if (before(heap_[child], heap_[least])) {
        least = child;
      }
    }
    if (!before(heap_[least], entry)) {
      break;
    }
    place(position, heap_[least]);
    position = least;
  }
  place(position, entry);
}

void EventQueue::remove(std::size_t position) noexcept {
  const std::uint32_t index = heap_[position].slot;
  Slot& slot = slots_[index];
  slot.target = nullptr;
  ++slot.generation;
  free_slots_.push_back(index);
  const Entry moved = heap_.back();
  heap_.pop_back();
  if (position == heap_.size()) {
    return;
  }
  if (position > 0 && before(moved, heap_[(position - 1) / kArity])) {
    sift_up(position, moved);
  } else {
    sift_down(position, moved);
  }
}

}  // namespace quicether::sim::detail
