#ifndef QUICETHER_CORE_PATH_PATH_RATE_HPP
#define QUICETHER_CORE_PATH_PATH_RATE_HPP

#include <quicether/base/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace quicether::path {

/// What a packet takes along from its sending to its acknowledgement, to sample the delivery rate.
struct RateStamp {
  Instant sent{};
  std::uint64_t delivered = 0;  ///< bytes, when it was sent
  Instant delivered_at{};       ///< when the last of those was acknowledged
  Instant first_sent{};         ///< when the packet was sent that was acknowledged last
  bool limited = false;         ///< there was less to send than the path takes
};

/// Measures how fast a path delivers, and says how much to give it.
///
/// Delivery rates are sampled as in draft-ietf-ccwg-bbr section 4.1 and their maximum over ten
/// round trips is what the path carries; samples taken while there was too little to send never
/// lower it. More is tried at first in doubling steps, later now and then by a quarter
/// (BBR's Startup, Drain and ProbeBW). Loss is measured and shown, and does not slow the path down
/// unless it is heavy: that of a radio link says nothing, that of a full queue comes with a rate
/// that no longer grows.
class PathRate {
 public:
  static constexpr std::size_t kPacketBytes = 1500;

  /// `rtt`: what is known of the path so far, as of its handshake.
  explicit PathRate(Duration rtt) noexcept;

  /// Takes note that a packet leaves now.
  [[nodiscard]] RateStamp on_sent(Instant now, std::size_t bytes) noexcept;

  /// The packet of `stamp` was acknowledged now.
  void on_delivered(Instant now, const RateStamp& stamp, std::size_t bytes) noexcept;

  void on_lost(std::size_t bytes) noexcept;

  /// What asked a silent path for an answer says nothing of what it loses when it is not silent.
  void on_probe_lost(std::size_t bytes) noexcept;

  /// Nothing waits to be sent on the path, although it would take something.
  void on_nothing_to_send() noexcept;

  /// The path was silent and is back: what was under way is gone.
  void restart() noexcept;

  /// Whether another packet may leave now; pacing lets some leave in one burst.
  [[nodiscard]] bool may_send(Instant now) const noexcept {
    return bytes_in_flight_ < window_bytes() && next_send_ <= now + kBurst;
  }

  /// When may_send() becomes true, if nothing is acknowledged before; never when that is needed.
  [[nodiscard]] Instant next_send() const noexcept {
    return bytes_in_flight_ < window_bytes() ? next_send_ : Instant::never();
  }

  /// Bytes per second that the path delivers, as far as known.
  [[nodiscard]] double rate() const noexcept;

  /// The path may well carry more than rate(): it was never full.
  [[nodiscard]] bool unknown() const noexcept { return mode_ == Mode::startup; }

  [[nodiscard]] Duration smoothed_rtt() const noexcept { return smoothed_rtt_; }

  [[nodiscard]] Duration min_rtt() const noexcept { return min_rtt_; }

  /// Mean deviation of the round trip (RFC 9002 section 5.3).
  [[nodiscard]] Duration jitter() const noexcept { return rtt_deviation_; }

  /// Share of packets lost, smoothed over some hundred.
  [[nodiscard]] double loss() const noexcept { return loss_; }

  [[nodiscard]] Instant last_sent() const noexcept { return sent_at_; }

  /// Share of packets, above what a bond repairs easily, that got lost of late although the path
  /// was not full. It fades while nothing is sent.
  [[nodiscard]] double random_loss(Instant now) const noexcept;

  [[nodiscard]] std::size_t bytes_in_flight() const noexcept { return bytes_in_flight_; }

  /// Bytes that may be under way.
  [[nodiscard]] std::size_t window_bytes() const noexcept;

  /// Bytes under way beyond what the path itself holds: they wait in a queue somewhere.
  [[nodiscard]] double bytes_queued() const noexcept;

 private:
  enum class Mode : std::uint8_t { startup, drain, cruise };

  /// What may leave at once: fewer wake-ups, and trains.
  static constexpr Duration kBurst = std::chrono::milliseconds{1};

  struct Peak {
    std::uint64_t round = 0;
    double rate = 0;
  };

  [[nodiscard]] double pacing_rate() const noexcept;
  [[nodiscard]] double path_bytes() const noexcept;
  void take_rtt(Instant now, Duration rtt) noexcept;
  void take_rate(double rate) noexcept;
  void note_random_loss(double lost) noexcept;
  void on_round() noexcept;
  void start_again() noexcept;
  void advance(Instant now) noexcept;

  Mode mode_ = Mode::startup;
  double gain_;
  std::size_t phase_ = 0;
  Instant phase_since_{};

  Duration smoothed_rtt_;
  Duration rtt_deviation_;
  Duration min_rtt_;
  Instant min_rtt_at_{};
  bool rtt_known_ = false;

  std::uint64_t delivered_ = 0;
  Instant delivered_at_{};
  Instant first_sent_{};
  std::uint64_t limited_until_ = 0;  ///< in terms of delivered_; 0: not limited
  bool had_nothing_ = true;          ///< to send, since the last packet
  Instant measured_at_{};
  std::uint64_t round_ = 0;
  std::uint64_t round_end_ = 0;  ///< in terms of delivered_
  std::array<Peak, 3> peaks_{};  ///< best, second and third best of the last rounds
  double full_rate_ = 0;
  double cycle_rate_ = 0;  ///< when the last probe began
  int rounds_without_growth_ = 0;
  bool round_limited_ = false;

  std::uint64_t round_delivered_ = 0;
  std::uint64_t round_lost_ = 0;
  double loss_ = 0;
  double random_loss_ = 0;
  double reported_ = 20;  ///< packets that random_loss_ is the mean of, some clean ones at first
  Instant sent_at_{};
  bool backs_off_ = false;  ///< the last round lost much: no probing above the rate

  std::size_t bytes_in_flight_ = 0;
  Instant next_send_{};
};

}  // namespace quicether::path

#endif  // QUICETHER_CORE_PATH_PATH_RATE_HPP
