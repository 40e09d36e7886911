#include "shards.hpp"

#include "redeemer.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/node_address.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace quicether::detail {

/// Carries what a shard's PathManager says to the node's thread.
class Shards::Relay final : public LinkObserver {
 public:
  Relay(Environment& environment, std::size_t shard, std::weak_ptr<Shards*> shards)
      : environment_{environment}, shard_{shard}, shards_{std::move(shards)} {}

  void on_link_up(PeerIndex peer) override {
    relay([peer](Shards& shards) { shards.observer_.on_link_up(peer); });
  }

  void on_link_down(PeerIndex peer, error_code reason) override {
    relay([peer, reason](Shards& shards) {
      shards.end_lanes(peer);
      shards.observer_.on_link_down(peer, reason);
    });
  }

  void on_lanes(PeerIndex peer, const LaneOffer& offer) override {
    relay([peer, offer](Shards& shards) { shards.on_lanes(peer, offer); });
  }

  void on_announce(PeerIndex peer, const wire::Announce& announce) override {
    relay([peer, announce](Shards& shards) { shards.observer_.on_announce(peer, announce); });
  }

  void on_link_wanted(PeerIndex peer) override {
    relay([peer](Shards& shards) { shards.observer_.on_link_wanted(peer); });
  }

  void on_endpoints_changed() override {
    if (shard_ == 0) {  // every shard notices
      relay([](Shards& shards) { shards.observer_.on_endpoints_changed(); });
    }
  }

  void on_target_misplaced(path::TargetId target, const NodeId& id) override {
    relay([shard = shard_, target, id](Shards& shards) {
      shards.on_target_misplaced(shard, target, id);
    });
  }

 private:
  template <typename Job>
  void relay(Job job) {
    auto run = [weak = shards_, job = std::move(job)] {
      if (const auto shards = weak.lock()) {
        job(**shards);
      }
    };
    if (shard_ == 0) {
      run();
    } else {
      boost::asio::post(environment_.get_executor(), std::move(run));
    }
  }

  Environment& environment_;
  std::size_t shard_;
  std::weak_ptr<Shards*> shards_;
};

Shards::Stack::Stack(Environment& own,
                     const Identity& identity,
                     const ShardsConfig& config,
                     node::AdmissionControl& admission)
    : transport{own, identity, config.transport, admission},
      paths{own, transport, identity, config.paths},
      router{own, paths, policy, config.router} {}

Shards::Stack::~Stack() {
  paths.set_link_observer(nullptr);
}

Shards::Shards(Environment& environment,
               const Identity& identity,
               ShardsConfig config,
               node::AdmissionControl& admission,
               LinkObserver& observer)
    : environment_{environment},
      identity_{identity},
      observer_{observer},
      exchange_{environment.shard_count()},
      stacks_{environment.shard_count()},
      alive_{std::make_shared<Shards*>(this)} {
  if (config.paths.multipath.takes_paths()) {
    config.transport.sessions.capabilities |= wire::kCapabilityPaths;
  }
  if (config.paths.lanes && !config.paths.multipath.enabled) {
    config.transport.sessions.lanes = static_cast<std::uint8_t>(count());
  }
  lanes_max_ = config.transport.sessions.lanes;
  for (std::size_t index = 0; index < count(); ++index) {
    const Shard shard{static_cast<std::uint8_t>(index), static_cast<std::uint8_t>(count())};
    config.transport.socket.shard = shard;
    config.transport.sessions.quic.shard = shard;
    config.paths.links.shard = shard;
    environment.run_on_shard(index, [&] {
      auto& stack = stacks_[index];
      stack = std::make_unique<Stack>(environment.shard(index), identity, config, admission);
      stack->router.join(exchange_, shard);
      stack->relay = std::make_unique<Relay>(environment, index, alive_);
      stack->paths.set_link_observer(stack->relay.get());
    });
  }
}

