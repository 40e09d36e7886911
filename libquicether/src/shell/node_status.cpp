#include "node_impl.hpp"

#include <quicether/version.hpp>

#include <algorithm>
#include <utility>

namespace quicether {

namespace {

using Counters = std::vector<std::pair<std::string, std::uint64_t>>;

void add_quic_counters(Counters& counters, const quic::EndpointStats& stats) {
  counters.emplace_back("quic.datagrams_ignored", stats.datagrams_ignored);
  counters.emplace_back("quic.dht_messages_ignored", stats.dht_messages_ignored);
  counters.emplace_back("quic.retries_sent", stats.retries_sent);
  counters.emplace_back("quic.version_negotiations_sent", stats.version_negotiations_sent);
  counters.emplace_back("quic.stateless_resets_sent", stats.stateless_resets_sent);
  counters.emplace_back("quic.stateless_resets_received", stats.stateless_resets_received);
  counters.emplace_back("quic.handshakes_completed", stats.handshakes_completed);
  counters.emplace_back("quic.handshakes_failed", stats.handshakes_failed);
  counters.emplace_back("quic.handshakes_resumed", stats.handshakes_resumed);
  counters.emplace_back("quic.connections_refused", stats.connections_refused);
  counters.emplace_back("quic.received_datagrams_dropped", stats.received_datagrams_dropped);
}

void add_session_counters(Counters& counters, const node::SessionTableStats& stats) {
  counters.emplace_back("session.refused", stats.refused);
  counters.emplace_back("session.protocol_errors", stats.protocol_errors);
  counters.emplace_back("session.hello_timeouts", stats.hello_timeouts);
  counters.emplace_back("session.datagrams_early", stats.datagrams_early);
}

void add_socket_counters(Counters& counters, const DatagramSocketStats& stats) {
  counters.emplace_back("udp.datagrams_received", stats.datagrams_received);
  counters.emplace_back("udp.datagrams_sent", stats.datagrams_sent);
  counters.emplace_back("udp.bytes_received", stats.bytes_received);
  counters.emplace_back("udp.bytes_sent", stats.bytes_sent);
  counters.emplace_back("udp.send_errors", stats.send_errors);
}

void add_tun_counters(Counters& counters, const TunStats& stats) {
  counters.emplace_back("tun.packets_read", stats.packets_read);
  counters.emplace_back("tun.packets_written", stats.packets_written);
  counters.emplace_back("tun.bytes_read", stats.bytes_read);
  counters.emplace_back("tun.bytes_written", stats.bytes_written);
  counters.emplace_back("tun.write_errors", stats.write_errors);
}

}  // namespace

NodeStatus Node::Impl::status() const {
  NodeStatus status;
  status.id = identity_.node_id();
  status.key = identity_.public_key();
  status.name = config_.name;
  status.version = kVersion;
  if (tun_) {
    status.tun_name = tun_->name();
    status.tun_mtu = tun_->mtu();
  }
  status.overlay_addresses = own_interface_addresses();
  if (transport_.is_open()) {
    status.listen.push_back(transport_.local_endpoint());
  }
  for (const auto& peer : paths_.status()) {
    status.peers_connected += peer.state == "connected" ? 1U : 0U;
    status.paths_active += peer.paths.size();
  }
  status.uptime = environment_.now() - started_at_;
  status.policy_source = config_.policy_source;
  status.policy_rules = policy_.rules().size();
  status.warnings = admission_.warnings();
  const auto weak_rules = policy_.warnings();
  status.warnings.insert(status.warnings.end(), weak_rules.begin(), weak_rules.end());
  const auto socket = transport_.socket_stats();
  if (transport_.is_open() && !socket.segmentation_offload) {
    status.warnings.emplace_back("UDP segmentation offload is not available: sending is slower");
  }
  if (transport_.is_open() && !socket.receive_offload) {
    status.warnings.emplace_back("UDP receive offload is not available: receiving is slower");
  }
  if (tun_ && !tun_->stats().offload) {
    status.warnings.emplace_back("TUN offload is not available: the TUN is slower");
  }

  auto& counters = status.counters;
  if (discovery_) {
    status.discovery = discovery_->status();
    counters = discovery_->counters();
  }
  add_quic_counters(counters, transport_.quic_stats());
  add_session_counters(counters, transport_.session_stats());
  add_socket_counters(counters, socket);
  if (tun_) {
    add_tun_counters(counters, tun_->stats());
  }
  for (auto&& counter : paths_.counters()) {
    counters.push_back(std::move(counter));
  }
  for (auto&& counter : router_.counters()) {
    counters.push_back(std::move(counter));
  }
  for (auto&& counter : policy_.counters()) {
    counters.push_back(std::move(counter));
  }
  std::ranges::sort(counters);
  return status;
}

std::vector<PeerStatus> Node::Impl::peers() const {
  auto peers = paths_.status();
  for (auto& peer : peers) {
    const auto* link = paths_.peer(peer.id);
    if (link == nullptr) {
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
  for (const auto& route : router_.routes()) {
    RouteStatus status;
    status.destination = route.destination;
    status.kind = "local";
    if (route.next_hop) {
      status.kind = "direct";
      if (const auto* link = paths_.peer(*route.next_hop); link != nullptr) {
        status.next_hop = link->id;
        status.next_hop_name = display_name(*route.next_hop, link->id);
      }
    }
    routes.push_back(std::move(status));
  }
  return routes;
}

}  // namespace quicether
