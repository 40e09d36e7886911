#include <quicether/core/crypto/network_proof.hpp>
#include <quicether/mgmt/node_config.hpp>

#include <algorithm>
#include <utility>

namespace quicether::mgmt {

namespace {

NodePeer make_peer(const PeerEntry& entry, const ResolvedHosts& hosts) {
  NodePeer peer;
  peer.name = entry.name;
  peer.id = entry.id;
  peer.key = entry.key;
  if (entry.key && !entry.id) {
    peer.id = crypto::node_id(*entry.key);
  }
  peer.subnets = entry.subnets;
  for (const auto& endpoint : entry.endpoints) {
    if (const auto address = IpAddress::parse(endpoint.host)) {
      peer.addresses.push_back({*address, endpoint.port});
    } else if (const auto found = hosts.find(endpoint.host); found != hosts.end()) {
      for (const auto& resolved : found->second) {
        peer.addresses.push_back({resolved, endpoint.port});
      }
    }
  }
  return peer;
}

/// An endpoint by name that has no address yet must not be dialled, and cannot be waited for either
/// unless its id is known.
bool is_usable(const NodePeer& peer) {
  return peer.id.has_value() || !peer.addresses.empty();
}

}  // namespace

std::vector<std::string> host_names(const Config& config) {
  std::vector<std::string> names;
  for (const auto& peer : config.peer) {
    for (const auto& endpoint : peer.endpoints) {
      if (!IpAddress::parse(endpoint.host)) {
        names.push_back(endpoint.host);
      }
    }
  }
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  return names;
}

result<NodeConfig> make_node_config(const Config& config,
                                    const ResolvedHosts& hosts,
                                    std::optional<std::vector<policy::Rule>> rules) {
  NodeConfig node;
  node.name = config.node.name;
  node.gateway = config.node.role == NodeRole::gateway;
  node.tun = true;
  node.tun_name = config.network.tun_name;
  node.mtu = config.network.mtu.value_or(node.mtu);
  node.tun_address = config.network.tun_addr;
  node.advertise_subnets = config.network.advertise_subnets;
  node.admission.allowed = config.peers.allowed;
  for (const auto& entry : config.peer) {
    if (auto peer = make_peer(entry, hosts); is_usable(peer)) {
      node.peers.push_back(std::move(peer));
    }
  }
  if (rules) {
    node.rules = std::move(rules);
    node.policy_source = config.security.policy_file ? config.security.policy_file->string() : "";
  }

  node.transport.socket.bind = config.node.listen;
  auto& sessions = node.transport.sessions;
  sessions.quic.idle_timeout = config.transport.idle_timeout;
  sessions.quic.keep_alive = config.transport.keep_alive;
  sessions.quic.congestion_control = config.transport.congestion_control == Congestion::bbr
                                         ? quic::CongestionControl::bbr
                                         : quic::CongestionControl::cubic;
  sessions.quic.datagram_control = config.transport.datagram_control == DatagramControl::application
                                       ? quic::DatagramControl::application
                                       : quic::DatagramControl::connection;
  sessions.quic.require_post_quantum = config.security.require_post_quantum;
  node.paths.chunks = config.performance.chunks;
  if (!config.performance.chunks) {
    sessions.capabilities &= ~wire::kCapabilityChunks;
  }
  if (!config.network.name.empty() && !config.network.secret.empty()) {
    auto key = crypto::NetworkKey::derive(config.network.name, as_bytes(config.network.secret));
    if (!key) {
      return key.error();
    }
    sessions.network_key = std::move(*key);
  }
  return node;
}

}  // namespace quicether::mgmt
