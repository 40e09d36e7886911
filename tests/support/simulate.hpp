#ifndef QUICETHER_TESTS_SUPPORT_SIMULATE_HPP
#define QUICETHER_TESTS_SUPPORT_SIMULATE_HPP

#include "support/quic_label.hpp"

#include <quicether/sim/network.hpp>
#include <quicether/sim/packet_log.hpp>
#include <quicether/sim/simulation.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch_message.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/interfaces/catch_interfaces_capture.hpp>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace quicether::testing {

struct SeedRange {
  std::uint64_t first = 1;
  std::uint64_t count = 1;
};

/// Seeds 1..`wanted`, unless the environment says otherwise: QUICETHER_SIM_SEEDS=<how many> or
/// QUICETHER_SIM_SEED=<this one only>.
[[nodiscard]] inline SeedRange seeds_to_run(std::uint64_t wanted) {
  if (const char* one = std::getenv("QUICETHER_SIM_SEED")) {
    return {std::stoull(one), 1};
  }
  if (const char* count = std::getenv("QUICETHER_SIM_SEEDS")) {
    return {1, std::stoull(count)};
  }
  return {1, wanted};
}

/// The command that runs the current test case again with one seed.
[[nodiscard]] inline std::string repeat_command(std::uint64_t seed) {
  std::string name;
  for (const char character : Catch::getResultCapture().getCurrentTestName()) {
    if (character == '\'') {
      name += "'\\''";  // the shell's way out of single quotes and back in
      continue;
    }
    // Characters with a meaning in Catch2's test specifications.
    name += character == ',' || character == '[' || character == '"' ? "\\" : "";
    name += character;
  }
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  return "QUICETHER_SIM_SEED=" + std::to_string(seed) + " " + program.string() + " '" + name + "'";
}

/// Runs a scenario in a fresh Simulation for each of `seeds` seeds. One that fails is reported
/// with the command that repeats it and with its last datagrams as a Mermaid diagram.
inline void simulate(std::uint64_t seeds,
                     const std::function<void(sim::Simulation&)>& scenario,
                     sim::PacketLog::Label label = quic_label) {
  const SeedRange range = seeds_to_run(seeds);
  for (std::uint64_t i = 0; i < range.count; ++i) {
    const std::uint64_t seed = range.first + i;
    INFO("repeat with: " << repeat_command(seed));
    sim::Simulation simulation{seed};
    const sim::PacketLog log{simulation.network(), 60, label};
    try {
      scenario(simulation);
    } catch (...) {
      std::cerr << "seed " << seed << " failed after "
                << std::chrono::duration<double>(simulation.elapsed()).count()
                << " virtual seconds; repeat with: " << repeat_command(seed) << "\n"
                << log.to_mermaid();
      throw;
    }
  }
}

/// Runs a coroutine in virtual time and returns its result. Fails the test when it takes longer
/// than `limit`; rethrows what it throws.
template <typename T>
T run(sim::Simulation& simulation, boost::asio::awaitable<T> coroutine, Duration limit) {
  std::optional<std::exception_ptr> end;
  std::optional<T> value;
  boost::asio::co_spawn(
      simulation.io(), std::move(coroutine), [&](std::exception_ptr error, T made) {
        end = std::move(error);
        value = std::move(made);
      });
  REQUIRE(simulation.run_until([&] { return end.has_value(); }, limit));
  if (*end) {
    std::rethrow_exception(*end);
  }
  return std::move(*value);
}

/// The same for a coroutine without a result.
inline void run(sim::Simulation& simulation,
                boost::asio::awaitable<void> coroutine,
                Duration limit) {
  std::optional<std::exception_ptr> end;
  boost::asio::co_spawn(simulation.io(), std::move(coroutine), [&](std::exception_ptr error) {
    end = std::move(error);
  });
  REQUIRE(simulation.run_until([&] { return end.has_value(); }, limit));
  if (*end) {
    std::rethrow_exception(*end);
  }
}

}  // namespace quicether::testing

#endif  // QUICETHER_TESTS_SUPPORT_SIMULATE_HPP
