#ifndef QUICETHER_TESTS_UNIT_PLATFORM_PLATFORM_SUPPORT_HPP
#define QUICETHER_TESTS_UNIT_PLATFORM_PLATFORM_SUPPORT_HPP

#include <quicether/base/event.hpp>

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace quicether::test {

/// Keeps what was reported.
class EventLog final : public EventSink {
 public:
  void on_event(const Event& event) override { events_.push_back(event); }

  [[nodiscard]] std::size_t count(std::string_view target) const {
    return static_cast<std::size_t>(std::ranges::count(events_, target, &Event::target));
  }

  /// A field of the last event with this target; empty when there is none.
  [[nodiscard]] std::string field(std::string_view target, std::string_view name) const {
    std::string value;
    for (const Event& event : events_) {
      for (const auto& [key, text] : event.fields) {
        value = event.target == target && key == name ? text : value;
      }
    }
    return value;
  }

 private:
  std::vector<Event> events_{};
};

/// Runs handlers until `done`; fails the test when that takes longer than any machine needs.
inline void run_until(boost::asio::io_context& io, const std::function<bool()>& done) {
  io.restart();
  while (!done()) {
    REQUIRE(io.run_one_for(std::chrono::seconds{20}) == 1);
  }
}

}  // namespace quicether::test

#endif  // QUICETHER_TESTS_UNIT_PLATFORM_PLATFORM_SUPPORT_HPP
