#include "support/two_hosts.hpp"

#include <quicether/env/timer.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using quicether::Duration;
using quicether::errc;
using quicether::error_code;
using quicether::Instant;
using quicether::testing::TwoHosts;

namespace asio = boost::asio;

namespace {

struct Fixture : TwoHosts {
  std::unique_ptr<quicether::Timer> timer = a.make_timer();
  std::optional<error_code> code;
  Duration when{-1};

  void wait(Instant deadline) {
    code.reset();
    timer->async_wait(deadline, [this](error_code done) {
      code = done;
      when = simulation.elapsed();
    });
  }
};

}  // namespace

TEST_CASE("timer: completes exactly at its deadline", "[sim][timer]") {
  Fixture f;

  f.wait(f.a.now() + 5s);
  f.simulation.run_for(10s);

  CHECK(f.code == error_code{});
  CHECK(f.when == 5s);
}

TEST_CASE("timer: a deadline that has passed completes at once, but not from inside",
          "[sim][timer]") {
  Fixture f;
  f.simulation.run_for(2s);

  for (const Duration ago : {Duration{0}, Duration{1s}}) {
    f.wait(f.a.now() - ago);
    CHECK_FALSE(f.code.has_value());
    f.simulation.run_for(0s);
    CHECK(f.code == error_code{});
    CHECK(f.when == 2s);
  }
}

TEST_CASE("timer: never does not come", "[sim][timer]") {
  Fixture f;

  f.wait(Instant::never());
  CHECK(f.simulation.run_until_idle(1s));
  f.simulation.run_for(24h * 365);
  CHECK_FALSE(f.code.has_value());

  f.timer->cancel();
  f.simulation.run_for(0s);
  CHECK(f.code == errc::cancelled);
}

TEST_CASE("timer: cancel completes the wait once; the timer is reusable", "[sim][timer]") {
  Fixture f;
  f.wait(f.a.now() + 5s);

  f.timer->cancel();
  CHECK_FALSE(f.code.has_value());
  f.simulation.run_for(0s);
  CHECK(f.code == errc::cancelled);

  f.timer->cancel();
  f.wait(f.a.now() + 1s);
  f.simulation.run_for(10s);
  CHECK(f.code == error_code{});
  CHECK(f.when == 1s);
}

TEST_CASE("timer: a second wait cancels the first, earlier or later", "[sim][timer]") {
  for (const Duration second : {Duration{1s}, Duration{9s}}) {
    TwoHosts net;
    const auto timer = net.a.make_timer();
    std::string order;
    timer->async_wait(net.a.now() + 5s,
                      [&](error_code code) { order += code == errc::cancelled ? "c" : "x"; });
    timer->async_wait(net.a.now() + second, [&](error_code code) { order += code ? "x" : "d"; });

    net.simulation.run_for(20s);

    CHECK(order == "cd");
  }
}

TEST_CASE("timer: destruction cancels", "[sim][timer]") {
  Fixture f;
  f.wait(f.a.now() + 5s);

  f.timer.reset();
  f.simulation.run_for(10s);

  CHECK(f.code == errc::cancelled);
  CHECK(f.when == 0s);
}

TEST_CASE("timer: the token's slot cancels this wait only", "[sim][timer]") {
  Fixture f;
  asio::cancellation_signal signal;
  f.timer->async_wait(
      f.a.now() + 5s,
      asio::bind_cancellation_slot(signal.slot(), [&f](error_code code) { f.code = code; }));

  signal.emit(asio::cancellation_type::terminal);
  CHECK_FALSE(f.code.has_value());
  f.simulation.run_for(0s);
  CHECK(f.code == errc::cancelled);

  f.wait(f.a.now() + 1s);
  signal.emit(asio::cancellation_type::terminal);  // the slot belongs to no wait any more
  f.simulation.run_for(10s);
  CHECK(f.code == error_code{});
}

TEST_CASE("timer: a handler may start the next wait or destroy the timer", "[sim][timer]") {
  Fixture f;
  int ticks = 0;

  struct Tick {
    Fixture& f;
    int& ticks;

    void operator()(error_code) const {
      if (++ticks == 3) {
        f.timer.reset();
      } else {
        f.timer->async_wait(f.a.now() + 1s, *this);
      }
    }
  };

  f.timer->async_wait(f.a.now() + 1s, Tick{f, ticks});
  f.simulation.run_for(10s);

  CHECK(ticks == 3);
}

TEST_CASE("timer: deadlines of many timers come in order, equal ones as they were set",
          "[sim][timer]") {
  TwoHosts net;
  auto random = net.simulation.make_random("deadlines");
  std::vector<std::unique_ptr<quicether::Timer>> timers;
  std::vector<std::pair<Instant, int>> fired;

  for (int i = 0; i < 1000; ++i) {
    timers.push_back(net.a.make_timer());
    const Instant deadline = net.a.now() + 1ms + std::chrono::milliseconds{random.below(50)};
    timers.back()->async_wait(
        deadline, [&fired, deadline, i](error_code) { fired.emplace_back(deadline, i); });
  }
  net.simulation.run_for(1s);

  CHECK(fired.size() == 1000);
  CHECK(std::is_sorted(fired.begin(), fired.end()));
}

TEST_CASE("timer: re-arming leaves no events behind", "[sim][timer]") {
  Fixture f;

  for (int i = 0; i < 1000; ++i) {
    f.wait(f.a.now() + std::chrono::hours{i + 1});
  }
  f.timer->cancel();

  CHECK(f.simulation.run_until_idle(0s));
  CHECK(f.simulation.events_processed() == 0);
}
