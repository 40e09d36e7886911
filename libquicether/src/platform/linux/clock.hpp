#ifndef QUICETHER_SRC_PLATFORM_LINUX_CLOCK_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_CLOCK_HPP

#include <quicether/base/time.hpp>

namespace quicether::linux_platform {

/// The clock behind every Instant: CLOCK_BOOTTIME, which goes on while the machine sleeps.
///
/// On CLOCK_MONOTONIC a laptop that wakes up would take its sessions for alive, although every peer
/// gave them up hours ago, and would find out one idle timeout later. On this clock they are over
/// the moment it wakes, and it dials again at once.
[[nodiscard]] Instant boot_time() noexcept;

/// Seconds since 1970 on the wall clock.
[[nodiscard]] UnixSeconds wall_time() noexcept;

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_CLOCK_HPP
