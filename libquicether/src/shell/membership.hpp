#ifndef QUICETHER_SRC_SHELL_MEMBERSHIP_HPP
#define QUICETHER_SRC_SHELL_MEMBERSHIP_HPP

#include "claim_keeper.hpp"
#include "discovery.hpp"
#include "peer_cache.hpp"
#include "shards.hpp"

#include <quicether/node.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quicether::detail {

/// A node that is, or was lately, a member of the network.
struct Member {
  PublicKey key{};
  UnixSeconds until = 0;  ///< its claim, or what its proof is taken for, holds
  std::string name{};     ///< what it called itself last
  std::optional<path::TargetId> target{};
};

/// Takes part in a network: keeps the claim of membership, and wants links to the members that it
/// learns of from the lists, by their proof, or from the last run.
///
/// Up to MembershipConfig::links_max members are linked at once, further ones when something is to
/// be sent to them.
class Membership final : public std::enable_shared_from_this<Membership> {
 public:
  /// Hears of each member that is new, or gone.
  using ChangeHandler = std::function<void(const PublicKey& key)>;

  /// True for peers that the configuration names: their links are wanted anyway.
  using ConfiguredCheck = std::function<bool(const PublicKey& key)>;

  /// All references outlive the Membership.
  Membership(Environment& environment,
             const Identity& identity,
             Shards& shards,
             Discovery& discovery,
             const PeerCache& addresses,
             std::shared_ptr<const ListStore> store,
             const MembershipConfig& config);

  /// Stops to want links.
  ~Membership();

  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  void set_handlers(ConfiguredCheck is_configured, ChangeHandler on_change);

  /// Reads what the last run left, and begins.
  void open();

  /// Somebody can be asked again.
  void look_again();

  /// Forgets on disk too, when the node leaves the network.
  void forget();

  /// A node proved that it is a member.
  void on_proof(const PublicKey& key);

  /// A member said what it is called.
  void on_name(const NodeId& id, const std::string& name);

  /// Begins to want a link now, also above the bound. False: not a member that is known.
  bool want(const NodeId& id);

  /// A link to it is down. When it refuses this node, it may have left.
  void on_link_down(const NodeId& id, error_code reason);

  /// Looks again at which members the configuration names.
  void refresh();

  [[nodiscard]] const std::map<NodeId, Member>& members() const noexcept { return members_; }

  /// True once the own claim was read in a list.
  [[nodiscard]] bool listed() const noexcept { return lists_->lists().listed(); }

 private:
  void arm_timer();
  void tick();
  void on_claim(const record::Claim& claim);
  void learn(const PublicKey& key, UnixSeconds until);
  void start_target(const NodeId& id, Member& member);
  void stop_target(Member& member);
  void expire();
  void load();
  void save();

  Environment& environment_;
  const Identity& identity_;
  Shards& shards_;
  Discovery& discovery_;
  const PeerCache& addresses_;
  std::shared_ptr<const ListStore> store_;
  std::shared_ptr<ClaimKeeper> lists_;
  MembershipConfig config_;
  std::unique_ptr<Timer> timer_;
  ConfiguredCheck is_configured_{};
  ChangeHandler on_change_{};
  std::map<NodeId, Member> members_{};
  std::size_t targets_ = 0;
  bool changed_ = false;  ///< since save()
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_MEMBERSHIP_HPP
