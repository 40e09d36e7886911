#include "platform/linux/clock.hpp"

#include <quicether/base/assert.hpp>

#include <time.h>

namespace quicether::linux_platform {

namespace {

timespec read_clock(clockid_t clock) noexcept {
  timespec value{};
  // Fails only for a clock that does not exist; CLOCK_BOOTTIME is in Linux since 2.6.39.
  QE_ASSERT(::clock_gettime(clock, &value) == 0);
  return value;
}

}  // namespace

Instant boot_time() noexcept {
  const timespec value = read_clock(CLOCK_BOOTTIME);
  return Instant{std::chrono::seconds{value.tv_sec} + std::chrono::nanoseconds{value.tv_nsec}};
}

UnixSeconds wall_time() noexcept {
  return read_clock(CLOCK_REALTIME).tv_sec;
}

}  // namespace quicether::linux_platform
