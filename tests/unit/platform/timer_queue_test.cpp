#include "platform/linux/timer_queue.hpp"

#include "platform/linux/clock.hpp"
#include "unit/platform/platform_support.hpp"
#include "unit/platform/system_calls.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/system_error.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <sys/eventfd.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace quicether::linux_platform {

namespace {

using namespace std::chrono_literals;

struct Fixture {
  boost::asio::io_context io{1};
  TimerQueue queue{io.get_executor()};

  /// A handler that stores its error.
  static auto into(std::optional<error_code>& slot) {
    return [&slot](error_code error) { slot = error; };
  }
};

}  // namespace

TEST_CASE("timer_queue: completes at the deadline and not before", "[platform][timer]") {
  Fixture fixture;
  SystemTimer timer{fixture.queue};
  std::optional<Instant> completed;
  const Instant deadline = boot_time() + 20ms;

  timer.async_wait(deadline, [&](error_code error) {
    CHECK_FALSE(error);
    completed = boot_time();
  });
  test::run_until(fixture.io, [&] { return completed.has_value(); });

  CHECK(*completed >= deadline);
}

TEST_CASE("timer_queue: completes in the order of the deadlines", "[platform][timer]") {
  Fixture fixture;
  const Instant start = boot_time();
  std::vector<std::unique_ptr<SystemTimer>> timers;
  std::vector<int> order;

  for (const int milliseconds : {30, 5, 20, 10, 5}) {
    timers.push_back(std::make_unique<SystemTimer>(fixture.queue));
    timers.back()->async_wait(start + std::chrono::milliseconds{milliseconds},
                              [&order, milliseconds](error_code error) {
                                CHECK_FALSE(error);
                                order.push_back(milliseconds);
                              });
  }
  test::run_until(fixture.io, [&] { return order.size() == timers.size(); });

  CHECK(order == std::vector{5, 5, 10, 20, 30});
}

TEST_CASE("timer_queue: a deadline in the past completes at once, never from inside",
          "[platform][timer]") {
  Fixture fixture;
  SystemTimer timer{fixture.queue};
  std::optional<error_code> outcome;
  const Instant deadline = GENERATE(Instant{}, boot_time() - 1h, Instant{} - 1h);

  timer.async_wait(deadline, Fixture::into(outcome));
  CHECK_FALSE(outcome.has_value());
  test::run_until(fixture.io, [&] { return outcome.has_value(); });

  CHECK_FALSE(*outcome);
}

TEST_CASE("timer_queue: cancel completes with cancelled and leaves the timer usable",
          "[platform][timer]") {
  Fixture fixture;
  SystemTimer timer{fixture.queue};
  std::optional<error_code> first;
  std::optional<error_code> second;

  timer.async_wait(Instant::never(), Fixture::into(first));
  timer.cancel();
  timer.cancel();
  CHECK_FALSE(first.has_value());
  timer.async_wait(boot_time(), Fixture::into(second));
  test::run_until(fixture.io, [&] { return first && second; });

  CHECK(*first == errc::cancelled);
  CHECK_FALSE(*second);
}

TEST_CASE("timer_queue: a second wait replaces the first, later or earlier", "[platform][timer]") {
  Fixture fixture;
  SystemTimer timer{fixture.queue};
  std::optional<error_code> first;
  std::optional<error_code> second;
  const auto [before, after] = GENERATE(table<Duration, Duration>({{1h, 1ms}, {1ms, 5ms}}));

  timer.async_wait(boot_time() + before, Fixture::into(first));
  timer.async_wait(boot_time() + after, Fixture::into(second));
  test::run_until(fixture.io, [&] { return first && second; });

  CHECK(*first == errc::cancelled);
  CHECK_FALSE(*second);
}

TEST_CASE("timer_queue: destroying a timer cancels its wait", "[platform][timer]") {
  Fixture fixture;
  auto timer = std::make_unique<SystemTimer>(fixture.queue);
  std::optional<error_code> outcome;

  timer->async_wait(boot_time() + 1h, Fixture::into(outcome));
  timer.reset();
  test::run_until(fixture.io, [&] { return outcome.has_value(); });

  CHECK(*outcome == errc::cancelled);
}

