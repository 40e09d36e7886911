#ifndef QUICETHER_SRC_MGMT_CONFIG_CHOICES_HPP
#define QUICETHER_SRC_MGMT_CONFIG_CHOICES_HPP

#include <array>
#include <string_view>

/// The names that enumerators have in a configuration, in the order of the enumerators.
namespace quicether::mgmt {

inline constexpr std::array<std::string_view, 2> kRoles{"node", "gateway"};
inline constexpr std::array<std::string_view, 2> kModes{"aggregate", "failover"};
inline constexpr std::array<std::string_view, 4> kSchedulers{
    "round-robin", "weighted", "latency-aware", "redundant"};
inline constexpr std::array<std::string_view, 2> kIoBackends{"epoll", "io_uring"};
inline constexpr std::array<std::string_view, 2> kCongestions{"cubic", "bbr"};
inline constexpr std::array<std::string_view, 2> kDatagramControls{"connection", "application"};
inline constexpr std::array<std::string_view, 4> kLogLevels{"debug", "info", "warning", "error"};
inline constexpr std::array<std::string_view, 2> kLogFormats{"text", "json"};

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_CONFIG_CHOICES_HPP
