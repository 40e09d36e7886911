#include "routing_table.hpp"

#include "address_rules.hpp"

#include <quicether/base/assert.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

namespace quicether::dht {

namespace {

auto find_contact(std::vector<Contact>& contacts, const Id& id) noexcept {
  return std::ranges::find_if(contacts, [&](const Contact& one) { return one.node.id == id; });
}

/// A contact that never comes back and has no successor is given up after so many queries.
constexpr std::uint8_t kFailuresMax = 5;

}  // namespace

std::size_t RoutingTable::index_of(const Id& id) const noexcept {
  return std::min(common_prefix_bits(self_, id), kIdBits - 1);
}

RoutingTable::Bucket* RoutingTable::find_bucket(const Id& id) noexcept {
  const auto index = index_of(id);
  return index < buckets_.size() ? &buckets_[index] : nullptr;
}

const RoutingTable::Bucket* RoutingTable::find_bucket(const Id& id) const noexcept {
  const auto index = index_of(id);
  return index < buckets_.size() ? &buckets_[index] : nullptr;
}

void RoutingTable::set_self(const Id& self) {
  const auto before = std::exchange(buckets_, {});
  self_ = self;
  live_ = 0;
  per_subnet_.clear();
  for (const auto& bucket : before) {
    for (const auto* contacts : {&bucket.live, &bucket.spare}) {
      for (const auto& contact : *contacts) {
        on_answer(contact.answered, contact.node);
      }
    }
  }
}

bool RoutingTable::fits_subnets(const Bucket* bucket, const IpAddress& address) const {
  if (is_local(address)) {
    return true;
  }
  const auto subnet = subnet_of(address);
  const auto in_table = per_subnet_.find(subnet);
  if (in_table == per_subnet_.end()) {
    return true;
  }
  if (in_table->second >= limits_.per_subnet_in_table) {
    return false;
  }
  return bucket == nullptr ||
         std::cmp_less(std::ranges::count_if(bucket->live,
                                             [&](const Contact& one) {
                                               return subnet_of(one.node.address.address) == subnet;
                                             }),
                       limits_.per_subnet_in_bucket);
}

void RoutingTable::add_live(Bucket& bucket, const Contact& contact) {
  bucket.live.push_back(contact);
  ++live_;
  if (!is_local(contact.node.address.address)) {
    ++per_subnet_[subnet_of(contact.node.address.address)];
  }
}

void RoutingTable::remove_live(Bucket& bucket, std::size_t at) {
  const auto address = bucket.live[at].node.address.address;
  bucket.live.erase(bucket.live.begin() + static_cast<std::ptrdiff_t>(at));
  --live_;
  const auto counted = per_subnet_.find(subnet_of(address));
  if (!is_local(address) && --counted->second == 0) {
    per_subnet_.erase(counted);
  }
}

void RoutingTable::add_spare(Bucket& bucket, const Contact& contact) {
  const auto known = find_contact(bucket.spare, contact.node.id);
  if (known != bucket.spare.end()) {
    bucket.spare.erase(known);
  } else if (bucket.spare.size() >= limits_.bucket_size) {
    bucket.spare.erase(bucket.spare.begin());
  }
  bucket.spare.push_back(contact);  // the freshest one is last
}

void RoutingTable::promote_spare(Bucket& bucket) {
  for (auto i = bucket.spare.size(); i > 0 && bucket.live.size() < limits_.bucket_size; --i) {
    const auto contact = bucket.spare[i - 1];
    if (fits_subnets(&bucket, contact.node.address.address)) {
      bucket.spare.erase(bucket.spare.begin() + static_cast<std::ptrdiff_t>(i - 1));
      add_live(bucket, contact);
    }
  }
}

void RoutingTable::on_answer(Instant now, const NodeInfo& node) {
  if (node.id == self_) {
    return;
  }
  const auto index = index_of(node.id);
  if (index >= buckets_.size()) {
    buckets_.resize(index + 1);
  }
  auto& bucket = buckets_[index];
  const auto known = find_contact(bucket.live, node.id);
  if (known != bucket.live.end()) {
    if (known->node.address == node.address) {
      known->answered = now;
      known->failures = 0;
      return;
    }
    if (!known->bad()) {
      return;  // somebody else uses the id of a working contact
    }
    remove_live(bucket, static_cast<std::size_t>(known - bucket.live.begin()));
  }
  const Contact contact{.node = node, .answered = now, .asked = now};
  if (!fits_subnets(&bucket, node.address.address)) {
    return;
  }
  const auto bad = std::ranges::find_if(bucket.live, &Contact::bad);
  if (bucket.live.size() >= limits_.bucket_size && bad != bucket.live.end()) {
    remove_live(bucket, static_cast<std::size_t>(bad - bucket.live.begin()));
  }
  if (bucket.live.size() < limits_.bucket_size) {
    add_live(bucket, contact);
  } else {
    add_spare(bucket, contact);
  }
}

bool RoutingTable::wants(const NodeInfo& node) const {
  if (node.id == self_) {
    return false;
  }
  const auto* bucket = find_bucket(node.id);
  if (!fits_subnets(bucket, node.address.address)) {
    return false;
  }
  if (bucket == nullptr) {
    return true;
  }
  const auto is_it = [&](const Contact& one) { return one.node.id == node.id; };
  if (std::ranges::any_of(bucket->live, is_it)) {
    return false;
  }
  return bucket->live.size() < limits_.bucket_size ||
         std::ranges::any_of(bucket->live, &Contact::bad) ||
         (bucket->spare.size() < limits_.bucket_size / 2 &&
          std::ranges::none_of(bucket->spare, is_it));
}

void RoutingTable::on_asked(Instant now, const NodeInfo& node) {
  if (auto* bucket = find_bucket(node.id)) {
    const auto known = find_contact(bucket->live, node.id);
    if (known != bucket->live.end()) {
      known->asked = now;
    }
  }
}

std::optional<Contact> RoutingTable::on_failure(const NodeInfo& node) {
  auto* bucket = find_bucket(node.id);
  if (bucket == nullptr) {
    return std::nullopt;
  }
  std::erase_if(bucket->spare, [&](const Contact& one) { return one.node == node; });
  const auto known = find_contact(bucket->live, node.id);
  if (known == bucket->live.end() || known->node.address != node.address) {
    return std::nullopt;
  }
  ++known->failures;
  if (!known->bad() || (bucket->spare.empty() && known->failures < kFailuresMax)) {
    return std::nullopt;
  }
  const auto lost = *known;
  remove_live(*bucket, static_cast<std::size_t>(known - bucket->live.begin()));
  promote_spare(*bucket);
  return lost;
}

void RoutingTable::remove(const NodeInfo& node) {
  auto* bucket = find_bucket(node.id);
  if (bucket == nullptr) {
    return;
  }
  const auto is_it = [&](const Contact& one) { return one.node == node; };
  std::erase_if(bucket->spare, is_it);
  const auto known = std::ranges::find_if(bucket->live, is_it);
  if (known != bucket->live.end()) {
    remove_live(*bucket, static_cast<std::size_t>(known - bucket->live.begin()));
    promote_spare(*bucket);
  }
}

std::vector<NodeInfo> RoutingTable::closest(const Id& target, std::size_t count) const {
  // The bucket of the target's own range holds the nearest ones, deeper buckets are next, and all
  // the same distance class; then come the shallower ones, one by one.
  std::vector<NodeInfo> found;
  const auto add = [&](std::size_t index) {
    for (const auto& contact : buckets_[index].live) {
      if (!contact.bad()) {
        found.push_back(contact.node);
      }
    }
  };
  const auto own = index_of(target);
  if (own < buckets_.size()) {
    add(own);
    for (auto i = own + 1; i < buckets_.size() && found.size() < count; ++i) {
      // All of them: they are not in the order of distance to the target.
      for (; i < buckets_.size(); ++i) {
        add(i);
      }
    }
  }
  for (auto i = std::min(own, buckets_.size()); i > 0 && found.size() < count; --i) {
    add(i - 1);
  }
  const auto kept = std::min(count, found.size());
  std::ranges::partial_sort(
      found,
      found.begin() + static_cast<std::ptrdiff_t>(kept),
      [&](const NodeInfo& one, const NodeInfo& other) { return closer(one.id, other.id, target); });
  found.resize(kept);
  return found;
}

std::optional<NodeInfo> RoutingTable::stalest(Instant now, Duration age, Duration bad_age) const {
  const Contact* oldest = nullptr;
  for (const auto& bucket : buckets_) {
    for (const auto& contact : bucket.live) {
      const auto last = std::max(contact.answered, contact.asked);
      if (now - last >= (contact.bad() ? bad_age : age) &&
          (oldest == nullptr || last < std::max(oldest->answered, oldest->asked))) {
        oldest = &contact;
      }
    }
  }
  return oldest == nullptr ? std::nullopt : std::optional{oldest->node};
}

std::optional<std::size_t> RoutingTable::bucket_to_refresh(Instant before) const {
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (!buckets_[i].refreshed || *buckets_[i].refreshed < before) {
      return i;
    }
  }
  return std::nullopt;
}

bool RoutingTable::never_refreshed(std::size_t bucket) const noexcept {
  return bucket < buckets_.size() && !buckets_[bucket].refreshed;
}

void RoutingTable::on_refreshed(Instant when, std::size_t bucket) {
  if (bucket < buckets_.size()) {
    buckets_[bucket].refreshed = when;
  }
}

std::size_t RoutingTable::spare_count() const noexcept {
  std::size_t count = 0;
  for (const auto& bucket : buckets_) {
    count += bucket.spare.size();
  }
  return count;
}

std::vector<Contact> RoutingTable::contacts() const {
  std::vector<Contact> all;
  all.reserve(live_);
  for (const auto& bucket : buckets_) {
    all.insert(all.end(), bucket.live.begin(), bucket.live.end());
  }
  std::ranges::sort(all, [](const Contact& one, const Contact& other) {
    return std::tie(one.failures, other.answered, one.node) <
           std::tie(other.failures, one.answered, other.node);
  });
  return all;
}

}  // namespace quicether::dht
