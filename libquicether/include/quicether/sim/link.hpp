#ifndef QUICETHER_SIM_LINK_HPP
#define QUICETHER_SIM_LINK_HPP

#include <quicether/base/datagram.hpp>
#include <quicether/base/random.hpp>
#include <quicether/base/time.hpp>
#include <quicether/sim/datagram_event.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>

namespace quicether::sim {

/// "No limit" for rates, sizes and counts of a LinkModel.
inline constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

/// Loss in bursts: a two-state Markov chain that steps once per datagram (E. N. Gilbert, "Capacity
/// of a burst-noise channel", 1960; E. O. Elliott, 1963). Probabilities, 0..1.
struct GilbertElliott {
  double enter_bad = 0;  ///< good to bad
  double leave_bad = 1;  ///< bad to good
  double loss_good = 0;
  double loss_bad = 1;

  /// The chain that loses `loss` (below 1) of all datagrams in runs of `burst` (at least 1) mean.
  [[nodiscard]] static GilbertElliott with_mean(double loss, double burst) noexcept;
};

/// One direction of a link. The default is a perfect wire with Ethernet's MTU.
struct LinkModel {
  bool up = true;
  std::size_t rate_bits_per_second = kUnlimited;  ///< of whole IP packets
  Duration delay{0};                              ///< propagation, one way
  Duration jitter{0};  ///< up to this much more, uniform; keeps the order of datagrams
  std::size_t queue_bytes = kUnlimited;  ///< IP bytes not yet sent; an idle link takes any datagram
  std::size_t mtu = 1500;                ///< largest IP packet in bytes
  bool report_too_large = false;  ///< the sender's system learns the MTU and then refuses itself

  double loss = 0;                          ///< independent, 0..1
  std::size_t loss_burst_max = kUnlimited;  ///< after so many losses in a row one passes
  std::optional<GilbertElliott> bursts{};   ///< in addition to `loss`

  double corruption = 0;                          ///< 0..1: one byte of the payload changes
  std::size_t corruption_burst_max = kUnlimited;  ///< after so many in a row one stays whole
  std::size_t corruption_span = kUnlimited;       ///< only the first so many bytes are hit

  double duplication = 0;  ///< 0..1: a copy follows right behind
  double reorder = 0;      ///< 0..1: the datagram is held back and overtaken
  Duration reorder_delay = std::chrono::milliseconds{5};

  std::size_t ecn_mark_bytes = kUnlimited;  ///< queue length from which ECT datagrams get CE
};

struct LinkStats {
  std::uint64_t datagrams_passed = 0;
  std::uint64_t bytes_passed = 0;  ///< of whole IP packets
  std::uint64_t lost = 0;
  std::uint64_t dropped_queue_full = 0;
  std::uint64_t dropped_too_large = 0;
  std::uint64_t dropped_down = 0;
  std::uint64_t corrupted = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;
  std::uint64_t marked = 0;  ///< with Congestion Experienced
};

/// What a Link did with one datagram.
struct Passage {
  Fate fate = Fate::delivered;  ///< `delivered`: it comes out at `arrival`; else it is gone
  Instant arrival{};
  bool mark_ce = false;
  bool duplicate = false;
  /// Set: the payload is corrupted, as corrupt_payload() does with this random word.
  std::optional<std::uint64_t> corruption{};
};

/// One direction of a link as a machine that takes time and sizes: tail-drop queue, serialisation
/// at a rate, then loss, propagation and the other faults, in this order.
///
/// Each kind of fault draws from a random stream of its own, so that switching one on does not
/// change when another strikes. Neither copyable nor movable.
class Link {
 public:
  /// `seed` decides all faults. The model is as for set_model().
  Link(const LinkModel& model, std::uint64_t seed) noexcept;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  [[nodiscard]] const LinkModel& model() const noexcept { return model_; }

  /// Replaces the model for datagrams that enter from now on: they may overtake those on the way.
  /// Probabilities are 0..1, `delay`, `jitter` and `reorder_delay` not negative, the rate not 0.
  void set_model(const LinkModel& model) noexcept;

  /// Takes a datagram of `ip_bytes` with its IP and UDP headers. `now` never goes back.
  [[nodiscard]] Passage pass(Instant now, std::size_t ip_bytes, Ecn ecn);

  /// IP bytes that wait or are being sent.
  [[nodiscard]] std::size_t backlog_bytes(Instant now) noexcept;

  /// When the backlog falls to `bytes` if nothing more comes; `now` when it is there already.
  [[nodiscard]] Instant backlog_falls_to(Instant now, std::size_t bytes) noexcept;

  /// True when datagrams pass without delay and without faults; only the MTU counts.
  [[nodiscard]] bool transparent() const noexcept { return transparent_; }

  [[nodiscard]] const LinkStats& stats() const noexcept { return stats_; }

 private:
  struct Queued {
    Instant finished;
    std::size_t bytes;
  };

  /// Independent events with an upper bound on how many strike in a row.
  struct Strikes {
    SeededRandom random;
    std::size_t in_a_row = 0;

    explicit Strikes(std::uint64_t seed) noexcept : random{seed} {}

    [[nodiscard]] bool next(double probability, std::size_t burst_max) noexcept;
  };

  [[nodiscard]] Instant serialise(Instant now, std::size_t ip_bytes);
  [[nodiscard]] bool loses() noexcept;
  [[nodiscard]] Instant propagate(Instant finished) noexcept;

  LinkModel model_{};
  LinkStats stats_{};
  std::deque<Queued> queue_{};
  std::size_t queued_bytes_ = 0;
  Instant busy_until_{};
  std::uint64_t time_carry_ = 0;  ///< fraction of a nanosecond, in units of 1 / rate
  Instant last_arrival_{};
  bool transparent_ = true;
  bool in_bad_state_ = false;
  Strikes loss_;
  Strikes burst_state_;
  Strikes burst_loss_;
  Strikes corruption_;
  Strikes duplication_;
  Strikes reorder_;
  SeededRandom jitter_;
};

/// Changes exactly one byte, chosen by `word` among the first `span` ones. Empty payloads stay.
void corrupt_payload(Bytes payload, std::uint64_t word, std::size_t span) noexcept;

/// Bytes of an IP packet that carries a UDP payload of `payload_bytes` to `destination`.
[[nodiscard]] constexpr std::size_t ip_packet_bytes(std::size_t payload_bytes,
                                                    const IpAddress& destination) noexcept {
  // RFC 791 and RFC 8200 headers without options, RFC 768 header.
  return payload_bytes + (destination.is_v4() ? 20U : 40U) + 8U;
}

}  // namespace quicether::sim

#endif  // QUICETHER_SIM_LINK_HPP
