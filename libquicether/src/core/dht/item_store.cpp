#include "item_store.hpp"

#include "address_rules.hpp"

#include <algorithm>
#include <utility>

namespace quicether::dht {

namespace {

/// What an item costs besides its value and salt: the map's node, vectors, allocator overhead.
constexpr std::size_t kBookkeepingBytes = 320;

std::size_t cost_of(std::size_t value_bytes, std::size_t salt_bytes) noexcept {
  return value_bytes + salt_bytes + kBookkeepingBytes;
}

}  // namespace

KrpcError ItemStore::update(Instant now,
                            Stored& stored,
                            const ItemView& item,
                            std::optional<std::int64_t> cas) {
  if (item.author) {
    const auto have = stored.item.author->seq;
    if (cas && *cas != have) {
      return KrpcError::cas_mismatch;
    }
    const bool same = std::ranges::equal(item.value, stored.item.value);
    if (item.author->seq < have || (item.author->seq == have && !same)) {
      return KrpcError::seq_too_low;
    }
    bytes_ += item.value.size();
    bytes_ -= stored.item.value.size();
    stored.item = to_item(item);
  }
  stored.touched = now;
  return KrpcError::none;
}

KrpcError ItemStore::put(Instant now,
                         const Id& target,
                         const ItemView& item,
                         std::optional<std::int64_t> cas,
                         const IpAddress& from,
                         const Id& self) {
  const auto known = items_.find(target);
  if (known != items_.end()) {
    return update(now, known->second, item, cas);
  }
  const auto cost = cost_of(item.value.size(), item.salt.size());
  const auto subnet = subnet_of(from);
  const auto counted = per_subnet_.find(subnet);
  const auto count = counted == per_subnet_.end() ? 0 : counted->second.size();
  if (count >= limits_.items_per_subnet && !displace(subnet, target, self)) {
    return KrpcError::server;
  }
  while (items_.size() >= limits_.items_max || bytes_ + cost > limits_.item_bytes_max) {
    if (items_.empty() || !displace(largest_subnet(), target, self)) {
      return KrpcError::server;
    }
  }
  items_.emplace(target, Stored{to_item(item), now, subnet});
  per_subnet_[subnet].insert(target);
  bytes_ += cost;
  return KrpcError::none;
}

IpAddress ItemStore::largest_subnet() const noexcept {
  return std::ranges::max_element(
             per_subnet_, {}, [](const auto& entry) { return entry.second.size(); })
      ->first;
}

bool ItemStore::displace(const IpAddress& subnet, const Id& target, const Id& self) {
  const auto farthest = std::ranges::max_element(
      per_subnet_.at(subnet),
      [&](const Id& one, const Id& other) { return closer(one, other, self); });
  if (!closer(target, *farthest, self)) {
    return false;
  }
  erase(items_.find(*farthest));
  return true;
}

void ItemStore::erase(Items::iterator place) {
  const auto counted = per_subnet_.find(place->second.subnet);
  counted->second.erase(place->first);
  if (counted->second.empty()) {
    per_subnet_.erase(counted);
  }
  const auto& item = place->second.item;
  bytes_ -= cost_of(item.value.size(), item.salt.size());
  items_.erase(place);
}

const Item* ItemStore::find(const Id& target) const noexcept {
  const auto found = items_.find(target);
  return found == items_.end() ? nullptr : &found->second.item;
}

void ItemStore::expire(Instant now) {
  for (auto i = items_.begin(); i != items_.end();) {
    const auto current = i++;
    if (now - current->second.touched > limits_.item_lifetime) {
      erase(current);
    }
  }
}

}  // namespace quicether::dht
