#ifndef QUICETHER_TESTS_UNIT_CORE_PATH_TCP_FLOW_HPP
#define QUICETHER_TESTS_UNIT_CORE_PATH_TCP_FLOW_HPP

// A TCP sender that always has data, through a BondWorld: CUBIC (RFC 9438) with slow start, and
// RACK's tolerance of reordering (RFC 8985). Acknowledgements come back over the fastest link.

#include "bond_world.hpp"

#include <cmath>

namespace quicether::path {

class TcpFlow {
 public:
  TcpFlow(BondWorld& world, std::uint32_t flow, Duration ack_delay, double window_max = 1e9)
      : world_{world}, flow_{flow}, ack_delay_{ack_delay}, window_max_{window_max} {}

  void start() { send(); }

  /// Of an inner packet of this flow, at the other end.
  void on_arrival(std::uint32_t number) {
    longest_gap_ = std::max(longest_gap_, world_.now() - last_arrival_);
    last_arrival_ = world_.now();
    world_.after(ack_delay_, [this, number] { on_ack(number); });
  }

  [[nodiscard]] std::uint64_t bytes_acknowledged() const { return acked_ * BondWorld::kPayload; }

  [[nodiscard]] std::uint64_t lost() const { return lost_; }

  [[nodiscard]] Duration longest_gap() const { return longest_gap_; }

  void forget_gaps() { longest_gap_ = {}; }

  [[nodiscard]] double window() const { return window_; }

 private:
  struct Sent {
    Instant at{};
  };

  void send() {
    while (static_cast<double>(outstanding_.size()) < std::min(window_, window_max_)) {
      outstanding_[next_] = {world_.now()};
      world_.send(flow_, next_++);
    }
    arm_rto();
  }

  void on_ack(std::uint32_t number) {
    const auto found = outstanding_.find(number);
    if (found == outstanding_.end()) {
      spurious_ += number < next_ ? 1U : 0U;
      reorder_steps_ = std::min(reorder_steps_ + 1, 16);  // RFC 8985 section 6.2, with DSACKs
      return;
    }
    const auto rtt = world_.now() - found->second.at;
    min_rtt_ = std::min(min_rtt_, rtt);
    srtt_ = srtt_ == Duration{} ? rtt : srtt_ + (rtt - srtt_) / 8;
    newest_ = std::max(newest_, found->second.at);
    outstanding_.erase(found);
    ++acked_;
    grow();
    detect_losses();
    send();
  }

  void grow() {
    if (window_ < threshold_) {
      window_ += 1;
      return;
    }
    const auto t = std::chrono::duration<double>(world_.now() - epoch_).count();
    const auto k = std::cbrt(w_max_ * 0.3 / 0.4);
    const auto target = 0.4 * std::pow(t - k, 3) + w_max_;
    window_ += target > window_ ? std::min((target - window_) / window_, 0.5) : 0.01 / window_;
  }

  void detect_losses() {
    const auto tolerance = std::min<Duration>(min_rtt_ / 4 * (1 + reorder_steps_), srtt_);
    std::vector<std::uint32_t> lost;
    for (const auto& [number, sent] : outstanding_) {
      if (sent.at + tolerance + microseconds{1} < newest_ &&
          world_.now() - sent.at > srtt_ + tolerance) {
        lost.push_back(number);
      }
    }
    if (lost.empty()) {
      return;
    }
    lost_ += lost.size();
    for (const auto number : lost) {
      outstanding_.erase(number);
    }
    if (world_.now() > recovery_until_) {
      back_off(0.7);
    }
  }

  void back_off(double factor) {
    recovery_until_ = world_.now() + srtt_;
    w_max_ = window_;
    window_ = std::max(window_ * factor, 2.0);
    threshold_ = window_;
    epoch_ = world_.now();
  }

  void arm_rto() {
    const auto mark = ++rto_mark_;
    world_.after(std::max<Duration>(milliseconds{200} + srtt_, 2 * srtt_), [this, mark] {
      if (mark == rto_mark_ && !outstanding_.empty()) {
        lost_ += outstanding_.size();
        outstanding_.clear();
        back_off(0.5);
        send();
      }
    });
  }

  BondWorld& world_;
  std::uint32_t flow_;
  Duration ack_delay_;
  double window_max_;
  std::map<std::uint32_t, Sent> outstanding_{};
  std::uint32_t next_ = 0;
  std::uint64_t acked_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t spurious_ = 0;
  double window_ = 10;
  double threshold_ = 1e9;
  double w_max_ = 10;
  Instant epoch_{};
  Instant newest_{};
  Instant recovery_until_{};
  Duration min_rtt_ = seconds{10};
  Duration srtt_{};
  int reorder_steps_ = 0;
  std::uint64_t rto_mark_ = 0;
  Instant last_arrival_{seconds{1}};
  Duration longest_gap_{};
};

}  // namespace quicether::path

#endif  // QUICETHER_TESTS_UNIT_CORE_PATH_TCP_FLOW_HPP
