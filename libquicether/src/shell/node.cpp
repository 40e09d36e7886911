#include "node_impl.hpp"

#include <quicether/node.hpp>

#include <utility>

namespace quicether {

Node::Node(Environment& environment, const Identity& identity, NodeConfig config)
    : impl_{std::make_unique<Impl>(environment, identity, std::move(config))} {}

Node::~Node() = default;

result<void> Node::start() {
  return impl_->start();
}

const std::string& Node::error_detail() const noexcept {
  return impl_->error_detail();
}

result<ReloadReport> Node::reload(NodeConfig config) {
  return impl_->reload(std::move(config));
}

result<record::Invite> Node::create_invite(const InviteOptions& options) {
  return impl_->create_invite(options);
}

void Node::start_redeem(const record::Invite& invite, GrantHandler handler) {
  impl_->redeem(invite, std::move(handler));
}

NameAnswer Node::resolve(std::string_view text) const {
  return impl_->resolve(text);
}

void Node::start_ping(const NodeId& peer, const PingOptions& options, PingHandler handler) {
  impl_->ping(peer, options, std::move(handler));
}

void Node::start_discover(const NodeId& id, FoundNodeHandler handler) {
  impl_->discover(id, std::move(handler));
}

void Node::start_discover(const Prefix& subnet, FoundSubnetHandler handler) {
  impl_->discover(subnet, std::move(handler));
}

result<void> Node::advertise(std::vector<Prefix> subnets) {
  return impl_->advertise(std::move(subnets));
}

std::optional<NetworkStatus> Node::network() const {
  return impl_->network();
}

void Node::start_stop(StopHandler handler) {
  impl_->stop(std::move(handler));
}

Netcheck Node::netcheck() const {
  return impl_->netcheck();
}

NodeStatus Node::status() const {
  return impl_->status();
}

std::vector<PeerStatus> Node::peers() const {
  return impl_->peers();
}

std::vector<RouteStatus> Node::routes() const {
  return impl_->routes();
}

Transport& Node::transport() noexcept {
  return impl_->transport();
}

PathManager& Node::paths() noexcept {
  return impl_->paths();
}

PolicyEngine& Node::policy() noexcept {
  return impl_->policy();
}

}  // namespace quicether
