#include "platform/linux/timer_queue.hpp"

#include "platform/linux/clock.hpp"

#include <quicether/base/assert.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

namespace quicether::linux_platform {

void SystemTimer::start_wait(Instant deadline, WaitHandler handler) {
  // The new wait is queued before the old one completes, so that the queue does not see itself run
  // empty and wake up for nothing.
  WaitHandler previous = std::move(handler_);
  if (previous) {
    queue_.waiting_.erase(queue_.waiting_.iterator_to(*this));
  }
  handler_ = std::move(handler);
  deadline_ = deadline;
  auto slot = boost::asio::get_associated_cancellation_slot(handler_);
  if (slot.is_connected()) {
    // cancel() clears the slot and with it this function: nothing may follow the call.
    slot.assign([this](boost::asio::cancellation_type type) {
      if (type != boost::asio::cancellation_type::none) {
        cancel();
      }
    });
  }
  queue_.add(*this);
  if (previous) {
    queue_.complete(std::move(previous), errc::cancelled);
  }
}

void SystemTimer::cancel() noexcept {
  if (handler_) {
    queue_.remove(*this);
    queue_.complete(std::move(handler_), errc::cancelled);
  }
}

TimerQueue::TimerQueue(const boost::asio::any_io_executor& executor)
    : executor_{executor}, descriptor_{executor}, alive_{std::make_shared<char>()} {
  FileDescriptor fd{::timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC)};
  if (!fd) {
    throw boost::system::system_error{errno, boost::system::system_category(), "timerfd_create"};
  }
  if (auto assigned = descriptor_.assign(std::move(fd)); assigned.has_error()) {
    throw boost::system::system_error{assigned.error(), "timerfd"};
  }
}

TimerQueue::~TimerQueue() {
  QE_ASSERT(waiting_.empty());
}

void TimerQueue::add(SystemTimer& timer) {
  waiting_.insert(timer);
  arm();
  watch();
}

void TimerQueue::remove(SystemTimer& timer) {
  waiting_.erase(waiting_.iterator_to(timer));
  if (waiting_.empty()) {
    // Wakes the outstanding wait, which then ends: an executor without timers may run out of work.
    set_descriptor(Instant{});
  }
}

void TimerQueue::complete(Timer::WaitHandler handler, error_code error) {
  boost::asio::get_associated_cancellation_slot(handler).clear();
  boost::asio::post(executor_, boost::asio::append(std::move(handler), error));
}

void TimerQueue::arm() {
  const Instant earliest = waiting_.begin()->deadline_;
  if (earliest < armed_) {
    set_descriptor(earliest);
  }
}

void TimerQueue::set_descriptor(Instant deadline) {
  // A zero time would disarm the timerfd; one nanosecond after boot has passed as well.
  const Duration when = std::max(deadline.since_start(), Duration{1});
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(when);
  itimerspec setting{};
  setting.it_value.tv_sec = seconds.count();
  setting.it_value.tv_nsec = (when - seconds).count();
  QE_ASSERT(::timerfd_settime(descriptor_.get(), TFD_TIMER_ABSTIME, &setting, nullptr) == 0);
  armed_ = deadline;
}

void TimerQueue::watch() {
  if (std::exchange(watched_, true)) {
    return;
  }
  descriptor_.wait_readable([this, alive = std::weak_ptr<void>{alive_}](error_code) {
    if (!alive.expired()) {
      watched_ = false;
      complete_due();
    }
  });
}

void TimerQueue::complete_due() {
  std::uint64_t expirations = 0;
  [[maybe_unused]] const auto read = ::read(descriptor_.get(), &expirations, sizeof expirations);
  armed_ = Instant::never();
  const Instant now = boot_time();
  while (!waiting_.empty() && waiting_.begin()->deadline_ <= now) {
    SystemTimer& timer = *waiting_.begin();
    waiting_.erase(waiting_.begin());
    complete(std::move(timer.handler_), {});
  }
  if (!waiting_.empty()) {
    arm();
    watch();
  }
}

}  // namespace quicether::linux_platform
