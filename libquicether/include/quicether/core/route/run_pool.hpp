#ifndef QUICETHER_CORE_ROUTE_RUN_POOL_HPP
#define QUICETHER_CORE_ROUTE_RUN_POOL_HPP

#include <quicether/base/assert.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace quicether::route {

/// Runs of 1 to 64 items, each run contiguous, all in one array.
///
/// A run is named by its first index; whoever owns it knows its size. Inserting and erasing may
/// move the run, never another one. Room is kept in powers of two and used again. Copyable.
template <typename Item>
class RunPool {
 public:
  [[nodiscard]] Item& operator[](std::size_t index) noexcept { return items_[index]; }

  [[nodiscard]] const Item& operator[](std::size_t index) const noexcept { return items_[index]; }

  /// Puts `item` at `position` of the run of `size` items and returns where the run is now. `run`
  /// is ignored when `size` is 0.
  [[nodiscard]] std::uint32_t insert(std::uint32_t run,
                                     unsigned size,
                                     unsigned position,
                                     Item item) {
    QE_DASSERT(position <= size && size < kRunMax);
    if (size == 0) {
      run = allocate(1);
    } else if (size == room(size)) {
      run = move(run, size, room(size + 1));
    }
    const auto begin = items_.begin() + static_cast<std::ptrdiff_t>(run);
    std::move_backward(begin + position, begin + size, begin + size + 1);
    begin[position] = std::move(item);
    return run;
  }

  /// Removes the item at `position` of the run of `size` items and returns where the run is now.
  [[nodiscard]] std::uint32_t erase(std::uint32_t run, unsigned size, unsigned position) {
    QE_DASSERT(position < size && size <= kRunMax);
    const auto begin = items_.begin() + static_cast<std::ptrdiff_t>(run);
    std::move(begin + position + 1, begin + size, begin + position);
    begin[size - 1] = Item{};
    if (size == 1) {
      release(run, 1);
      return 0;
    }
    return room(size - 1) == room(size) ? run : move(run, size, room(size - 1));
  }

 private:
  static constexpr unsigned kRunMax = 64;

  static constexpr unsigned room(unsigned size) noexcept { return std::bit_ceil(size); }

  // Moves a run of `size` items, whose room follows from it, to new room for `new_room` items.
  std::uint32_t move(std::uint32_t run, unsigned size, unsigned new_room) {
    const auto moved = allocate(new_room);
    const auto begin = items_.begin() + static_cast<std::ptrdiff_t>(run);
    const auto count = static_cast<std::ptrdiff_t>(std::min(size, new_room));
    std::move(begin, begin + count, items_.begin() + static_cast<std::ptrdiff_t>(moved));
    release(run, room(size));
    return moved;
  }

  std::uint32_t allocate(unsigned size) {
    auto& free = free_[static_cast<std::size_t>(std::countr_zero(size))];
    if (!free.empty()) {
      const auto run = free.back();
      free.pop_back();
      return run;
    }
    QE_ASSERT(items_.size() + size <= std::numeric_limits<std::uint32_t>::max());
    const auto run = static_cast<std::uint32_t>(items_.size());
    items_.resize(items_.size() + size);
    return run;
  }

  void release(std::uint32_t run, unsigned size) {
    free_[static_cast<std::size_t>(std::countr_zero(size))].push_back(run);
  }

  std::vector<Item> items_{};
  std::array<std::vector<std::uint32_t>, 7> free_{};  // runs with room for 1, 2, 4 … 64 items
};

}  // namespace quicether::route

#endif  // QUICETHER_CORE_ROUTE_RUN_POOL_HPP
