#ifndef QUICETHER_NODE_HPP
#define QUICETHER_NODE_HPP

#include <quicether/base/error.hpp>
#include <quicether/core/policy/admission.hpp>
#include <quicether/core/policy/rule.hpp>
#include <quicether/core/record/claim_lists.hpp>
#include <quicether/core/record/invite.hpp>
#include <quicether/dht.hpp>
#include <quicether/discover.hpp>
#include <quicether/env/environment.hpp>
#include <quicether/identity.hpp>
#include <quicether/netcheck.hpp>
#include <quicether/path_manager.hpp>
#include <quicether/policy_engine.hpp>
#include <quicether/router.hpp>
#include <quicether/status.hpp>
#include <quicether/transport.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quicether {

/// A peer that the configuration names.
struct NodePeer {
  std::string name{};          ///< may be empty
  std::optional<NodeId> id{};  ///< unset with addresses: whoever answers there and is admitted
  std::optional<PublicKey> key{};
  std::vector<SocketAddress> addresses{};  ///< empty: discovery finds it, or the peer dials us
  std::vector<Prefix> subnets{};           ///< what it may announce beyond its own addresses

  friend bool operator==(const NodePeer&, const NodePeer&) = default;
};

/// Finding peers by their id through a DHT on the UDP port of the sessions, and being found.
struct DiscoveryConfig {
  DhtConfig dht{};  ///< `socket` is unused; addresses in `node.external` are published first
  Duration look_up_min = std::chrono::seconds{2};   ///< between look-ups of a peer without a link
  Duration look_up_max = std::chrono::seconds{60};  ///< (requirement C7)
};

/// Finding the members of the node's network, which has a secret.
struct MembershipConfig {
  record::ClaimListsConfig lists{};
  std::size_t links_max = 64;  ///< members that are linked at once; others when they are needed

  /// A member that is known before any list was read: whoever redeemed this node's invite.
  struct Known {
    PublicKey key{};
    std::vector<SocketAddress> addresses{};
  };

  std::vector<Known> known{};
};

/// What makes a node a member of a network, to be handed on to whom it invites. Its key goes into
/// TransportConfig::sessions.
struct NetworkConfig {
  std::string name{};    ///< 1..63 of [A-Za-z0-9._-]
  std::string secret{};  ///< 1..1024 bytes

  friend bool operator==(const NetworkConfig&, const NetworkConfig&) = default;
};

struct InviteOptions {
  Duration lifetime = std::chrono::hours{24};  ///< at least a second
  bool once = false;                           ///< for one node only
  /// Of this host, beside those that the DHT is told. Special ones are left out.
  std::vector<IpAddress> addresses{};
};

/// Finding nodes on the same links by multicast: members of the node's network when it has a
/// secret, else configured peers.
struct LanConfig {
  Duration interval = std::chrono::seconds{60};  ///< between announcements, after the first ones
};

struct NodeConfig {
  std::string name{};
  bool gateway = false;
  TransportConfig transport{};
  PathManagerConfig paths{};
  RouterConfig router{};
  bool tun = false;  ///< make a TUN interface and route IP packets; else links alone
  std::string tun_name = "quicether0";
  std::uint32_t mtu = 1400;
  /// Overlay IPv4 address; unset: drawn from 100.64.0.0/16 by the key, drawn again on collision.
  std::optional<InterfaceAddress> tun_address{};
  std::vector<Prefix> advertise_subnets{};
  std::vector<NodePeer> peers{};
  std::optional<DiscoveryConfig> discovery{};  ///< unset: peers are where the configuration says
  std::optional<NetworkConfig> network{};      ///< unset: this node can invite nobody
  /// With `discovery` and `transport.sessions.network_key`, the node finds the network's members.
  MembershipConfig membership{};
  std::optional<LanConfig> lan{};       ///< unset: the node is silent and deaf on its links
  policy::AdmissionConfig admission{};  ///< beside `peers`, who are admitted by their id or key
  /// Unset: the built-in policy, under which this node may start flows and peers may not.
  std::optional<std::vector<policy::Rule>> rules{};
  std::string policy_source = "built-in: this node may start flows, peers may not";
};

/// What a reload changed.
struct ReloadReport {
  std::vector<std::string> applied{};        ///< configuration keys in effect now
  std::vector<std::string> needs_restart{};  ///< keys that changed but wait for a restart
};

/// A whole node: builds Transport, Dht, PathManager, PolicyEngine and Router from public headers
/// only, and connects them. What it does, any program can do piece by piece.
///
/// With an Environment of several shards there is one of each per shard, and peers are spread over
/// them. Neither copyable nor movable. Threads: the Environment's.
class Node {
 public:
  /// `environment` and `identity` outlive the Node.
  Node(Environment& environment, const Identity& identity, NodeConfig config);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node();

  /// Opens the UDP port and the TUN, and starts to dial.
  ///
  /// **Errors:** those of Transport::open() and Environment::open_tun(); error_detail() names the
  /// step. Nothing stays open then.
  [[nodiscard]] result<void> start();

  /// Which step of start() or reload() failed, as one clause.
  [[nodiscard]] const std::string& error_detail() const noexcept;

  /// Applies what can change while running (peers, admission, policy, subnets, name, network), all
  /// or nothing, and names what cannot.
  ///
  /// **Errors:** `invalid_argument`; see error_detail(). The old configuration stays then.
  [[nodiscard]] result<ReloadReport> reload(NodeConfig config);

