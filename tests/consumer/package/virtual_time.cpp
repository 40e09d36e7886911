// A program that tests itself on the simulator that the library's own tests use.
#include <quicether/env/timer.hpp>
#include <quicether/sim/host.hpp>
#include <quicether/sim/network.hpp>
#include <quicether/sim/simulation.hpp>

#include <chrono>
#include <cstdio>

int main() {
  using namespace std::chrono_literals;
  quicether::sim::Simulation simulation{1};
  quicether::sim::Host& host = simulation.network().add_host("a", {"192.0.2.1/24"});

  bool fired = false;
  const auto timer = host.make_timer();
  timer->async_wait(host.now() + 10h, [&](quicether::error_code error) { fired = !error; });
  const bool early = simulation.run_until([&] { return fired; }, 9h);
  const bool in_time = simulation.run_until([&] { return fired; }, 2h);

  std::puts(!early && in_time ? "ten hours passed" : "virtual time is wrong");
  return !early && in_time ? 0 : 1;
}
