#ifndef QUICETHER_SRC_CORE_QUEUE_BLOCK_POOL_HPP
#define QUICETHER_SRC_CORE_QUEUE_BLOCK_POOL_HPP

#include "core/queue/spare_pool.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace quicether::queue {

/// Bytes of one block of streams and of large datagrams.
inline constexpr std::size_t kBlockBytes = std::size_t{16} << 10U;

using Block = std::array<std::uint8_t, kBlockBytes>;

using BlockPool = SparePool<Block>;

}  // namespace quicether::queue

#endif  // QUICETHER_SRC_CORE_QUEUE_BLOCK_POOL_HPP
