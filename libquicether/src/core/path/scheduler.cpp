#include <quicether/core/path/scheduler.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

namespace quicether::path {

namespace {

/// What a loss delays is not its packet alone: a flow waits for it, by then all the time where many
/// get lost, and a small flow may wait for a time-out of a second (RFC 6298 section 2.1).
constexpr Duration kLossCosts = std::chrono::seconds{1};

using Seconds = std::chrono::duration<double>;
using Paths = std::span<const PathView>;
using Chosen = std::span<std::uint8_t>;

// The first of the paths that pass `fits` with the smallest `order`, or nothing.
template <typename Fits, typename Order>
std::optional<std::size_t> smallest(Paths paths, Fits fits, Order order) noexcept {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (fits(paths[i]) && (!best || order(paths[i]) < order(paths[*best]))) {
      best = i;
    }
  }
  return best;
}

std::size_t choose(std::optional<std::size_t> path, Chosen chosen) noexcept {
  if (!path) {
    return 0;
  }
  chosen[0] = static_cast<std::uint8_t>(*path);
  return 1;
}

constexpr auto kAny = [](const PathView&) { return true; };
constexpr auto kByRtt = [](const PathView& path) { return path.rtt; };

// Packets of a small flow are not put in order at the other end, so they stay together, where they
// arrive first.
std::size_t choose_for_small(Paths paths, const PacketView& packet, Chosen chosen) noexcept {
  const auto by_arrival = [&](const PathView& path) { return arrival(path, packet); };
  return choose(smallest(paths, kAny, by_arrival), chosen);
}

Duration without_queue(const PathView& path, const PacketView& packet) noexcept {
  const auto lost = path.loss * Seconds{kLossCosts};
  return (packet.bulk ? path.delay : path.rtt / 2) + std::chrono::duration_cast<Duration>(lost);
}

class EarliestArrivalScheduler final : public PathScheduler {
 public:
  std::size_t select(Paths paths, const PacketView& packet, Chosen chosen) noexcept override {
    const auto by_arrival = [&](const PathView& path) { return arrival(path, packet); };
    if (!packet.bulk) {
      return choose_for_small(paths, packet, chosen);
    }
    const auto delay = [&](const PathView& path) { return without_queue(path, packet); };
    const auto soonest = delay(std::ranges::min(paths, {}, delay));
    const auto in_reach = [&](const PathView& path) { return delay(path) <= soonest + kSpreadMax; };
    const auto has_room = [&](const PathView& path) { return path.takes_more && in_reach(path); };
    const auto waits_little = [&](const PathView& path) {
      return in_reach(path) && arrival(path, packet) - delay(path) <= kWaitMax;
    };
    if (std::ranges::none_of(paths, has_room)) {
      return 0;
    }
    const auto best = smallest(paths, waits_little, by_arrival);
    return choose(best ? best : smallest(paths, has_room, by_arrival), chosen);
  }

 private:
  /// A packet waits so long for a fast path rather than to take a slow one. More would be a queue
  /// that other flows feel, and not in order for all that when paths differ by more.
  static constexpr Duration kWaitMax = std::chrono::milliseconds{50};

  /// A path that is later by more takes no bulk while others are there: one flow would need the
  /// window of its long round trip to fill even the fast ones.
  static constexpr Duration kSpreadMax = std::chrono::milliseconds{100};
};

class LatencyAwareScheduler final : public PathScheduler {
 public:
  std::size_t select(Paths paths, const PacketView& packet, Chosen chosen) noexcept override {
    const auto lowest = std::ranges::min(paths, {}, kByRtt).rtt;
    const auto highest = std::max(2 * lowest, lowest + kSlack);
    const auto fits = [&](const PathView& path) {
      return path.rtt <= highest && (path.takes_more || !packet.bulk);
    };
    return choose(smallest(paths, fits, kByRtt), chosen);
  }

 private:
  static constexpr Duration kSlack = std::chrono::milliseconds{20};
};

class RoundRobinScheduler final : public PathScheduler {
 public:
  std::size_t select(Paths paths, const PacketView& packet, Chosen chosen) noexcept override {
    if (!packet.bulk) {
      return choose_for_small(paths, packet, chosen);
    }
    for (std::size_t i = 0; i < paths.size(); ++i) {
      const auto at = (last_ + 1 + i) % paths.size();
      if (paths[at].takes_more) {
        last_ = at;
        return choose(at, chosen);
      }
    }
    return 0;
  }

