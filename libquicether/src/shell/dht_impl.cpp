#include "dht_impl.hpp"

#include "dht_cache.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace quicether {

namespace {

/// Messages per call of the socket.
constexpr std::size_t kBatch = 64;

/// Receive calls per wake-up, so that a flood does not starve timers.
constexpr int kReceiveRounds = 4;

}  // namespace

Dht::Impl::Impl(Environment& environment, Transport* transport, DhtConfig config)
    : environment_{environment},
      transport_{transport},
      config_{std::move(config)},
      node_{std::make_unique<dht::Node>(
          config_.node, crypto_, environment.random(), environment.now())},
      timer_{environment.make_timer()},
      cache_timer_{environment.make_timer()} {}

// The port.

result<SocketAddress> Dht::Impl::take_port() {
  if (transport_ != nullptr) {
    if (!transport_->is_open()) {
      return errc::not_open;
    }
    transport_->set_dht_sink(this);
    return transport_->local_endpoint();
  }
  auto socket = environment_.open_datagram_socket(config_.socket);
  if (!socket) {
    return socket.error();
  }
  socket_ = std::move(*socket);
  wait_readable();
  return socket_->local_endpoint();
}

result<void> Dht::Impl::open() {
  if (open_) {
    return errc::already_open;
  }
  const auto local = take_port();
  if (!local) {
    return local.error();
  }
  // A port that is bound to an address of one family reaches nobody of the other.
  const auto& address = local->address;
  auto config = config_.node;
  config.v4 = config.v4 && (address.is_v4() || address.is_unspecified());
  config.v6 = config.v6 && address.is_v6();
  node_ = std::make_unique<dht::Node>(
      std::move(config), crypto_, environment_.random(), environment_.now());
  open_ = true;
  joined_ = false;
  load_cache();
  node_->add_bootstrap(environment_.now(), config_.bootstrap);
  arm_cache_timer();
  run_turn();
  return {};
}

void Dht::Impl::close() noexcept {
  if (!std::exchange(open_, false)) {
    return;
  }
  save_cache();
  timer_->cancel();
  cache_timer_->cancel();
  armed_ = Instant::never();
  if (transport_ != nullptr) {
    transport_->set_dht_sink(nullptr);
  }
  if (socket_) {
    socket_->close();
    socket_.reset();
  }
  const auto executor = environment_.get_executor();
  for (auto& [operation, waiter] : operations_) {
    node_->cancel(operation);
    waiter.complete(executor, errc::cancelled, dht::OperationDone{});
  }
  operations_.clear();
  for (auto& joiner : joiners_) {
    if (joiner.waiting()) {
      joiner.complete(executor, errc::cancelled);
    }
  }
  joiners_.clear();
}

SocketAddress Dht::Impl::local_endpoint() const noexcept {
  if (transport_ != nullptr) {
    return transport_->local_endpoint();
  }
  return socket_ ? socket_->local_endpoint() : SocketAddress{};
}

void Dht::Impl::wait_readable() {
  socket_->wait_readable([weak = weak_from_this()](error_code error) {
    if (const auto self = weak.lock(); self && !error && self->socket_) {
      self->on_readable();
    }
  });
}

void Dht::Impl::on_readable() {
  for (int round = 0; round < kReceiveRounds && socket_; ++round) {
    const auto count = socket_->receive(trains_);
    for (std::size_t i = 0; i < count; ++i) {
      const auto& train = trains_[i];
      for (std::size_t at = 0; at < train.bytes.size(); at += train.segment_bytes) {
        const auto size = std::min(train.segment_bytes, train.bytes.size() - at);
        node_->on_datagram(environment_.now(), train.remote, train.bytes.subspan(at, size));
      }
    }
    if (count < trains_.size()) {
      break;
    }
  }
  run_turn();
  if (socket_) {
    wait_readable();
  }
}

