#ifndef QUICETHER_SRC_SHELL_PEER_CACHE_HPP
#define QUICETHER_SRC_SHELL_PEER_CACHE_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/env/environment.hpp>

#include <map>
#include <optional>

namespace quicether::detail {

/// Where each configured peer was last heard from, kept in the Store: a node that restarts dials
/// its peers at once, also those that used to dial it (requirement B4).
class PeerCache {
 public:
  explicit PeerCache(Environment& environment) : environment_{environment} {}

  /// Reads what the last run left; what is unreadable is reported and forgotten.
  void load();

  [[nodiscard]] std::optional<SocketAddress> find(const NodeId& peer) const;

  /// Remembers an address, and saves when it is news. At most 4096 peers are remembered.
  void remember(const NodeId& peer, const SocketAddress& address);

  void forget(const NodeId& peer);

 private:
  void save();

  Environment& environment_;
  std::map<NodeId, SocketAddress> addresses_{};
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_PEER_CACHE_HPP