 private:
  std::size_t last_ = 0;
};

class WeightedScheduler final : public PathScheduler {
 public:
  std::size_t select(Paths paths, const PacketView& packet, Chosen chosen) noexcept override {
    if (!packet.bulk) {
      return choose_for_small(paths, packet, chosen);
    }
    const auto fits = [](const PathView& path) { return path.takes_more; };
    const auto by_service = [this](const PathView& path) { return served_[path.path_id]; };
    const auto best = smallest(paths, fits, by_service);
    if (best) {
      const auto& path = paths[*best];
      // A path that could not take its share, or comes back, does not get what it missed.
      const auto now = served_[path.path_id];
      for (const auto& other : paths) {
        auto& served = served_[other.path_id];
        served = std::max(served, now - kBacklog / other.weight);
      }
      served_[path.path_id] = now + static_cast<double>(packet.bytes) / path.weight;
    }
    return choose(best, chosen);
  }

 private:
  static constexpr double kBacklog = 64.0 * 1024;

  std::array<double, kPathsMax> served_{};  ///< bytes divided by weight, by path_id
};

class RedundantScheduler final : public PathScheduler {
 public:
  std::size_t select(Paths paths, const PacketView& packet, Chosen chosen) noexcept override {
    std::size_t count = 0;
    for (std::size_t i = 0; i < paths.size(); ++i) {
      if (paths[i].takes_more || !packet.bulk) {
        chosen[count++] = static_cast<std::uint8_t>(i);
      }
    }
    return count;
  }
};

class FailoverScheduler final : public PathScheduler {
 public:
  std::size_t select(Paths paths, const PacketView& packet, Chosen chosen) noexcept override {
    const auto is_current = [this](const PathView& path) { return path.session == current_; };
    const auto by_rank = [](const PathView& path) { return std::tuple{-path.weight, path.rtt}; };
    auto best = smallest(paths, is_current, by_rank);
    if (!best) {
      best = smallest(paths, kAny, by_rank);
      current_ = paths[*best].session;
    }
    return packet.bulk && !paths[*best].takes_more ? 0 : choose(best, chosen);
  }

 private:
  std::optional<SessionId> current_{};
};

}  // namespace

Duration arrival(const PathView& path, const PacketView& packet) noexcept {
  const auto ahead = packet.bulk ? path.bytes_ahead : 0.0;
  const Seconds on_the_way{(ahead + static_cast<double>(packet.bytes)) / path.rate};
  return without_queue(path, packet) + std::chrono::duration_cast<Duration>(on_the_way);
}

std::unique_ptr<PathScheduler> make_scheduler(const MultipathConfig& config) {
  if (config.mode == BondMode::failover) {
    return make_failover_scheduler();
  }
  if (!config.scheduler) {
    return make_earliest_arrival_scheduler();
  }
  switch (*config.scheduler) {
    case BondScheduler::round_robin:
      return make_round_robin_scheduler();
    case BondScheduler::weighted:
      return make_weighted_scheduler();
    case BondScheduler::latency_aware:
      return make_latency_aware_scheduler();
    case BondScheduler::redundant:
      return make_redundant_scheduler();
  }
  return make_earliest_arrival_scheduler();
}

std::unique_ptr<PathScheduler> make_earliest_arrival_scheduler() {
  return std::make_unique<EarliestArrivalScheduler>();
}

std::unique_ptr<PathScheduler> make_latency_aware_scheduler() {
  return std::make_unique<LatencyAwareScheduler>();
}

std::unique_ptr<PathScheduler> make_round_robin_scheduler() {
  return std::make_unique<RoundRobinScheduler>();
}

std::unique_ptr<PathScheduler> make_weighted_scheduler() {
  return std::make_unique<WeightedScheduler>();
}

std::unique_ptr<PathScheduler> make_redundant_scheduler() {
  return std::make_unique<RedundantScheduler>();
}

std::unique_ptr<PathScheduler> make_failover_scheduler() {
  return std::make_unique<FailoverScheduler>();
}

}  // namespace quicether::path
