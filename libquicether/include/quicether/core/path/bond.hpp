#ifndef QUICETHER_CORE_PATH_BOND_HPP
#define QUICETHER_CORE_PATH_BOND_HPP

#include <quicether/base/ids.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/path/scheduler.hpp>
#include <quicether/core/queue/outgoing_datagram.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <variant>

namespace quicether::path {

/// Bounds of a Bond.
struct BondConfig {
  std::size_t queue_bytes_max = 16U << 20U;  ///< memory of what waits for a path
  /// A standing queue of one flow that is good. A flow over several paths has the round trip of the
  /// slowest, and TCP fills it only if it may swing by part of that; other flows do not feel it.
  Duration queue_target = std::chrono::milliseconds{25};
  Duration queue_time_max = std::chrono::milliseconds{200};  ///< of everything that waits
  /// When a path fails, the queue may be that long for a while: TCP keeps the window that it needs
  /// when the path comes back, and would take many seconds to find it again.
  Duration patience = std::chrono::seconds{10};
  Duration silence_min = std::chrono::milliseconds{60};  ///< see BondPathState::suspect
  Duration probe_interval = std::chrono::milliseconds{100};
  /// A path that others make idle is probed that often, so that it is known when it is needed.
  Duration look_interval = std::chrono::seconds{1};
};

enum class BondPathState : std::uint8_t {
  active,
  /// Packets are under way and none was acknowledged for two round trips, or the peer says that it
  /// is gone: it is probed, and takes nothing until it answers.
  suspect,
};

/// What a Bond is told of a path: a session that is up.
struct BondPath {
  std::uint8_t path_id = 0;
  SessionId session{};
  std::size_t datagram_payload_max = 0;
  double weight = 1;  ///< above 0
  Duration rtt{};     ///< as far as QUIC knows
};

/// What a Bond has found out about a path.
struct BondPathStatus {
  BondPathState state = BondPathState::active;
  double rate = 0;  ///< bytes per second that it delivers; what it can, once it had enough to do
  Duration smoothed_rtt{};
  Duration min_rtt{};
  Duration jitter{};
  double loss = 0;  ///< share of packets
  std::size_t bytes_in_flight = 0;
};

struct BondStats {
  std::uint64_t sent = 0;       ///< datagrams, copies and repeated ones too
  std::uint64_t repeated = 0;   ///< sent again on another path, or the same, after a loss
  std::uint64_t dropped = 0;    ///< queue too long, or too large for every path
  std::uint64_t suspected = 0;  ///< times that a path fell silent

  BondStats& operator+=(const BondStats& other) noexcept {
    sent += other.sent;
    repeated += other.repeated;
    dropped += other.dropped;
    suspected += other.suspected;
    return *this;
  }
};

/// Datagrams for one session, to be sent now. Valid until the Bond's next non-const call.
struct BondBatch {
  SessionId session{};
  std::span<const queue::OutgoingDatagram> datagrams{};
};

/// Spreads the datagrams of one link over its paths.
///
/// What is pushed waits in a fair queue. A scheduler binds the datagram whose turn it is to a path,
/// as soon as that has little before it; then it gets its number (wire::BondedHead) and leaves at
/// the pace that PathRate allows. Flows that send little pass all that by. A datagram that got lost
/// is sent once more, on the path where it arrives first; when a path falls silent, all that is
/// under way on it.
///
/// A sans-IO machine: after each call that takes `now`, the driver sends poll_transmit(), looks at
/// poll_silence() and re-arms its timer with next_timeout(). Neither copyable nor movable.
class Bond {
 public:
  Bond(const BondConfig& config, std::unique_ptr<PathScheduler> scheduler);
  Bond(const Bond&) = delete;
  Bond& operator=(const Bond&) = delete;
  ~Bond();

  /// Replaces the paths: at most kPathsMax, in path_id order. Those of known sessions go on; what
  /// was under way on one that is gone is sent again on the others.
  void set_paths(Instant now, std::span<const BondPath> paths);

  /// Takes datagrams, each with wire::kBondedHeadBytes of room in front, and copies them.
  void push(Instant now, std::span<const queue::OutgoingDatagram> datagrams);

  /// What became of a datagram that poll_transmit() gave out.
  void on_fate(Instant now, SessionId session, std::uint32_t token, bool delivered);

  /// The peer says that a path is gone: it takes nothing until it answers a probe, and what is
  /// under way on it is sent again. Unknown sessions are ignored.
  void suspect(Instant now, SessionId session);

  void on_timeout(Instant now);

  [[nodiscard]] Instant next_timeout() const noexcept;

  /// What is to leave now, one batch for one path per call, or nothing.
  [[nodiscard]] std::optional<BondBatch> poll_transmit(Instant now);

  /// A session that has not answered `probes` probes in a row; each once until it answers.
  [[nodiscard]] std::optional<SessionId> poll_silence();

  [[nodiscard]] std::optional<BondPathStatus> status(SessionId session) const noexcept;

  [[nodiscard]] const BondStats& stats() const noexcept;

  /// Largest datagram that fits every path, room in front included; 0 without paths.
  [[nodiscard]] std::size_t datagram_bytes_max() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quicether::path

#endif  // QUICETHER_CORE_PATH_BOND_HPP