  /// Lets whoever has the invite become a member of this node's network, as long as this node runs.
  ///
  /// **Errors:** `not_open` (no network), `no_address` (nowhere to be reached), `limit_reached`,
  /// those of Store::save().
  [[nodiscard]] result<record::Invite> create_invite(const InviteOptions& options);

  /// Becomes entitled to a network: asks the inviter at all its addresses, one after the other
  /// without waiting long. What it returns goes into the next NodeConfig. Signature:
  /// void(error_code, wire::Grant).
  ///
  /// **Errors:** `invite_unknown`, `invite_expired`, `invite_used`, those of Transport::dial(),
  /// `timed_out`. **Cancellation:** none.
  template <boost::asio::completion_token_for<void(error_code, wire::Grant)> Token>
  auto async_redeem(const record::Invite& invite, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, wire::Grant)>(
        [](auto handler, Node* self, const record::Invite& wanted) {
          self->start_redeem(wanted, GrantHandler{std::move(handler)});
        },
        token,
        this,
        invite);
  }

  /// Tells the peers, removes the TUN and closes the port. Signature: void(error_code).
  template <boost::asio::completion_token_for<void(error_code)> Token>
  auto async_stop(Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code)>(
        [](auto handler, Node* self) { self->start_stop(StopHandler{std::move(handler)}); },
        token,
        this);
  }

  [[nodiscard]] NodeStatus status() const;

  /// What the node knows of its reachability, and what that means.
  [[nodiscard]] Netcheck netcheck() const;
  [[nodiscard]] std::vector<PeerStatus> peers() const;

  /// Finds the node that is meant by a NodeId, a public key, an overlay address, a name, or a name
  /// with the first digits of the NodeId behind it, as "alice~3fa9"; behind both may stand the
  /// network, as in "alice.home.qe". Names are compared whatever the case. What the configuration
  /// calls a peer comes before what members call themselves.
  [[nodiscard]] NameAnswer resolve(std::string_view text) const;

  /// Asks a peer for a sign of life through its link, which is made when needed. Signature:
  /// void(error_code, PingReply).
  ///
  /// **Errors:** those of PathManager::async_ping(). **Cancellation:** none.
  template <boost::asio::completion_token_for<void(error_code, PingReply)> Token>
  auto async_ping(const NodeId& peer, const PingOptions& options, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, PingReply)>(
        [](auto handler, Node* self, const NodeId& id, const PingOptions& how) {
          self->start_ping(id, how, PingHandler{std::move(handler)});
        },
        token,
        this,
        peer,
        options);
  }

  /// Finds out what a node tells the DHT of itself, and who in the network forwards to it.
  /// Signature: void(error_code, FoundNode).
  ///
  /// **Errors:** `not_open` (no discovery), `not_found` (no record), `malformed` and `unsupported`
  /// (one that cannot be read), `timed_out` (nobody answered), `cancelled`, `limit_reached`.
  /// **Cancellation:** none.
  template <boost::asio::completion_token_for<void(error_code, FoundNode)> Token>
  auto async_discover(const NodeId& id, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, FoundNode)>(
        [](auto handler, Node* self, const NodeId& wanted) {
          self->start_discover(wanted, FoundNodeHandler{std::move(handler)});
        },
        token,
        this,
        id);
  }

  /// Finds out which members of the network say that they carry a subnet, written as they write it.
  /// Whether this node routes to them is decided by its configuration alone. Signature:
  /// void(error_code, FoundSubnet); nobody is no error.
  ///
  /// **Errors:** `not_open` (no discovery, or no network with a secret), `timed_out` (nobody
  /// answered), `cancelled`, `limit_reached`. **Cancellation:** none.
  template <boost::asio::completion_token_for<void(error_code, FoundSubnet)> Token>
  auto async_discover_subnet(const Prefix& subnet, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, FoundSubnet)>(
        [](auto handler, Node* self, const Prefix& wanted) {
          self->start_discover(wanted, FoundSubnetHandler{std::move(handler)});
        },
        token,
        this,
        subnet);
  }

  /// Replaces the subnets behind this node: tells its peers at once, and the network's lists soon
  /// of the first 32. The next reload() replaces them again.
  ///
  /// **Errors:** `limit_reached` (more than wire::kSubnetsMax); nothing changes then.
  [[nodiscard]] result<void> advertise(std::vector<Prefix> subnets);

  /// Unset without a network that has a secret.
  [[nodiscard]] std::optional<NetworkStatus> network() const;
  [[nodiscard]] std::vector<RouteStatus> routes() const;

  /// Those of the first shard: with several, only some of the peers.
  [[nodiscard]] Transport& transport() noexcept;
  [[nodiscard]] PathManager& paths() noexcept;
  [[nodiscard]] PolicyEngine& policy() noexcept;

 private:
  using StopHandler = boost::asio::any_completion_handler<void(error_code)>;

  using GrantHandler = boost::asio::any_completion_handler<void(error_code, wire::Grant)>;

  class Impl;

  using PingHandler = boost::asio::any_completion_handler<void(error_code, PingReply)>;

  using FoundNodeHandler = boost::asio::any_completion_handler<void(error_code, FoundNode)>;
  using FoundSubnetHandler = boost::asio::any_completion_handler<void(error_code, FoundSubnet)>;

  void start_discover(const NodeId& id, FoundNodeHandler handler);
  void start_discover(const Prefix& subnet, FoundSubnetHandler handler);
  void start_ping(const NodeId& peer, const PingOptions& options, PingHandler handler);
  void start_redeem(const record::Invite& invite, GrantHandler handler);
  void start_stop(StopHandler handler);

  std::unique_ptr<Impl> impl_;
};

}  // namespace quicether

#endif  // QUICETHER_NODE_HPP
