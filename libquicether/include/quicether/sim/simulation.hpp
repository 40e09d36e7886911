#ifndef QUICETHER_SIM_SIMULATION_HPP
#define QUICETHER_SIM_SIMULATION_HPP

#include <quicether/base/random.hpp>
#include <quicether/base/time.hpp>

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace quicether::sim {

class Network;

/// A world in virtual time: one clock, one event queue, one `io_context`, one Network.
///
/// Time jumps from event to event and code takes none of it. A run is decided by the seed and by
/// what the program does: the same seed gives the same trace hash on every machine.
///
///     sim::Simulation simulation{seed};
///     sim::Host& a = simulation.network().add_host("a", {"192.0.2.1/24"});
///     sim::Host& b = simulation.network().add_host("b", {"192.0.2.2/24"});
///     simulation.network().set_path(a, b, {.delay = 20ms, .loss = 0.01});
///     …objects of the library on the Environments a and b…
///     REQUIRE(simulation.run_until([&] { return connected; }, 5s));
///
/// Handlers that wait when the simulation ends are destroyed without being called; what they own
/// may still use the hosts then. Threads: one.
class Simulation {
 public:
  /// When every simulation begins. Not zero, because no real machine's clock starts there.
  static constexpr Instant kStart{std::chrono::hours{1}};

  explicit Simulation(std::uint64_t seed);
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;
  ~Simulation();

  [[nodiscard]] std::uint64_t seed() const noexcept;

  [[nodiscard]] Network& network() noexcept;

  /// Where handlers and coroutines run. Only the run functions below ever poll it.
  [[nodiscard]] boost::asio::io_context& io() noexcept;

  [[nodiscard]] Instant now() const noexcept;

  /// Virtual time since kStart.
  [[nodiscard]] Duration elapsed() const noexcept;

  /// Makes a random stream that depends on the seed and on `purpose` alone, so that one consumer
  /// does not shift the numbers of another.
  [[nodiscard]] SeededRandom make_random(std::string_view purpose) const noexcept;

  /// Calls `action` at an instant, at once in the next run when it has passed.
  void at(Instant when, std::function<void()> action);

  /// Calls `action` after `delay`.
  void after(Duration delay, std::function<void()> action);

  /// Runs everything that happens in the next `duration`; the clock then stands at its end.
  void run_for(Duration duration);

  /// Runs until `done` returns true, and tells whether it did within `limit`. It is asked before
  /// the first and after every event.
  [[nodiscard]] bool run_until(const std::function<bool()>& done, Duration limit);

  /// Runs until no timer, datagram or action is left, and tells whether that came within `limit`.
  [[nodiscard]] bool run_until_idle(Duration limit);

  /// Hash of all datagrams so far: time, addresses, size, ECN and fate of each, not the payload:
  /// TLS libraries draw keys from the system, so that two equal runs differ in every ciphertext.
  [[nodiscard]] std::uint64_t trace_hash() const noexcept;

  /// Mixes a fact of the scenario's own into the trace hash.
  void add_to_trace(std::uint64_t word) noexcept;

  /// Timers, arrivals and actions that have happened.
  [[nodiscard]] std::uint64_t events_processed() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quicether::sim

#endif  // QUICETHER_SIM_SIMULATION_HPP
