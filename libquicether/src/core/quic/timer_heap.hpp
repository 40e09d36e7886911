#ifndef QUICETHER_SRC_CORE_QUIC_TIMER_HEAP_HPP
#define QUICETHER_SRC_CORE_QUIC_TIMER_HEAP_HPP

#include <quicether/base/time.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quicether::quic {

/// One deadline for each of many small numbers ("slots"): a binary heap that knows where each is.
///
/// Moving a deadline costs O(log n) and allocates only when a new slot number appears.
class TimerHeap {
 public:
  /// Sets or moves the deadline of a slot; never() removes it.
  void set(std::uint32_t slot, Instant deadline);

  /// The earliest deadline; never() when there is none.
  [[nodiscard]] Instant next() const noexcept {
    return heap_.empty() ? Instant::never() : heap_.front().deadline;
  }

  /// The slot of the earliest deadline. Requires one.
  [[nodiscard]] std::uint32_t next_slot() const noexcept { return heap_.front().slot; }

 private:
  static constexpr std::size_t kAbsent = SIZE_MAX;

  struct Entry {
    Instant deadline{};
    std::uint32_t slot = 0;
  };

  void place(std::size_t at, Entry entry) noexcept {
    heap_[at] = entry;
    where_[entry.slot] = at;
  }

  void sift_up(std::size_t at, Entry entry) noexcept;
  void sift_down(std::size_t at, Entry entry) noexcept;

  // Ties break by slot, so that equal runs give equal orders.
  [[nodiscard]] static bool before(const Entry& left, const Entry& right) noexcept {
    return left.deadline != right.deadline ? left.deadline < right.deadline
                                           : left.slot < right.slot;
  }

  std::vector<Entry> heap_{};
  std::vector<std::size_t> where_{};  ///< of each slot, its place in heap_
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_TIMER_HEAP_HPP