void Dht::Impl::on_dht_datagram(const SocketAddress& from, ConstBytes datagram) {
  node_->on_datagram(environment_.now(), from, datagram);
  run_turn();
}

void Dht::Impl::transmit() {
  const auto messages = node_->poll_transmit();
  std::vector<OutgoingTrain> trains;
  for (std::size_t at = 0; at < messages.size(); at += kBatch) {
    trains.clear();
    for (const auto& message : messages.subspan(at, std::min(kBatch, messages.size() - at))) {
      trains.push_back({.bytes = message.bytes,
                        .segment_bytes = message.bytes.size(),
                        .remote = message.remote});
    }
    // What the socket does not take now is lost, as any datagram may be.
    if (transport_ != nullptr) {
      (void)transport_->send_raw(trains);
    } else {
      (void)socket_->send(trains);
    }
  }
  node_->consume_transmit(messages.size());
}

void Dht::Impl::run_turn() {
  if (!open_) {
    return;
  }
  transmit();
  drain_events();
  arm_timer();
}

void Dht::Impl::arm_timer() {
  // Only moved forward, as in the Transport: waking once too early is cheaper than re-arming.
  const auto deadline = node_->next_timeout();
  if (!open_ || deadline >= armed_) {
    return;
  }
  armed_ = deadline;
  timer_->async_wait(deadline, [weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (!self || error || !self->open_) {
      return;
    }
    self->armed_ = Instant::never();
    self->node_->on_timeout(self->environment_.now());
    self->run_turn();
  });
}

// Events.

void Dht::Impl::drain_events() {
  while (auto event = node_->poll_event()) {
    std::visit([this](auto& body) { handle(std::move(body)); }, *event);
  }
}

void Dht::Impl::handle(dht::OperationDone done) {
  const auto found = operations_.find(done.operation);
  if (found != operations_.end()) {
    auto waiter = std::move(found->second);
    operations_.erase(found);
    const auto error = done.error;
    waiter.complete(environment_.get_executor(), error, std::move(done));
  }
}

void Dht::Impl::handle(const dht::ExternalAddress& external) {
  tell_own_addresses();
  environment_.events().on_event(
      {"dht.address", Severity::info, {{"address", external.address.to_string()}}});
  if (observer_ != nullptr) {
    observer_->on_external_address(external.address);
  }
}

void Dht::Impl::handle(const dht::Joined& joined) {
  environment_.events().on_event({"dht.joined",
                                  Severity::info,
                                  {{"family", joined.family == dht::Family::v4 ? "ipv4" : "ipv6"},
                                   {"contacts", std::to_string(node_->size(joined.family))}}});
  joined_ = true;
  auto joiners = std::exchange(joiners_, {});
  for (auto& joiner : joiners) {
    if (joiner.waiting()) {
      joiner.complete(environment_.get_executor(), {});
    }
  }
}

// Operations.

void Dht::Impl::add_bootstrap(const std::vector<SocketAddress>& addresses) {
  config_.bootstrap.insert(config_.bootstrap.end(), addresses.begin(), addresses.end());
  if (open_) {
    node_->add_bootstrap(environment_.now(), addresses);
    run_turn();
  }
}

result<void> Dht::Impl::publish(dht::Item item) {
  auto published = node_->publish(environment_.now(), std::move(item));
  run_turn();
  return published;
}

result<dht::OperationId> Dht::Impl::begin(const Request& request) {
  if (!open_) {
    return errc::not_open;
  }

  struct Begin {
    dht::Node& node;
    Instant now;

    auto operator()(const SocketAddress& address) const { return node.ping(now, address); }

    auto operator()(const FindNode& wanted) const { return node.find_node(now, wanted.target); }

    auto operator()(const dht::GetRequest& wanted) const { return node.get(now, wanted); }

    auto operator()(const dht::PutRequest& wanted) const { return node.put(now, wanted); }

    auto operator()(const GetPeers& wanted) const { return node.get_peers(now, wanted.info_hash); }

    auto operator()(const dht::AnnounceRequest& wanted) const { return node.announce(now, wanted); }
  };

  return std::visit(Begin{*node_, environment_.now()}, request);
}

