#include <quicether/sim/event_recorder.hpp>

#include <algorithm>

namespace quicether::sim {

std::string_view RecordedEvent::field(std::string_view name) const noexcept {
  const auto found =
      std::ranges::find_if(fields, [&](const auto& each) { return each.first == name; });
  return found == fields.end() ? std::string_view{} : std::string_view{found->second};
}

void EventRecorder::on_event(const Event& event) {
  RecordedEvent& recorded = events_.emplace_back();
  recorded.time = clock_();
  recorded.target = event.target;
  recorded.severity = event.severity;
  for (const auto& [name, value] : event.fields) {
    recorded.fields.emplace_back(name, value);
  }
}

std::size_t EventRecorder::count(std::string_view target) const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(events_, [&](const auto& each) { return each.target == target; }));
}

const RecordedEvent* EventRecorder::last(std::string_view target) const noexcept {
  const auto found = std::find_if(
      events_.rbegin(), events_.rend(), [&](const auto& each) { return each.target == target; });
  return found == events_.rend() ? nullptr : &*found;
}

}  // namespace quicether::sim
