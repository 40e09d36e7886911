#ifndef QUICETHER_SRC_SHELL_DISCOVERY_HPP
#define QUICETHER_SRC_SHELL_DISCOVERY_HPP

#include "bootstrap_watch.hpp"
#include "shards.hpp"

#include <quicether/core/record/node_record.hpp>
#include <quicether/node.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quicether::detail {

/// Owns the Dht of a node: keeps the node's record in it, and offers the PathManager the addresses
/// in the records of wanted peers that have no link. **Source:** docs/spec/records.md.
class Discovery final : public DhtObserver, public std::enable_shared_from_this<Discovery> {
 public:
  Discovery(Environment& environment,
            const Identity& identity,
            Transport& transport,
            Shards& shards,
            DiscoveryConfig config,
            bool gateway);

  /// **Errors:** those of Dht::open().
  [[nodiscard]] result<void> open();

  /// Calls back when the first contact is there, and whenever it is again. With none: stops.
  void on_contacts(std::function<void()> handler) { on_contacts_ = std::move(handler); }

  /// True while nobody can be asked.
  [[nodiscard]] bool alone() const noexcept { return alone_; }

  [[nodiscard]] Dht& dht() noexcept { return dht_; }

  void add_bootstrap(const std::vector<SocketAddress>& addresses);

  /// Looks for a peer whenever its link is down.
  void want(path::TargetId target, const NodeId& id, const std::optional<PublicKey>& key);

  void forget(path::TargetId target) { wanted_.erase(target); }

  void on_link_up(const NodeId& peer);
  void on_link_down(const NodeId& peer);

  /// Where this node can be dialled now, the best first.
  [[nodiscard]] std::vector<SocketAddress> own_endpoints() const;

  [[nodiscard]] DiscoveryStatus status() const;
  [[nodiscard]] std::vector<FamilyCheck> families() const;

  [[nodiscard]] const std::vector<BootstrapCheck>& bootstrap() const noexcept {
    return watch_->checks();
  }

  [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> counters() const;

  // DhtObserver
  void on_external_address(const SocketAddress& address) override;

 private:
  struct Wanted {
    NodeId id{};
    std::optional<PublicKey> key{};
    bool running = false;                    ///< a look-up
    Instant due{};                           ///< of the next one
    Duration interval{};                     ///< behind that
    std::int64_t seq = -1;                   ///< of the newest record
    std::vector<SocketAddress> endpoints{};  ///< in it
    int offers = 0;                          ///< of these
    bool proved = false;                     ///< the peer was reached since
  };

  void arm_timer();
  void tick();
  [[nodiscard]] std::size_t contacts() const noexcept;
  [[nodiscard]] bool linked(const NodeId& peer) const noexcept;
  void look_up_due();
  void look_up(path::TargetId target, Wanted& wanted);
  void on_answer(path::TargetId target, const dht::OperationDone& done);
  void read_record(Wanted& wanted, const dht::Item& item);
  [[nodiscard]] std::optional<SocketAddress> local_endpoint(dht::Family family) const;
  void update_record();
  void publish();

  Environment& environment_;
  const Identity& identity_;
  Transport& transport_;
  Shards& shards_;
  DiscoveryConfig config_;
  Dht dht_;
  std::shared_ptr<BootstrapWatch> watch_;
  std::unique_ptr<Timer> timer_;
  std::map<path::TargetId, Wanted> wanted_{};
  record::NodeRecord record_{};
  std::int64_t seq_ = 0;  ///< of the own record
  bool alone_ = true;     ///< no contacts
  std::function<void()> on_contacts_{};
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_DISCOVERY_HPP
