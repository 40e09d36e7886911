#ifndef QUICETHER_SRC_SHELL_DHT_CACHE_HPP
#define QUICETHER_SRC_SHELL_DHT_CACHE_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/core/dht/krpc.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace quicether::detail {

/// Nodes that are kept over a restart.
inline constexpr std::size_t kDhtCacheMax = 256;

/// The text of the cache: a bencoded dictionary with `nodes` and `nodes6`, as in KRPC answers.
[[nodiscard]] ByteVector encode_dht_cache(std::span<const dht::NodeInfo> nodes);

/// Reads it; what is damaged counts as empty.
[[nodiscard]] std::vector<dht::NodeInfo> decode_dht_cache(ConstBytes text);

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_DHT_CACHE_HPP
