#include "mgmt/config_choices.hpp"
#include "mgmt/time_text.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/mgmt/log.hpp>
#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace quicether::mgmt {
namespace {

constexpr std::size_t kValueBytesMax = 256;

std::string_view name_of(Severity severity) noexcept {
  return kLogLevels[static_cast<std::size_t>(severity)];
}

// Syslog priorities, RFC 5424 section 6.2.1, as sd-daemon(3) takes them.
int priority_of(Severity severity) noexcept {
  switch (severity) {
    case Severity::debug:
      return 7;
    case Severity::info:
      return 6;
    case Severity::warning:
      return 4;
    case Severity::error:
      return 3;
  }
  return 3;
}

// A value that could be mistaken for something else is quoted.
std::string text_value(std::string_view value) {
  const bool plain = !value.empty() && value.find_first_of(" \"=\\") == std::string_view::npos;
  return plain ? printable(value, kValueBytesMax) : quote(value, kValueBytesMax);
}

std::string format_text(const Event& event) {
  auto line = fmt::format("{} {}", name_of(event.severity), event.target);
  for (const auto& [name, value] : event.fields) {
    line += fmt::format(" {}={}", name, text_value(value));
  }
  return line;
}

std::string format_json(const Event& event, const std::string& time) {
  std::string fields;
  for (const auto& [name, value] : event.fields) {
    const bool cut = value.size() > kValueBytesMax;
    fields += fmt::format("{}{}:{}",
                          fields.empty() ? "" : ",",
                          json_quote(name),
                          json_quote(cut ? value.substr(0, kValueBytesMax) + "…" : value));
  }
  return fmt::format(R"({{{}"level":"{}","event":{},"fields":{{{}}}}})",
                     time.empty() ? "" : fmt::format(R"("time":"{}",)", time),
                     name_of(event.severity),
                     json_quote(event.target),
                     fields);
}

// systemd names the journal's socket so that a program can tell whether it still writes there.
bool stderr_is_journal() noexcept {
  const char* stream = ::getenv("JOURNAL_STREAM");
  struct stat status{};
  return stream != nullptr && ::fstat(STDERR_FILENO, &status) == 0 &&
         fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

// A log that cannot be written is no reason to stop carrying packets.
void write_to_stderr(std::string_view line) noexcept {
  while (!line.empty()) {
    const auto size = ::write(STDERR_FILENO, line.data(), line.size());
    if (size < 0 && errno != EINTR) {
      return;
    }
    line.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  }
}

}  // namespace

LogOptions stderr_log_options(const MonitoringSection& config,
                              std::function<UnixSeconds()> unix_time) {
  LogOptions options;
  options.level = config.log_level;
  options.format = config.log_format;
  options.journal = stderr_is_journal();
  options.unix_time = std::move(unix_time);
  options.write = write_to_stderr;
  return options;
}

LogSink::LogSink(LogOptions options) : options_{std::move(options)} {
  QE_ASSERT(options_.unix_time != nullptr);
  QE_ASSERT(options_.write != nullptr);
}

void LogSink::on_event(const Event& event) {
  if (event.severity < options_.level) {
    return;
  }
  const auto now = options_.unix_time();
  if (now != second_) {
    start_second(now);
  }
  auto& rate = rates_.try_emplace(std::string{event.target}).first->second;
  if (rate.lines == options_.lines_per_second) {
    ++rate.suppressed;
    return;
  }
  ++rate.lines;
  print(event, now);
}

void LogSink::start_second(UnixSeconds now) {
  second_ = now;
  for (auto& [target, rate] : rates_) {
    const auto suppressed = std::exchange(rate, {}).suppressed;
    if (suppressed > 0) {
      print({"log.suppressed",
             Severity::warning,
             {{"event", target}, {"lines", std::to_string(suppressed)}}},
            now);
    }
  }
}

void LogSink::print(const Event& event, UnixSeconds now) {
  const auto time = options_.journal ? std::string{} : format_time(now);
  const auto stamp =
      options_.journal ? fmt::format("<{}>", priority_of(event.severity)) : time + ' ';
  options_.write(options_.format == LogFormat::json ? format_json(event, time) + '\n'
                                                    : stamp + format_text(event) + '\n');
}

}  // namespace quicether::mgmt
