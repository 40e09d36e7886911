#include <quicether/sim/event_recorder.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace std::chrono_literals;
using quicether::Event;
using quicether::Instant;
using quicether::Severity;
using quicether::sim::EventRecorder;

TEST_CASE("event_recorder: keeps events with their time and fields", "[sim][event_recorder]") {
  Instant now{1s};
  EventRecorder recorder{[&now] { return now; }};

  recorder.on_event({.target = "session.up", .fields = {{"peer", "3fa9"}, {"rtt", "20"}}});
  now = Instant{2s};
  recorder.on_event({.target = "session.down", .severity = Severity::warning});
  recorder.on_event({.target = "session.up", .fields = {{"peer", "77aa"}}});

  CHECK(recorder.events().size() == 3);
  CHECK(recorder.count("session.up") == 2);
  CHECK(recorder.count("session") == 0);
  REQUIRE(recorder.last("session.up") != nullptr);
  CHECK(recorder.last("session.up")->field("peer") == "77aa");
  CHECK(recorder.last("session.up")->field("rtt").empty());
  CHECK(recorder.last("session.down")->severity == Severity::warning);
  CHECK(recorder.last("session.down")->time == Instant{2s});
  CHECK(recorder.events()[0].time == Instant{1s});
  CHECK(recorder.last("other") == nullptr);

  recorder.clear();
  CHECK(recorder.events().empty());
}
