#ifndef QUICETHER_SRC_CORE_DHT_NODE_IMPL_HPP
#define QUICETHER_SRC_CORE_DHT_NODE_IMPL_HPP

#include "address_votes.hpp"
#include "item_store.hpp"
#include "operation.hpp"
#include "peer_store.hpp"
#include "pending_queries.hpp"
#include "rate_bucket.hpp"
#include "reachability.hpp"
#include "routing_table.hpp"
#include "source_table.hpp"
#include "write_tokens.hpp"

#include <quicether/core/dht/node.hpp>

#include <array>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace quicether::dht {

/// node_receive.cpp: queries out, answers in. node_answer.cpp: others' queries.
/// node_operations.cpp: look-ups and writes. node_upkeep.cpp: joining, refreshing, republishing.
class Node::Impl {
 public:
  Impl(NodeConfig config, const ItemCrypto& crypto, Random& random, Instant now);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() = default;

  void on_datagram(Instant now, const SocketAddress& from, ConstBytes datagram);
  void on_timeout(Instant now);
  [[nodiscard]] Instant next_timeout() const noexcept;

  [[nodiscard]] std::span<const OutgoingMessage> outbox() const noexcept { return outbox_; }

  void consume_transmit(std::size_t count) noexcept;
  [[nodiscard]] std::optional<Event> poll_event();

  void add_bootstrap(Instant now, std::span<const SocketAddress> addresses);
  void import_nodes(Instant now, std::span<const NodeInfo> nodes);
  [[nodiscard]] std::vector<NodeInfo> export_nodes(std::size_t count_max) const;

  [[nodiscard]] result<OperationId> ping(Instant now, const SocketAddress& address);
  [[nodiscard]] result<OperationId> start(Instant now, Operation operation);

  void cancel(OperationId operation) noexcept { operations_.erase(operation); }

  [[nodiscard]] result<void> publish(Instant now, Item item);

  void unpublish(const Id& target) noexcept { published_.erase(target); }

  [[nodiscard]] const ItemCrypto& crypto() const noexcept { return crypto_; }

  [[nodiscard]] const RoutingTable& table(Family family) const noexcept {
    return side(family).table;
  }

  [[nodiscard]] std::optional<SocketAddress> external(Family family) const noexcept {
    return side(family).votes.result();
  }

  void set_own_address(Instant now, const IpAddress& address);

  [[nodiscard]] Reach reach(Family family) const noexcept { return side(family).reach.reach(); }

  [[nodiscard]] bool read_only(Family family) const noexcept {
    return config_.read_only || side(family).reach.read_only();
  }

  [[nodiscard]] const ItemStore& items() const noexcept { return items_; }

  [[nodiscard]] const NodeStats& stats() const noexcept { return stats_; }

 private:
  /// One of the two DHTs.
  struct Side {
    Family family;
    bool enabled;
    RoutingTable table;
    AddressVotes votes{};
    Reachability reach;
    std::deque<NodeInfo> lost{};  ///< contacts that vanished: a partition may have taken them
    OperationId own_lookup{};     ///< of our own neighbourhood, while it runs
    Instant own_lookup_due{};
    Duration retry{};             ///< until the next attempt while nobody is known
    std::size_t rounds_left = 0;  ///< own look-ups to do soon, after something changed
    bool joined = false;
  };

  /// An item that is kept alive.
  struct Published {
    Item item{};
    Instant due{};
    Duration interval{};
    OperationId running{};
    std::size_t stored = 0;  ///< nodes that took it last time
  };

  [[nodiscard]] Side& side(Family family) noexcept {
    return sides_[static_cast<std::size_t>(family)];
  }

  [[nodiscard]] const Side& side(Family family) const noexcept {
    return sides_[static_cast<std::size_t>(family)];
  }

  // node_receive.cpp
  void send(const SocketAddress& to, ConstBytes bytes);
  [[nodiscard]] bool send_query(Instant now, const PendingQuery& about, Query query);
  void handle(Instant now, const SocketAddress& from, const Response& response);
  void handle(Instant now, const SocketAddress& from, const ErrorReply& error);
  void learn(Instant now, const NodeInfo& node, const Response& response);
  void on_overdue(Instant now, const OverdueQuery& overdue);
  void add_event(Event event);
  [[nodiscard]] Duration slow_after() const noexcept;
  [[nodiscard]] bool usable(const NodeInfo& node) const noexcept;

