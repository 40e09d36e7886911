#ifndef QUICETHER_BASE_EVENT_HPP
#define QUICETHER_BASE_EVENT_HPP

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quicether {

enum class Severity { debug, info, warning, error };

/// Something that happened, for operators: a stable target, a severity, and fields; no prose.
///
/// Values may come from peers: whoever prints them escapes them. Secrets never enter an event.
struct Event {
  std::string_view target;  ///< static text such as "session.up" or "policy.denied"
  Severity severity = Severity::info;
  std::vector<std::pair<std::string_view, std::string>> fields{};  ///< names are static text
};

/// Receives events. Called on the thread of the object that emits; must not block or re-enter it.
class EventSink {
 public:
  EventSink() = default;
  EventSink(const EventSink&) = delete;
  EventSink& operator=(const EventSink&) = delete;
  virtual ~EventSink() = default;

  virtual void on_event(const Event& event) = 0;
};

}  // namespace quicether

#endif  // QUICETHER_BASE_EVENT_HPP
