#ifndef QUICETHER_CORE_DHT_NODE_HPP
#define QUICETHER_CORE_DHT_NODE_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/random.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/dht/id.hpp>
#include <quicether/core/dht/item.hpp>
#include <quicether/core/dht/krpc.hpp>
#include <quicether/core/dht/limits.hpp>

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace quicether::dht {

/// Names one operation of a Node for as long as the Node lives; never reused.
struct OperationId {
  std::uint64_t value = 0;

  friend constexpr auto operator<=>(OperationId, OperationId) noexcept = default;
};

/// Whether strangers reach a node, as far as it knows.
enum class Reach : std::uint8_t {
  unknown,     ///< not enough others told how they see it
  direct,      ///< others see the address that it sends from
  translated,  ///< they see another one, and strangers come through
  trial,       ///< they see another one: it waits for a stranger
  unreachable  ///< none came: it asks and is not asked (BEP 43)
};

struct NodeConfig {
  bool v4 = true;
  bool v6 = true;
  /// Client only, always: asks, is not asked (BEP 43). Else the node finds out by itself.
  bool read_only = false;
  /// Answers whatever it finds out, as a bootstrap node has to; so does a node with an `external`
  /// address.
  bool serve = false;
  /// Ignore nodes whose id does not follow from their address (BEP 42). Off by default, because
  /// parts of the mainline DHT have no such ids.
  bool enforce_secure_ids = false;
  std::vector<IpAddress> external{};  ///< own public addresses that are known from the start

  std::size_t paths = 3;                 ///< disjoint ones per look-up, 1..8
  std::size_t flights = 3;               ///< queries of a look-up without an answer at a time (α)
  std::size_t per_subnet_in_lookup = 1;  ///< nodes of one /24 or /64 that a look-up believes

  Duration query_timeout = std::chrono::seconds{4};
  /// A look-up asks somebody else after three smoothed round-trip times, within these bounds.
  Duration slow_min = std::chrono::milliseconds{150};
  Duration slow_max = std::chrono::seconds{1};

  Duration contact_check = std::chrono::minutes{15};  ///< BEP 5: then a contact is questionable
  Duration own_refresh = std::chrono::minutes{15};    ///< look-ups of the own neighbourhood
  Duration bucket_refresh = std::chrono::hours{1};    ///< at a random time of it, each bucket
  Duration lost_retry = std::chrono::seconds{45};     ///< round over the vanished contacts
  Duration republish_min = std::chrono::minutes{2};   ///< while replicas vanish
  Duration republish_max = std::chrono::minutes{60};  ///< half an item's lifetime

  Limits limits{};
};

struct GetRequest {
  Id target{};
  /// Set: only mutable items of this key are accepted. Unset: whatever hashes to the target, so
  /// that a node's record is found by its NodeId alone.
  std::optional<PublicKey> key{};
  ByteVector salt{};   ///< of the mutable item
  bool first = false;  ///< the first sound value will do; else the newest of all replicas
  bool widen = true;   ///< when the nearest nodes have nothing, ask as many again behind them
};

struct PutRequest {
  Item item{};
  std::optional<std::int64_t> cas{};  ///< replace this version only
};

struct AnnounceRequest {
  Id info_hash{};
  std::optional<std::uint16_t> port{};  ///< unset: the UDP port that others see
};

/// The end of an operation. Which fields are filled depends on what was asked.
struct OperationDone {
  OperationId operation{};
  /// none; `timed_out` (ping; nobody answered); `not_found` (get); `superseded` (put: others hold
  /// a newer version, or not the one to replace); `unreachable` (put: nobody took it).
  error_code error{};
  std::vector<NodeInfo> nodes{};  ///< nearest first
  std::optional<Item> item{};
  std::vector<SocketAddress> peers{};
  std::size_t replicas = 0;  ///< get: nodes that hold this version; put, announce: that took it
  KrpcError refusal = KrpcError::none;  ///< put: what a node answered that did not
  std::size_t hops = 0;                 ///< to the nearest node
  std::size_t queries = 0;              ///< sent
  Duration elapsed{};
};

/// Others agree how they see us. Port 0: each sees another one.
struct ExternalAddress {
  SocketAddress address{};
};

/// The first look-up of the own neighbourhood found somebody.
struct Joined {
  Family family = Family::v4;
};

/// Begins to serve others, or stops to.
struct ModeChanged {
  Family family = Family::v4;
  bool read_only = false;
};

using Event = std::variant<OperationDone, ExternalAddress, Joined, ModeChanged>;

/// A message to send.
struct OutgoingMessage {
  SocketAddress remote{};
  ByteVector bytes{};
};

/// Counters of a Node.
struct NodeStats {
  std::uint64_t received = 0;  ///< datagrams
  std::uint64_t received_bytes = 0;
  std::uint64_t sent = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t queries_received = 0;
  std::uint64_t queries_sent = 0;
  std::uint64_t answers_received = 0;
  std::uint64_t queries_lost = 0;  ///< of ours, never answered
  std::uint64_t dropped_malformed = 0;
  std::uint64_t dropped_rate = 0;         ///< queries above a rate
  std::uint64_t dropped_unsolicited = 0;  ///< answers to nothing we asked
  std::uint64_t dropped_read_only = 0;
  std::uint64_t answers_trimmed = 0;  ///< shortened, or left out: the asker may be forged
  std::uint64_t errors_sent = 0;
  std::uint64_t hearsay_refused = 0;  ///< nodes named to us that must not be contacted
  std::uint64_t items_refused = 0;
  std::uint64_t forgeries = 0;  ///< items in answers that are not what was asked for
  std::uint64_t outbox_full = 0;
  std::uint64_t events_lost = 0;
};

/// One DHT node, mainline compatible (BEP 5, 32, 42, 43, 44): a sans-IO machine.
///
///   on_datagram / on_timeout / calls ──> state ──> poll_transmit, poll_event
///
/// After every call that takes `now`, the driver: sends poll_transmit(), drains poll_event() and
/// re-arms its one timer with next_timeout(). Nothing calls out. IPv4 and IPv6 are two DHTs with a
/// routing table each (BEP 32); operations run in both at once.
/// Neither copyable nor movable. Threads: one at a time. **Source:** docs/spec/dht.md.
class Node {
 public:
  /// `crypto` and `random` outlive the Node; `random` is secure outside of tests.
  Node(NodeConfig config, const ItemCrypto& crypto, Random& random, Instant now);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node();

  /// Takes a UDP payload from the network: any bytes.
  void on_datagram(Instant now, const SocketAddress& from, ConstBytes datagram);

  /// Acts on deadlines that have passed.
  void on_timeout(Instant now);

  [[nodiscard]] Instant next_timeout() const noexcept;

  /// Messages to send, oldest first; they stay until consume_transmit(). Valid until the next call
  /// of any non-const function.
  [[nodiscard]] std::span<const OutgoingMessage> poll_transmit() const noexcept;
  void consume_transmit(std::size_t count) noexcept;

  [[nodiscard]] std::optional<Event> poll_event();

  /// Addresses to begin with, and to come back to while nobody else is known. Joins at once.
  void add_bootstrap(Instant now, std::span<const SocketAddress> addresses);

  /// Nodes of an earlier run, asked before any bootstrap address is trusted. Joins at once.
  void import_nodes(Instant now, std::span<const NodeInfo> nodes);

  /// The nodes to remember for the next run, the best ones first.
  [[nodiscard]] std::vector<NodeInfo> export_nodes(std::size_t count_max) const;

  // Operations: an OperationDone event ends each. **Errors:** `limit_reached`.

  [[nodiscard]] result<OperationId> ping(Instant now, const SocketAddress& address);
  [[nodiscard]] result<OperationId> find_node(Instant now, const Id& target);
  [[nodiscard]] result<OperationId> get(Instant now, const GetRequest& request);

  /// **Errors:** also `invalid_argument` for an item that fails check_item().
  [[nodiscard]] result<OperationId> put(Instant now, const PutRequest& request);
  [[nodiscard]] result<OperationId> get_peers(Instant now, const Id& info_hash);
  [[nodiscard]] result<OperationId> announce(Instant now, const AnnounceRequest& request);

  /// Ends an operation without an event. Unknown ones are ignored.
  void cancel(OperationId operation) noexcept;

  /// Keeps an item alive: puts it now and again, more often while replicas vanish. An item with
  /// the same target takes its place.
  ///
  /// **Errors:** as put().
  [[nodiscard]] result<void> publish(Instant now, Item item);
  void unpublish(const Id& target) noexcept;

  /// Tells the address that the system sends from, now and when it changes.
  void set_own_address(Instant now, const IpAddress& address);

  [[nodiscard]] Reach reach(Family family) const noexcept;

  /// True while others are not to ask this node.
  [[nodiscard]] bool read_only(Family family) const noexcept;

  [[nodiscard]] const Id& id(Family family) const noexcept;

  /// Contacts in the routing table.
  [[nodiscard]] std::size_t size(Family family) const noexcept;

  /// How others see us, once they agree.
  [[nodiscard]] std::optional<SocketAddress> external(Family family) const noexcept;

  /// Up to `count` contacts nearest to `target`, without asking anybody.
  [[nodiscard]] std::vector<NodeInfo> closest(Family family,
                                              const Id& target,
                                              std::size_t count) const;

  [[nodiscard]] std::size_t stored_items() const noexcept;
  [[nodiscard]] std::size_t stored_bytes() const noexcept;
  [[nodiscard]] const NodeStats& stats() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quicether::dht

#endif  // QUICETHER_CORE_DHT_NODE_HPP
