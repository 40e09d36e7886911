#include <quicether/core/dht/krpc.hpp>

#include <algorithm>

namespace quicether::dht {

void append_compact(ByteVector& out, const SocketAddress& address) {
  const auto bytes = address.address.bytes();
  out.insert(out.end(), bytes.begin(), bytes.end());
  out.push_back(static_cast<std::uint8_t>(address.port >> 8U));
  out.push_back(static_cast<std::uint8_t>(address.port));
}

void append_compact(ByteVector& out, const NodeInfo& node) {
  out.insert(out.end(), node.id.bytes.begin(), node.id.bytes.end());
  append_compact(out, node.address);
}

result<SocketAddress> parse_compact(ConstBytes bytes) noexcept {
  if (bytes.size() != compact_bytes(Family::v4) && bytes.size() != compact_bytes(Family::v6)) {
    return errc::malformed;
  }
  const auto address = IpAddress::from_bytes(bytes.first(bytes.size() - 2));
  return SocketAddress{*address, load_be<std::uint16_t>(bytes.last(2))};
}

std::vector<NodeInfo> parse_compact_nodes(ConstBytes bytes, Family family, std::size_t count_max) {
  const auto size = compact_node_bytes(family);
  std::vector<NodeInfo> nodes;
  const auto count = std::min(bytes.size() / size, count_max);
  nodes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto one = bytes.subspan(i * size, size);
    nodes.push_back({Id::from_bytes(one.first(kIdBytes)), *parse_compact(one.subspan(kIdBytes))});
  }
  return nodes;
}

}  // namespace quicether::dht
