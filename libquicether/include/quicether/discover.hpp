#ifndef QUICETHER_DISCOVER_HPP
#define QUICETHER_DISCOVER_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/base/time.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace quicether {

/// What a member of the network says of itself in one of the network's lists.
struct FoundClaim {
  NodeId id{};
  PublicKey key{};
  std::string name{};  ///< as this node calls it; empty: unknown
  UnixSeconds made_at = 0;
  UnixSeconds until = 0;
  bool entitled = false;  ///< this node's configuration lets it have the subnet

  friend bool operator==(const FoundClaim&, const FoundClaim&) = default;
};

/// Who carries a subnet. A claim entitles to nothing.
struct FoundSubnet {
  Prefix subnet{};
  std::vector<FoundClaim> owners{};    ///< it is behind them
  std::vector<FoundClaim> gateways{};  ///< they forward to it

  friend bool operator==(const FoundSubnet&, const FoundSubnet&) = default;
};

/// What a node tells the DHT of itself.
struct FoundNode {
  NodeId id{};
  PublicKey key{};
  std::string name{};        ///< as this node calls it; empty: unknown
  std::int64_t version = 0;  ///< of its record: the Unix time of writing, or a little more
  bool gateway = false;      ///< it forwards for others
  std::vector<SocketAddress> endpoints{};
  std::vector<FoundClaim> gateways{};  ///< they forward to it

  friend bool operator==(const FoundNode&, const FoundNode&) = default;
};

}  // namespace quicether

#endif  // QUICETHER_DISCOVER_HPP
