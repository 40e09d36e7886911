#ifndef QUICETHER_ROUTER_HPP
#define QUICETHER_ROUTER_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/ids.hpp>
#include <quicether/env/environment.hpp>
#include <quicether/packet_exchange.hpp>
#include <quicether/path_manager.hpp>
#include <quicether/policy_engine.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quicether {

struct RouterConfig {
  bool clamp_mss = true;  ///< lower the MSS of TCP SYNs to what the path carries
};

/// A route as the Router uses it.
struct RouterRoute {
  Prefix destination{};
  std::optional<PeerIndex> next_hop{};  ///< none: this node
};

/// Moves IP packets between a TUN and links: longest-prefix match, source ownership, policy, path
/// MTU and ICMP. It is the PathManager's packet sink.
///
/// Threads: the Environment's. Neither copyable nor movable.
class Router {
 public:
  /// All references outlive the Router.
  Router(Environment& environment, PathManager& paths, PolicyEngine& policy, RouterConfig config);
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;
  ~Router();

  /// Makes this the Router of one shard of a node. All shards join before any of them is given a
  /// TUN or packets, and are told the same of addresses, peers and rules.
  ///
  /// A packet is judged by the shard that has the session of the peer it is for or from, or by the
  /// one that set_lanes() leads its flow to; of two peers, by the shard of the one with the smaller
  /// index. It is sent from there if that shard has a session with the peer it is for, else from
  /// that peer's. Others hand it over. `exchange` outlives this.
  void join(PacketExchange& exchange, Shard shard);

  /// Spreads the flows between this node and a peer over `lanes` shards, the peer's own and those
  /// that follow it. All shards are told the same, except for `here`: how the PathManager of this
  /// one calls the peer, set when it is one of those and not the peer's own.
  ///
  /// Flows move when `lanes` changes: the policy then has to hear from whoever started them.
  void set_lanes(PeerIndex peer, std::size_t lanes, std::optional<PeerIndex> here);

  /// Starts to read from and write to `tun`, which outlives the Router or its detach().
  void attach(TunDevice& tun);

  /// Stops using the TUN; packets for this node are dropped and counted. Idempotent.
  void detach() noexcept;

  /// What this node itself answers for: its overlay addresses, and the subnets behind it.
  void set_local(const std::vector<IpAddress>& addresses, const std::vector<Prefix>& subnets);

  /// What a peer may send from and is sent to. Replaces what was set before; takes effect with the
  /// next packet.
  void set_peer(PeerIndex peer, const std::vector<Prefix>& prefixes);

  /// Everything that no route matches goes to this peer; unset: it is dropped.
  void set_default_gateway(std::optional<PeerIndex> peer);

  /// All routes in the order of their prefixes.
  [[nodiscard]] std::vector<RouterRoute> routes() const;

  /// Every counter by its dotted name, in name order.
  [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> counters() const;

 private:
  class Impl;

  std::shared_ptr<Impl> impl_;
  PathManager& paths_;
};

}  // namespace quicether

#endif  // QUICETHER_ROUTER_HPP
