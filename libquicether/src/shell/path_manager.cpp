#include "path_manager_impl.hpp"

#include <quicether/path_manager.hpp>

#include <utility>

namespace quicether {

PathManager::PathManager(Environment& environment,
                         Transport& transport,
                         const Identity& identity,
                         PathManagerConfig config)
    : impl_{std::make_shared<Impl>(environment, transport, identity, std::move(config))} {
  transport.set_observer(impl_.get());
  impl_->start();
}

PathManager::~PathManager() {
  impl_->transport().set_observer(nullptr);
}

void PathManager::set_packet_sink(PacketSink* sink) noexcept {
  impl_->set_packet_sink(sink);
}

void PathManager::set_link_observer(LinkObserver* observer) noexcept {
  impl_->set_link_observer(observer);
}

result<path::TargetId> PathManager::add_peer(path::PeerTarget target) {
  auto added = impl_->links().add_target(impl_->environment().now(), target);
  if (added) {
    impl_->planner().add(*added, std::move(target));
  }
  impl_->turn();
  return added;
}

result<void> PathManager::add_path(path::TargetId target,
                                   std::uint8_t path_id,
                                   const SocketAddress& local,
                                   const SocketAddress& remote) {
  if (impl_->planner().plans_paths()) {
    return errc::unsupported;
  }
  auto added = impl_->links().add_path(impl_->environment().now(), target, path_id, local, remote);
  impl_->turn();
  return added;
}

void PathManager::offer_addresses(path::TargetId target, std::vector<SocketAddress> addresses) {
  impl_->planner().offer(target, addresses);
  impl_->links().offer_addresses(impl_->environment().now(), target, std::move(addresses));
  impl_->turn();
}

void PathManager::remove_peer(path::TargetId target) {
  impl_->planner().remove(target);
  impl_->links().remove_target(target);
  impl_->turn();
}

std::optional<Link> PathManager::find(const NodeId& peer) {
  const auto* found = impl_->links().find(peer);
  return found == nullptr ? std::nullopt
                          : std::optional<Link>{Link{impl_->weak_from_this(), found->index}};
}

std::vector<std::pair<std::string, std::uint64_t>> PathManager::counters() const {
  return impl_->counters();
}

std::size_t PathManager::send_packets(PeerIndex peer, std::span<const wire::IpPacket> packets) {
  return impl_->send_packets(peer, packets);
}

void PathManager::flush() {
  impl_->transport().flush();
}

std::vector<SocketAddress> PathManager::endpoints() const {
  return impl_->planner().endpoints();
}

LinkCapacity PathManager::capacity(PeerIndex peer) {
  return impl_->capacity(peer);
}

result<PeerIndex> PathManager::intern(const NodeId& peer) {
  return impl_->links().intern(peer);
}

void PathManager::forget(PeerIndex peer) {
  impl_->links().forget(peer);
  impl_->planner().forget(peer);
}

bool PathManager::is_lane(PeerIndex peer) const noexcept {
  const auto* found = impl_->links().find(peer);
  return found != nullptr && impl_->links().is_lane(*found);
}

const path::LinkPeer* PathManager::peer(PeerIndex peer) const noexcept {
  return impl_->links().find(peer);
}

const path::LinkPeer* PathManager::peer(const NodeId& peer) const noexcept {
  return impl_->links().find(peer);
}

std::vector<PeerStatus> PathManager::status() const {
  return impl_->status();
}

boost::asio::any_io_executor PathManager::get_executor() noexcept {
  return impl_->environment().get_executor();
}

void PathManager::start_ping(const NodeId& peer, const PingOptions& options, PingHandler handler) {
  impl_->ping(peer, options, std::move(handler));
}

void PathManager::start_open(const NodeId& peer, const OpenOptions& options, LinkHandler handler) {
  impl_->open(peer, options, std::move(handler));
}

void PathManager::start_accept(LinkHandler handler) {
  impl_->accept(std::move(handler));
}

}  // namespace quicether
