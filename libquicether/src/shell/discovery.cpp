#include "discovery.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace quicether::detail {

namespace {

/// How often links, contacts and own addresses are looked at.
constexpr Duration kTick = std::chrono::seconds{1};

constexpr std::ptrdiff_t kLookUpsMax = 16;  ///< at a time

/// How often the endpoints of one version of a record are dialled before the peer was reached
/// there: anybody may list a victim's address in a record of their own.
constexpr int kOffersMax = 3;

/// State entry: the sequence number of the own record, for hosts whose clock starts in the past.
constexpr std::string_view kSeqName = "node-record-seq";

std::int64_t stored_seq(Store& store) {
  std::int64_t seq = 0;
  if (const auto bytes = store.load(kSeqName)) {
    const auto text = as_text(*bytes);
    std::from_chars(text.data(), text.data() + text.size(), seq);
  }
  return seq;
}

constexpr std::array kFamilies{dht::Family::v4, dht::Family::v6};

}  // namespace

Discovery::Discovery(Environment& environment,
                     const Identity& identity,
                     Transport& transport,
                     Shards& shards,
                     DiscoveryConfig config,
                     bool gateway)
    : environment_{environment},
      identity_{identity},
      transport_{transport},
      shards_{shards},
      config_{std::move(config)},
      dht_{environment, transport, config_.dht},
      watch_{std::make_shared<BootstrapWatch>(environment, dht_)},
      timer_{environment.make_timer()} {
  record_.capabilities = gateway ? record::kCapabilityGateway : 0;
}

result<void> Discovery::open() {
  seq_ = stored_seq(environment_.store());
  dht_.set_observer(this);
  const auto opened = dht_.open();
  if (opened) {
    watch_->add(config_.dht.bootstrap);
    arm_timer();
    dht_.async_join([weak = weak_from_this()](error_code error) {
      if (const auto self = weak.lock(); self && !error) {
        self->tick();  // not a second later
      }
    });
  }
  return opened;
}

void Discovery::add_bootstrap(const std::vector<SocketAddress>& addresses) {
  dht_.add_bootstrap(addresses);
  watch_->add(addresses);
}

void Discovery::arm_timer() {
  timer_->async_wait(environment_.now() + kTick, [weak = weak_from_this()](error_code error) {
    if (const auto self = weak.lock(); self && !error) {
      self->tick();
      self->arm_timer();
    }
  });
}

void Discovery::tick() {
  const bool was_alone = std::exchange(alone_, contacts() == 0);
  update_record();
  if (alone_) {
    return;
  }
  if (was_alone) {
    publish();  // nobody could take it before
    for (auto& [target, wanted] : wanted_) {
      wanted.due = environment_.now();
    }
    if (on_contacts_) {
      on_contacts_();
    }
  }
  look_up_due();
}

std::size_t Discovery::contacts() const noexcept {
  return dht_.node().size(dht::Family::v4) + dht_.node().size(dht::Family::v6);
}

// Wanted peers.

bool Discovery::linked(const NodeId& peer) const noexcept {
  const auto link = shards_.peer(peer);
  return link && link->up_since.has_value();
}

void Discovery::want(path::TargetId target, const NodeId& id, const std::optional<PublicKey>& key) {
  Wanted wanted;
  wanted.id = id;
  wanted.key = key;
  wanted.interval = config_.look_up_min;
  wanted_[target] = std::move(wanted);
  if (!alone_) {
    look_up_due();
  }
}

void Discovery::on_link_up(const NodeId& peer) {
  for (auto& [target, wanted] : wanted_) {
    wanted.proved = wanted.proved || wanted.id == peer;
  }
}

void Discovery::on_link_down(const NodeId& peer) {
  for (auto& [target, wanted] : wanted_) {
    if (wanted.id == peer) {
      wanted.due = environment_.now();
      wanted.interval = config_.look_up_min;
    }
  }
}

void Discovery::look_up_due() {
  auto running = std::ranges::count_if(wanted_, [](const auto& one) { return one.second.running; });
  for (auto& [target, wanted] : wanted_) {
    if (running < kLookUpsMax && !wanted.running && environment_.now() >= wanted.due &&
        !linked(wanted.id)) {
      look_up(target, wanted);
      ++running;
    }
  }
}

void Discovery::look_up(path::TargetId target, Wanted& wanted) {
  wanted.running = true;
  const dht::GetRequest request{.target = dht::Id::of(wanted.id), .key = wanted.key};
  dht_.async_get(request,
                 [weak = weak_from_this(), target](error_code, const dht::OperationDone& done) {
                   if (const auto self = weak.lock()) {
                     self->on_answer(target, done);
                   }
                 });
}

void Discovery::on_answer(path::TargetId target, const dht::OperationDone& done) {
  const auto found = wanted_.find(target);
  if (found == wanted_.end()) {
    return;
  }
  auto& wanted = found->second;
  wanted.running = false;
  wanted.due = environment_.now() + wanted.interval;
  wanted.interval = std::min(2 * wanted.interval, config_.look_up_max);
  if (done.item) {
    read_record(wanted, *done.item);
  }
  // Without an answer the last known endpoints are tried again: the DHT may be partitioned.
  if (!linked(wanted.id) && !wanted.endpoints.empty() &&
      (wanted.proved || wanted.offers < kOffersMax)) {
    ++wanted.offers;
    shards_.offer_addresses(target, wanted.endpoints);
  }
}