  // node_answer.cpp
  void handle(Instant now, const SocketAddress& from, const Query& query, std::size_t bytes);
  void hear_of(Instant now, const NodeInfo& node);
  void answer(Instant now, const SocketAddress& from, const Query& query);
  void answer_put(Instant now, const SocketAddress& from, const Query& query);
  void answer_announce(Instant now, const SocketAddress& from, const Query& query);
  void answer_search(Instant now, const SocketAddress& from, const Query& query);
  [[nodiscard]] std::size_t answer_room(Instant now, const IpAddress& to);
  void send_answer(Instant now,
                   const SocketAddress& to,
                   Response response,
                   std::span<const SocketAddress> peers);
  void send_error(Instant now,
                  const SocketAddress& to,
                  ConstBytes transaction,
                  KrpcError code,
                  std::string_view text);
  [[nodiscard]] ByteVector compact_closest(Family family,
                                           const Id& target,
                                           const SocketAddress& asker) const;

  // node_operations.cpp
  [[nodiscard]] LookupConfig lookup_config() const noexcept;
  void add_seeds(Lookup& lookup, const Side& from);
  void drive(Instant now, Operation& operation);
  [[nodiscard]] bool search(Instant now, Operation& operation);
  void ask(Instant now, Operation& operation, const Candidate& candidate, ConstBytes token);
  void on_answer(Instant now,
                 const PendingQuery& query,
                 const SocketAddress& from,
                 const Response& response);
  void on_no_answer(Instant now, const PendingQuery& query, KrpcError code);
  [[nodiscard]] bool take_item(Operation& operation, const Response& response);
  void take_peers(Operation& operation, const Response& response);
  [[nodiscard]] std::vector<NodeInfo> named_nodes(Instant now,
                                                  const SocketAddress& from,
                                                  const Response& response,
                                                  Family family);
  void begin_storing(Instant now, Operation& operation);
  void keep_own(Instant now, const Operation& operation);
  void finish(Instant now, OperationId id, error_code error);
  [[nodiscard]] static error_code outcome(const Operation& operation);

  // node_upkeep.cpp
  [[nodiscard]] Instant next_own_lookup() const noexcept;
  void upkeep(Instant now);
  void tick(Instant now);
  void start_own_lookup(Instant now, Side& side);
  void on_own_lookup_done(Instant now, Side& side);
  void start_lookup(Instant now, Side& side, const Id& target, const LookupConfig& config);
  void refresh_bucket(Instant now, Side& side);
  void ping_contacts(Instant now, Side& side);
  void ping_node(Instant now, const NodeInfo& node);
  void vote(Instant now, const SocketAddress& voter, const SocketAddress& seen);
  void use_external(Instant now, const IpAddress& address);
  void judge_reach(Instant now, Side& side);
  void republish(Instant now);
  void on_republished(Instant now, const Operation& operation);

  NodeConfig config_;
  const ItemCrypto& crypto_;
  Random& random_;
  std::array<Side, 2> sides_;
  SourceTable sources_;
  WriteTokens tokens_;
  ItemStore items_;
  PeerStore peers_;
  PendingQueries pending_;
  std::map<OperationId, Operation> operations_{};
  std::map<Id, Published> published_{};
  std::vector<SocketAddress> bootstrap_{};
  std::vector<NodeInfo> cached_{};
  std::vector<OutgoingMessage> outbox_{};
  std::deque<Event> events_{};
  std::size_t asked_bytes_ = 0;  ///< of the query that is being answered
  RateBucket all_queries_{};
  RateBucket strangers_{};
  Duration round_trip_;            ///< smoothed
  std::size_t losses_in_row_ = 0;  ///< queries lost since anybody answered
  std::uint64_t operations_made_ = 0;
  Instant next_tick_;
  NodeStats stats_{};
};

}  // namespace quicether::dht

#endif  // QUICETHER_SRC_CORE_DHT_NODE_IMPL_HPP
