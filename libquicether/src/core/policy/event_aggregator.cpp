#include <quicether/base/assert.hpp>
#include <quicether/core/policy/event_aggregator.hpp>

#include <iterator>

namespace quicether::policy {
namespace {

// The record of all pairs beyond `records_max`. No pair that is noted has an empty reason.
constexpr std::string_view kOthers = "";

}  // namespace

EventAggregator::EventAggregator(const EventAggregatorConfig& config) : config_{config} {}

EventAggregator::Record& EventAggregator::count(Instant now,
                                                const NodeId& peer,
                                                std::string_view reason) {
  QE_DASSERT(!reason.empty());
  Key key{peer, reason};
  auto found = records_.find(key);
  if (found == records_.end()) {
    const auto own_records = records_.size() - records_.count(Key{{}, kOthers});
    if (own_records >= config_.records_max) {
      key = Key{{}, kOthers};
    }
    bool added = false;
    std::tie(found, added) = records_.try_emplace(key, Record{now, 0, {}});
    if (added) {
      order_.push_back(key);
    }
  }
  ++found->second.count;
  return found->second;
}

std::optional<Event> EventAggregator::poll_event(Instant now) {
  if (next_timeout() > now) {
    return std::nullopt;
  }
  auto node = records_.extract(order_.front());
  order_.pop_front();
  QE_ASSERT(!node.empty());

  const bool others = node.key().reason == kOthers;
  auto& record = node.mapped();
  Event event{.target = config_.target, .severity = config_.severity};
  if (!others) {
    event.fields.emplace_back("peer", node.key().peer.to_string());
  }
  event.fields.emplace_back("reason", others ? "others" : node.key().reason);
  event.fields.emplace_back("count", std::to_string(record.count));
  event.fields.insert(event.fields.end(),
                      std::make_move_iterator(record.details.begin()),
                      std::make_move_iterator(record.details.end()));
  return event;
}

Instant EventAggregator::next_timeout() const noexcept {
  if (order_.empty()) {
    return Instant::never();
  }
  const auto first = records_.find(order_.front());
  QE_ASSERT(first != records_.end());
  return first->second.opened + config_.interval;
}

}  // namespace quicether::policy
