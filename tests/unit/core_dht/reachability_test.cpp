#include "core/dht/reachability.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>

using namespace quicether;
using namespace quicether::dht;
using namespace std::chrono_literals;

namespace {

const auto kPrivate = IpAddress::v4({192, 168, 1, 5});
const auto kPublic = IpAddress::v4({198, 51, 100, 7});
const auto kStranger = IpAddress::v4({203, 0, 113, 9});

constexpr Instant kStart{1h};

/// Advances as the node's tick does; returns how often the mode changed.
int run(Reachability& reach, Instant& now, Duration time) {
  int changes = 0;
  for (const auto end = now + time; now < end; now = now + 5s) {
    changes += reach.update(now) ? 1 : 0;
  }
  return changes;
}

}  // namespace

TEST_CASE("reachability: a node that nobody tells its address serves", "[core_dht]") {
  Reachability reach{false};
  auto now = kStart;
  CHECK(run(reach, now, 5h) == 0);
  reach.set_own(kPrivate);
  CHECK(run(reach, now, 5h) == 0);
  CHECK(reach.reach() == Reach::unknown);
  CHECK_FALSE(reach.read_only());
}

TEST_CASE("reachability: a node that others see as it is serves", "[core_dht]") {
  Reachability reach{false};
  auto now = kStart;
  reach.set_own(kPublic);
  reach.set_external(now, kPublic);
  CHECK(run(reach, now, 5h) == 0);
  CHECK(reach.reach() == Reach::direct);
}

TEST_CASE("reachability: a node that no stranger reaches is read-only after a trial",
          "[core_dht]") {
  Reachability reach{false};
  auto now = kStart;
  reach.set_own(kPrivate);
  reach.set_external(now, kPublic);
  CHECK(run(reach, now, 5min) == 0);
  CHECK(reach.reach() == Reach::trial);
  CHECK(run(reach, now, 1min) == 1);
  CHECK(reach.read_only());
  // One trial each two hours.
  CHECK(run(reach, now, 10h) == 10);
}

TEST_CASE("reachability: a stranger makes it serve, for an hour and a trial", "[core_dht]") {
  Reachability reach{false};
  auto now = kStart;
  reach.set_own(kPrivate);
  reach.set_external(now, kPublic);
  run(reach, now, 10min);
  REQUIRE(reach.read_only());
  reach.on_stranger(now, kStranger);
  CHECK(reach.update(now));
  CHECK(reach.reach() == Reach::translated);
  CHECK(run(reach, now, 1h) == 0);
  CHECK(run(reach, now, 6min) == 1);
  CHECK(reach.read_only());
}

TEST_CASE("reachability: a neighbour behind the same translator is no stranger", "[core_dht]") {
  Reachability reach{false};
  auto now = kStart;
  reach.set_own(kPrivate);
  reach.set_external(now, kPublic);
  reach.on_stranger(now, IpAddress::v4({192, 168, 1, 6}));
  run(reach, now, 10min);
  CHECK(reach.read_only());

  // Where all addresses are private, it is.
  reach.set_external(now, IpAddress::v4({10, 0, 0, 1}));
  reach.on_stranger(now, IpAddress::v4({192, 168, 7, 6}));
  run(reach, now, 10min);
  CHECK(reach.reach() == Reach::translated);
}

TEST_CASE("reachability: another external address begins anew", "[core_dht]") {
  Reachability reach{false};
  auto now = kStart;
  reach.set_own(kPrivate);
  reach.set_external(now, kPublic);
  reach.on_stranger(now, kStranger);
  run(reach, now, 1min);
  CHECK(reach.reach() == Reach::translated);
  reach.set_external(now, IpAddress::v4({198, 51, 100, 8}));
  CHECK(run(reach, now, 6min) == 1);
  CHECK(reach.read_only());
  reach.set_own(IpAddress::v4({198, 51, 100, 8}));
  CHECK(run(reach, now, 1min) == 1);
  CHECK(reach.reach() == Reach::direct);
}

TEST_CASE("reachability: who is promised to be reachable serves", "[core_dht]") {
  Reachability reach{true};
  auto now = kStart;
  reach.set_own(kPrivate);
  reach.set_external(now, kPublic);
  CHECK(run(reach, now, 10h) == 0);
  CHECK(reach.reach() == Reach::direct);
}
