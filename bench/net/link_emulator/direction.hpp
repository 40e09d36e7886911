#ifndef QUICETHER_BENCH_NET_LINK_EMULATOR_DIRECTION_HPP
#define QUICETHER_BENCH_NET_LINK_EMULATOR_DIRECTION_HPP

#include "frame.hpp"

#include <quicether/sim/link.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>

namespace quicether::bench {

/// One direction of the emulated link: frames on their way through the simulator's model of a link.
///
/// The model says when each frame comes out, in the order in which they went in; nothing here knows
/// a clock.
class Direction {
 public:
  Direction(const sim::LinkModel& model, std::uint64_t seed) : link_{model, seed} {}

  /// Takes a frame; false when it is lost, and counted.
  [[nodiscard]] bool enter(Instant now, Frame* frame) {
    // Not-ECT: the emulator drops, it never marks.
    const auto passage = link_.pass(now, frame->packet_bytes, Ecn::not_ect);
    if (passage.fate != sim::Fate::delivered) {
      return false;
    }
    if (passage.corruption) {
      corrupt(*frame, *passage.corruption);
    }
    flying_.push_back({passage.arrival, frame});
    return true;
  }

  /// Silent, it loses all that enters, and nobody is told; what is on its way still arrives.
  void set_silent(bool silent) noexcept {
    auto model = link_.model();
    model.up = !silent;
    link_.set_model(model);
  }

  /// When the next frame comes out.
  [[nodiscard]] Instant next_due() const noexcept {
    return flying_.empty() ? Instant::never() : flying_.front().due;
  }

  /// Moves frames that have come out into `out`, in order; returns how many.
  [[nodiscard]] std::size_t take_due(Instant now, std::span<Frame*> out) {
    std::size_t taken = 0;
    while (taken < out.size() && next_due() <= now) {
      const auto late = now - flying_.front().due;
      late_ += late > std::chrono::milliseconds{1} ? 1U : 0U;
      late_max_ = std::max(late_max_, late);
      out[taken++] = flying_.front().frame;
      flying_.pop_front();
    }
    return taken;
  }

  [[nodiscard]] const sim::LinkStats& stats() const noexcept { return link_.stats(); }

  /// Frames that left over 1 ms later than they should have: the machine was too slow for them.
  [[nodiscard]] std::uint64_t late() const noexcept { return late_; }

  [[nodiscard]] Duration late_max() const noexcept { return late_max_; }

 private:
  struct Flying {
    Instant due;
    Frame* frame;
  };

  sim::Link link_;
  std::deque<Flying> flying_;
  std::uint64_t late_ = 0;
  Duration late_max_{0};
};

}  // namespace quicether::bench

#endif  // QUICETHER_BENCH_NET_LINK_EMULATOR_DIRECTION_HPP
