#include "mgmt/health.hpp"

#include "mgmt/json_text.hpp"
#include "mgmt/time_text.hpp"

#include <quicether/mgmt/text.hpp>

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace quicether::mgmt {
namespace {

/// Enough to act on; a large network that is down must not make a large answer.
constexpr std::size_t kReasonsMax = 16;

std::string name_of(const PeerStatus& peer) {
  return peer.name.empty() ? peer.id.to_string() : printable(peer.name);
}

void judge_peer(const PeerStatus& peer, std::vector<std::string>& reasons) {
  if (peer.state != "connected") {
    reasons.push_back(fmt::format("peer {} is not connected{}{}",
                                  name_of(peer),
                                  peer.detail.empty() ? "" : ": ",
                                  printable(peer.detail)));
    return;
  }
  for (const auto& path : peer.paths) {
    if (path.state == path::PathState::failed) {
      reasons.push_back(fmt::format("the path {} - {} to peer {} has failed",
                                    path.local.to_string(),
                                    path.remote.to_string(),
                                    name_of(peer)));
    }
  }
}

std::string_view status_of(HealthState state) {
  switch (state) {
    case HealthState::healthy:
      return "Healthy";
    case HealthState::degraded:
      return "Degraded";
    case HealthState::unhealthy:
      break;
  }
  return "Unhealthy";
}

}  // namespace

std::string_view to_string(HealthState state) noexcept {
  switch (state) {
    case HealthState::healthy:
      return "healthy";
    case HealthState::degraded:
      return "degraded";
    case HealthState::unhealthy:
      break;
  }
  return "unhealthy";
}

Health judge_health(const NodeStatus& status, std::span<const PeerStatus> peers) {
  Health health;
  for (const auto& peer : peers) {
    judge_peer(peer, health.reasons);
  }
  const bool cut_off = !peers.empty() && std::ranges::none_of(peers, [](const PeerStatus& peer) {
    return peer.state == "connected";
  });
  if (status.listen.empty()) {
    health.reasons.insert(health.reasons.begin(), "the UDP port is not open");
  }
  if (status.listen.empty() || cut_off) {
    health.state = HealthState::unhealthy;
  } else if (!health.reasons.empty()) {
    health.state = HealthState::degraded;
  }
  if (health.reasons.size() > kReasonsMax) {
    const auto more = health.reasons.size() - kReasonsMax;
    health.reasons.resize(kReasonsMax);
    health.reasons.push_back(fmt::format("{} more", more));
  }
  return health;
}

std::string health_json(const Health& health, UnixSeconds now) {
  boost::json::object object{{"status", status_of(health.state)}};
  if (!health.reasons.empty()) {
    object["reason"] = fmt::format("{}", fmt::join(health.reasons, "; "));
  }
  object["timestamp"] = format_time(now);
  return json_text(object);
}

}  // namespace quicether::mgmt
