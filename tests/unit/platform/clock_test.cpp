#include "platform/linux/clock.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <fstream>
#include <limits>
#include <string>

namespace quicether::linux_platform {

namespace {

/// Seconds since boot, suspended ones included, to the hundredth.
double uptime() {
  double seconds = 0;
  std::ifstream{"/proc/uptime"} >> seconds;
  return seconds;
}

/// When the machine booted, in seconds since 1970.
UnixSeconds booted_at() {
  std::ifstream file{"/proc/stat"};
  std::string word;
  UnixSeconds seconds = 0;
  while (file >> word && word != "btime") {
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  file >> seconds;
  return seconds;
}

double seconds_of(Instant instant) {
  return std::chrono::duration<double>{instant.since_start()}.count();
}

}  // namespace

TEST_CASE("clock: boot_time is the time since boot and never goes back", "[platform][clock]") {
  const double before = uptime();
  const Instant first = boot_time();
  const Instant second = boot_time();
  const double after = uptime();

  CHECK(seconds_of(first) >= before);
  CHECK(second >= first);
  CHECK(seconds_of(second) <= after + 0.02);
}

TEST_CASE("clock: wall_time is the boot's date and the time since", "[platform][clock]") {
  const double expected = static_cast<double>(booted_at()) + uptime();

  const auto seconds = static_cast<double>(wall_time());

  CHECK(seconds > expected - 3);
  CHECK(seconds < expected + 3);
}

}  // namespace quicether::linux_platform
