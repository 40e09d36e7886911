#ifndef QUICETHER_CORE_PATH_SCHEDULER_HPP
#define QUICETHER_CORE_PATH_SCHEDULER_HPP

#include <quicether/base/ids.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/path/multipath_config.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace quicether::path {

/// Most paths in one link.
inline constexpr std::size_t kPathsMax = 8;

/// What a scheduler sees of a usable path.
struct PathView {
  std::uint8_t path_id = 0;
  SessionId session{};
  Duration rtt{};                        ///< smoothed
  std::size_t datagram_payload_max = 0;  ///< bytes
  std::uint32_t interface_index = 0;  ///< HostInterface::index; 0: not one that paths are made on
  double weight = 1.0;                ///< of the interface, as configured; above 0
  bool takes_more = true;             ///< what waits for it is short
  double rate = 0;                    ///< bytes per second it delivers, as far as known; above 0
  Duration delay{};                   ///< one way, without queues: half of the smallest RTT
  double loss = 0;         ///< share of the packets of late, above what is repaired easily
  double bytes_ahead = 0;  ///< given to the path, and not yet through its bottleneck
};

/// What a scheduler sees of a packet.
struct PacketView {
  std::uint32_t flow_hash = 0;
  std::size_t bytes = 0;
  bool bulk = false;  ///< one of many of its flow; otherwise it passes those that wait
};

/// When a packet that takes the path now arrives at the other end, from now on. A lossy path is
/// later, as what it loses is.
[[nodiscard]] Duration arrival(const PathView& path, const PacketView& packet) noexcept;

/// Chooses the paths that a packet takes. An extension point: third parties add their own.
///
/// Called once per packet, so it neither blocks nor allocates. One scheduler serves one link.
class PathScheduler {
 public:
  PathScheduler() = default;
  PathScheduler(const PathScheduler&) = delete;
  PathScheduler& operator=(const PathScheduler&) = delete;
  virtual ~PathScheduler() = default;

  /// Writes the indices into `paths` of the chosen ones to the front of `chosen` and returns how
  /// many: several send copies. None makes the packet wait, and it is asked for again; packets that
  /// are not bulk never wait: for them none means the first path.
  ///
  /// `paths`: 1..kPathsMax usable paths in path_id order; `chosen`: kPathsMax entries.
  [[nodiscard]] virtual std::size_t select(std::span<const PathView> paths,
                                           const PacketView& packet,
                                           std::span<std::uint8_t> chosen) noexcept = 0;
};

/// The one that the configuration asks for.
[[nodiscard]] std::unique_ptr<PathScheduler> make_scheduler(const MultipathConfig& config);

/// The path where the packet arrives first. A path may have more before it than it takes, as long
/// as the packet would arrive later on one that takes it at once: so packets of a flow arrive about
/// in order, and a slow path is used by flows that fill the fast ones.
[[nodiscard]] std::unique_ptr<PathScheduler> make_earliest_arrival_scheduler();

/// The path with the lowest smoothed RTT that takes more, of those whose RTT is at most twice the
/// lowest and 20 ms.
[[nodiscard]] std::unique_ptr<PathScheduler> make_latency_aware_scheduler();

/// Each path that takes more in turn; small flows where they arrive first.
[[nodiscard]] std::unique_ptr<PathScheduler> make_round_robin_scheduler();

/// Shares of bulk in proportion to the weights, as far as the paths take it; small flows where they
/// arrive first.
[[nodiscard]] std::unique_ptr<PathScheduler> make_weighted_scheduler();

/// All paths: copies.
[[nodiscard]] std::unique_ptr<PathScheduler> make_redundant_scheduler();

/// One path as long as it is usable, at first the one with the highest weight, then the lowest RTT.
[[nodiscard]] std::unique_ptr<PathScheduler> make_failover_scheduler();

}  // namespace quicether::path

#endif  // QUICETHER_CORE_PATH_SCHEDULER_HPP
