#ifndef QUICETHER_SRC_CORE_DHT_ROUTING_TABLE_HPP
#define QUICETHER_SRC_CORE_DHT_ROUTING_TABLE_HPP

#include <quicether/base/time.hpp>
#include <quicether/core/dht/krpc.hpp>
#include <quicether/core/dht/limits.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace quicether::dht {

/// A node that has answered us at least once.
struct Contact {
  NodeInfo node{};
  Instant answered{};         ///< last time
  Instant asked{};            ///< last time
  std::uint8_t failures = 0;  ///< queries in a row without an answer

  /// BEP 5 says "fails to respond to multiple queries in a row".
  [[nodiscard]] bool bad() const noexcept { return failures >= 2; }
};

/// The nodes of one family that are known to work: 160 buckets by the number of leading bits shared
/// with our id, each of `bucket_size` contacts and as many spare ones.
///
///                     full bucket                     a live contact turns bad
///   answer ──> live ───────────────> spare ──> live <──────────────────────────
///
/// Only nodes that answered a query of ours enter, so that nobody fills it with forged addresses.
/// Old contacts stay as long as they answer (Maymounkov and Mazières, 2002, section 2.2), and at
/// most `per_subnet_*` share a /24 or /64, local addresses excepted.
class RoutingTable {
 public:
  RoutingTable(const Id& self, const Limits& limits) : self_{self}, limits_{limits} {}

  [[nodiscard]] const Id& self() const noexcept { return self_; }

  /// Takes another own id and sorts the contacts anew. Those that no longer fit are dropped.
  void set_self(const Id& self);

  /// A node answered.
  void on_answer(Instant now, const NodeInfo& node);

  /// True when a node that was only heard of is worth a ping: on_answer() would take it.
  [[nodiscard]] bool wants(const NodeInfo& node) const;

  void on_asked(Instant now, const NodeInfo& node);

  /// A node did not answer. Returns the contact that left the table for it.
  std::optional<Contact> on_failure(const NodeInfo& node);

  /// Forgets a contact: its address has another id now.
  void remove(const NodeInfo& node);

  /// Up to `count` live contacts that are not bad, nearest to `target` first.
  [[nodiscard]] std::vector<NodeInfo> closest(const Id& target, std::size_t count) const;

  /// The contact that has been silent longest and was not asked since, when that is `age` ago, or
  /// `bad_age` for one that is bad: a network that was cut may be whole again.
  [[nodiscard]] std::optional<NodeInfo> stalest(Instant now, Duration age, Duration bad_age) const;

  /// Index of a bucket that nothing was learnt for since `before`; none beyond the deepest one.
  [[nodiscard]] std::optional<std::size_t> bucket_to_refresh(Instant before) const;

  /// True when no look-up in the range of this bucket was begun yet.
  [[nodiscard]] bool never_refreshed(std::size_t bucket) const noexcept;

  /// A look-up in the range of this bucket begins, or counts as begun then.
  void on_refreshed(Instant when, std::size_t bucket);

  [[nodiscard]] std::size_t size() const noexcept { return live_; }

  [[nodiscard]] std::size_t spare_count() const noexcept;

  /// All live contacts, best known first: for the cache on disk.
  [[nodiscard]] std::vector<Contact> contacts() const;

 private:
  struct Bucket {
    std::vector<Contact> live{};
    std::vector<Contact> spare{};
    std::optional<Instant> refreshed{};
  };

  [[nodiscard]] std::size_t index_of(const Id& id) const noexcept;
  [[nodiscard]] Bucket* find_bucket(const Id& id) noexcept;
  [[nodiscard]] const Bucket* find_bucket(const Id& id) const noexcept;
  [[nodiscard]] bool fits_subnets(const Bucket* bucket, const IpAddress& address) const;
  void add_live(Bucket& bucket, const Contact& contact);
  void remove_live(Bucket& bucket, std::size_t at);
  void add_spare(Bucket& bucket, const Contact& contact);
  void promote_spare(Bucket& bucket);

  Id self_;
  const Limits& limits_;
  std::vector<Bucket> buckets_{};  ///< as many as are in use
  std::size_t live_ = 0;
  std::map<IpAddress, std::size_t> per_subnet_{};  ///< of live contacts, local ones excepted
};

}  // namespace quicether::dht

#endif  // QUICETHER_SRC_CORE_DHT_ROUTING_TABLE_HPP
