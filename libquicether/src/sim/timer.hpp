#ifndef QUICETHER_SRC_SIM_TIMER_HPP
#define QUICETHER_SRC_SIM_TIMER_HPP

#include "sim/host_state.hpp"
#include "sim/pending_wait.hpp"

#include <quicether/env/timer.hpp>

#include <cstdint>

namespace quicether::sim::detail {

/// A Timer on the virtual clock.
class VirtualTimer final : public Timer, private ProcessObject, private EventTarget {
 public:
  explicit VirtualTimer(HostState& host) : ProcessObject{host}, wait_{host.engine()} {}

  ~VirtualTimer() override;

  void cancel() noexcept override;

 private:
  void start_wait(Instant deadline, WaitHandler handler) override;
  void on_event(std::uint64_t argument) override;
  void on_killed() noexcept override;
  void on_resumed() noexcept override;
  void disarm() noexcept;

  PendingWait wait_;
  EventId event_{};
  bool due_ = false;  // the deadline passed while the process was paused
};

}  // namespace quicether::sim::detail

#endif  // QUICETHER_SRC_SIM_TIMER_HPP
