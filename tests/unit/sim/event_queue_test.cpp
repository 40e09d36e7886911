#include "sim/event_queue.hpp"

#include <quicether/base/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

using quicether::Duration;
using quicether::Instant;
using quicether::SeededRandom;
using quicether::sim::detail::EventId;
using quicether::sim::detail::EventQueue;
using quicether::sim::detail::EventTarget;

namespace {

struct NoTarget final : EventTarget {
  void on_event(std::uint64_t /*argument*/) override {}
};

[[nodiscard]] Instant at(std::int64_t nanoseconds) {
  return Instant{Duration{nanoseconds}};
}

}  // namespace

TEST_CASE("event_queue: gives events by time, and by insertion within one instant",
          "[sim][event_queue]") {
  EventQueue queue;
  NoTarget target;

  queue.push(at(20), target, 1);
  queue.push(at(10), target, 2);
  queue.push(at(20), target, 3);
  queue.push(at(10), target, 4);

  CHECK(queue.next_time() == at(10));
  std::vector<std::uint64_t> order;
  while (!queue.empty()) {
    order.push_back(queue.pop().argument);
  }
  CHECK(order == std::vector<std::uint64_t>{2, 4, 1, 3});
  CHECK(queue.next_time().is_never());
}

TEST_CASE("event_queue: an event that is over is not named by its id any more",
          "[sim][event_queue]") {
  EventQueue queue;
  NoTarget target;
  const EventId popped = queue.push(at(1), target, 1);
  queue.pop();
  const EventId cancelled = queue.push(at(2), target, 2);  // reuses the slot
  queue.cancel(cancelled);
  queue.push(at(3), target, 3);

  queue.cancel(popped);
  queue.cancel(cancelled);
  queue.cancel(EventId{});

  CHECK(queue.size() == 1);
  CHECK(queue.pop().argument == 3);
}

TEST_CASE("event_queue: agrees with an ordered map over random operations", "[sim][event_queue]") {
  EventQueue queue;
  NoTarget target;
  SeededRandom random{1};
  std::map<std::pair<Instant, std::uint64_t>, std::pair<EventId, std::uint64_t>> model;
  std::uint64_t sequence = 0;

  for (int step = 0; step < 50'000; ++step) {
    const std::uint64_t choice = random.below(5);
    if (choice < 2 || model.empty()) {
      const Instant time = at(static_cast<std::int64_t>(random.below(100)));
      model[{time, sequence}] = {queue.push(time, target, sequence), sequence};
      ++sequence;
    } else if (choice == 2) {
      auto victim = model.begin();
      std::advance(victim, static_cast<std::ptrdiff_t>(random.below(model.size())));
      queue.cancel(victim->second.first);
      model.erase(victim);
    } else {
      const EventQueue::Due due = queue.pop();
      REQUIRE(due.time == model.begin()->first.first);
      REQUIRE(due.argument == model.begin()->second.second);
      model.erase(model.begin());
    }
    REQUIRE(queue.size() == model.size());
  }
}