Shards::~Shards() {
  alive_.reset();
  close_tun();
  for (std::size_t index = 0; index < count(); ++index) {
    environment_.run_on_shard(index, [&] { stacks_[index].reset(); });
  }
}

void Shards::on(std::size_t shard, const std::function<void(Stack&)>& job) const {
  environment_.run_on_shard(shard, [&] { job(*stacks_[shard]); });
}

void Shards::on_all(const std::function<void(Stack&)>& job) const {
  for (std::size_t shard = 0; shard < count(); ++shard) {
    on(shard, job);
  }
}

// The UDP port.

result<void> Shards::open() {
  result<void> opened;
  std::uint16_t port = 0;
  for (std::size_t shard = 0; shard < count() && opened; ++shard) {
    on(shard, [&](Stack& stack) {
      opened = stack.transport.open(port);
      port = stack.transport.local_endpoint().port;
    });
  }
  return opened;
}

void Shards::close(boost::asio::any_completion_handler<void(error_code)> handler) {
  while (!lanes_.empty()) {
    end_lanes(lanes_.begin()->first);
  }
  for (std::size_t shard = 1; shard < count(); ++shard) {
    on(shard, [](Stack& stack) { stack.transport.async_close([](error_code) {}); });
  }
  first().transport.async_close(std::move(handler));
}

// Peers.

std::size_t Shards::shard_of(const NodeId& id) const {
  return lane_between(identity_.node_id(), id) % count();
}

std::size_t Shards::shard_of(const path::PeerTarget& target) const {
  if (target.key) {
    return shard_of(crypto::node_id(*target.key));
  }
  const auto& id = target.id ? target.id : target.guess;
  return id ? shard_of(*id) : 0;
}

result<path::TargetId> Shards::add_peer(path::PeerTarget wanted) {
  const auto shard = shard_of(wanted);
  result<path::TargetId> inner{errc::not_open};
  on(shard, [&](Stack& stack) { inner = stack.paths.add_peer(wanted); });
  if (!inner) {
    return inner;
  }
  const path::TargetId target{next_target_++};
  targets_.emplace(target, Target{std::move(wanted), shard, *inner});
  return target;
}

result<PeerIndex> Shards::intern(const NodeId& id) {
  result<PeerIndex> index{errc::not_open};
  on(shard_of(id), [&](Stack& stack) { index = stack.paths.intern(id); });
  return index;
}

void Shards::forget(PeerIndex peer) {
  on(shard_of(peer), [&](Stack& stack) { stack.paths.forget(peer); });
}

void Shards::remove_peer(path::TargetId target) {
  if (const auto found = targets_.find(target); found != targets_.end()) {
    const auto inner = found->second.inner;
    on(found->second.shard, [&](Stack& stack) { stack.paths.remove_peer(inner); });
    targets_.erase(found);
  }
}

void Shards::on_target_misplaced(std::size_t shard, path::TargetId inner, const NodeId& id) {
  const auto found = std::ranges::find_if(targets_, [&](const auto& entry) {
    return entry.second.shard == shard && entry.second.inner == inner;
  });
  if (found == targets_.end() || shard == shard_of(id)) {
    return;
  }
  auto& target = found->second;
  on(shard, [&](Stack& stack) { stack.paths.remove_peer(inner); });
  target.wanted.guess = id;
  target.shard = shard_of(id);
  on(target.shard, [&](Stack& stack) {
    const auto added = stack.paths.add_peer(target.wanted);
    QE_ASSERT(added.has_value());  // A target without an id is never refused.
    target.inner = *added;
  });
}

// Lanes.

