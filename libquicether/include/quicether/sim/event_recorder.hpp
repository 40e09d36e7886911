#ifndef QUICETHER_SIM_EVENT_RECORDER_HPP
#define QUICETHER_SIM_EVENT_RECORDER_HPP

#include <quicether/base/event.hpp>
#include <quicether/base/time.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quicether::sim {

struct RecordedEvent {
  Instant time{};
  std::string target{};
  Severity severity = Severity::info;
  std::vector<std::pair<std::string, std::string>> fields{};

  /// The value of a field; empty when it is absent.
  [[nodiscard]] std::string_view field(std::string_view name) const noexcept;
};

/// An EventSink that keeps every event.
class EventRecorder final : public EventSink {
 public:
  /// `clock` gives the time of each event.
  explicit EventRecorder(std::function<Instant()> clock) : clock_{std::move(clock)} {}

  void on_event(const Event& event) override;

  [[nodiscard]] const std::vector<RecordedEvent>& events() const noexcept { return events_; }

  /// How many events have this target.
  [[nodiscard]] std::size_t count(std::string_view target) const noexcept;

  /// The latest event of this target; null when there is none. Valid until the next event.
  [[nodiscard]] const RecordedEvent* last(std::string_view target) const noexcept;

  void clear() noexcept { events_.clear(); }

 private:
  std::function<Instant()> clock_;
  std::vector<RecordedEvent> events_{};
};

}  // namespace quicether::sim

#endif  // QUICETHER_SIM_EVENT_RECORDER_HPP
