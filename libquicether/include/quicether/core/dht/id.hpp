#ifndef QUICETHER_CORE_DHT_ID_HPP
#define QUICETHER_CORE_DHT_ID_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/base/random.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>

namespace quicether::dht {

inline constexpr std::size_t kIdBytes = 20;
inline constexpr std::size_t kIdBits = kIdBytes * 8;

/// A point of the 160-bit space: a DHT node, or the target of an item.
///
/// A DHT node's id follows from its external address (BEP 42), so it is not its NodeId: that is
/// where its record lies.
struct Id {
  std::array<std::uint8_t, kIdBytes> bytes{};

  /// `from` holds 20 bytes.
  [[nodiscard]] static Id from_bytes(ConstBytes from) noexcept;

  /// The target of a QuicEther node's own unsalted record.
  [[nodiscard]] static Id of(const NodeId& node) noexcept { return {node.bytes}; }

  [[nodiscard]] static Id random(Random& random) noexcept;

  /// A random id that shares exactly its first `bits` bits with this one. `bits` < 160.
  [[nodiscard]] Id random_sibling(std::size_t bits, Random& random) const noexcept;

  /// 40 lower-case hex digits.
  [[nodiscard]] std::string to_string() const;

  friend constexpr auto operator<=>(const Id&, const Id&) noexcept = default;
};

/// Leading bits that two ids share: 160 for equal ones.
[[nodiscard]] std::size_t common_prefix_bits(const Id& one, const Id& other) noexcept;

/// True when `one` is nearer to `target` than `other` in the XOR metric.
[[nodiscard]] bool closer(const Id& one, const Id& other, const Id& target) noexcept;

/// The id that BEP 42 allows to a node at `address`: 21 bits follow from the address and 3 random
/// bits, the rest is random.
[[nodiscard]] Id make_secure_id(const IpAddress& address, Random& random) noexcept;

/// True when BEP 42 allows `id` at `address`. Any id is allowed at a local address.
[[nodiscard]] bool is_secure_id(const Id& id, const IpAddress& address) noexcept;

/// True for the addresses that BEP 42 exempts: loopback, link-local and private ones.
[[nodiscard]] bool is_local(const IpAddress& address) noexcept;

}  // namespace quicether::dht

template <>
struct std::hash<quicether::dht::Id> {
  /// Ids of items are hashes and those of nodes mostly random: any eight bytes of them do. The
  /// first ones are those that attackers choose.
  [[nodiscard]] std::size_t operator()(const quicether::dht::Id& id) const noexcept {
    return quicether::load_be<std::uint64_t>(quicether::ConstBytes{id.bytes}.subspan(12));
  }
};

#endif  // QUICETHER_CORE_DHT_ID_HPP