/// Spreads the link over as many shards as both nodes have, beginning with the peer's own. Whoever
/// dialled the first session dials the others.
void Shards::on_lanes(PeerIndex peer, const LaneOffer& offer) {
  end_lanes(peer);
  const auto link = this->peer(peer);
  if (!link || !link->key) {
    return;
  }
  const auto lanes = std::min<std::size_t>(lanes_max_, offer.peer_shards);
  for (std::size_t number = 0; number < count(); ++number) {
    const auto shard = (shard_of(peer) + number) % count();
    on(shard, [&](Stack& stack) {
      std::optional<PeerIndex> here;
      if (number != 0 && number < lanes) {
        if (const auto known = stack.paths.intern(link->id)) {
          here = *known;
        }
      }
      stack.router.set_lanes(peer, lanes, here);
    });
  }
  for (std::size_t number = 1; offer.dialled_here && number < lanes; ++number) {
    const auto shard = (shard_of(peer) + number) % count();
    path::PeerTarget wanted{.id = link->id, .key = link->key, .addresses = {offer.remote}};
    wanted.lane = {static_cast<std::uint8_t>(number), offer.peer_shards};
    on(shard, [&](Stack& stack) {
      if (const auto target = stack.paths.add_peer(wanted)) {
        lanes_.emplace(peer, std::pair{shard, *target});
      }
    });
  }
}

/// Stops to dial them. Those that are up carry their flows on.
void Shards::end_lanes(PeerIndex peer) {
  const auto [first, last] = lanes_.equal_range(peer);
  for (auto lane = first; lane != last; ++lane) {
    const auto& [shard, target] = lane->second;
    on(shard, [&](Stack& stack) { stack.paths.remove_peer(target); });
  }
  lanes_.erase(first, last);
}

void Shards::offer_addresses(path::TargetId target, std::vector<SocketAddress> addresses) {
  if (const auto found = targets_.find(target); found != targets_.end()) {
    on(found->second.shard, [&](Stack& stack) {
      stack.paths.offer_addresses(found->second.inner, std::move(addresses));
    });
  }
}

std::optional<path::LinkPeer> Shards::peer(PeerIndex peer) const {
  std::optional<path::LinkPeer> copy;
  on(shard_of(peer), [&](Stack& stack) {
    if (const auto* link = stack.paths.peer(peer); link != nullptr) {
      copy = *link;
    }
  });
  return copy;
}

std::optional<path::LinkPeer> Shards::peer(const NodeId& id) const {
  std::optional<path::LinkPeer> copy;
  on(shard_of(id), [&](Stack& stack) {
    if (const auto* link = stack.paths.peer(id); link != nullptr) {
      copy = *link;
    }
  });
  return copy;
}

std::optional<SocketAddress> Shards::remote_of(PeerIndex peer) const {
  std::optional<SocketAddress> remote;
  on(shard_of(peer), [&](Stack& stack) {
    const auto* link = stack.paths.peer(peer);
    if (link != nullptr && !link->sessions.empty()) {
      if (const auto stats = stack.transport.stats(link->sessions.front().session)) {
        remote = stats->remote;
      }
    }
  });
  return remote;
}

std::vector<PeerStatus> Shards::peers() const {
  std::vector<PeerStatus> all;
  std::multimap<NodeId, PathStatus> lanes;
  for (std::size_t shard = 0; shard < count(); ++shard) {
    std::vector<PeerStatus> peers;
    on(shard, [&](Stack& stack) { peers = stack.paths.status(); });
    for (auto& peer : peers) {
      const auto number = (shard + count() - shard_of(peer.id)) % count();
      for (auto& path : peer.paths) {
        path.lane = static_cast<std::uint8_t>(number);
      }
      if (number == 0) {
        all.push_back(std::move(peer));
      } else {
        std::ranges::transform(peer.paths,
                               std::inserter(lanes, lanes.end()),
                               [&](const PathStatus& path) { return std::pair{peer.id, path}; });
      }
    }
  }
  for (auto& peer : all) {
    const auto [first, last] = lanes.equal_range(peer.id);
    for (auto lane = first; lane != last; ++lane) {
      peer.paths.push_back(lane->second);
    }
    std::ranges::sort(
        peer.paths, {}, [](const PathStatus& path) { return std::pair{path.lane, path.path_id}; });
  }
  return all;
}

