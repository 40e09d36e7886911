#ifndef QUICETHER_CORE_POLICY_EVENT_AGGREGATOR_HPP
#define QUICETHER_CORE_POLICY_EVENT_AGGREGATOR_HPP

#include <quicether/base/event.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/base/time.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quicether::policy {

struct EventAggregatorConfig {
  std::string_view target{};  ///< of the events, static text such as "policy.denied"
  Severity severity = Severity::info;
  Duration interval = std::chrono::seconds{1};
  /// Pairs of peer and reason at a time; what exceeds them shares one more record. With the
  /// defaults at most 100 records leave in a second, however many packets are noted.
  std::size_t records_max = 99;
};

/// Folds what happens over and over into one record per peer, reason and interval.
///
/// The first note() of a pair opens its interval; at the end of it one event tells how often the
/// pair was noted, with the details of the first time. A sans-IO machine: after note(), re-arm the
/// timer with next_timeout() and then drain poll_event(). `now` never goes back.
class EventAggregator {
 public:
  using Fields = std::vector<std::pair<std::string_view, std::string>>;

  explicit EventAggregator(const EventAggregatorConfig& config);

  /// Notes one happening. `reason`: static text. `describe()` returns Fields and is called only
  /// for the first of its interval.
  template <typename Describe>
  void note(Instant now, const NodeId& peer, std::string_view reason, Describe&& describe) {
    if (auto& record = count(now, peer, reason); record.count == 1) {
      record.details = std::forward<Describe>(describe)();
    }
  }

  /// The next record whose interval has ended.
  [[nodiscard]] std::optional<Event> poll_event(Instant now);

  /// When poll_event() will have something; Instant::never() when nothing was noted.
  [[nodiscard]] Instant next_timeout() const noexcept;

 private:
  struct Key {
    NodeId peer{};
    std::string_view reason{};

    friend auto operator<=>(const Key&, const Key&) = default;
  };

  struct Record {
    Instant opened{};
    std::uint64_t count = 0;
    Fields details{};
  };

  [[nodiscard]] Record& count(Instant now, const NodeId& peer, std::string_view reason);

  EventAggregatorConfig config_;
  std::map<Key, Record> records_{};
  std::deque<Key> order_{};  // of opening, and so of ending
};

}  // namespace quicether::policy

#endif  // QUICETHER_CORE_POLICY_EVENT_AGGREGATOR_HPP
