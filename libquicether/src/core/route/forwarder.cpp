#include <quicether/base/assert.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/core/route/forwarder.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace quicether::route {

namespace {

// ::/96 and ::ffff:0:0/96.
bool embeds_ipv4(ConstBytes v6) noexcept {
  const auto high = load_be<std::uint64_t>(v6);
  const auto middle = load_be<std::uint32_t>(v6.subspan(8));
  return high == 0 && (middle == 0 || middle == 0xffffU);
}

}  // namespace

bool is_martian(const IpAddress& address) noexcept {
  if (address.is_v6()) {
    return embeds_ipv4(address.bytes()) || address.is_link_local();
  }
  const auto first = address.bytes()[0];
  return first == 0 || first == 127 || first >= 240 || address.is_link_local();
}

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

void Forwarder::replace(const Hop& hop, std::vector<Prefix> prefixes) {
  std::ranges::sort(prefixes);
  prefixes.erase(std::ranges::unique(prefixes).begin(), prefixes.end());
  const auto old = std::move(claimed_[hop]);
  // What is in both keeps its place: repeating a claim does not take a prefix over.
  std::vector<Prefix> changed;
  std::ranges::set_difference(old, prefixes, std::back_inserter(changed));
  for (const auto& prefix : changed) {
    release(prefix, hop);
  }
  changed.clear();
  std::ranges::set_difference(prefixes, old, std::back_inserter(changed));
  for (const auto& prefix : changed) {
    claim(prefix, hop);
  }
  if (prefixes.empty()) {
    claimed_.erase(hop);
  } else {
    claimed_[hop] = std::move(prefixes);
  }
}

void Forwarder::claim(const Prefix& prefix, const Hop& hop) {
  auto& hops = claims_[prefix];
  const bool behind_local = !hops.empty() && hops.back().is_local();
  hops.insert(hops.end() - (behind_local ? 1 : 0), hop);
  routes_.insert(prefix, hops.back());
}

void Forwarder::release(const Prefix& prefix, const Hop& hop) {
  const auto found = claims_.find(prefix);
  QE_ASSERT(found != claims_.end());
  auto& hops = found->second;
  std::erase(hops, hop);
  if (hops.empty()) {
    claims_.erase(found);
    routes_.erase(prefix);
  } else {
    routes_.insert(prefix, hops.back());
  }
}

void Forwarder::set_local(const std::vector<IpAddress>& addresses,
                          const std::vector<Prefix>& subnets) {
  std::vector<Prefix> prefixes = subnets;
  std::ranges::transform(addresses, std::back_inserter(prefixes), Prefix::host);
  replace(Hop{}, std::move(prefixes));
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
