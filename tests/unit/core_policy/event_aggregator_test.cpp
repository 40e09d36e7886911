#include <quicether/core/policy/event_aggregator.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>

namespace quicether::policy {
namespace {

using namespace std::chrono_literals;

NodeId node(std::uint32_t number) {
  NodeId id;
  store_be(Bytes{id.bytes}, number);
  return id;
}

EventAggregator::Fields no_details() {
  return {};
}

std::string field(const Event& event, std::string_view name) {
  for (const auto& [key, value] : event.fields) {
    if (key == name) {
      return value;
    }
  }
  return "(none)";
}

TEST_CASE("event_aggregator: a thousand of a kind make one record", "[policy][event_aggregator]") {
  EventAggregator aggregator{{.target = "router.dropped", .severity = Severity::warning}};
  const Instant start{5s};
  std::size_t described = 0;

  for (int i = 0; i < 1000; ++i) {
    aggregator.note(start + i * 500us, node(1), "foreign_source", [&] {
      ++described;
      return EventAggregator::Fields{{"source", "10.0.0." + std::to_string(i)}};
    });
    CHECK_FALSE(aggregator.poll_event(start + i * 500us).has_value());
  }
  CHECK(aggregator.next_timeout() == start + 1s);
  const auto event = aggregator.poll_event(start + 1s);

  REQUIRE(event.has_value());
  CHECK(event->target == "router.dropped");
  CHECK(event->severity == Severity::warning);
  CHECK(field(*event, "peer") == node(1).to_string());
  CHECK(field(*event, "reason") == "foreign_source");
  CHECK(field(*event, "count") == "1000");
  CHECK(field(*event, "source") == "10.0.0.0");
  CHECK(described == 1);
  CHECK_FALSE(aggregator.poll_event(start + 2s).has_value());
  CHECK(aggregator.next_timeout().is_never());
}

TEST_CASE("event_aggregator: peers and reasons have records of their own",
          "[policy][event_aggregator]") {
  EventAggregator aggregator{{.target = "t"}};

  aggregator.note(Instant{0ms}, node(1), "a", no_details);
  aggregator.note(Instant{100ms}, node(2), "a", no_details);
  aggregator.note(Instant{200ms}, node(1), "b", no_details);
  aggregator.note(Instant{300ms}, node(1), "a", no_details);

  CHECK_FALSE(aggregator.poll_event(Instant{999ms}).has_value());
  const auto first = aggregator.poll_event(Instant{1050ms});
  REQUIRE(first.has_value());
  CHECK(field(*first, "count") == "2");
  CHECK_FALSE(aggregator.poll_event(Instant{1050ms}).has_value());
  CHECK(aggregator.next_timeout() == Instant{1100ms});
  CHECK(field(*aggregator.poll_event(Instant{5s}), "peer") == node(2).to_string());
  CHECK(field(*aggregator.poll_event(Instant{5s}), "reason") == "b");
  CHECK_FALSE(aggregator.poll_event(Instant{5s}).has_value());
}

TEST_CASE("event_aggregator: a storm of peers stays within its bound",
          "[policy][event_aggregator]") {
  EventAggregator aggregator{{.target = "t"}};

  for (std::uint32_t i = 0; i < 50'000; ++i) {
    aggregator.note(Instant{0ms}, node(i), "no_rule", no_details);
  }
  std::size_t records = 0;
  std::uint64_t counted = 0;
  std::string others;
  while (const auto event = aggregator.poll_event(Instant{1s})) {
    ++records;
    counted += std::stoull(field(*event, "count"));
    others = field(*event, "reason") == "others" ? field(*event, "count") : others;
  }

  CHECK(records == 100);
  CHECK(counted == 50'000);
  CHECK(others == "49901");
}

}  // namespace
}  // namespace quicether::policy