void Discovery::read_record(Wanted& wanted, const dht::Item& item) {
  // That the author's key is the peer's, and the signature theirs, the Dht has checked.
  if (!item.author || item.author->seq == wanted.seq) {
    return;
  }
  const auto record = record::decode_node_record(item.value);
  if (!record) {
    return;
  }
  wanted.seq = item.author->seq;
  wanted.proved = wanted.proved && wanted.endpoints == record->endpoints;
  wanted.endpoints = record->endpoints;
  wanted.offers = 0;
  environment_.events().on_event(
      {"discovery.found",
       Severity::info,
       {{"peer", wanted.id.to_string()}, {"endpoints", std::to_string(wanted.endpoints.size())}}});
}

// The own record.

std::optional<SocketAddress> Discovery::local_endpoint(dht::Family family) const {
  const auto bound = transport_.local_endpoint();
  if (!bound.address.is_unspecified()) {
    return dht::family_of(bound.address) == family ? std::optional{bound} : std::nullopt;
  }
  const auto nearest = dht_.node().closest(family, dht_.node().id(family), 1);
  if (nearest.empty()) {
    return std::nullopt;
  }
  const auto source = transport_.source_address(nearest.front().address);
  return source ? std::optional{SocketAddress{*source, bound.port}} : std::nullopt;
}

std::vector<SocketAddress> Discovery::own_endpoints() const {
  std::vector<SocketAddress> endpoints;
  const auto add = [&](const SocketAddress& endpoint) {
    if (record::is_dialable(endpoint) &&
        std::ranges::find(endpoints, endpoint) == endpoints.end()) {
      endpoints.push_back(endpoint);
    }
  };
  for (const auto& address : config_.dht.node.external) {
    add({address, transport_.local_endpoint().port});
  }
  for (const auto family : kFamilies) {
    if (const auto external = dht_.node().external(family)) {
      add(*external);
    }
  }
  for (const auto family : kFamilies) {
    if (const auto local = local_endpoint(family)) {
      add(*local);
    }
  }
  endpoints.resize(std::min(endpoints.size(), record::kEndpointsMax));
  return endpoints;
}

void Discovery::update_record() {
  auto endpoints = own_endpoints();
  if (endpoints.empty() || endpoints == record_.endpoints) {
    return;  // without a network, the last known addresses are the best guess
  }
  record_.endpoints = std::move(endpoints);
  seq_ = std::max(environment_.unix_time(), seq_ + 1);
  (void)environment_.store().save(kSeqName, as_bytes(std::to_string(seq_)));
  publish();
}

void Discovery::publish() {
  if (record_.endpoints.empty()) {
    return;
  }
  const auto published =
      dht_.publish(sign_item(identity_.key_pair(), record::encode(record_), seq_));
  if (!published) {
    environment_.events().on_event(
        {"discovery.not_published", Severity::warning, {{"reason", published.error().message()}}});
  }
}

void Discovery::on_external_address(const SocketAddress&) {
  update_record();
}

DiscoveryStatus Discovery::status() const {
  DiscoveryStatus status;
  status.dht_nodes = contacts();
  const auto serves = [&](dht::Family family) {
    return dht_.node().size(family) > 0 && !dht_.node().read_only(family);
  };
  const bool serving = contacts() == 0 || std::ranges::any_of(kFamilies, serves);
  status.dht_mode = serving ? "server" : "read-only";
  for (const auto family : kFamilies) {
    if (const auto external = dht_.node().external(family)) {
      status.external.push_back(*external);
    }
  }
  status.published = record_.endpoints;
  return status;
}

std::vector<FamilyCheck> Discovery::families() const {
  constexpr std::array kReachNames = {"unknown", "direct", "translated", "trial", "unreachable"};
  std::vector<FamilyCheck> families;
  for (const auto family : kFamilies) {
    FamilyCheck check;
    check.family = family == dht::Family::v4 ? "ipv4" : "ipv6";
    check.local = local_endpoint(family);
    check.external = dht_.node().external(family);
    if (check.local && check.external) {
      const bool same = check.external->port != 0;
      const bool plain = check.local->address == check.external->address;
      check.mapping = !same ? "endpoint-dependent" : plain ? "none" : "endpoint-independent";
    }
    check.reach = kReachNames[static_cast<std::size_t>(dht_.node().reach(family))];
    check.dht_nodes = dht_.node().size(family);
    families.push_back(std::move(check));
  }
  return families;
}

std::vector<std::pair<std::string, std::uint64_t>> Discovery::counters() const {
  const auto& stats = dht_.node().stats();
  return {{"dht.items_stored", dht_.node().stored_items()},
          {"dht.messages_dropped", stats.dropped_malformed + stats.dropped_rate},
          {"dht.messages_received", stats.received},
          {"dht.messages_sent", stats.sent},
          {"dht.queries_lost", stats.queries_lost},
          {"dht.queries_received", stats.queries_received},
          {"dht.queries_sent", stats.queries_sent}};
}

}  // namespace quicether::detail
