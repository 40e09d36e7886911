#include <quicether/netcheck.hpp>

#include <algorithm>

namespace quicether {

namespace {

std::string verdict_of(const Netcheck& check) {
  const auto any_reach = [&](std::string_view reach) {
    return std::ranges::any_of(
        check.families, [&](const auto& one) { return one.dht_nodes > 0 && one.reach == reach; });
  };
  const bool nobody =
      std::ranges::all_of(check.families, [](const auto& one) { return one.dht_nodes == 0; });
  if (!check.discovery) {
    return "discovery-off";
  }
  if (nobody) {
    return check.bootstrap.empty() ? "alone" : "offline";
  }
  if (any_reach("direct") || any_reach("translated")) {
    return "reachable";
  }
  if (any_reach("trial")) {
    return "deciding";
  }
  if (any_reach("unreachable")) {
    const bool same = std::ranges::any_of(
        check.families, [](const auto& one) { return one.mapping == "endpoint-independent"; });
    return same ? "behind-nat" : "symmetric-nat";
  }
  return "unknown";
}

std::string forwarding(const Netcheck& check) {
  for (const auto& one : check.families) {
    if (one.reach == "unreachable" && one.local && one.external) {
      return "Forward UDP port " + std::to_string(one.local->port) + " of " +
             one.external->address.to_string() + " to " + one.local->to_string() +
             ", or give one of the two sides an IPv6 address that others reach.";
    }
  }
  return "Forward the UDP port on the router.";
}

std::string sentence_for(const Netcheck& check) {
  const auto& verdict = check.verdict;
  if (verdict == "discovery-off") {
    return "Discovery is off: peers are only where the configuration says, or dial this node.";
  }
  if (verdict == "offline") {
    return "Nobody of the DHT answers. Is the host online, and does a firewall let UDP out?";
  }
  if (verdict == "alone") {
    return "No other node is known and none is configured: name one in "
           "discovery.bootstrap_nodes, or wait until others come.";
  }
  if (verdict == "reachable") {
    return "Strangers reach this node: everybody can dial it.";
  }
  if (verdict == "deciding") {
    return "An address translator is on the way. Ask again in some minutes: the node waits to see "
           "whether strangers come through.";
  }
  if (verdict == "behind-nat") {
    return "A translator or firewall keeps strangers out: this node dials, others cannot dial "
           "it. " +
           forwarding(check);
  }
  if (verdict == "symmetric-nat") {
    return "The translator gives each destination another port, so that nobody can dial this "
           "node. " +
           forwarding(check);
  }
  return "Too few nodes of different networks are known to tell how others see this node.";
}

}  // namespace

void judge(Netcheck& check) {
  check.verdict = verdict_of(check);
  check.advice = {sentence_for(check)};
  const auto silent =
      std::ranges::count_if(check.bootstrap, [](const auto& one) { return !one.rtt; });
  if (silent > 0 && check.verdict != "offline") {
    check.advice.push_back(std::to_string(silent) + " of " +
                           std::to_string(check.bootstrap.size()) +
                           " bootstrap nodes do not answer.");
  }
  if (!check.udp_send_offload || !check.udp_receive_offload) {
    check.advice.emplace_back("UDP offloads are missing: data goes packet by packet, and slower.");
  }
  if (check.tun_mtu != 0 && !check.tun_offload) {
    check.advice.emplace_back("The TUN has no offloads: data goes packet by packet, and slower.");
  }
}

}  // namespace quicether
