#include "address_rules.hpp"
#include "node_impl.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

namespace quicether::dht {

namespace {

/// So many queries lost in a row, without a single answer, tell of our own network and not of the
/// nodes that were asked: nobody is judged by them.
constexpr std::size_t kOwnOutage = 24;

}  // namespace

void Node::Impl::on_datagram(Instant now, const SocketAddress& from, ConstBytes datagram) {
  ++stats_.received;
  stats_.received_bytes += datagram.size();
  const auto message = decode(datagram);
  if (!message || !is_unicast(from) || !side(family_of(from.address)).enabled) {
    ++stats_.dropped_malformed;
    return;
  }
  if (const auto* query = std::get_if<Query>(&*message)) {
    handle(now, from, *query, datagram.size());
  } else if (const auto* response = std::get_if<Response>(&*message)) {
    handle(now, from, *response);
  } else {
    handle(now, from, std::get<ErrorReply>(*message));
  }
}

void Node::Impl::send(const SocketAddress& to, ConstBytes bytes) {
  if (outbox_.size() >= config_.limits.outbox_max) {
    ++stats_.outbox_full;
    return;
  }
  ++stats_.sent;
  stats_.sent_bytes += bytes.size();
  outbox_.push_back({to, {bytes.begin(), bytes.end()}});
}

void Node::Impl::consume_transmit(std::size_t count) noexcept {
  outbox_.erase(outbox_.begin(), outbox_.begin() + static_cast<std::ptrdiff_t>(count));
}

void Node::Impl::add_event(Event event) {
  if (events_.size() >= config_.limits.events_max) {
    ++stats_.events_lost;
    return;
  }
  events_.push_back(std::move(event));
}

std::optional<Event> Node::Impl::poll_event() {
  if (events_.empty()) {
    return std::nullopt;
  }
  auto event = std::move(events_.front());
  events_.pop_front();
  return event;
}

Duration Node::Impl::slow_after() const noexcept {
  return std::clamp(3 * round_trip_, config_.slow_min, config_.slow_max);
}

bool Node::Impl::usable(const NodeInfo& node) const noexcept {
  return !config_.enforce_secure_ids || is_secure_id(node.id, node.address.address);
}

bool Node::Impl::send_query(Instant now, const PendingQuery& about, Query query) {
  auto& to = side(family_of(about.node.address.address));
  if (!to.enabled || pending_.size() >= config_.limits.queries_max) {
    return false;
  }
  auto pending = about;
  pending.sent = now;
  pending.method = query.method;
  const auto transaction = pending_.add(pending, now + slow_after());
  query.transaction = transaction;
  query.id = to.table.self();
  query.read_only = read_only(to.family);
  std::array<std::uint8_t, kMessageBytesMax> buffer{};
  const auto bytes = encode(query, buffer);
  QE_ASSERT(!bytes.empty());
  send(about.node.address, bytes);
  sources_.on_query_sent(now, about.node.address.address, bytes.size());
  ++stats_.queries_sent;
  if (about.id_known) {
    to.table.on_asked(now, about.node);
  }
  return true;
}

void Node::Impl::handle(Instant now, const SocketAddress& from, const Response& response) {
  const auto query = pending_.take(response.transaction, from);
  if (!query) {
    ++stats_.dropped_unsolicited;
    return;
  }
  ++stats_.answers_received;
  losses_in_row_ = 0;
  round_trip_ += (now - query->sent - round_trip_) / 8;  // as RFC 6298 smooths
  sources_.on_query_answered(now, from.address);
  if (query->id_known && query->node.id != response.id) {
    side(family_of(from.address)).table.remove(query->node);
  }
  learn(now, {response.id, from}, response);
  on_answer(now, *query, from, response);
}

void Node::Impl::learn(Instant now, const NodeInfo& node, const Response& response) {
  auto& from = side(family_of(node.address.address));
  if (usable(node)) {
    from.table.on_answer(now, node);
  }
  const auto found = std::ranges::find(from.lost, node);
  if (found != from.lost.end()) {
    // A part of the network is back. Look where it fits in: now, and when others have done so too.
    from.lost.erase(found);
    from.rounds_left = 2;
    from.own_lookup_due = std::min(from.own_lookup_due, now);
  }
  if (response.your_address) {
    vote(now, node.address, *response.your_address);
  }
}

void Node::Impl::handle(Instant now, const SocketAddress& from, const ErrorReply& error) {
  const auto query = pending_.take(error.transaction, from);
  if (!query) {
    ++stats_.dropped_unsolicited;
    return;
  }
  losses_in_row_ = 0;
  sources_.on_query_answered(now, from.address);
  const bool known = error.code > 0 && error.code <= 999;
  on_no_answer(now, *query, known ? static_cast<KrpcError>(error.code) : KrpcError::generic);
}

void Node::Impl::on_overdue(Instant now, const OverdueQuery& overdue) {
  const auto& query = overdue.query;
  if (!overdue.lost) {
    const auto operation = operations_.find(query.operation);
    if (operation != operations_.end()) {
      auto& lookup = operation->second
                         .lookups[static_cast<std::size_t>(family_of(query.node.address.address))];
      if (lookup && !operation->second.storing) {
        lookup->on_slow(query.node.address);
        drive(now, operation->second);
      }
    }
    return;
  }
  ++stats_.queries_lost;
  if (++losses_in_row_ < kOwnOutage && query.id_known) {
    auto& from = side(family_of(query.node.address.address));
    if (const auto lost = from.table.on_failure(query.node)) {
      from.lost.push_back(lost->node);
      if (from.lost.size() > config_.limits.lost_max) {
        from.lost.pop_front();
      }
    }
  }
  on_no_answer(now, query, KrpcError::none);
}

void Node::Impl::on_timeout(Instant now) {
  while (const auto overdue = pending_.expire(now, config_.query_timeout)) {
    on_overdue(now, *overdue);
  }
  upkeep(now);
}

Instant Node::Impl::next_timeout() const noexcept {
  return std::min({pending_.next_deadline(), next_own_lookup(), next_tick_});
}

}  // namespace quicether::dht
