#ifndef QUICETHER_BENCH_SCALE_BOND_SIM_TCP_FLOW_HPP
#define QUICETHER_BENCH_SCALE_BOND_SIM_TCP_FLOW_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/time.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace quicether::bench {

/// Takes one segment or acknowledgement to the other end.
using Carry = std::function<void(ConstBytes)>;

/// The sending half of a flow that behaves as TCP does where a bond notices: CUBIC (RFC 9438) with
/// HyStart's delay rule (RFC 9406), every segment acknowledged by itself as with SACK, loss by RACK
/// (RFC 8985) with a window for reordering that grows when a repeat was needless, and a reduction
/// that is taken back when all repeats were (Eifel response, RFC 4015). It always has something to
/// send. Not modelled: handshake, receive window, pacing, tail loss probes.
class TcpSender {
 public:
  /// `segment_bytes`: of each segment, at least kHeader.
  TcpSender(Carry carry, std::size_t segment_bytes);

  static constexpr std::size_t kHeader = 9;

  /// Sends what the window allows and what is due again. To be called often.
  void tick(Instant now);

  /// An acknowledgement.
  void take(ConstBytes acknowledgement, Instant now);

  /// Larger segments do not get through: from now on none is.
  void limit_segments(std::size_t bytes) noexcept;

 private:
  struct Sent {
    Instant at;
    bool again = false;
  };

  void send(std::uint64_t number, Instant now, bool again);
  void acknowledged(std::uint64_t number, Instant now);
  void needless_repeat();
  void take_back_if_needless();
  void measure(Duration sample);
  void grow(Instant now);
  void find_lost(Instant now);
  void reduce(Instant now);
  void time_out();
  [[nodiscard]] Duration reordering_window() const noexcept;
  [[nodiscard]] Duration time_out_after() const noexcept;

  Carry carry_;
  std::size_t segment_bytes_;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, Sent> in_flight_{};
  std::set<std::pair<Instant, std::uint64_t>> by_time_{};  // of in_flight_
  std::set<std::uint64_t> lost_{};                         // to be sent again

  double window_ = 10;  // segments; RFC 6928
  double threshold_ = 1e9;
  double before_loss_ = 0;    // CUBIC's W_max
  Instant epoch_{};           // of CUBIC's curve
  double until_plateau_ = 0;  // CUBIC's K, seconds
  double friendly_ = 0;       // CUBIC's W_est
  bool in_epoch_ = false;
  Instant recovery_since_{};  // losses of what was sent before belong to the same reduction
  double undo_window_ = 0;    // before the reduction; 0: there is nothing to take back
  double undo_threshold_ = 0;
  std::size_t undo_repeats_ = 0;  // repeats of this reduction that may still prove needless

  Duration smoothed_{0};
  Duration variation_{0};
  Duration least_{Duration::max()};
  Duration round_least_{Duration::max()};
  std::uint64_t round_end_ = 0;
  Duration latest_{0};     // RACK.rtt
  Instant latest_sent_{};  // RACK.xmit_ts
  Instant last_progress_{};
  double reordering_steps_ = 1;
};

/// The receiving half: acknowledges every segment by its number, and tells when one came twice.
class TcpReceiver {
 public:
  explicit TcpReceiver(Carry carry) : carry_{std::move(carry)} {}

  void take(ConstBytes segment);

  /// Sends the acknowledgements of what came since the last call.
  void tick();

  /// Bytes that came, in order and without gaps.
  [[nodiscard]] std::uint64_t delivered() const noexcept { return delivered_; }

 private:
  struct Came {
    std::uint64_t number;
    bool before;
  };

  Carry carry_;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, std::size_t> early_{};  // number to bytes
  std::vector<Came> to_acknowledge_{};
  std::uint64_t delivered_ = 0;
};

}  // namespace quicether::bench

#endif  // QUICETHER_BENCH_SCALE_BOND_SIM_TCP_FLOW_HPP
