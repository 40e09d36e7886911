#include "format.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>

namespace cli {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t seconds;
};

constexpr std::array kUnits{Unit{"d", 86400}, Unit{"h", 3600}, Unit{"m", 60}, Unit{"s", 1}};

}  // namespace

std::string format_rtt(quicether::Duration rtt) {
  if (rtt <= quicether::Duration{0}) {
    return "-";
  }
  const auto ms = std::chrono::duration<double, std::milli>{rtt}.count();
  return ms < 1.0    ? fmt::format("{:.2f}ms", ms)
         : ms < 10.0 ? fmt::format("{:.1f}ms", ms)
                     : fmt::format("{:.0f}ms", ms);
}

std::string format_count(std::uint64_t count) {
  if (count < 1000) {
    return fmt::format("{}", count);
  }
  auto scaled = static_cast<double>(count) / 1000.0;
  std::size_t unit = 0;
  constexpr std::string_view kSuffixes = "KMGTPE";
  while (scaled >= 999.5 && unit + 1 < kSuffixes.size()) {
    scaled /= 1000.0;
    ++unit;
  }
  const auto digits = scaled < 9.95 ? 1 : 0;
  return fmt::format("{:.{}f}{}", scaled, digits, kSuffixes[unit]);
}

std::string format_uptime(quicether::Duration uptime) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(uptime).count();
  for (std::size_t i = 0; i + 1 < kUnits.size(); ++i) {
    if (seconds >= kUnits[i].seconds) {
      return fmt::format("{}{} {}{}",
                         seconds / kUnits[i].seconds,
                         kUnits[i].name,
                         seconds % kUnits[i].seconds / kUnits[i + 1].seconds,
                         kUnits[i + 1].name);
    }
  }
  return fmt::format("{}s", seconds);
}

std::string format_node(const quicether::NodeId& id, std::string_view name) {
  return name.empty() ? id.short_string() : fmt::format("{} ({})", id.short_string(), name);
}

std::string capitalized(std::string_view word) {
  std::string text{word};
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') {
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  }
  return text;
}

}  // namespace cli