void Dht::Impl::start(const Request& request, Handler handler) {
  const auto operation = begin(request);
  if (!operation) {
    detail::Waiter<dht::OperationDone> refused;
    refused.suspend(std::move(handler), [] {});
    refused.complete(environment_.get_executor(), operation.error(), dht::OperationDone{});
    return;
  }
  operations_[*operation].suspend(std::move(handler), [weak = weak_from_this(), id = *operation] {
    const auto self = weak.lock();
    const auto found = self ? self->operations_.find(id) : decltype(self->operations_.end()){};
    if (self && found != self->operations_.end()) {
      auto waiter = std::move(found->second);
      self->operations_.erase(found);
      self->node_->cancel(id);
      waiter.complete(self->environment_.get_executor(), errc::cancelled, dht::OperationDone{});
    }
  });
  run_turn();
}

void Dht::Impl::join(JoinHandler handler) {
  joiners_.remove_if([](const auto& one) { return !one.waiting(); });  // cancelled ones
  auto& joiner = joiners_.emplace_back();
  joiner.suspend(std::move(handler), [weak = weak_from_this(), &joiner] {
    if (const auto self = weak.lock(); self && joiner.waiting()) {
      joiner.complete(self->environment_.get_executor(), errc::cancelled);
    }
  });
  if (joined_ || !open_) {
    joiner.complete(environment_.get_executor(), open_ ? error_code{} : error_code{errc::not_open});
    joiners_.pop_back();
  }
}

void Dht::Impl::handle(const dht::ModeChanged& changed) {
  environment_.events().on_event({"dht.mode",
                                  Severity::info,
                                  {{"family", changed.family == dht::Family::v4 ? "ipv4" : "ipv6"},
                                   {"mode", changed.read_only ? "read-only" : "server"}}});
}

// The own address.

result<IpAddress> Dht::Impl::source_address(const SocketAddress& remote) const {
  return transport_ != nullptr ? transport_->source_address(remote)
                               : socket_->source_address(remote);
}

void Dht::Impl::tell_own_addresses() {
  for (const auto family : {dht::Family::v4, dht::Family::v6}) {
    const auto nearest = node_->closest(family, node_->id(family), 1);
    const auto own = nearest.empty() ? result<IpAddress>{errc::unreachable}
                                     : source_address(nearest.front().address);
    if (own) {
      node_->set_own_address(environment_.now(), *own);
    }
  }
}

// The cache.

void Dht::Impl::load_cache() {
  if (config_.cache_name.empty()) {
    return;
  }
  const auto text = environment_.store().load(config_.cache_name);
  if (text) {
    node_->import_nodes(environment_.now(), detail::decode_dht_cache(*text));
  }
}

void Dht::Impl::save_cache() noexcept {
  const auto nodes = node_->export_nodes(detail::kDhtCacheMax);
  if (config_.cache_name.empty() || nodes.empty()) {
    return;  // an older cache is worth more than an empty one
  }
  const auto saved = environment_.store().save(config_.cache_name, detail::encode_dht_cache(nodes));
  if (!saved) {
    environment_.events().on_event(
        {"dht.cache_failed", Severity::warning, {{"reason", saved.error().message()}}});
  }
}

void Dht::Impl::arm_cache_timer() {
  cache_timer_->async_wait(environment_.now() + config_.cache_interval,
                           [weak = weak_from_this()](error_code error) {
                             const auto self = weak.lock();
                             if (self && !error && self->open_) {
                               self->save_cache();
                               self->tell_own_addresses();
                               self->run_turn();
                               self->arm_cache_timer();
                             }
                           });
}

}  // namespace quicether
