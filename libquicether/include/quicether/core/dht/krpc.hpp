#ifndef QUICETHER_CORE_DHT_KRPC_HPP
#define QUICETHER_CORE_DHT_KRPC_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/core/dht/bencode.hpp>
#include <quicether/core/dht/id.hpp>
#include <quicether/core/dht/item.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace quicether::dht {

/// Largest message that is sent: with IPv6 and UDP headers it fits every Ethernet path, PPPoE and
/// one tunnel deep. A put of the largest item has about 1310 bytes.
inline constexpr std::size_t kMessageBytesMax = 1400;

/// Longest transaction id that is answered. Others send 2 to 20 bytes.
inline constexpr std::size_t kTransactionBytesMax = 32;

/// Longest write token that is kept. libtorrent's has 4 bytes, others' up to 20.
inline constexpr std::size_t kTokenBytesMax = 64;

/// Our mark in `v`: two letters for the program, two bytes for its version (BEP 5).
inline constexpr std::array<std::uint8_t, 4> kClientVersion = {'Q', 'E', 0, 1};

enum class Family : std::uint8_t { v4 = 0, v6 = 1 };

[[nodiscard]] constexpr Family family_of(const IpAddress& address) noexcept {
  return address.is_v6() ? Family::v6 : Family::v4;
}

/// A DHT node: who and where.
struct NodeInfo {
  Id id{};
  SocketAddress address{};

  friend constexpr auto operator<=>(const NodeInfo&, const NodeInfo&) noexcept = default;
};

enum class Method : std::uint8_t { ping, find_node, get_peers, announce_peer, get, put, unknown };

/// Which families a query wants nodes of (BEP 32).
struct Want {
  bool v4 = false;
  bool v6 = false;
};

/// A query; views live as long as the datagram. Fields that a method does not use are ignored.
struct Query {
  ConstBytes transaction{};
  Method method = Method::unknown;
  Id id{};
  bool read_only = false;      ///< BEP 43: do not add the sender to the routing table
  std::optional<Id> target{};  ///< `target`, or `info_hash`
  Want want{};                 ///< both false: not said
  ConstBytes token{};
  std::optional<std::uint16_t> port{};  ///< announce_peer
  bool implied_port = false;            ///< announce_peer: take the UDP source port
  ItemView item{};                      ///< put
  bool partial_author = false;          ///< some, but not all of `k`, `seq` and `sig`
  std::optional<std::int64_t> cas{};    ///< put: the version to replace
  std::optional<std::int64_t> seq{};    ///< get: only newer values are wanted
};

/// An answer.
struct Response {
  ConstBytes transaction{};
  Id id{};
  ConstBytes nodes{};                         ///< compact, 26 bytes each
  ConstBytes nodes6{};                        ///< compact, 38 bytes each (BEP 32)
  ConstBytes token{};                         ///< empty: none
  std::optional<BencodeValue> values{};       ///< list of compact peers
  ItemView item{};                            ///< empty value: none
  std::optional<std::int64_t> seq{};          ///< version there, also without a value
  std::optional<SocketAddress> your_address;  ///< BEP 42 `ip`: how the answerer sees the asker
  ConstBytes version{};
};

struct ErrorReply {
  ConstBytes transaction{};
  std::int64_t code = 0;
  std::string_view text{};  ///< made by the other side
};

using Message = std::variant<Query, Response, ErrorReply>;

/// Decodes a datagram. Unsorted keys and unknown ones are accepted, as the mainline DHT has them.
///
/// **Errors:** `truncated`, `malformed`, `too_large`.
[[nodiscard]] result<Message> decode(ConstBytes datagram) noexcept;

/// Encodes into `out` and returns the front of it; empty when it does not fit.
[[nodiscard]] ConstBytes encode(const Query& query, Bytes out) noexcept;

/// `peers`: compact ones, as append_compact() makes them.
[[nodiscard]] ConstBytes encode(const Response& response,
                                std::span<const SocketAddress> peers,
                                Bytes out) noexcept;

[[nodiscard]] ConstBytes encode(const ErrorReply& error, Bytes out) noexcept;

/// Bytes of a compact address: 6 or 18.
[[nodiscard]] constexpr std::size_t compact_bytes(Family family) noexcept {
  return family == Family::v6 ? 18 : 6;
}

/// Bytes of a compact node: 26 or 38.
[[nodiscard]] constexpr std::size_t compact_node_bytes(Family family) noexcept {
  return kIdBytes + compact_bytes(family);
}

void append_compact(ByteVector& out, const SocketAddress& address);
void append_compact(ByteVector& out, const NodeInfo& node);

/// Reads 6 or 18 bytes. **Errors:** `malformed` for any other size.
[[nodiscard]] result<SocketAddress> parse_compact(ConstBytes bytes) noexcept;

/// Reads compact nodes, at most `count_max`. Bytes that make no whole node are ignored.
[[nodiscard]] std::vector<NodeInfo> parse_compact_nodes(ConstBytes bytes,
                                                        Family family,
                                                        std::size_t count_max);

}  // namespace quicether::dht

#endif  // QUICETHER_CORE_DHT_KRPC_HPP
