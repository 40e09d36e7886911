#ifndef QUICETHER_SRC_CORE_QUIC_BLOCK_POOL_HPP
#define QUICETHER_SRC_CORE_QUIC_BLOCK_POOL_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace quicether::quic {

/// Bytes of one block: holds 11 full-size datagrams with 5 % waste.
inline constexpr std::size_t kBlockBytes = std::size_t{16} << 10U;

using Block = std::array<std::uint8_t, kBlockBytes>;

/// Memory of the byte queues, which grow and shrink by blocks: used ones are kept for the next
/// queue, so that a steady flow allocates nothing and an idle connection holds nothing.
class BlockPool {
 public:
  BlockPool() { spare_.reserve(kSpareMax); }

  [[nodiscard]] std::unique_ptr<Block> take() {
    if (spare_.empty()) {
      return std::make_unique_for_overwrite<Block>();
    }
    auto block = std::move(spare_.back());
    spare_.pop_back();
    return block;
  }

  void give(std::unique_ptr<Block> block) noexcept {
    if (spare_.size() < kSpareMax) {
      spare_.push_back(std::move(block));  // never grows: capacity is reserved
    }
  }

 private:
  static constexpr std::size_t kSpareMax = 64;  ///< 1 MiB

  std::vector<std::unique_ptr<Block>> spare_;
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_BLOCK_POOL_HPP
