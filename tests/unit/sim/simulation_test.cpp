#include "support/simulate.hpp"
#include "support/two_hosts.hpp"

#include <quicether/sim/simulation.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using quicether::Duration;
using quicether::error_code;
using quicether::Instant;
using quicether::sim::Simulation;
using quicether::testing::TwoHosts;

namespace asio = boost::asio;

TEST_CASE("simulation: time passes only from event to event", "[sim][simulation]") {
  Simulation simulation{1};
  std::vector<Duration> times;
  simulation.after(3s, [&] { times.push_back(simulation.elapsed()); });
  simulation.after(1s, [&] {
    times.push_back(simulation.elapsed());
    simulation.after(1s, [&] { times.push_back(simulation.elapsed()); });
  });

  CHECK(simulation.now() == Simulation::kStart);
  simulation.run_for(2s);
  CHECK(times == std::vector<Duration>{1s, 2s});
  CHECK(simulation.elapsed() == 2s);
  simulation.run_for(10s);
  CHECK(times == std::vector<Duration>{1s, 2s, 3s});
  CHECK(simulation.elapsed() == 12s);
  CHECK(simulation.events_processed() == 3);
}

TEST_CASE("simulation: an action in the past happens at once, not before", "[sim][simulation]") {
  Simulation simulation{1};
  simulation.run_for(5s);
  Duration when{0};

  simulation.at(Simulation::kStart, [&] { when = simulation.elapsed(); });
  simulation.run_for(0s);

  CHECK(when == 5s);
}

TEST_CASE("simulation: events of one instant happen in the order they were asked for",
          "[sim][simulation]") {
  Simulation simulation{1};
  std::string order;
  simulation.after(1s, [&] {
    order += "a";
    asio::post(simulation.io(), [&] { order += "b"; });
    simulation.after(0s, [&] { order += "d"; });
  });
  simulation.after(1s, [&] { order += "c"; });

  simulation.run_for(1s);

  CHECK(order == "abcd");
}

TEST_CASE("simulation: run_until stops right after the event that makes it true",
          "[sim][simulation]") {
  Simulation simulation{1};
  int count = 0;
  for (int i = 1; i <= 5; ++i) {
    simulation.after(i * 1s, [&] { ++count; });
  }

  CHECK(simulation.run_until([&] { return count == 2; }, 10s));
  CHECK(simulation.elapsed() == 2s);
  CHECK(simulation.run_until([] { return true; }, 10s));
  CHECK(simulation.elapsed() == 2s);
  CHECK_FALSE(simulation.run_until([&] { return count == 100; }, 1500ms));
  CHECK(simulation.elapsed() == 3500ms);
}

TEST_CASE("simulation: run_until_idle ends with the last event", "[sim][simulation]") {
  Simulation simulation{1};
  simulation.after(3s, [] {});

  CHECK_FALSE(simulation.run_until_idle(2s));
  CHECK(simulation.run_until_idle(20s));
  CHECK(simulation.elapsed() == 3s);
}

TEST_CASE("simulation: random streams depend on seed and purpose alone", "[sim][simulation]") {
  Simulation simulation{1};
  auto first = simulation.make_random("loss");
  const std::uint64_t value = first.next();
  (void)simulation.make_random("other").next();

  CHECK(simulation.make_random("loss").next() == value);
  CHECK(simulation.make_random("lost").next() != value);
  CHECK(Simulation{2}.make_random("loss").next() != value);
}

TEST_CASE("simulation: facts of the scenario enter the trace hash", "[sim][simulation]") {
  Simulation one{1};
  Simulation other{1};
  CHECK(one.trace_hash() == other.trace_hash());

  one.add_to_trace(1);
  other.add_to_trace(2);

  CHECK(one.trace_hash() != other.trace_hash());
  CHECK(Simulation{1}.trace_hash() != Simulation{2}.trace_hash());
}

namespace {

asio::awaitable<int> answer_after(quicether::Environment& env, Duration delay) {
  const auto timer = env.make_timer();
  co_await timer->async_wait(env.now() + delay, asio::use_awaitable);
  co_return 42;
}

asio::awaitable<void> fail_after(quicether::Environment& env, Duration delay) {
  const auto timer = env.make_timer();
  co_await timer->async_wait(env.now() + delay, asio::use_awaitable);
  throw std::runtime_error{"expected"};
}

asio::awaitable<void> wait_forever(quicether::Environment& env,
                                   std::shared_ptr<int> owned,
                                   quicether::DatagramSocket* socket) {
  const auto timer = env.make_timer();
  if (socket != nullptr) {
    socket->wait_readable([owned](error_code) {});
  }
  co_await timer->async_wait(env.now() + 1000h, asio::use_awaitable);
}

}  // namespace

TEST_CASE("simulation: coroutines run in virtual time", "[sim][simulation]") {
  TwoHosts net;

  CHECK(quicether::testing::run(net.simulation, answer_after(net.a, 10h), 11h) == 42);
  CHECK(net.simulation.elapsed() == 10h);
  CHECK_THROWS_AS(quicether::testing::run(net.simulation, fail_after(net.a, 1h), 2h),
                  std::runtime_error);
}

TEST_CASE("simulation: what still waits at the end is destroyed with it", "[sim][simulation]") {
  const auto owned = std::make_shared<int>();

  {
    TwoHosts net;
    net.socket_a.reset();
    asio::co_spawn(
        net.simulation.io(), wait_forever(net.a, owned, net.socket_b.get()), [](auto) {});
    net.socket_b->wait_writable([owned](error_code code) { CHECK_FALSE(code); });
    net.simulation.run_for(1s);
    // Its own copy, the coroutine's, and that of the handler that the coroutine made.
    CHECK(owned.use_count() == 3);
    asio::post(net.simulation.io(), [owned] { FAIL(); });
    net.simulation.after(0s, [owned] { FAIL(); });
    CHECK(owned.use_count() == 5);
  }

  CHECK(owned.use_count() == 1);
}

TEST_CASE("simulation: seeds come from the test, or from the environment", "[sim][support]") {
  using quicether::testing::seeds_to_run;
  const auto unset = [] {
    ::unsetenv("QUICETHER_SIM_SEED");
    ::unsetenv("QUICETHER_SIM_SEEDS");
  };
  unset();

  CHECK(seeds_to_run(7).count == 7);
  CHECK(seeds_to_run(7).first == 1);
  ::setenv("QUICETHER_SIM_SEEDS", "1000", 1);
  CHECK(seeds_to_run(7).count == 1000);
  ::setenv("QUICETHER_SIM_SEED", "18446744073709551615", 1);
  CHECK(seeds_to_run(7).count == 1);
  CHECK(seeds_to_run(7).first == 18446744073709551615U);
  unset();
}

TEST_CASE("simulation: the repeat command quotes, for the shell, the test's name",
          "[sim][support]") {
  const std::string command = quicether::testing::repeat_command(9);

  CHECK(command.starts_with("QUICETHER_SIM_SEED=9 /"));
  CHECK(command.ends_with(
      "'simulation: the repeat command quotes\\, for the shell\\, the test'\\''s name'"));
}

TEST_CASE("simulation: simulate runs a scenario once per seed", "[sim][support]") {
  std::vector<std::uint64_t> seeds;

  quicether::testing::simulate(3,
                               [&](Simulation& simulation) { seeds.push_back(simulation.seed()); });

  CHECK(seeds == std::vector<std::uint64_t>{1, 2, 3});
}
