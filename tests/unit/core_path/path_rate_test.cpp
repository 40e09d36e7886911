#include <quicether/core/path/path_rate.hpp>

#include <catch2/catch_test_macros.hpp>

#include <deque>

namespace quicether::path {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A line behind a PathRate that has as much to send as `offered` says.
struct Line {
  static constexpr std::size_t kBytes = 1500;

  explicit Line(double bytes_per_second, Duration trip)
      : rate_of_line{bytes_per_second}, round_trip{trip}, rate{trip} {}

  void run(Duration length, double offered) {
    const auto end = now + length;
    for (; now < end; now = now + std::chrono::microseconds{100}) {
      while (!way.empty() && way.front().at <= now) {
        rate.on_delivered(now, way.front().stamp, kBytes);
        way.pop_front();
      }
      credit = std::min(credit + offered * 1e-4, 64.0 * kBytes);
      while (credit >= kBytes && rate.may_send(now)) {
        credit -= kBytes;
        free = std::max(free, now) + std::chrono::duration_cast<Duration>(
                                         std::chrono::duration<double>{kBytes / rate_of_line});
        way.push_back({free + round_trip, rate.on_sent(now, kBytes)});
      }
      if (credit < kBytes) {
        rate.on_nothing_to_send();
      }
    }
  }

  struct Packet {
    Instant at{};
    RateStamp stamp{};
  };

  double rate_of_line;
  Duration round_trip;
  PathRate rate;
  Instant now{seconds{1}};
  Instant free{};
  double credit = 0;
  std::deque<Packet> way{};
};

TEST_CASE("path_rate: finds what a line carries, and keeps its queue short", "[path][rate]") {
  Line line{12.5e6, milliseconds{20}};
  line.run(seconds{3}, 1e9);
  CHECK(line.rate.rate() > 0.97 * 12.5e6);
  CHECK(line.rate.rate() < 1.03 * 12.5e6);
  CHECK(line.rate.min_rtt() < milliseconds{22});
  CHECK(line.rate.smoothed_rtt() < milliseconds{30});
  CHECK(line.rate.loss() == 0.0);
}

TEST_CASE("path_rate: a flow that sends little does not make the path look slow", "[path][rate]") {
  Line line{12.5e6, milliseconds{20}};
  line.run(seconds{3}, 1e9);
  line.run(seconds{30}, 1e5);
  CHECK(line.rate.rate() > 0.97 * 12.5e6);
}

TEST_CASE("path_rate: single packets after pauses measure nothing", "[path][rate]") {
  Line line{12.5e6, milliseconds{20}};
  line.run(seconds{3}, 1e9);
  for (int i = 0; i < 50; ++i) {
    line.way.push_back({line.now + line.round_trip, line.rate.on_sent(line.now, Line::kBytes)});
    line.run(milliseconds{100}, 0);
  }
  CHECK(line.rate.rate() > 0.97 * 12.5e6);
  CHECK_FALSE(line.rate.unknown());
  line.run(seconds{10}, 1e4);
  CHECK(line.rate.unknown());  // it may carry anything by now
  line.run(seconds{2}, 1e9);
  CHECK_FALSE(line.rate.unknown());
}

TEST_CASE("path_rate: follows a line that changes", "[path][rate]") {
  Line line{12.5e6, milliseconds{20}};
  line.run(seconds{3}, 1e9);
  line.rate_of_line = 5e6;
  line.run(seconds{3}, 1e9);
  CHECK(line.rate.rate() > 0.9 * 5e6);
  CHECK(line.rate.rate() < 1.1 * 5e6);
  line.rate_of_line = 25e6;
  line.run(seconds{3}, 1e9);
  CHECK(line.rate.rate() > 0.9 * 25e6);
}

TEST_CASE("path_rate: loss is measured", "[path][rate]") {
  PathRate rate{milliseconds{10}};
  Instant now{seconds{1}};
  for (int i = 0; i < 5000; ++i) {
    const auto stamp = rate.on_sent(now, 1500);
    now = now + milliseconds{1};
    if (i % 20 == 0) {
      rate.on_lost(1500);
    } else {
      rate.on_delivered(now, stamp, 1500);
    }
  }
  CHECK(rate.loss() > 0.03);
  CHECK(rate.loss() < 0.08);
  CHECK(rate.bytes_in_flight() == 0);
}

}  // namespace
}  // namespace quicether::path
