#ifndef QUICETHER_SRC_SHELL_NODE_ADDRESSES_HPP
#define QUICETHER_SRC_SHELL_NODE_ADDRESSES_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/ids.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/core/wire/control_message.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace quicether::detail {

/// What a peer announced, and what of it this node accepts.
struct PeerClaims {
  std::string name{};
  bool gateway = false;
  std::vector<IpAddress> addresses{};  ///< accepted
  std::vector<Prefix> subnets{};       ///< accepted
  std::vector<Prefix> refused{};       ///< announced without being entitled
};

/// Who may use which overlay address: a sans-IO table beside the Router's.
///
/// An IPv6 address belongs to the key it is made from. An IPv4 address of the overlay's network
/// belongs to the first who announces it; of two that announce the same, the smaller NodeId keeps
/// it, whoever came first, so that all nodes agree. Anything else needs an entitlement.
class NodeAddresses {
 public:
  NodeAddresses(const NodeId& self, const PublicKey& key);

  /// Sets this node's IPv4 address; unset draws the `attempt`-th from 100.64.0.0/16.
  void set_own_v4(const std::optional<InterfaceAddress>& fixed, std::uint32_t attempt);

  [[nodiscard]] const InterfaceAddress& own_v4() const noexcept { return own_v4_; }

  [[nodiscard]] const InterfaceAddress& own_v6() const noexcept { return own_v6_; }

  [[nodiscard]] std::uint32_t attempt() const noexcept { return attempt_; }

  /// What claim() found out.
  struct Outcome {
    PeerClaims claims{};
    bool redraw = false;                   ///< this node must draw another IPv4 address
    std::optional<PeerIndex> displaced{};  ///< a peer that lost an address to this one
  };

  /// Judges an announcement. `entitled`: what the configuration lets the peer announce.
  [[nodiscard]] Outcome claim(PeerIndex peer,
                              const NodeId& id,
                              const PublicKey& key,
                              const wire::Announce& announce,
                              const std::vector<Prefix>& entitled);

  /// Forgets a peer's addresses.
  void release(PeerIndex peer);

  [[nodiscard]] const std::map<PeerIndex, PeerClaims>& peers() const noexcept { return peers_; }

 private:
  [[nodiscard]] bool may_own(const IpAddress& address,
                             const PublicKey& key,
                             const std::vector<Prefix>& entitled) const;

  NodeId self_;
  PublicKey key_;
  InterfaceAddress own_v4_{};
  InterfaceAddress own_v6_{};
  bool fixed_v4_ = false;
  std::uint32_t attempt_ = 0;
  std::map<PeerIndex, PeerClaims> peers_{};
  std::map<IpAddress, std::pair<PeerIndex, NodeId>> owners_{};
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_NODE_ADDRESSES_HPP
