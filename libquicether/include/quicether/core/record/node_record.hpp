#ifndef QUICETHER_CORE_RECORD_NODE_RECORD_HPP
#define QUICETHER_CORE_RECORD_NODE_RECORD_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quicether::record {

inline constexpr std::size_t kEndpointsMax = 8;

/// Bit of NodeRecord::capabilities: the node forwards for others.
inline constexpr std::uint64_t kCapabilityGateway = 1;

/// What a node tells the DHT about itself: the mutable item under its own key, so that its target
/// is the NodeId. The item's signature is the record's, its sequence number the record's version.
struct NodeRecord {
  std::uint64_t capabilities = 0;          ///< a bit set, below 2^62
  std::vector<SocketAddress> endpoints{};  ///< where it can be dialled, the best first

  friend bool operator==(const NodeRecord&, const NodeRecord&) = default;
};

/// True for what may be dialled because a record says so: a unicast address of more than this host
/// and this cable, and a port.
[[nodiscard]] bool is_dialable(const SocketAddress& endpoint) noexcept;

/// The item's value, bencoded, at most 1000 bytes. Endpoints after the first kEndpointsMax and
/// those that are not dialable are left out. **Source:** docs/spec/records.md.
[[nodiscard]] ByteVector encode(const NodeRecord& record);

/// Reverses encode() for any bytes, leaving out endpoints that must not be dialled.
///
/// **Errors:** `malformed`, `truncated`, `unsupported` (another version).
[[nodiscard]] result<NodeRecord> decode_node_record(ConstBytes value);

}  // namespace quicether::record

#endif  // QUICETHER_CORE_RECORD_NODE_RECORD_HPP
