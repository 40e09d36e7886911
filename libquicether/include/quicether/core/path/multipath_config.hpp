#ifndef QUICETHER_CORE_PATH_MULTIPATH_CONFIG_HPP
#define QUICETHER_CORE_PATH_MULTIPATH_CONFIG_HPP

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace quicether::path {

/// What several paths are for.
enum class BondMode : std::uint8_t {
  aggregate,  ///< more bandwidth than one has
  failover,   ///< one carries everything, the others wait
};

/// How packets choose among the paths of a link, when not by earliest arrival.
enum class BondScheduler : std::uint8_t { round_robin, weighted, latency_aware, redundant };

/// Several paths to a peer at a time.
struct MultipathConfig {
  bool enabled = false;  ///< open further paths to peers that take them, and take theirs
  bool accept = false;   ///< only take what peers open
  BondMode mode = BondMode::aggregate;
  std::optional<BondScheduler> scheduler{};  ///< unset: earliest arrival
  std::vector<std::string> interfaces{};     ///< the most wanted first; empty: all that are usable
  std::vector<std::string> except{};         ///< interfaces never to use: the node's own TUN
  std::map<std::string, double> weights{};   ///< by interface, above 0; others have 1

  /// True when peers may open further paths to this node.
  [[nodiscard]] bool takes_paths() const noexcept { return enabled || accept; }
};

}  // namespace quicether::path

#endif  // QUICETHER_CORE_PATH_MULTIPATH_CONFIG_HPP
