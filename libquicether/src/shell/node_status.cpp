#include "node_impl.hpp"

#include <quicether/version.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace quicether {

NodeStatus Node::Impl::status() const {
  NodeStatus status;
  status.id = identity_.node_id();
  status.key = identity_.public_key();
  status.name = config_.name;
  if (config_.network) {
    status.network = config_.network->name;
  }
  status.version = kVersion;
  const auto* tun = shards_.tun();
  if (tun != nullptr) {
    status.tun_name = tun->name();
    status.tun_mtu = tun->mtu();
  }
  status.shards = shards_.count();
  status.overlay_addresses = own_interface_addresses();
  const auto& transport = shards_.transport();
  if (transport.is_open()) {
    status.listen.push_back(transport.local_endpoint());
  }
  for (const auto& peer : shards_.peers()) {
    status.peers_connected += peer.state == "connected" ? 1U : 0U;
    status.paths_active +=
        static_cast<std::size_t>(std::ranges::count_if(peer.paths, [](const PathStatus& path) {
          return path.state == path::PathState::active && path.lane == 0;
        }));
  }
  status.uptime = environment_.now() - started_at_;
  status.policy_source = config_.policy_source;
  status.policy_rules = shards_.policy().rules().size();
  status.warnings = admission_.warnings();
  const auto weak_rules = shards_.policy().warnings();
  status.warnings.insert(status.warnings.end(), weak_rules.begin(), weak_rules.end());
  if (claims_ && config_.advertise_subnets.size() > kClaimedSubnetsMax) {
    status.warnings.push_back("network.advertise_subnets: discovery tells of the first " +
                              std::to_string(kClaimedSubnetsMax) + " alone");
  }
  const auto socket = transport.socket_stats();
  if (transport.is_open() && !socket.segmentation_offload) {
    status.warnings.emplace_back("UDP segmentation offload is not available: sending is slower");
  }
  if (transport.is_open() && !socket.receive_offload) {
    status.warnings.emplace_back("UDP receive offload is not available: receiving is slower");
  }
  if (tun != nullptr && !tun->stats().offload) {
    status.warnings.emplace_back("TUN offload is not available: the TUN is slower");
  }

  auto& counters = status.counters;
  if (discovery_) {
    status.discovery = discovery_->status();
    counters = discovery_->counters();
  }
  if (lan_) {
    std::ranges::copy(lan_->counters(), std::back_inserter(counters));
  }
  for (auto&& counter : shards_.counters()) {
    counters.push_back(std::move(counter));
  }
  std::ranges::sort(counters);
  return status;
}

Netcheck Node::Impl::netcheck() const {
  Netcheck check;
  if (discovery_) {
    check.discovery = true;
    check.families = discovery_->families();
    check.bootstrap = discovery_->bootstrap();
  }
  for (const auto& peer : shards_.peers()) {
    for (const auto& path : peer.paths) {
      const auto bytes = path.datagram_payload_max;
      if (path.state == path::PathState::active && bytes > 0) {
        auto& least = check.datagram_payload_min;
        least = least == 0 ? bytes : std::min(least, bytes);
      }
    }
  }
  const auto socket = shards_.transport().socket_stats();
  check.udp_send_offload = socket.segmentation_offload;
  check.udp_receive_offload = socket.receive_offload;
  if (const auto* tun = shards_.tun(); tun != nullptr) {
    check.tun_mtu = tun->mtu();
    check.tun_offload = tun->stats().offload;
  }
  judge(check);
  return check;
}

std::vector<PeerStatus> Node::Impl::peers() const {
  auto peers = shards_.peers();
  for (auto& peer : peers) {
    const auto link = shards_.peer(peer.id);
    if (!link) {
      continue;
    }
    peer.name = display_name(link->index, peer.id);
    if (const auto claims = addresses_.peers().find(link->index);
        claims != addresses_.peers().end()) {
      peer.gateway = claims->second.gateway;
      peer.overlay_addresses = claims->second.addresses;
      peer.subnets = claims->second.subnets;
    }
  }
  return peers;
}

std::vector<RouteStatus> Node::Impl::routes() const {
  std::vector<RouteStatus> routes;
  for (const auto& route : shards_.routes()) {
    RouteStatus status;
    status.destination = route.destination;
    status.kind = "local";
    if (route.next_hop) {
      status.kind = "direct";
      if (const auto link = shards_.peer(*route.next_hop); link) {
        status.next_hop = link->id;
        status.next_hop_name = display_name(*route.next_hop, link->id);
      }
    }
    routes.push_back(std::move(status));
  }
  return routes;
}

}  // namespace quicether
