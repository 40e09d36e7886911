#ifndef QUICETHER_SRC_PLATFORM_LINUX_SYSTEM_ERROR_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_SYSTEM_ERROR_HPP

#include <quicether/base/error.hpp>

#include <string>

namespace quicether::linux_platform {

/// The `errc` for an errno value. What has no meaning of its own to a caller is `io_failure`.
[[nodiscard]] errc errc_from_errno(int value) noexcept;

/// The system's text for an errno value, for events.
[[nodiscard]] std::string errno_text(int value);

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_SYSTEM_ERROR_HPP
