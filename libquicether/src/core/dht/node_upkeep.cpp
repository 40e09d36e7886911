#include "address_rules.hpp"
#include "node_impl.hpp"

#include <algorithm>
#include <utility>

namespace quicether::dht {

namespace {

/// Upkeep is spread: a little of it each so often.
constexpr Duration kTick = std::chrono::seconds{5};

/// Contacts that are asked whether they are still there, each tick: a whole table within a minute.
constexpr int kChecksPerTick = 8;

/// Attempts to join while nobody answers (requirement C7: at least every 60 s).
constexpr Duration kRetryMin = std::chrono::milliseconds{500};
constexpr Duration kRetryMax = std::chrono::seconds{60};

/// Between the own look-ups after something changed.
constexpr Duration kRoundPause = std::chrono::seconds{10};

/// How soon an item that found no place is tried again, and the first interval of one that did.
constexpr Duration kPublishRetry = std::chrono::seconds{15};
constexpr Duration kPublishFirst = std::chrono::minutes{5};

constexpr std::size_t kBootstrapMax = 64;
constexpr std::size_t kCachedMax = 256;

bool promised(const NodeConfig& config, Family family) {
  return config.serve || std::ranges::any_of(config.external, [&](const IpAddress& address) {
           return family_of(address) == family;
         });
}

Id first_id(const NodeConfig& config, Family family, Random& random) {
  for (const auto& address : config.external) {
    if (family_of(address) == family) {
      return make_secure_id(address, random);
    }
  }
  return Id::random(random);
}

}  // namespace

Node::Impl::Impl(NodeConfig config, const ItemCrypto& crypto, Random& random, Instant now)
    : config_{std::move(config)},
      crypto_{crypto},
      random_{random},
      sides_{Side{.family = Family::v4,
                  .enabled = config_.v4,
                  .table = {first_id(config_, Family::v4, random), config_.limits},
                  .reach = Reachability{promised(config_, Family::v4)}},
             Side{.family = Family::v6,
                  .enabled = config_.v6,
                  .table = {first_id(config_, Family::v6, random), config_.limits},
                  .reach = Reachability{promised(config_, Family::v6)}}},
      sources_{config_.limits},
      tokens_{crypto, random, now},
      items_{config_.limits},
      peers_{config_.limits},
      pending_{random},
      round_trip_{config_.slow_max / 3},
      next_tick_{now + Duration{static_cast<Duration::rep>(
                           random.below(static_cast<std::uint64_t>(kTick.count())))}} {
  QE_ASSERT(config_.paths >= 1 && config_.paths <= 8);
  QE_ASSERT(config_.flights >= 1);
}

void Node::Impl::add_bootstrap(Instant now, std::span<const SocketAddress> addresses) {
  for (const auto& address : addresses) {
    if (is_unicast(address) && bootstrap_.size() < kBootstrapMax &&
        std::ranges::find(bootstrap_, address) == bootstrap_.end()) {
      bootstrap_.push_back(address);
    }
  }
  for (auto& one : sides_) {
    if (one.table.size() == 0) {
      start_own_lookup(now, one);
    }
  }
}

void Node::Impl::import_nodes(Instant now, std::span<const NodeInfo> nodes) {
  for (const auto& node : nodes) {
    if (is_unicast(node.address) && cached_.size() < kCachedMax) {
      cached_.push_back(node);
    }
  }
  for (auto& one : sides_) {
    if (one.table.size() == 0) {
      start_own_lookup(now, one);
    }
  }
}

std::vector<NodeInfo> Node::Impl::export_nodes(std::size_t count_max) const {
  std::vector<NodeInfo> nodes;
  for (const auto& one : sides_) {
    for (const auto& contact : one.table.contacts()) {
      nodes.push_back(contact.node);
    }
  }
  for (const auto& one : sides_) {
    nodes.insert(nodes.end(), one.lost.begin(), one.lost.end());
  }
  nodes.resize(std::min(nodes.size(), count_max));
  return nodes;
}

Instant Node::Impl::next_own_lookup() const noexcept {
  auto next = Instant::never();
  for (const auto& one : sides_) {
    if (one.enabled && one.own_lookup == OperationId{}) {
      next = std::min(next, one.own_lookup_due);
    }
  }
  return next;
}

void Node::Impl::upkeep(Instant now) {
  for (auto& one : sides_) {
    if (now >= one.own_lookup_due) {
      start_own_lookup(now, one);
    }
  }
  if (now >= next_tick_) {
    tick(now);
  }
}

void Node::Impl::tick(Instant now) {
  next_tick_ = now + kTick;
  tokens_.rotate(now);
  items_.expire(now);
  peers_.expire(now);
  for (auto& one : sides_) {
    if (one.enabled) {
      judge_reach(now, one);
      refresh_bucket(now, one);
      ping_contacts(now, one);
    }
  }
  republish(now);
}

void Node::Impl::start_lookup(Instant now,
                              Side& side,
                              const Id& target,
                              const LookupConfig& config) {
  Operation operation;
  operation.kind = Operation::Kind::find_node;
  operation.internal = true;
  operation.target = target;
  auto& lookup = operation.lookups[static_cast<std::size_t>(side.family)];
  lookup.emplace(target, config);
  add_seeds(*lookup, side);
  (void)start(now, std::move(operation));
}

void Node::Impl::start_own_lookup(Instant now, Side& side) {
  if (!side.enabled || side.own_lookup != OperationId{}) {
    return;
  }
  auto config = lookup_config();
  config.patient = side.joined;              // else ask again soon: the first ones may be late
  side.own_lookup = {operations_made_ + 1};  // what start() will call it: it may end at once
  start_lookup(now, side, side.table.self(), config);
}

void Node::Impl::on_own_lookup_done(Instant now, Side& side) {
  side.own_lookup = {};
  if (side.table.size() == 0) {
    side.retry = std::clamp(2 * side.retry, kRetryMin, kRetryMax);
    side.own_lookup_due = now + side.retry;
    return;
  }
  side.retry = Duration::zero();
  side.own_lookup_due = now + config_.own_refresh;
  if (side.rounds_left > 0) {
    --side.rounds_left;
    side.own_lookup_due = now + kRoundPause;
  } else if (side.table.size() < config_.limits.bucket_size) {
    side.own_lookup_due = now + kRetryMax;  // a small ring, or a part of one: look for the rest
  }
  if (!std::exchange(side.joined, true)) {
    add_event(Joined{side.family});
    side.rounds_left = 1;  // others that joined at the same time
    side.own_lookup_due = now + kRoundPause;
  }
}

void Node::Impl::refresh_bucket(Instant now, Side& side) {
  const auto bucket = side.table.bucket_to_refresh(now - config_.bucket_refresh);
  if (!bucket || !side.joined) {
    return;
  }
  // The first time counts as any moment of the last round: the buckets of one node, and nodes that
  // started together, do not refresh together ever after.
  const auto round = static_cast<std::uint64_t>(config_.bucket_refresh.count());
  const Duration earlier{side.table.never_refreshed(*bucket)
                             ? static_cast<Duration::rep>(random_.below(round))
                             : Duration::rep{0}};
  side.table.on_refreshed(now - earlier, *bucket);
  auto config = lookup_config();
  config.paths = 1;  // nothing is looked for but neighbours
  start_lookup(now, side, side.table.self().random_sibling(*bucket, random_), config);
}

void Node::Impl::ping_node(Instant now, const NodeInfo& node) {
  Query query;
  query.method = Method::ping;
  (void)send_query(now, {.node = node, .id_known = true}, query);
}

void Node::Impl::ping_contacts(Instant now, Side& side) {
  for (int i = 0; i < kChecksPerTick; ++i) {
    if (const auto contact = side.table.stalest(now, config_.contact_check, config_.lost_retry)) {
      ping_node(now, *contact);
    }
  }
  // So many that all had their turn within one round.
  const auto ticks = std::max<std::size_t>(1, static_cast<std::size_t>(config_.lost_retry / kTick));
  const auto count = (side.lost.size() + ticks - 1) / ticks;
  for (std::size_t i = 0; i < count; ++i) {
    ping_node(now, side.lost.front());
    side.lost.push_back(side.lost.front());
    side.lost.pop_front();
  }
}

void Node::Impl::vote(Instant now, const SocketAddress& voter, const SocketAddress& seen) {
  if (family_of(voter.address) != family_of(seen.address)) {
    return;
  }
  auto& votes = side(family_of(voter.address)).votes;
  if (votes.add(voter.address, seen)) {
    add_event(ExternalAddress{*votes.result()});
    side(family_of(seen.address)).reach.set_external(now, votes.result()->address);
    use_external(now, votes.result()->address);
  }
}

void Node::Impl::use_external(Instant now, const IpAddress& address) {
  auto& one = side(family_of(address));
  if (is_secure_id(one.table.self(), address)) {
    return;
  }
  one.table.set_self(make_secure_id(address, random_));
  one.rounds_left = 1;
  one.own_lookup_due = now;
}

void Node::Impl::set_own_address(Instant now, const IpAddress& address) {
  auto& one = side(family_of(address));
  one.reach.set_own(address);
  judge_reach(now, one);
}

void Node::Impl::judge_reach(Instant now, Side& side) {
  if (side.reach.update(now) && !config_.read_only) {
    add_event(ModeChanged{side.family, side.reach.read_only()});
  }
}

result<void> Node::Impl::publish(Instant now, Item item) {
  const auto view = item.view();
  if (check_item(view, crypto_) != KrpcError::none) {
    return errc::invalid_argument;
  }
  const auto target = target_of(view, crypto_);
  if (published_.size() >= config_.limits.published_max && !published_.contains(target)) {
    return errc::limit_reached;
  }
  published_[target] = {.item = std::move(item), .due = now, .interval = kPublishFirst};
  republish(now);
  return {};
}

void Node::Impl::republish(Instant now) {
  for (auto& [target, published] : published_) {
    if (published.running != OperationId{} || now < published.due) {
      continue;
    }
    Operation operation;
    operation.kind = Operation::Kind::put;
    operation.internal = true;
    operation.target = target;
    operation.wanted.salt = published.item.salt;
    operation.writing.item = published.item;
    published.running = {operations_made_ + 1};
    (void)start(now, std::move(operation));
  }
}

void Node::Impl::on_republished(Instant now, const Operation& operation) {
  const auto found = published_.find(operation.target);
  if (found == published_.end() || found->second.running != operation.id) {
    return;
  }
  auto& published = found->second;
  published.running = {};
  if (operation.stored == 0) {
    published.due = now + kPublishRetry;
    return;
  }
  // How many of the last round's replicas were still there tells how soon to come again.
  if (published.stored > 0) {
    const auto left = operation.replicas;
    if (left * 2 < published.stored) {
      published.interval /= 2;
    } else if (left * 4 >= published.stored * 3) {
      published.interval = published.interval * 3 / 2;
    }
    published.interval =
        std::clamp(published.interval, config_.republish_min, config_.republish_max);
  }
  published.stored = operation.stored;
  published.due = now + published.interval;
}

}  // namespace quicether::dht
