#include "pending_queries.hpp"

namespace quicether::dht {

PendingQueries::Transaction PendingQueries::add(const PendingQuery& query, Instant slow_at) {
  Transaction transaction{};
  Key key = 0;
  do {
    random_.fill(transaction);
    key = load_be<Key>(ConstBytes{transaction});
  } while (queries_.contains(key));
  queries_.emplace(key, Entry{query, slow_at});
  deadlines_.emplace(slow_at, key);
  return transaction;
}

std::optional<PendingQuery> PendingQueries::take(ConstBytes transaction,
                                                 const SocketAddress& from) {
  if (transaction.size() != sizeof(Key)) {
    return std::nullopt;
  }
  const auto found = queries_.find(load_be<Key>(transaction));
  if (found == queries_.end() || found->second.query.node.address != from) {
    return std::nullopt;
  }
  deadlines_.erase({found->second.deadline, found->first});
  const auto query = found->second.query;
  queries_.erase(found);
  return query;
}

Instant PendingQueries::next_deadline() const noexcept {
  return deadlines_.empty() ? Instant::never() : deadlines_.begin()->first;
}

std::optional<OverdueQuery> PendingQueries::expire(Instant now, Duration timeout) {
  if (next_deadline() > now) {
    return std::nullopt;
  }
  const auto key = deadlines_.begin()->second;
  deadlines_.erase(deadlines_.begin());
  const auto place = queries_.find(key);
  auto& [query, deadline] = place->second;
  deadline = query.sent + timeout;
  if (!query.slow && deadline > now) {
    query.slow = true;
    deadlines_.emplace(deadline, key);
    return OverdueQuery{query, false};
  }
  const OverdueQuery lost{query, true};
  queries_.erase(place);
  return lost;
}

}  // namespace quicether::dht
