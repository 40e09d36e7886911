#include "peer_store.hpp"

#include "address_rules.hpp"

#include <algorithm>
#include <utility>

namespace quicether::dht {

bool PeerStore::announce(Instant now, const Id& info_hash, const SocketAddress& peer) {
  auto place = swarms_.find(info_hash);
  if (place == swarms_.end()) {
    const auto subnet = subnet_of(peer.address);
    const auto counted = per_subnet_.find(subnet);
    const auto count = counted == per_subnet_.end() ? 0 : counted->second;
    if (swarms_.size() >= limits_.swarms_max || count >= limits_.swarms_per_subnet) {
      return false;
    }
    place = swarms_.emplace(info_hash, Swarm{.founder = subnet}).first;
    ++per_subnet_[subnet];
  }
  auto& peers = place->second.peers;
  if (peers.size() >= limits_.peers_per_swarm && !peers.contains(peer)) {
    peers.erase(std::ranges::min_element(peers, {}, [](const auto& one) { return one.second; }));
  }
  peers[peer] = now;
  return true;
}

std::vector<SocketAddress> PeerStore::sample(const Id& info_hash,
                                             Family family,
                                             std::size_t count,
                                             Random& random) const {
  std::vector<SocketAddress> chosen;
  const auto place = swarms_.find(info_hash);
  if (place == swarms_.end()) {
    return chosen;
  }
  for (const auto& [peer, announced] : place->second.peers) {
    if (family_of(peer.address) == family) {
      chosen.push_back(peer);
    }
  }
  for (std::size_t i = 0; i < std::min(count, chosen.size()); ++i) {
    std::swap(chosen[i], chosen[i + random.below(chosen.size() - i)]);
  }
  chosen.resize(std::min(count, chosen.size()));
  return chosen;
}

void PeerStore::erase(std::map<Id, Swarm>::iterator place) {
  const auto counted = per_subnet_.find(place->second.founder);
  if (--counted->second == 0) {
    per_subnet_.erase(counted);
  }
  swarms_.erase(place);
}

void PeerStore::expire(Instant now) {
  for (auto i = swarms_.begin(); i != swarms_.end();) {
    const auto current = i++;
    std::erase_if(current->second.peers,
                  [&](const auto& one) { return now - one.second > limits_.peer_lifetime; });
    if (current->second.peers.empty()) {
      erase(current);
    }
  }
}

}  // namespace quicether::dht
