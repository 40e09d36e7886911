#ifndef QUICETHER_SRC_CORE_DHT_OPERATION_HPP
#define QUICETHER_SRC_CORE_DHT_OPERATION_HPP

#include "lookup.hpp"

#include <quicether/core/dht/node.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <set>

namespace quicether::dht {

/// Something that takes several queries: a look-up in one or both DHTs, then perhaps writes.
///
///   searching ──> storing (put, announce) ──> done
struct Operation {
  enum class Kind : std::uint8_t { ping, find_node, get, put, get_peers, announce };

  OperationId id{};
  Kind kind = Kind::ping;
  bool internal = false;  ///< upkeep: nobody hears of its end
  Instant started{};
  Id target{};
  std::array<std::optional<Lookup>, 2> lookups{};  ///< by Family
  std::array<bool, 2> reseeded{};  ///< too few answered, so more of our own table were tried

  GetRequest wanted{};
  std::optional<Item> best{};
  std::size_t replicas = 0;  ///< nodes that hold `best`
  std::set<SocketAddress> peers{};

  PutRequest writing{};
  AnnounceRequest announcing{};
  bool storing = false;
  std::size_t outstanding = 0;  ///< writes without an answer
  std::size_t stored = 0;
  KrpcError refusal = KrpcError::none;

  /// The query that the look-up sends.
  [[nodiscard]] Method search_method() const noexcept {
    switch (kind) {
      case Kind::get:
      case Kind::put:
        return Method::get;
      case Kind::get_peers:
      case Kind::announce:
        return Method::get_peers;
      case Kind::ping:
      case Kind::find_node:
        break;
    }
    return kind == Kind::ping ? Method::ping : Method::find_node;
  }

  [[nodiscard]] bool writes() const noexcept { return kind == Kind::put || kind == Kind::announce; }
};

}  // namespace quicether::dht

#endif  // QUICETHER_SRC_CORE_DHT_OPERATION_HPP
