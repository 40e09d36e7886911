#include "node_impl.hpp"

#include <quicether/core/dht/node.hpp>

#include <utility>

namespace quicether::dht {

Node::Node(NodeConfig config, const ItemCrypto& crypto, Random& random, Instant now)
    : impl_{std::make_unique<Impl>(std::move(config), crypto, random, now)} {}

Node::~Node() = default;

void Node::on_datagram(Instant now, const SocketAddress& from, ConstBytes datagram) {
  impl_->on_datagram(now, from, datagram);
}

void Node::on_timeout(Instant now) {
  impl_->on_timeout(now);
}

Instant Node::next_timeout() const noexcept {
  return impl_->next_timeout();
}

std::span<const OutgoingMessage> Node::poll_transmit() const noexcept {
  return impl_->outbox();
}

void Node::consume_transmit(std::size_t count) noexcept {
  impl_->consume_transmit(count);
}

std::optional<Event> Node::poll_event() {
  return impl_->poll_event();
}

void Node::add_bootstrap(Instant now, std::span<const SocketAddress> addresses) {
  impl_->add_bootstrap(now, addresses);
}

void Node::import_nodes(Instant now, std::span<const NodeInfo> nodes) {
  impl_->import_nodes(now, nodes);
}

std::vector<NodeInfo> Node::export_nodes(std::size_t count_max) const {
  return impl_->export_nodes(count_max);
}

result<OperationId> Node::ping(Instant now, const SocketAddress& address) {
  return impl_->ping(now, address);
}

result<OperationId> Node::find_node(Instant now, const Id& target) {
  Operation operation;
  operation.kind = Operation::Kind::find_node;
  operation.target = target;
  return impl_->start(now, std::move(operation));
}

result<OperationId> Node::get(Instant now, const GetRequest& request) {
  Operation operation;
  operation.kind = Operation::Kind::get;
  operation.target = request.target;
  operation.wanted = request;
  return impl_->start(now, std::move(operation));
}

result<OperationId> Node::put(Instant now, const PutRequest& request) {
  const auto item = request.item.view();
  if (check_item(item, impl_->crypto()) != KrpcError::none) {
    return errc::invalid_argument;
  }
  Operation operation;
  operation.kind = Operation::Kind::put;
  operation.target = target_of(item, impl_->crypto());
  operation.wanted.salt = request.item.salt;
  operation.writing = request;
  return impl_->start(now, std::move(operation));
}

result<OperationId> Node::get_peers(Instant now, const Id& info_hash) {
  Operation operation;
  operation.kind = Operation::Kind::get_peers;
  operation.target = info_hash;
  return impl_->start(now, std::move(operation));
}

result<OperationId> Node::announce(Instant now, const AnnounceRequest& request) {
  Operation operation;
  operation.kind = Operation::Kind::announce;
  operation.target = request.info_hash;
  operation.announcing = request;
  return impl_->start(now, std::move(operation));
}

void Node::cancel(OperationId operation) noexcept {
  impl_->cancel(operation);
}

result<void> Node::publish(Instant now, Item item) {
  return impl_->publish(now, std::move(item));
}

void Node::unpublish(const Id& target) noexcept {
  impl_->unpublish(target);
}

void Node::set_own_address(Instant now, const IpAddress& address) {
  impl_->set_own_address(now, address);
}

Reach Node::reach(Family family) const noexcept {
  return impl_->reach(family);
}

bool Node::read_only(Family family) const noexcept {
  return impl_->read_only(family);
}

const Id& Node::id(Family family) const noexcept {
  return impl_->table(family).self();
}

std::size_t Node::size(Family family) const noexcept {
  return impl_->table(family).size();
}

std::optional<SocketAddress> Node::external(Family family) const noexcept {
  return impl_->external(family);
}

std::vector<NodeInfo> Node::closest(Family family, const Id& target, std::size_t count) const {
  return impl_->table(family).closest(target, count);
}

std::size_t Node::stored_items() const noexcept {
  return impl_->items().size();
}

std::size_t Node::stored_bytes() const noexcept {
  return impl_->items().bytes();
}

const NodeStats& Node::stats() const noexcept {
  return impl_->stats();
}

}  // namespace quicether::dht
