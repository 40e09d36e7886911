#include "sim/timer.hpp"

#include <utility>

namespace quicether::sim::detail {

VirtualTimer::~VirtualTimer() {
  disarm();
}

void VirtualTimer::cancel() noexcept {
  disarm();
  wait_.complete(errc::cancelled);
}

void VirtualTimer::start_wait(Instant deadline, WaitHandler handler) {
  disarm();
  wait_.start(std::move(handler));
  if (!alive() || deadline.is_never()) {
    return;
  }
  if (deadline <= host().engine().now()) {
    on_event(0);
  } else {
    event_ = host().engine().schedule(deadline, *this, 0);
  }
}

void VirtualTimer::on_event(std::uint64_t /*argument*/) {
  if (active()) {
    wait_.complete({});
  } else {
    due_ = true;
  }
}

void VirtualTimer::on_killed() noexcept {
  disarm();
}

void VirtualTimer::on_resumed() noexcept {
  if (std::exchange(due_, false)) {
    wait_.complete({});
  }
}

void VirtualTimer::disarm() noexcept {
  host().engine().queue().cancel(event_);
  due_ = false;
}

}  // namespace quicether::sim::detail
