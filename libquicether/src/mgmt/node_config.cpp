#include <quicether/core/crypto/network_proof.hpp>
#include <quicether/mgmt/node_config.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace quicether::mgmt {

namespace {

/// The addresses of a host, which may be one itself; none while a name is not resolved.
std::vector<IpAddress> addresses_of(const std::string& host, const ResolvedHosts& hosts) {
  if (const auto address = IpAddress::parse(host)) {
    return {*address};
  }
  const auto found = hosts.find(host);
  return found == hosts.end() ? std::vector<IpAddress>{} : found->second;
}

std::vector<SocketAddress> addresses_of(const std::vector<HostPort>& endpoints,
                                        const ResolvedHosts& hosts) {
  std::vector<SocketAddress> addresses;
  for (const auto& endpoint : endpoints) {
    for (const auto& address : addresses_of(endpoint.host, hosts)) {
      addresses.push_back({address, endpoint.port});
    }
  }
  return addresses;
}

NodePeer make_peer(const PeerEntry& entry, const ResolvedHosts& hosts) {
  NodePeer peer;
  peer.name = entry.name;
  peer.id = entry.id;
  peer.key = entry.key;
  if (entry.key && !entry.id) {
    peer.id = crypto::node_id(*entry.key);
  }
  peer.subnets = entry.subnets;
  peer.addresses = addresses_of(entry.endpoints, hosts);
  return peer;
}

/// Discovery is on when there is somebody to begin with, or others are to begin with this node, or
/// there are members of a network to be found.
std::optional<DiscoveryConfig> make_discovery(const DiscoverySection& section,
                                              bool network,
                                              const ResolvedHosts& hosts) {
  if (section.bootstrap_nodes.empty() && !section.bootstrap_mode && !network) {
    return std::nullopt;
  }
  DiscoveryConfig discovery;
  discovery.dht.node.serve = section.bootstrap_mode;
  discovery.dht.bootstrap = addresses_of(section.bootstrap_nodes, hosts);
  discovery.dht.node.external = addresses_of(section.public_ip, hosts);
  return discovery;
}

path::MultipathConfig make_multipath(const MultipathSection& section) {
  path::MultipathConfig multipath;
  multipath.enabled = section.enabled;
  multipath.accept = section.accept;
  multipath.mode = section.mode.value_or(multipath.mode);
  multipath.scheduler = section.scheduler;
  multipath.interfaces = section.interfaces;
  multipath.weights = section.weights;
  return multipath;
}

/// An endpoint by name that has no address yet must not be dialled, and cannot be waited for either
/// unless its id is known.
bool is_usable(const NodePeer& peer) {
  return peer.id.has_value() || !peer.addresses.empty();
}

}  // namespace

std::vector<std::string> host_names(const Config& config) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& host) {
    if (!host.empty() && !IpAddress::parse(host)) {
      names.push_back(host);
    }
  };
  for (const auto& peer : config.peer) {
    for (const auto& endpoint : peer.endpoints) {
      add(endpoint.host);
    }
  }
  for (const auto& endpoint : config.discovery.bootstrap_nodes) {
    add(endpoint.host);
  }
  add(config.discovery.public_ip);
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  return names;
}

result<NodeConfig> make_node_config(const Config& configured,
                                    const ResolvedHosts& hosts,
                                    std::optional<std::vector<policy::Rule>> rules,
                                    const std::optional<NetworkState>& joined) {
  const auto config = with_network(configured, joined);
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
  const bool network = !config.network.name.empty() && !config.network.secret.empty();
  node.discovery = make_discovery(config.discovery, network, hosts);
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
  sessions.quic.early_data = config.security.early_data;
  node.paths.multipath = make_multipath(config.multipath);
  node.paths.lanes = config.performance.lanes;
  node.paths.chunks = config.performance.chunks;
  if (!config.performance.chunks) {
    sessions.capabilities &= ~wire::kCapabilityChunks;
  }
  if (config.discovery.lan.value_or(network)) {
    node.lan.emplace();
  }
  if (network) {
    auto key = crypto::NetworkKey::derive(config.network.name, as_bytes(config.network.secret));
    if (!key) {
      return key.error();
    }
    sessions.network_key = std::move(*key);
    node.network = NetworkConfig{config.network.name, config.network.secret};
  }
  if (joined && joined->invite && configured.network.name.empty()) {
    node.membership.known.push_back({joined->invite->inviter, joined->invite->endpoints});
  }
  return node;
}

}  // namespace quicether::mgmt
