#ifndef QUICETHER_SRC_SHELL_SHARDS_HPP
#define QUICETHER_SRC_SHELL_SHARDS_HPP

#include <quicether/core/record/invite.hpp>
#include <quicether/env/environment.hpp>
#include <quicether/identity.hpp>
#include <quicether/packet_exchange.hpp>
#include <quicether/path_manager.hpp>
#include <quicether/policy_engine.hpp>
#include <quicether/router.hpp>
#include <quicether/transport.hpp>

#include <boost/asio/any_completion_handler.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quicether::detail {

using Counters = std::vector<std::pair<std::string, std::uint64_t>>;

struct ShardsConfig {
  TransportConfig transport{};
  PathManagerConfig paths{};
  RouterConfig router{};
};

/// What a node has once for each shard of its Environment: Transport, PathManager, PolicyEngine,
/// Router and TUN queue. Tells all of them what all must know, and asks the one that has a peer.
///
/// A peer's sessions are on one shard: the lane between the two nodes says on which. A peer that
/// has several shards too has one session more on each of the shards that follow, as far as both
/// nodes have them, and its flows are spread over these. Source: ADR 17, ADR 24.
///
/// Threads: the Environment's; calls wait for the other shards' threads, so none of them is for
/// packets.
class Shards {
 public:
  /// `observer` hears on the Environment's thread. `admission` may be asked on any.
  Shards(Environment& environment,
         const Identity& identity,
         ShardsConfig config,
         node::AdmissionControl& admission,
         LinkObserver& observer);
  Shards(const Shards&) = delete;
  Shards& operator=(const Shards&) = delete;
  ~Shards();

  /// **Errors:** those of Transport::open().
  [[nodiscard]] result<void> open();

  void close(boost::asio::any_completion_handler<void(error_code)> handler);

  /// The first shard's.
  [[nodiscard]] Transport& transport() noexcept { return first().transport; }

  [[nodiscard]] const Transport& transport() const noexcept { return first().transport; }

  [[nodiscard]] PathManager& paths() noexcept { return first().paths; }

  [[nodiscard]] PolicyEngine& policy() noexcept { return first().policy; }

  [[nodiscard]] const PolicyEngine& policy() const noexcept { return first().policy; }

  // Peers. See PathManager.
  [[nodiscard]] result<path::TargetId> add_peer(path::PeerTarget target);
  void remove_peer(path::TargetId target);
  [[nodiscard]] result<PeerIndex> intern(const NodeId& id);
  void forget(PeerIndex peer);
  void offer_addresses(path::TargetId target, std::vector<SocketAddress> addresses);
  [[nodiscard]] std::optional<path::LinkPeer> peer(PeerIndex peer) const;
  [[nodiscard]] std::optional<path::LinkPeer> peer(const NodeId& id) const;
  [[nodiscard]] std::optional<SocketAddress> remote_of(PeerIndex peer) const;
  [[nodiscard]] std::vector<PeerStatus> peers() const;

  /// See PathManager::async_ping() and Redeemer. The handlers run on the Environment's thread.
  void ping(const NodeId& peer,
            const PingOptions& options,
            boost::asio::any_completion_handler<void(error_code, PingReply)> handler);
  void redeem(const record::Invite& invite,
              boost::asio::any_completion_handler<void(error_code, wire::Grant)> handler);

  /// See Transport.
  void set_network_key(const std::optional<crypto::NetworkKey>& key);
  void announce(const wire::Announce& announce);
  void readmit();

  /// See PolicyEngine.
  [[nodiscard]] result<void> replace_rules(const std::vector<policy::Rule>& rules);
  void set_self(const NodeId& id, const PublicKey& key, const std::string& name);
  void set_peer(PeerIndex peer, const NodeId& id, const PublicKey& key, const std::string& name);

  /// See Router.
  void set_local(const std::vector<IpAddress>& addresses, const std::vector<Prefix>& subnets);
  void set_prefixes(PeerIndex peer, const std::vector<Prefix>& prefixes);

  [[nodiscard]] std::vector<RouterRoute> routes() const { return first().router.routes(); }

  /// Opens the TUN and a queue of it for each shard, and attaches them. `options.shard` is filled
  /// in.
  ///
  /// **Errors:** those of Environment::open_tun(); nothing stays open then.
  [[nodiscard]] result<void> open_tun(TunOptions options);
  void close_tun() noexcept;

  /// Null when it is not open.
  [[nodiscard]] TunDevice* tun() const noexcept { return first().tun.get(); }

  // Sums over the shards.
  [[nodiscard]] Counters counters() const;

  [[nodiscard]] std::size_t count() const noexcept { return stacks_.size(); }

 private:
  class Relay;

  /// What lives on the thread of one shard.
  struct Stack {
    Stack(Environment& own,
          const Identity& identity,
          const ShardsConfig& config,
          node::AdmissionControl& admission);
    ~Stack();

    Transport transport;
    PathManager paths;
    PolicyEngine policy{PolicyEngine::built_in()};
    Router router;
    std::unique_ptr<TunDevice> tun{};
    std::unique_ptr<Relay> relay{};
  };

  /// A wanted peer, and where it is.
  struct Target {
    path::PeerTarget wanted{};
    std::size_t shard = 0;
    path::TargetId inner{};
  };

  [[nodiscard]] Stack& first() const noexcept { return *stacks_.front(); }

  void on(std::size_t shard, const std::function<void(Stack&)>& job) const;
  void on_all(const std::function<void(Stack&)>& job) const;
  [[nodiscard]] std::size_t shard_of(const path::PeerTarget& target) const;
  [[nodiscard]] std::size_t shard_of(const NodeId& id) const;

  [[nodiscard]] std::size_t shard_of(PeerIndex peer) const { return peer.value % count(); }

  void on_target_misplaced(std::size_t shard, path::TargetId inner, const NodeId& id);
  void on_lanes(PeerIndex peer, const LaneOffer& offer);
  void end_lanes(PeerIndex peer);

  Environment& environment_;
  const Identity& identity_;
  LinkObserver& observer_;
  PacketExchange exchange_;
  std::size_t lanes_max_ = 1;  ///< of a link
  std::vector<std::unique_ptr<Stack>> stacks_{};
  std::map<path::TargetId, Target> targets_{};
  std::uint64_t next_target_ = 1;
  /// The lanes beside the first that this node dials, and on which shard.
  std::multimap<PeerIndex, std::pair<std::size_t, path::TargetId>> lanes_{};
  std::shared_ptr<Shards*> alive_;  ///< expires before anything else
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_SHARDS_HPP
