#ifndef QUICETHER_SRC_CORE_QUEUE_SPARE_POOL_HPP
#define QUICETHER_SRC_CORE_QUEUE_SPARE_POOL_HPP

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace quicether::queue {

/// Memory of queues that grow and shrink by equal pieces: used ones are kept for the next queue, so
/// that a steady flow allocates nothing and an idle connection holds nothing.
template <typename T>
class SparePool {
 public:
  SparePool() { spare_.reserve(kSpareMax); }

  [[nodiscard]] std::unique_ptr<T> take() {
    if (spare_.empty()) {
      return std::make_unique_for_overwrite<T>();
    }
    auto piece = std::move(spare_.back());
    spare_.pop_back();
    return piece;
  }

  void give(std::unique_ptr<T> piece) noexcept {
    if (spare_.size() < kSpareMax) {
      spare_.push_back(std::move(piece));  // never grows: capacity is reserved
    }
  }

 private:
  static constexpr std::size_t kSpareMax = (std::size_t{1} << 20U) / sizeof(T);  ///< 1 MiB

  std::vector<std::unique_ptr<T>> spare_{};
};

}  // namespace quicether::queue

#endif  // QUICETHER_SRC_CORE_QUEUE_SPARE_POOL_HPP
