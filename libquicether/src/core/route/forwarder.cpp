#include <quicether/core/route/forwarder.hpp>

#include <algorithm>

namespace quicether::route {

namespace {

/// 255.255.255.255, the limited broadcast address (RFC 919).
bool is_broadcast(const IpAddress& address) {
  return address.is_v4() && address.to_v4_number() == 0xffff'ffffU;
}

bool is_martian(const IpAddress& address) {
  return address.is_unspecified() || address.is_loopback() || address.is_link_local() ||
         is_broadcast(address);
}

}  // namespace

std::string_view to_string(Drop drop) noexcept {
  switch (drop) {
    case Drop::none:
      return "none";
    case Drop::defect:
      return "defect";
    case Drop::ipv4_options:
      return "ipv4_options";
    case Drop::source_routed:
      return "source_routed";
    case Drop::martian_source:
      return "martian_source";
    case Drop::martian_destination:
      return "martian_destination";
    case Drop::multicast:
      return "multicast";
    case Drop::source_not_owned:
      return "source_not_owned";
    case Drop::no_route:
      return "no_route";
    case Drop::loop:
      return "loop";
    case Drop::hop_limit:
      return "hop_limit";
  }
  return "unknown";
}

void Forwarder::replace(const Hop& hop, const std::vector<Prefix>& prefixes) {
  auto& owned = owned_[hop];
  std::vector<Prefix> released;
  for (const auto& prefix : owned) {
    const auto* owner = routes_.find(prefix);
    if (owner != nullptr && *owner == hop) {
      routes_.erase(prefix);
      released.push_back(prefix);
    }
  }
  owned = prefixes;
  for (const auto& prefix : released) {
    restore(prefix);
  }
  for (const auto& prefix : owned) {
    const auto* owner = routes_.find(prefix);
    if (hop.is_local() || owner == nullptr || !owner->is_local()) {
      routes_.insert(prefix, hop);
    }
  }
}

void Forwarder::restore(const Prefix& prefix) {
  for (const auto& [hop, owned] : owned_) {
    if (std::ranges::find(owned, prefix) != owned.end()) {
      routes_.insert(prefix, hop);
      return;
    }
  }
}

void Forwarder::set_local(const std::vector<IpAddress>& addresses,
                          const std::vector<Prefix>& subnets) {
  std::vector<Prefix> prefixes = subnets;
  std::ranges::transform(addresses, std::back_inserter(prefixes), Prefix::host);
  replace(Hop{}, prefixes);
}

void Forwarder::set_peer(PeerIndex peer, const std::vector<Prefix>& prefixes) {
  replace(Hop{peer}, prefixes);
}

std::optional<Hop> Forwarder::owner(const IpAddress& address) const noexcept {
  const auto* hop = routes_.lookup(address);
  return hop == nullptr ? std::nullopt : std::optional<Hop>{*hop};
}

std::optional<Hop> Forwarder::next_hop(const IpAddress& destination) const noexcept {
  if (const auto hop = owner(destination)) {
    return hop;
  }
  return default_gateway_ ? std::optional<Hop>{Hop{*default_gateway_}} : std::nullopt;
}

Decision Forwarder::inspect(ConstBytes packet) noexcept {
  Decision decision;
  const auto parsed = wire::parse_packet(packet);
  if (!parsed) {
    decision.drop = Drop::defect;
    decision.defect = parsed.error();
    return decision;
  }
  decision.info = *parsed;
  const auto& info = decision.info;
  if (info.has_ipv4_options) {
    decision.drop = Drop::ipv4_options;
  } else if (info.source_routed) {
    decision.drop = Drop::source_routed;
  } else if (is_martian(info.source) || info.source.is_multicast()) {
    decision.drop = Drop::martian_source;
  } else if (info.destination.is_multicast()) {
    decision.drop = Drop::multicast;
  } else if (is_martian(info.destination)) {
    decision.drop = Drop::martian_destination;
  }
  return decision;
}

Decision Forwarder::from_tun(ConstBytes packet) const noexcept {
  auto decision = inspect(packet);
  if (decision.drop != Drop::none) {
    return decision;
  }
  const auto source = owner(decision.info.source);
  const auto hop = next_hop(decision.info.destination);
  if (!source || !source->is_local()) {
    decision.drop = Drop::source_not_owned;
  } else if (!hop) {
    decision.drop = Drop::no_route;
  } else if (hop->is_local()) {
    decision.drop = Drop::loop;
  } else {
    decision.to = *hop;
  }
  return decision;
}

Decision Forwarder::from_peer(PeerIndex sender, ConstBytes packet) const noexcept {
  auto decision = inspect(packet);
  if (decision.drop != Drop::none) {
    return decision;
  }
  // What nobody owns may only come from where it would be sent: the default gateway.
  const auto source = next_hop(decision.info.source);
  const auto hop = next_hop(decision.info.destination);
  if (source != Hop{sender}) {
    decision.drop = Drop::source_not_owned;
  } else if (!hop) {
    decision.drop = Drop::no_route;
  } else if (*hop == Hop{sender}) {
    decision.drop = Drop::loop;
  } else if (!hop->is_local() && decision.info.hop_limit <= 1) {
    decision.drop = Drop::hop_limit;
  } else {
    decision.to = *hop;
  }
  return decision;
}

}  // namespace quicether::route
