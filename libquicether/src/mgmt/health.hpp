#ifndef QUICETHER_SRC_MGMT_HEALTH_HPP
#define QUICETHER_SRC_MGMT_HEALTH_HPP

#include <quicether/base/time.hpp>
#include <quicether/status.hpp>

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quicether::mgmt {

enum class HealthState { healthy, degraded, unhealthy };

inline constexpr std::array kHealthStates{
    HealthState::healthy, HealthState::degraded, HealthState::unhealthy};

/// "healthy", …
[[nodiscard]] std::string_view to_string(HealthState state) noexcept;

/// Whether a node does what it is there for.
struct Health {
  HealthState state = HealthState::healthy;
  std::vector<std::string> reasons{};  ///< none when healthy; text that comes from peers is escaped
};

/// Unhealthy: no UDP port, or peers and none of them connected. Degraded: a peer is not connected,
/// or a path of one that is has failed.
[[nodiscard]] Health judge_health(const NodeStatus& status, std::span<const PeerStatus> peers);

/// One JSON object on one line: "status", "reason" unless healthy, "timestamp".
[[nodiscard]] std::string health_json(const Health& health, UnixSeconds now);

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_HEALTH_HPP
