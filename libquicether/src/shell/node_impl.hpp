#ifndef QUICETHER_SRC_SHELL_NODE_IMPL_HPP
#define QUICETHER_SRC_SHELL_NODE_IMPL_HPP

#include "admission_gate.hpp"
#include "discovery.hpp"
#include "lan_discovery.hpp"
#include "membership.hpp"
#include "node_addresses.hpp"
#include "peer_cache.hpp"
#include "shards.hpp"
#include "subnet_claims.hpp"

#include <quicether/node.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace quicether {

/// Connects the five classes: who is a peer, what it may announce, what the TUN routes.
class Node::Impl final : public LinkObserver {
 public:
  Impl(Environment& environment, const Identity& identity, NodeConfig config);
  ~Impl() override;

  [[nodiscard]] result<void> start();
  [[nodiscard]] result<ReloadReport> reload(NodeConfig config);
  void stop(StopHandler handler);

  [[nodiscard]] result<record::Invite> create_invite(const InviteOptions& options);
  void redeem(const record::Invite& invite, GrantHandler handler);
  [[nodiscard]] std::optional<NetworkStatus> network() const;
  [[nodiscard]] NameAnswer resolve(std::string_view text) const;
  void ping(const NodeId& peer, const PingOptions& options, PingHandler handler);
  void discover(const NodeId& id, FoundNodeHandler handler);
  void discover(const Prefix& subnet, FoundSubnetHandler handler);
  [[nodiscard]] result<void> advertise(std::vector<Prefix> subnets);

  [[nodiscard]] NodeStatus status() const;
  [[nodiscard]] Netcheck netcheck() const;
  [[nodiscard]] std::vector<PeerStatus> peers() const;
  [[nodiscard]] std::vector<RouteStatus> routes() const;

  [[nodiscard]] Transport& transport() noexcept { return shards_.transport(); }

  [[nodiscard]] PathManager& paths() noexcept { return shards_.paths(); }

  [[nodiscard]] PolicyEngine& policy() noexcept { return shards_.policy(); }

  [[nodiscard]] const std::string& error_detail() const noexcept { return error_detail_; }

  // LinkObserver
  void on_link_up(PeerIndex peer) override;
  void on_link_down(PeerIndex peer, error_code reason) override;
  void on_announce(PeerIndex peer, const wire::Announce& announce) override;

  void on_link_wanted(PeerIndex peer) override;

  void on_endpoints_changed() override { announce(); }

  void on_target_misplaced(path::TargetId, const NodeId&) override {}  // the Shards see to it

 private:
  [[nodiscard]] result<void> open_tun();
  void close_tun() noexcept;
  [[nodiscard]] result<void> add_peers();
  [[nodiscard]] result<void> open_discovery();
  void open_network();
  void claim_subnets();
  [[nodiscard]] result<void> change_network(NodeConfig& config);
  void leave_network();
  [[nodiscard]] bool is_stranger(const NodeId& id, const std::optional<PublicKey>& key);
  void forget_strangers();
  void forget(const NodeId& id);
  void on_member_changed(const PublicKey& key);
  void apply_configured(PeerIndex peer, const path::LinkPeer& link);
  void remember_address(const path::LinkPeer& link);
  void open_lan();
  void close_lan();
  [[nodiscard]] detail::LanDiscovery::Verdict on_lan_candidate(const PublicKey& key,
                                                               const SocketAddress& address);
  void on_lan_link_down(const path::LinkPeer& link, error_code reason);
  [[nodiscard]] std::optional<path::TargetId> lan_target(const NodeId& id, const PublicKey& key);
  [[nodiscard]] result<void> apply_rules(const NodeConfig& config);
  void announce();
  [[nodiscard]] std::vector<SocketAddress> endpoints();
  void redraw_address();
  void apply_claims(PeerIndex peer);
  void sync_system_routes(PeerIndex peer, const std::vector<Prefix>& wanted);
  void judge_announcement(PeerIndex peer, const wire::Announce& announce);
  [[nodiscard]] std::vector<IpAddress> own_addresses() const;
  [[nodiscard]] std::vector<InterfaceAddress> own_interface_addresses() const;
  [[nodiscard]] const NodePeer* configured(const NodeId& id,
                                           const std::optional<PublicKey>& key) const noexcept;
  [[nodiscard]] std::string display_name(PeerIndex peer, const NodeId& id) const;
  [[nodiscard]] std::vector<NamedNode> named_nodes() const;
  [[nodiscard]] std::vector<FoundClaim> found_claims(const std::vector<record::Claim>& claims,
                                                     const std::optional<Prefix>& subnet) const;
  [[nodiscard]] std::optional<NodeId> node_of(const IpAddress& address) const;
  [[nodiscard]] std::uint32_t stored_attempt();

  /// Subnets beyond these are announced to peers alone: each is an item in a DHT whose nodes keep
  /// 64 items for those of one /24 (dht::Limits::items_per_subnet).
  static constexpr std::size_t kClaimedSubnetsMax = 32;

  Environment& environment_;
  const Identity& identity_;
  NodeConfig config_;
  std::optional<crypto::NetworkKey> network_key_;  ///< of a network that has a secret
  record::LanCodec lan_codec_;
  detail::AdmissionGate admission_;
  detail::NodeAddresses addresses_;
  detail::PeerCache cache_;
  detail::Shards shards_;
  std::shared_ptr<detail::Discovery> discovery_{};
  /// With discovery and a network that has a secret, all three are there.
  std::shared_ptr<const detail::ListStore> lists_{};
  std::shared_ptr<detail::Membership> membership_{};
  std::shared_ptr<detail::SubnetClaims> claims_{};
  std::shared_ptr<detail::SubnetClaims> left_{};  ///< takes the claims in the last network back
  std::shared_ptr<detail::LanDiscovery> lan_{};
  std::map<NodeId, path::TargetId> lan_targets_{};  ///< members that only their links told of
  Instant started_at_{};
  std::string error_detail_{};
  std::vector<std::pair<NodePeer, path::TargetId>> targets_{};
  std::map<PeerIndex, wire::Announce> announces_{};
  std::map<PeerIndex, std::vector<Prefix>> system_routes_{};
};

}  // namespace quicether

#endif  // QUICETHER_SRC_SHELL_NODE_IMPL_HPP
