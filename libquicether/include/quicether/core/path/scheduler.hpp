#ifndef QUICETHER_CORE_PATH_SCHEDULER_HPP
#define QUICETHER_CORE_PATH_SCHEDULER_HPP

#include <quicether/base/ids.hpp>
#include <quicether/base/time.hpp>

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
};

/// What a scheduler sees of a packet.
struct PacketView {
  std::uint32_t flow_hash = 0;
  std::size_t bytes = 0;
};

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
  /// many: none drops the packet, several send copies.
  ///
  /// `paths`: 1..kPathsMax usable paths in path_id order; `chosen`: kPathsMax entries.
  [[nodiscard]] virtual std::size_t select(std::span<const PathView> paths,
                                           const PacketView& packet,
                                           std::span<std::uint8_t> chosen) noexcept = 0;
};

/// The path with the lowest smoothed RTT; ties go to the lowest path_id.
[[nodiscard]] std::unique_ptr<PathScheduler> make_lowest_rtt_scheduler();

}  // namespace quicether::path

#endif  // QUICETHER_CORE_PATH_SCHEDULER_HPP
