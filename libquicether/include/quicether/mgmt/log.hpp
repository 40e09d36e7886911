#ifndef QUICETHER_MGMT_LOG_HPP
#define QUICETHER_MGMT_LOG_HPP

#include <quicether/base/event.hpp>
#include <quicether/base/time.hpp>
#include <quicether/mgmt/config.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace quicether::mgmt {

struct LogOptions {
  Severity level = Severity::info;  ///< less severe events are dropped
  LogFormat format = LogFormat::text;
  /// The journal reads it: it stamps the time itself and takes priorities as "<6>".
  bool journal = false;
  /// Lines per second and target; the rest is counted and reported in the next second.
  std::uint32_t lines_per_second = 100;
  std::function<UnixSeconds()> unix_time{};            ///< must be set
  std::function<void(std::string_view line)> write{};  ///< must be set; a line ends in '\n'
};

/// Options that print to standard error, for the journal if that is what reads it.
[[nodiscard]] LogOptions stderr_log_options(const MonitoringSection& config,
                                            std::function<UnixSeconds()> unix_time);

/// Prints events, one line each, at a bounded rate.
///
/// Text: `2026-11-21T12:00:00Z warning policy.denied peer=3fa9c0d1e2f3 reason="no rule"`.
/// JSON: `{"time":"…","level":"warning","event":"policy.denied","fields":{"peer":"…"}}`.
/// Values may come from strangers: whatever is not printable is escaped, and long ones are cut.
/// Neither copyable nor movable. Threads: one at a time.
class LogSink final : public EventSink {
 public:
  explicit LogSink(LogOptions options);

  void on_event(const Event& event) override;

  void set_level(Severity level) noexcept { options_.level = level; }

 private:
  struct Rate {
    std::uint32_t lines = 0;
    std::uint64_t suppressed = 0;
  };

  void start_second(UnixSeconds now);
  void print(const Event& event, UnixSeconds now);

  LogOptions options_;
  UnixSeconds second_ = 0;
  std::map<std::string, Rate, std::less<>> rates_{};  // by target: static texts, so few
};

}  // namespace quicether::mgmt

#endif  // QUICETHER_MGMT_LOG_HPP
