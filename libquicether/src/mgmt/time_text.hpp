#ifndef QUICETHER_SRC_MGMT_TIME_TEXT_HPP
#define QUICETHER_SRC_MGMT_TIME_TEXT_HPP

#include <quicether/base/time.hpp>

#include <string>

namespace quicether::mgmt {

/// "2026-01-31T23:59:00Z" (RFC 3339 section 5.6)
[[nodiscard]] std::string format_time(UnixSeconds time);

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_TIME_TEXT_HPP