TEST_CASE("timer_queue: the token's slot cancels the wait it belongs to and no other",
          "[platform][timer]") {
  Fixture fixture;
  SystemTimer timer{fixture.queue};
  boost::asio::cancellation_signal signal;
  std::optional<error_code> first;
  std::optional<error_code> second;

  timer.async_wait(boot_time() + 1h,
                   boost::asio::bind_cancellation_slot(signal.slot(), Fixture::into(first)));
  signal.emit(boost::asio::cancellation_type::terminal);
  timer.async_wait(boot_time() + 2ms, Fixture::into(second));
  signal.emit(boost::asio::cancellation_type::terminal);
  test::run_until(fixture.io, [&] { return first && second; });

  CHECK(*first == errc::cancelled);
  CHECK_FALSE(*second);
}

TEST_CASE("timer_queue: a handler may destroy the timer it waited for, and start another",
          "[platform][timer]") {
  Fixture fixture;
  auto timer = std::make_unique<SystemTimer>(fixture.queue);
  int rounds = 0;

  const std::function<void(error_code)> again = [&](error_code error) {
    REQUIRE_FALSE(error);
    timer = std::make_unique<SystemTimer>(fixture.queue);
    if (++rounds < 100) {
      timer->async_wait(boot_time(), again);
    }
  };
  timer->async_wait(boot_time(), again);
  test::run_until(fixture.io, [&] { return rounds == 100; });

  CHECK(rounds == 100);
}

TEST_CASE("timer_queue: the executor runs out of work when no timer waits", "[platform][timer]") {
  Fixture fixture;
  SystemTimer timer{fixture.queue};
  std::optional<error_code> outcome;

  CHECK(fixture.io.run_for(20s) == 0);
  CHECK(fixture.io.stopped());
  timer.async_wait(boot_time() + 1h, Fixture::into(outcome));
  timer.cancel();
  fixture.io.restart();
  fixture.io.run_for(20s);

  CHECK(fixture.io.stopped());
  CHECK(outcome == errc::cancelled);
}

TEST_CASE("timer_queue: a queue that goes while its wake-up is on the way is not touched again",
          "[platform][timer]") {
  boost::asio::io_context io{1};
  auto queue = std::make_unique<TimerQueue>(io.get_executor());
  auto timer = std::make_unique<SystemTimer>(*queue);
  std::optional<error_code> outcome;
  // The loop finds both descriptors ready in one turn, this one first.
  boost::asio::posix::stream_descriptor ready{io, ::eventfd(1, EFD_CLOEXEC)};
  ready.async_wait(boost::asio::posix::descriptor_base::wait_read, [&](error_code) {
    timer.reset();
    queue.reset();
  });
  timer->async_wait(Instant{}, Fixture::into(outcome));

  io.run_for(20s);

  CHECK(outcome == errc::cancelled);
  CHECK(queue == nullptr);
  CHECK(io.stopped());
}

TEST_CASE("timer_queue: no descriptor left is an exception, not a crash", "[platform][timer]") {
  boost::asio::io_context io{1};
  const test::BentSystemCalls bent{
      {.timerfd_create = [](int, int) { return test::fail_with(EMFILE); }}};

  CHECK_THROWS_AS(TimerQueue{io.get_executor()}, boost::system::system_error);
}

TEST_CASE("timer_queue: a wake-up that an interrupt spoils does not lose the timer",
          "[platform][timer]") {
  Fixture fixture;
  SystemTimer timer{fixture.queue};
  std::optional<error_code> outcome;
  int interrupts = 3;
  const test::BentSystemCalls bent{{.read = [&](int fd, void* buffer, size_t size) {
    return interrupts-- > 0 ? test::fail_with(EINTR) : test::real_read(fd, buffer, size);
  }}};

  timer.async_wait(boot_time() + 1ms, Fixture::into(outcome));
  test::run_until(fixture.io, [&] { return outcome.has_value(); });

  CHECK_FALSE(*outcome);
}

}  // namespace quicether::linux_platform
