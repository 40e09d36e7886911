#ifndef QUICETHER_SRC_CORE_DHT_PENDING_QUERIES_HPP
#define QUICETHER_SRC_CORE_DHT_PENDING_QUERIES_HPP

#include <quicether/base/random.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/dht/krpc.hpp>
#include <quicether/core/dht/node.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace quicether::dht {

/// A query of ours that has no answer yet.
struct PendingQuery {
  NodeInfo node{};
  bool id_known = false;
  Method method = Method::ping;
  OperationId operation{};  ///< 0: for the routing table's sake
  Instant sent{};
  bool slow = false;      ///< others are asked meanwhile
  bool repeated = false;  ///< with a token, because the first answer was trimmed
};

/// A query whose time has passed.
struct OverdueQuery {
  PendingQuery query{};
  bool lost = false;  ///< given up; else it is slow, and its answer still counts
};

/// The queries without an answer, by transaction id and by deadline.
///
/// Ids are 32 random bits: who cannot see our queries cannot answer them.
class PendingQueries {
 public:
  using Key = std::uint32_t;
  using Transaction = std::array<std::uint8_t, 4>;

  explicit PendingQueries(Random& random) : random_{random} {}

  [[nodiscard]] Transaction add(const PendingQuery& query, Instant slow_at);

  /// Takes the query that this message answers; nothing when there is none to that address.
  [[nodiscard]] std::optional<PendingQuery> take(ConstBytes transaction, const SocketAddress& from);

  [[nodiscard]] Instant next_deadline() const noexcept;

  /// The next query whose deadline has passed: slow at its first one, lost `timeout` after it was
  /// sent.
  [[nodiscard]] std::optional<OverdueQuery> expire(Instant now, Duration timeout);

  [[nodiscard]] std::size_t size() const noexcept { return queries_.size(); }

 private:
  struct Entry {
    PendingQuery query{};
    Instant deadline{};
  };

  Random& random_;
  std::map<Key, Entry> queries_{};
  std::set<std::pair<Instant, Key>> deadlines_{};
};

}  // namespace quicether::dht

#endif  // QUICETHER_SRC_CORE_DHT_PENDING_QUERIES_HPP
