#ifndef QUICETHER_STATUS_HPP
#define QUICETHER_STATUS_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/path/path_state.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quicether {

/// One path of a link, as an operator sees it.
struct PathStatus {
  std::uint8_t path_id = 0;
  std::uint8_t lane = 0;    ///< above 0: a further session of the path, on another shard
  std::string interface{};  ///< that has the local address; empty: none
  SocketAddress local{};
  SocketAddress remote{};
  path::PathState state = path::PathState::probing;
  Duration rtt{};                                ///< smoothed
  std::optional<std::uint64_t> bandwidth_bps{};  ///< bits per second; none: not measured
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t packets_lost = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::size_t datagram_payload_max = 0;  ///< bytes
};

/// One peer: connected, being dialled, or refused.
struct PeerStatus {
  NodeId id{};
  std::optional<PublicKey> key{};  ///< known after the first handshake or from the configuration
  std::string name{};              ///< local name if configured, else what the peer calls itself
  std::string state{};             ///< "connected", "connecting", "waiting", "refused"
  std::string detail{};            ///< why it is not connected, as one clause; empty when it is
  bool gateway = false;
  std::vector<IpAddress> overlay_addresses{};
  std::vector<Prefix> subnets{};  ///< announced and entitled
  std::string key_exchange{};     ///< "X25519MLKEM768"
  bool post_quantum = false;
  std::string cipher_suite{};
  std::optional<Duration> connected_for{};
  std::vector<PathStatus> paths{};
};

/// One route of the overlay.
struct RouteStatus {
  Prefix destination{};
  std::optional<NodeId> next_hop{};  ///< none: this node
  std::string next_hop_name{};
  std::string kind{};  ///< "local", "direct", "gateway"
};

/// What a node knows of the DHT and tells it.
struct DiscoveryStatus {
  std::size_t dht_nodes = 0;  ///< in the routing tables
  /// "server" or "read-only": others do not ask a node that they cannot reach.
  std::string dht_mode = "server";
  std::vector<SocketAddress> external{};   ///< how others see this node, once they agree
  std::vector<SocketAddress> published{};  ///< endpoints in this node's record

  friend bool operator==(const DiscoveryStatus&, const DiscoveryStatus&) = default;
};

/// A member of the node's network, as this node knows it.
struct MemberStatus {
  NodeId id{};
  PublicKey key{};
  std::string name{};  ///< what it calls itself; empty: not known yet
  bool connected = false;
  UnixSeconds until = 0;  ///< its claim holds

  friend bool operator==(const MemberStatus&, const MemberStatus&) = default;
};

/// The node's network.
struct NetworkStatus {
  std::string name{};
  std::string problem{};    ///< why this node is no member yet, as one clause; empty: it is
  bool listed = false;      ///< others find this node by the network's lists
  std::size_t invites = 0;  ///< that this node keeps, expired ones included
  std::vector<MemberStatus> members{};  ///< the others, in order of their ids

  friend bool operator==(const NetworkStatus&, const NetworkStatus&) = default;
};

/// A node and what it is called.
struct NamedNode {
  NodeId id{};
  std::string name{};       ///< empty: nobody has told
  bool configured = false;  ///< this node's configuration calls it so, not it itself

  friend bool operator==(const NamedNode&, const NamedNode&) = default;
};

/// Which node a name means. Never one of several that call themselves alike.
struct NameAnswer {
  std::optional<NamedNode> node{};  ///< none: nobody, or more than one
  bool self = false;                ///< this node
  std::vector<NamedNode> others{};  ///< who else calls itself so, or who all do, by id
};

/// An answer through the overlay.
struct PingReply {
  Duration rtt{};
  SocketAddress remote{};  ///< of the path it took

  friend bool operator==(const PingReply&, const PingReply&) = default;
};

/// A node at one moment.
struct NodeStatus {
  NodeId id{};
  PublicKey key{};
  std::string name{};
  std::optional<std::string> network{};  ///< of which the node is a member
  std::string version{};
  std::string tun_name{};  ///< empty: no TUN
  std::uint32_t tun_mtu = 0;
  std::size_t shards = 1;
  std::vector<InterfaceAddress> overlay_addresses{};
  std::vector<SocketAddress> listen{};
  std::size_t peers_connected = 0;
  std::size_t paths_active = 0;
  Duration uptime{};
  std::optional<DiscoveryStatus> discovery{};  ///< none: switched off
  std::string policy_source{};  ///< file, or "built-in: this node may start, peers may not"
  std::size_t policy_rules = 0;
  std::vector<std::string>
      warnings{};  ///< configured but without effect, degraded, fallbacks in use
  /// Every counter by its dotted name ("router.dropped.no_route"), in name order.
  std::vector<std::pair<std::string, std::uint64_t>> counters{};
};

}  // namespace quicether

#endif  // QUICETHER_STATUS_HPP
