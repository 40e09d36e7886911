#include "address_rules.hpp"
#include "node_impl.hpp"

#include <quicether/base/assert.hpp>

#include <algorithm>
#include <utility>

namespace quicether::dht {

namespace {

/// Nodes of one answer that are looked at: a full bucket, and what generous implementations add.
constexpr std::size_t kNamedMax = 16;

/// Contacts to begin with when the first few are dead.
constexpr std::size_t kReseeds = 48;

/// Peers that are kept per look-up.
constexpr std::size_t kPeersMax = 512;

constexpr std::array<Family, 2> kFamilies = {Family::v4, Family::v6};

}  // namespace

result<OperationId> Node::Impl::ping(Instant now, const SocketAddress& address) {
  if (operations_.size() >= config_.limits.operations_max) {
    return errc::limit_reached;
  }
  if (!is_unicast(address)) {
    return errc::invalid_argument;
  }
  Operation operation;
  operation.id = {++operations_made_};
  operation.started = now;
  const auto id = operation.id;
  Query query;
  query.method = Method::ping;
  if (!send_query(now, {.node = {{}, address}, .operation = id}, query)) {
    return errc::limit_reached;
  }
  operations_.emplace(id, std::move(operation));
  return id;
}

result<OperationId> Node::Impl::start(Instant now, Operation operation) {
  // Upkeep goes on when users have used up what is theirs.
  if (!operation.internal && operations_.size() >= config_.limits.operations_max) {
    return errc::limit_reached;
  }
  const auto id = OperationId{++operations_made_};
  operation.id = id;
  operation.started = now;
  const bool chosen = operation.lookups[0] || operation.lookups[1];
  for (const auto family : kFamilies) {
    auto& from = side(family);
    auto& lookup = operation.lookups[static_cast<std::size_t>(family)];
    if (from.enabled && !chosen) {
      lookup.emplace(operation.target, lookup_config());
      add_seeds(*lookup, from);
    }
  }
  if (const auto* item =
          operation.search_method() == Method::get ? items_.find(operation.target) : nullptr) {
    const bool other_key =
        operation.wanted.key && (!item->author || item->author->key != *operation.wanted.key);
    if (!other_key) {
      operation.best = *item;  // it was checked when it came
      operation.replicas = operation.writes() ? 0 : 1;
    }
  }
  const auto place = operations_.emplace(id, std::move(operation)).first;
  drive(now, place->second);
  return id;
}

LookupConfig Node::Impl::lookup_config() const noexcept {
  return {.width = config_.limits.bucket_size,
          .paths = config_.paths,
          .flights = config_.flights,
          .per_subnet = config_.per_subnet_in_lookup};
}

void Node::Impl::add_seeds(Lookup& lookup, const Side& from) {
  const auto width = config_.limits.bucket_size;
  for (const auto& node : from.table.closest(lookup.target(), width)) {
    lookup.add_seed(node);
  }
  if (from.table.size() >= width) {
    return;
  }
  for (const auto& node : cached_) {
    if (family_of(node.address.address) == from.family) {
      lookup.add_seed(node);
    }
  }
  // Strangers last: with friends from an earlier run, nobody has to believe them.
  if (from.table.size() == 0 && !cached_.empty() && !from.joined &&
      from.retry == Duration::zero()) {
    return;
  }
  for (const auto& address : bootstrap_) {
    if (family_of(address.address) == from.family) {
      lookup.add_seed(address);
    }
  }
}

bool Node::Impl::search(Instant now, Operation& operation) {
  bool done = true;
  for (const auto family : kFamilies) {
    auto& lookup = operation.lookups[static_cast<std::size_t>(family)];
    if (!lookup) {
      continue;
    }
    const auto ask_all = [&] {
      while (const auto candidate = lookup->next()) {
        ask(now, operation, *candidate, {});
      }
      return lookup->done();
    };
    auto& reseeded = operation.reseeded[static_cast<std::size_t>(family)];
    bool ended = ask_all();
    if (ended && !reseeded && lookup->closest().size() < config_.limits.bucket_size) {
      // All that seemed near are gone, perhaps: begin again, farther away.
      reseeded = true;
      for (const auto& node : side(family).table.closest(operation.target, kReseeds)) {
        lookup->add_seed(node);
      }
      ended = ask_all();
    }
    done = done && ended;
  }
  return done;
}

void Node::Impl::drive(Instant now, Operation& operation) {
  if (operation.storing) {
    if (operation.outstanding == 0) {
      finish(now, operation.id, outcome(operation));
    }
    return;
  }
  const bool enough = operation.kind == Operation::Kind::get && operation.best &&
                      (operation.wanted.first || !operation.best->author);
  if (!enough && !search(now, operation)) {
    return;
  }
  if (operation.kind == Operation::Kind::get && !operation.best && operation.wanted.widen) {
    // Hostile nodes may be nearer than all that hold it: look behind them, once.
    operation.wanted.widen = false;
    for (auto& lookup : operation.lookups) {
      if (lookup) {
        lookup->widen();
      }
    }
    if (!search(now, operation)) {
      return;
    }
  }
  if (operation.writes()) {
    begin_storing(now, operation);
  } else {
    finish(now, operation.id, outcome(operation));
  }
}

void Node::Impl::ask(Instant now,
                     Operation& operation,
                     const Candidate& candidate,
                     ConstBytes token) {
  const auto family = family_of(candidate.node.address.address);
  const auto other = family == Family::v4 ? Family::v6 : Family::v4;
  Query query;
  query.method = operation.search_method();
  query.target = operation.target;
  query.token = token;
  if (side(other).enabled && side(other).table.size() < config_.limits.bucket_size) {
    query.want = {true, true};
  }
  const PendingQuery about{.node = candidate.node,
                           .id_known = candidate.id_known,
                           .operation = operation.id,
                           .repeated = !token.empty()};
  if (!send_query(now, about, query)) {
    operation.lookups[static_cast<std::size_t>(family)]->on_failed(candidate.node.address);
  }
}

std::vector<NodeInfo> Node::Impl::named_nodes(Instant now,
                                              const SocketAddress& from,
                                              const Response& response,
                                              Family family) {
  const auto compact = family == Family::v4 ? response.nodes : response.nodes6;
  auto nodes = parse_compact_nodes(compact, family, kNamedMax);
  const auto& to = side(family);
  const auto external = to.votes.result();
  const auto refused = std::erase_if(nodes, [&](const NodeInfo& node) {
    return node.id == to.table.self() || node.address == external ||
           !may_contact(node.address, from.address) || !usable(node) ||
           sources_.silent(now, node.address.address);
  });
  stats_.hearsay_refused += refused;
  return nodes;
}

void Node::Impl::on_answer(Instant now,
                           const PendingQuery& query,
                           const SocketAddress& from,
                           const Response& response) {
  const auto found = operations_.find(query.operation);
  if (found == operations_.end()) {
    return;
  }
  auto& operation = found->second;
  if (operation.kind == Operation::Kind::ping) {
    finish(now, operation.id, {});
    return;
  }
  if (operation.storing) {
    --operation.outstanding;
    ++operation.stored;
    drive(now, operation);
    return;
  }
  const auto family = family_of(from.address);
  auto& lookup = operation.lookups[static_cast<std::size_t>(family)];
  const bool trimmed = response.nodes.empty() && response.nodes6.empty() && !response.values &&
                       response.item.value.empty() && !response.token.empty();
  if (trimmed && !query.repeated) {
    ask(now, operation, {.node = {response.id, from}, .id_known = query.id_known}, response.token);
    return;
  }
  if (!take_item(operation, response)) {
    ++stats_.forgeries;
    lookup->on_failed(from);
    drive(now, operation);
    return;
  }
  take_peers(operation, response);
  const auto named = named_nodes(now, from, response, family);
  lookup->on_answer({response.id, from},
                    response.token.first(std::min(response.token.size(), kTokenBytesMax)),
                    named);
  // Nodes of the other family make its table grow.
  const auto other = family == Family::v4 ? Family::v6 : Family::v4;
  if (side(other).enabled) {
    for (const auto& node : named_nodes(now, from, response, other)) {
      hear_of(now, node);
    }
  }
  drive(now, operation);
}

bool Node::Impl::take_item(Operation& operation, const Response& response) {
  const auto method = operation.search_method();
  if (method != Method::get || response.item.value.empty()) {
    return true;
  }
  const auto& wanted = operation.wanted;
  auto item = response.item;
  if (item.author) {
    item.salt = wanted.salt;
  }
  const bool other_key = wanted.key && (!item.author || item.author->key != *wanted.key);
  if (other_key || target_of(item, crypto_) != operation.target ||
      check_item(item, crypto_) != KrpcError::none) {
    return false;
  }
  auto& best = operation.best;
  const bool newer = best && item.author && best->author && item.author->seq > best->author->seq;
  if (!best || newer) {
    best = to_item(item);
    operation.replicas = 1;
  } else if (std::ranges::equal(best->value, item.value)) {
    ++operation.replicas;
  }
  return true;
}

void Node::Impl::take_peers(Operation& operation, const Response& response) {
  if (!response.values || operation.search_method() != Method::get_peers) {
    return;
  }
  auto walk = response.values->items();
  while (const auto value = walk.next()) {
    const auto text = value->string();
    const auto peer = text ? parse_compact(*text) : result<SocketAddress>{errc::malformed};
    if (peer && is_unicast(*peer) && operation.peers.size() < kPeersMax) {
      operation.peers.insert(*peer);
    }
  }
}

void Node::Impl::on_no_answer(Instant now, const PendingQuery& query, KrpcError code) {
  const auto found = operations_.find(query.operation);
  if (found == operations_.end()) {
    return;
  }
  auto& operation = found->second;
  if (operation.kind == Operation::Kind::ping) {
    finish(now, operation.id, code == KrpcError::none ? error_code{errc::timed_out} : error_code{});
    return;
  }
  if (operation.storing) {
    --operation.outstanding;
    operation.refusal = code == KrpcError::none ? operation.refusal : code;
  } else {
    const auto family = family_of(query.node.address.address);
    operation.lookups[static_cast<std::size_t>(family)]->on_failed(query.node.address);
  }
  drive(now, operation);
}

void Node::Impl::begin_storing(Instant now, Operation& operation) {
  operation.storing = true;
  const auto& item = operation.writing.item;
  if (operation.best && operation.best->author && item.author) {
    // Nodes that hold nothing yet would take it, those that hold the newer version would not.
    const auto have = operation.best->author->seq;
    const auto& cas = operation.writing.cas;
    if (have > item.author->seq || (cas && *cas != have)) {
      operation.refusal =
          have > item.author->seq ? KrpcError::seq_too_low : KrpcError::cas_mismatch;
      finish(now, operation.id, outcome(operation));
      return;
    }
  }
  keep_own(now, operation);
  Query query;
  query.target = operation.target;
  if (operation.kind == Operation::Kind::put) {
    query.method = Method::put;
    query.target.reset();  // it follows from the item
    query.item = item.view();
    query.cas = operation.writing.cas;
  } else {
    query.method = Method::announce_peer;
    query.port = operation.announcing.port.value_or(1);  // required, but ignored when implied
    query.implied_port = !operation.announcing.port;
  }
  for (const auto& lookup : operation.lookups) {
    for (const auto& candidate : lookup ? lookup->closest() : std::vector<Candidate>{}) {
      query.token = candidate.token;
      const PendingQuery about{.node = candidate.node, .id_known = true, .operation = operation.id};
      if (!candidate.token.empty() && send_query(now, about, query)) {
        ++operation.outstanding;
      }
    }
  }
  drive(now, operation);
}

void Node::Impl::keep_own(Instant now, const Operation& operation) {
  // This node is one of the nearest, too, as far as it knows.
  if (operation.kind != Operation::Kind::put) {
    return;
  }
  for (const auto family : kFamilies) {
    if (read_only(family)) {
      continue;
    }
    const auto& lookup = operation.lookups[static_cast<std::size_t>(family)];
    const auto& self = side(family).table.self();
    const auto others = lookup ? lookup->closest() : std::vector<Candidate>{};
    const bool near = others.size() < config_.limits.bucket_size ||
                      closer(self, others.back().node.id, operation.target);
    if (lookup && near) {
      (void)items_.put(now, operation.target, operation.writing.item.view(), {}, IpAddress{}, self);
    }
  }
}

error_code Node::Impl::outcome(const Operation& operation) {
  switch (operation.kind) {
    case Operation::Kind::ping:
    case Operation::Kind::find_node:
    case Operation::Kind::get_peers:
      break;
    case Operation::Kind::get:
      return operation.best ? error_code{} : error_code{errc::not_found};
    case Operation::Kind::put:
    case Operation::Kind::announce:
      if (operation.stored > 0) {
        return {};
      }
      return operation.refusal == KrpcError::seq_too_low ||
                     operation.refusal == KrpcError::cas_mismatch
                 ? errc::superseded
                 : errc::unreachable;
  }
  const bool anybody = std::ranges::any_of(
      operation.lookups, [](const auto& lookup) { return lookup && lookup->hops() > 0; });
  return anybody ? error_code{} : error_code{errc::timed_out};
}

void Node::Impl::finish(Instant now, OperationId id, error_code error) {
  const auto place = operations_.extract(id);
  QE_ASSERT(!place.empty());
  auto& operation = place.mapped();
  on_republished(now, operation);
  for (auto& one : sides_) {
    if (one.own_lookup == id) {
      on_own_lookup_done(now, one);
    }
  }
  if (operation.internal) {
    return;
  }
  OperationDone done;
  done.operation = id;
  done.error = error;
  done.elapsed = now - operation.started;
  done.refusal = operation.refusal;
  done.peers.assign(operation.peers.begin(), operation.peers.end());
  done.replicas = operation.writes() ? operation.stored : operation.replicas;
  done.item = operation.writes() ? std::nullopt : std::move(operation.best);
  for (const auto& lookup : operation.lookups) {
    if (lookup) {
      for (const auto& candidate : lookup->closest()) {
        done.nodes.push_back(candidate.node);
      }
      done.hops = std::max(done.hops, lookup->hops());
      done.queries += lookup->asked();
    }
  }
  std::ranges::sort(done.nodes, [&](const NodeInfo& one, const NodeInfo& other) {
    return closer(one.id, other.id, operation.target);
  });
  add_event(std::move(done));
}

}  // namespace quicether::dht
