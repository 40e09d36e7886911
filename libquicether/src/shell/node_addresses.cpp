#include "node_addresses.hpp"

#include <quicether/core/crypto/node_address.hpp>

#include <algorithm>

namespace quicether::detail {

namespace {

/// 100.64.0.0/16 of the shared address space (RFC 6598): length of the drawn address's network.
constexpr unsigned kDrawnPrefixLength = 16;

bool covers(const std::vector<Prefix>& entitled, const Prefix& prefix) {
  return std::ranges::any_of(entitled, [&](const Prefix& one) { return one.contains(prefix); });
}

}  // namespace

NodeAddresses::NodeAddresses(const NodeId& self, const PublicKey& key)
    : self_{self}, key_{key}, own_v6_{crypto::overlay_address(key), 128} {}

void NodeAddresses::set_own_v4(const std::optional<InterfaceAddress>& fixed,
                               std::uint32_t attempt) {
  fixed_v4_ = fixed.has_value();
  attempt_ = attempt;
  own_v4_ = fixed.value_or(
      InterfaceAddress{crypto::overlay_v4_candidate(key_, attempt), kDrawnPrefixLength});
}

bool NodeAddresses::may_own(const IpAddress& address,
                            const PublicKey& key,
                            const std::vector<Prefix>& entitled) const {
  if (covers(entitled, Prefix::host(address))) {
    return true;
  }
  if (address.is_v6()) {
    return address == crypto::overlay_address(key);
  }
  return own_v4_.network().contains(address);
}

NodeAddresses::Outcome NodeAddresses::claim(PeerIndex peer,
                                            const NodeId& id,
                                            const PublicKey& key,
                                            const wire::Announce& announce,
                                            const std::vector<Prefix>& entitled) {
  release(peer);
  Outcome outcome;
  auto& claims = outcome.claims;
  claims.name = announce.name;
  claims.gateway = announce.gateway;
  for (const auto& address : announce.addresses) {
    if (!may_own(address, key, entitled)) {
      claims.refused.push_back(Prefix::host(address));
      continue;
    }
    if (address == own_v4_.address) {
      outcome.redraw = !fixed_v4_ && id < self_;
      claims.refused.push_back(Prefix::host(address));
      continue;
    }
    if (const auto owner = owners_.find(address); owner != owners_.end()) {
      if (!(id < owner->second.second)) {
        claims.refused.push_back(Prefix::host(address));
        continue;
      }
      outcome.displaced = owner->second.first;
      std::erase(peers_[owner->second.first].addresses, address);
    }
    owners_[address] = {peer, id};
    claims.addresses.push_back(address);
  }
  for (const auto& subnet : announce.subnets) {
    (covers(entitled, subnet) ? claims.subnets : claims.refused).push_back(subnet);
  }
  peers_[peer] = claims;
  return outcome;
}

void NodeAddresses::release(PeerIndex peer) {
  peers_.erase(peer);
  std::erase_if(owners_, [&](const auto& entry) { return entry.second.first == peer; });
}

}  // namespace quicether::detail