namespace {

/// Completes `handler` on the node's thread, wherever it is called.
template <typename Result>
auto on_thread_of(Environment& environment,
                  boost::asio::any_completion_handler<void(error_code, Result)> handler) {
  return [executor = environment.get_executor(), handler = std::move(handler)](
             error_code error, const Result& result) mutable {
    boost::asio::post(executor, boost::asio::append(std::move(handler), error, result));
  };
}

}  // namespace

void Shards::ping(const NodeId& peer,
                  const PingOptions& options,
                  boost::asio::any_completion_handler<void(error_code, PingReply)> handler) {
  auto done = on_thread_of<PingReply>(environment_, std::move(handler));
  on(shard_of(peer), [&](Stack& stack) { stack.paths.async_ping(peer, options, std::move(done)); });
}

void Shards::redeem(const record::Invite& invite,
                    boost::asio::any_completion_handler<void(error_code, wire::Grant)> handler) {
  auto done = on_thread_of<wire::Grant>(environment_, std::move(handler));
  const auto shard = shard_of(crypto::node_id(invite.inviter));
  on(shard, [&](Stack& stack) {
    Redeemer::start(environment_.shard(shard), stack.transport, invite, std::move(done));
  });
}

void Shards::set_network_key(const std::optional<crypto::NetworkKey>& key) {
  on_all([&](Stack& stack) { stack.transport.set_network_key(key); });
}

void Shards::announce(const wire::Announce& announce) {
  on_all([&](Stack& stack) { stack.transport.announce(announce); });
}

void Shards::readmit() {
  on_all([](Stack& stack) { stack.transport.readmit(); });
}

// Rules and routes.

result<void> Shards::replace_rules(const std::vector<policy::Rule>& rules) {
  result<void> replaced;
  for (std::size_t shard = 0; shard < count() && replaced; ++shard) {
    on(shard, [&](Stack& stack) { replaced = stack.policy.replace(rules); });
  }
  return replaced;
}

void Shards::set_self(const NodeId& id, const PublicKey& key, const std::string& name) {
  on_all([&](Stack& stack) { stack.policy.set_self(id, key, name); });
}

void Shards::set_peer(PeerIndex peer,
                      const NodeId& id,
                      const PublicKey& key,
                      const std::string& name) {
  on_all([&](Stack& stack) { stack.policy.set_peer(peer, id, key, name); });
}

void Shards::set_local(const std::vector<IpAddress>& addresses,
                       const std::vector<Prefix>& subnets) {
  on_all([&](Stack& stack) { stack.router.set_local(addresses, subnets); });
}

void Shards::set_prefixes(PeerIndex peer, const std::vector<Prefix>& prefixes) {
  on_all([&](Stack& stack) { stack.router.set_peer(peer, prefixes); });
}

// The TUN.

result<void> Shards::open_tun(TunOptions options) {
  result<void> opened;
  options.shard.count = static_cast<std::uint8_t>(count());
  for (std::size_t shard = 0; shard < count() && opened; ++shard) {
    options.shard.index = static_cast<std::uint8_t>(shard);
    on(shard, [&](Stack& stack) {
      auto tun = environment_.shard(shard).open_tun(options);
      if (!tun) {
        opened = tun.error();
        return;
      }
      stack.tun = std::move(*tun);
      stack.router.attach(*stack.tun);
      options.name = stack.tun->name();
    });
  }
  if (!opened) {
    close_tun();
  }
  return opened;
}

void Shards::close_tun() noexcept {
  // The interface goes with its last queue.
  on_all([](Stack& stack) {
    stack.router.detach();
    if (stack.tun) {
      stack.tun->close();
      stack.tun.reset();
    }
  });
}

}  // namespace quicether::detail
