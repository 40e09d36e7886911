#include <quicether/base/assert.hpp>
#include <quicether/core/policy/flow_table.hpp>

#include <algorithm>
#include <bit>
#include <tuple>

namespace quicether::policy {
namespace {

constexpr std::uint64_t kGoldenRatio = 0x9e37'79b9'7f4a'7c15;  // 2^64 / phi: spreads small numbers

// Both directions of a flow share an entry, kept as the one that compares smaller.
bool is_smaller_direction(const FlowView& view) noexcept {
  return std::tie(view.from, view.key.source, view.key.source_port) <=
         std::tie(view.to, view.key.destination, view.key.destination_port);
}

constexpr Duration timeout_of(FlowLife life) noexcept {
  return life == FlowLife::established ? kEstablishedTimeout : kTransientTimeout;
}

}  // namespace

FlowTable::FlowTable(const FlowTableConfig& config, std::uint64_t hash_seed)
    : config_{config}, hash_seed_{hash_seed}, buckets_(std::bit_ceil(config.flows_max), kNone) {
  QE_ASSERT(config.flows_max > 0 && config.flows_max < kNone);
  QE_ASSERT(config.flows_per_party_max > 0);
}

std::size_t FlowTable::bucket_of(const FlowView& view) const noexcept {
  const auto parties = (std::uint64_t{view.from.index()} << 32U) | view.to.index();
  const auto hash = wire::flow_hash(view.key, hash_seed_ ^ (parties * kGoldenRatio));
  return static_cast<std::size_t>(hash) & (buckets_.size() - 1);
}

FlowTable::Found FlowTable::find(Instant now, const FlowView& packet) noexcept {
  const bool smaller = is_smaller_direction(packet);
  const auto view = smaller ? packet : packet.reversed();
  const std::size_t direction = smaller ? 0 : 1;
  for (auto slot = buckets_[bucket_of(view)]; slot != kNone;) {
    auto& entry = entries_[slot];
    if (entry.flow.view == view) {
      if (entry.expires > now) {
        return {&entry.flow, slot, direction};
      }
      remove(slot);
      break;
    }
    slot = entry.next_in_bucket;
  }
  return {nullptr, 0, direction};
}

FlowTable::Found FlowTable::insert(Instant now, const FlowView& packet) {
  QE_DASSERT(find(now, packet).flow == nullptr);
  if (packet.from.index() >= owners_.size()) {
    owners_.resize(packet.from.index() + std::size_t{1});
  }
  make_room(now, owners_[packet.from.index()]);
  auto slot = free_;
  if (slot == kNone) {
    slot = static_cast<Slot>(entries_.size());
    entries_.emplace_back();
  } else {
    free_ = entries_[slot].next_in_bucket;
  }

  const bool smaller = is_smaller_direction(packet);
  auto& entry = entries_[slot];
  entry = Entry{};
  entry.flow.view = smaller ? packet : packet.reversed();
  entry.owner = packet.from;
  entry.expires = now + timeout_of(entry.life);
  auto& bucket = buckets_[bucket_of(entry.flow.view)];
  entry.next_in_bucket = bucket;
  bucket = slot;
  auto& owner = owners_[packet.from.index()];
  owners_with_flows_ += owner.size() == 0 ? 1U : 0U;
  ++size_;
  enqueue(slot);
  return {&entry.flow, slot, smaller ? std::size_t{0} : std::size_t{1}};
}

void FlowTable::touch(Instant now, const Found& found, FlowLife life) noexcept {
  auto& entry = entries_[found.slot];
  QE_DASSERT(found.flow == &entry.flow);
  dequeue(found.slot);
  entry.life = life;
  entry.expires = now + timeout_of(life);
  enqueue(found.slot);
}

void FlowTable::erase(const Found& found) noexcept {
  QE_DASSERT(found.flow == &entries_[found.slot].flow);
  remove(found.slot);
}

std::size_t FlowTable::size(Party party) const noexcept {
  return party.index() < owners_.size() ? owners_[party.index()].size() : 0;
}

FlowTable::Queue& FlowTable::queue_of(const Entry& entry) noexcept {
  return owners_[entry.owner.index()].queues[static_cast<std::size_t>(entry.life)];
}

void FlowTable::enqueue(Slot slot) noexcept {
  auto& entry = entries_[slot];
  auto& queue = queue_of(entry);
  entry.older = queue.newest;
  entry.newer = kNone;
  (queue.newest == kNone ? queue.oldest : entries_[queue.newest].newer) = slot;
  queue.newest = slot;
  ++queue.size;
}

void FlowTable::dequeue(Slot slot) noexcept {
  const auto& entry = entries_[slot];
  auto& queue = queue_of(entry);
  (entry.older == kNone ? queue.oldest : entries_[entry.older].newer) = entry.newer;
  (entry.newer == kNone ? queue.newest : entries_[entry.newer].older) = entry.older;
  --queue.size;
}

void FlowTable::make_room(Instant now, const Owner& newcomer) noexcept {
  if (newcomer.size() >= config_.flows_per_party_max) {
    evict_from(now, newcomer);
    return;
  }
  if (size_ < config_.flows_max) {
    return;
  }
  const auto parties = owners_with_flows_ + (newcomer.size() == 0 ? 1U : 0U);
  if (newcomer.size() > 0 && newcomer.size() >= config_.flows_max / parties) {
    evict_from(now, newcomer);
    return;
  }
  // Rare: a party comes here at most once per flow of its share until flows time out again.
  evict_from(now, *std::ranges::max_element(owners_, {}, &Owner::size));
}

void FlowTable::evict_from(Instant now, const Owner& owner) noexcept {
  const auto& transient = owner.queues[static_cast<std::size_t>(FlowLife::transient)];
  const auto& established = owner.queues[static_cast<std::size_t>(FlowLife::established)];
  const auto timed_out = [&](const Queue& queue) {
    return queue.oldest != kNone && entries_[queue.oldest].expires <= now;
  };
  if (timed_out(transient)) {
    remove(transient.oldest);
    return;
  }
  if (timed_out(established)) {
    remove(established.oldest);
    return;
  }
  ++evictions_;
  remove(transient.size >= established.size ? transient.oldest : established.oldest);
}

void FlowTable::remove(Slot slot) noexcept {
  auto& entry = entries_[slot];
  auto* link = &buckets_[bucket_of(entry.flow.view)];
  while (*link != slot) {
    QE_DASSERT(*link != kNone);
    link = &entries_[*link].next_in_bucket;
  }
  *link = entry.next_in_bucket;
  dequeue(slot);
  entry.next_in_bucket = free_;
  free_ = slot;
  --size_;
  owners_with_flows_ -= owners_[entry.owner.index()].size() == 0 ? 1U : 0U;
}

}  // namespace quicether::policy
