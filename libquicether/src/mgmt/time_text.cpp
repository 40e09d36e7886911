#include "mgmt/time_text.hpp"

#include <fmt/format.h>

#include <chrono>

namespace quicether::mgmt {

std::string format_time(UnixSeconds time) {
  const std::chrono::sys_seconds second{std::chrono::seconds{time}};
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{second - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
                     int{date.year()},
                     unsigned{date.month()},
                     unsigned{date.day()},
                     clock.hours().count(),
                     clock.minutes().count(),
                     clock.seconds().count());
}

}  // namespace quicether::mgmt
