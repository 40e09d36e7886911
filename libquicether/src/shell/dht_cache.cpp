#include "dht_cache.hpp"

#include <quicether/core/dht/bencode.hpp>
#include <quicether/core/dht/bencode_writer.hpp>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace quicether::detail {

namespace {

constexpr std::array<std::pair<std::string_view, dht::Family>, 2> kKeys = {
    {{"nodes", dht::Family::v4}, {"nodes6", dht::Family::v6}}};

constexpr std::size_t kFramingBytes = 64;

}  // namespace

ByteVector encode_dht_cache(std::span<const dht::NodeInfo> nodes) {
  ByteVector text(kFramingBytes + nodes.size() * dht::compact_node_bytes(dht::Family::v6));
  dht::BencodeWriter out{text};
  out.open_dictionary();
  for (const auto& [key, family] : kKeys) {
    ByteVector compact;
    for (const auto& node : nodes) {
      if (dht::family_of(node.address.address) == family) {
        dht::append_compact(compact, node);
      }
    }
    out.key(key).string(compact);
  }
  out.close();
  QE_ASSERT(out.ok());
  text.resize(out.written().size());
  return text;
}

std::vector<dht::NodeInfo> decode_dht_cache(ConstBytes text) {
  std::vector<dht::NodeInfo> nodes;
  const auto value = dht::BencodeValue::parse(text);
  if (!value) {
    return nodes;
  }
  for (const auto& [key, family] : kKeys) {
    const auto found = value->find(key);
    const auto compact = found ? found->string() : std::nullopt;
    if (compact) {
      std::ranges::copy(dht::parse_compact_nodes(*compact, family, kDhtCacheMax),
                        std::back_inserter(nodes));
    }
  }
  return nodes;
}

}  // namespace quicether::detail
