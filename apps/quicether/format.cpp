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

/// A number of three digits at most, in a unit of a power of 1000.
struct Scaled {
  double value;
  std::size_t unit;  // 0: ones
  int digits;        // behind the point

  [[nodiscard]] char name() const { return " KMGTPE"[unit]; }
};

Scaled scale(std::uint64_t count) {
  auto value = static_cast<double>(count);
  std::size_t unit = 0;
  while (value >= (unit == 0 ? 1000.0 : 999.5) && unit < 6) {
    value /= 1000.0;
    ++unit;
  }
  return {value, unit, value < 9.95 ? 1 : 0};
}

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
  const auto scaled = scale(count);
  return scaled.unit == 0 ? fmt::format("{}", count)
                          : fmt::format("{:.{}f}{}", scaled.value, scaled.digits, scaled.name());
}

std::string format_bandwidth(std::uint64_t bits_per_second) {
  const auto scaled = scale(bits_per_second);
  return scaled.unit == 0
             ? fmt::format("{} bps", bits_per_second)
             : fmt::format("{:.{}f} {}bps", scaled.value, scaled.digits, scaled.name());
}

std::string format_loss(std::uint64_t lost, std::uint64_t sent) {
  if (sent == 0) {
    return "-";
  }
  const auto percent = 100.0 * static_cast<double>(lost) / static_cast<double>(sent);
  return lost == 0        ? "0%"
         : percent < 0.01 ? "<0.01%"
         : percent < 1.0  ? fmt::format("{:.2f}%", percent)
                          : fmt::format("{:.1f}%", percent);
}

std::string format_amount(std::uint64_t count, std::string_view thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
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
