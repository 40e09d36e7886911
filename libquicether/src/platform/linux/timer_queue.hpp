#ifndef QUICETHER_SRC_PLATFORM_LINUX_TIMER_QUEUE_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_TIMER_QUEUE_HPP

#include "platform/linux/watched_descriptor.hpp"

#include <quicether/base/time.hpp>
#include <quicether/env/timer.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/intrusive/set.hpp>

#include <memory>

namespace quicether::linux_platform {

class TimerQueue;

using TimerHook =
    boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>>;

/// A Timer of a TimerQueue, which must outlive it. Neither copies nor moves.
class SystemTimer final : public Timer, public TimerHook {
 public:
  explicit SystemTimer(TimerQueue& queue) noexcept : queue_{queue} {}

  ~SystemTimer() override { cancel(); }

  void cancel() noexcept override;

 protected:
  void start_wait(Instant deadline, WaitHandler handler) override;

 private:
  friend class TimerQueue;

  TimerQueue& queue_;
  Instant deadline_{};
  WaitHandler handler_{};  ///< set while the timer is in the queue
};

/// All timers of an environment on one timerfd of CLOCK_BOOTTIME (see boot_time()).
///
/// Asio's own timers sleep on CLOCK_MONOTONIC: after a suspend they fire late by as much as they
/// still had to wait. Arming and cancelling allocate nothing and make a system call only when the
/// earliest deadline moves forward; when it moves back, one wake-up finds nothing due.
class TimerQueue {
 public:
  /// Throws `boost::system::system_error` when the system has no descriptor left.
  explicit TimerQueue(const boost::asio::any_io_executor& executor);

  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  /// Requires that no timer is waiting.
  ~TimerQueue();

 private:
  friend class SystemTimer;

  struct ByDeadline {
    bool operator()(const SystemTimer& left, const SystemTimer& right) const noexcept {
      return left.deadline_ < right.deadline_;
    }
  };

  void add(SystemTimer& timer);
  void remove(SystemTimer& timer);
  void complete(Timer::WaitHandler handler, error_code error);
  void arm();
  void set_descriptor(Instant deadline);
  void watch();
  void complete_due();

  boost::asio::any_io_executor executor_;
  WatchedDescriptor descriptor_;
  boost::intrusive::multiset<SystemTimer, boost::intrusive::compare<ByDeadline>> waiting_{};
  Instant armed_ = Instant::never();  ///< when the timerfd fires
  bool watched_ = false;              ///< a wait for the timerfd is outstanding
  std::shared_ptr<void> alive_;       ///< tells a late wake-up that the queue is gone
};

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_TIMER_QUEUE_HPP
