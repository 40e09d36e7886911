#include "dht_hostile.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <map>
#include <string>
#include <vector>

using namespace quicether;
using namespace std::chrono_literals;
using quicether::testing::Ring;
using quicether::testing::signed_item;
using quicether::testing::Tally;

namespace {

/// The length of a life whose mean is this.
Duration exponential(SeededRandom& random, Duration mean) {
  const auto uniform = (static_cast<double>(random.below(1U << 30U)) + 1) / (1U << 30U);
  return Duration{
      static_cast<Duration::rep>(-std::log(uniform) * static_cast<double>(mean.count()))};
}

}  // namespace

TEST_CASE("dht_faults: an hour of churn (T-D5)", "[dht][sim]") {
  const auto count = testing::nodes_to_run(150);  // the plan's 1000 take a minute
  Ring ring{{.seed = 21}};
  ring.grow(count, 20ms);
  ring.run_for(30s);
  const auto key = crypto::KeyPair::generate(ring.random());
  const auto item = signed_item(key, "5:alive", 1);
  const auto target = dht::target_of(item.view(), ring.crypto());
  REQUIRE(
      ring.call(0, [&](dht::Node& node) { return node.publish(ring.now(), item); }).has_value());

  // Nodes 10 and above come and go: each that dies is at once followed by a newcomer.
  std::multimap<Instant, std::size_t> deaths;
  for (std::size_t i = 10; i < count; ++i) {
    deaths.emplace(ring.now() + exponential(ring.random(), 10min), i);
  }
  std::size_t alive = 0;
  Tally lookups;
  Tally record;
  const auto end = ring.now() + 1h;
  auto probe = ring.now() + 10s;
  while (ring.now() < end) {
    while (deaths.begin()->first <= ring.now()) {
      const auto index = deaths.begin()->second;
      deaths.erase(deaths.begin());
      ring.stop(index);
      ring.start(index, ring.some_addresses(3, 10));
      deaths.emplace(ring.now() + exponential(ring.random(), 10min), index);
    }
    if (ring.now() >= probe) {
      probe = probe + 10s;
      const auto asker = ring.random().below(10);
      const auto done = ring.find_node(asker, dht::Id::random(ring.random()));
      lookups.add(done.nodes.size() == 8, done);
      const auto got = ring.get(asker, {.target = target, .first = true});
      record.add(got.item == item, got);
      ++alive;
    }
    ring.run_for(std::min<Duration>(500ms, end - ring.now()));
  }
  INFO("look-ups " << lookups.share() << " p95 " << lookups.milliseconds(0.95) << " ms; record "
                   << record.share() << " of " << alive);
  CHECK(lookups.share() >= 0.995);
  CHECK(record.share() == 1.0);
}

TEST_CASE("dht_faults: dead entries in all tables (T-D6)", "[dht][sim]") {
  struct Line {
    std::size_t dead_percent;
    double share;
    double p95_timeouts;
  };

  // A time-out here is the time after which another node is asked: three smoothed round trips.
  constexpr double kTimeoutMs = 180;
  for (const auto& [dead_percent, share, p95_timeouts] :
       {Line{30, 0.999, 3}, Line{50, 0.999, 5}, Line{70, 0.995, 8}}) {
    Ring ring{{.seed = 31}};
    ring.grow(600);
    ring.run_for(60s);
    // 0 to 49 store, 50 to 99 ask for the first time, of the others die as many as it takes.
    for (std::size_t i = 100; i < 600; ++i) {
      if (ring.random().below(500) < 6 * dead_percent) {
        ring.stop(i);
      }
    }
    std::vector<dht::Item> items;
    Tally tally;
    for (std::size_t i = 0; i < 50; ++i) {
      items.push_back(
          signed_item(crypto::KeyPair::generate(ring.random()), "i" + std::to_string(i) + "e", 1));
      REQUIRE(ring.put(i, {items.back()}).replicas > 0);
    }
    for (std::size_t i = 0; i < 200; ++i) {
      const auto& item = items[ring.random().below(50)];
      const auto target = dht::target_of(item.view(), ring.crypto());
      const auto done = ring.get(50 + i % 50, {.target = target, .first = true});
      tally.add(done.item == item, done);
    }
    INFO(dead_percent << " % dead: found " << tally.share() << ", p95 "
                      << tally.milliseconds(0.95) / kTimeoutMs << " time-outs");
    CHECK(tally.share() >= share);
    CHECK(tally.milliseconds(0.95) <= p95_timeouts * kTimeoutMs);
  }
}

TEST_CASE("dht_faults: forged messages between two nodes make no loop (T-D8)", "[dht][sim]") {
  Ring ring{{.seed = 41}};
  ring.grow(2, 1s);
  ring.run_for(30s);
  const std::string id = "2:id20:abcdefghij0123456789";
  const std::vector<std::string> kinds = {
      "d1:ad" + id + "e1:q4:ping2:roi1e1:t2:aa1:y1:qe",
      "d1:ad" + id + "6:target20:mnopqrstuvwxyz123456e1:q9:find_node2:roi1e1:t2:aa1:y1:qe",
      "d1:ad" + id + "5:token1:x1:v1:ve1:q3:put2:roi1e1:t2:aa1:y1:qe",
      "d1:ad" + id + "e1:q4:vote2:roi1e1:t2:aa1:y1:qe",
      "d1:rd" + id + "e1:t2:aa1:y1:re",
      "d1:eli201e5:Errore1:t2:aa1:y1:ee",
      "d1:ad" + id + "e1:q4:ping1:t2:aa1:y1:",
      "d1:eli203e5:Errore1:t0:1:y1:ee",
  };
  for (const auto& kind : kinds) {
    CAPTURE(kind);
    std::size_t between = 0;
    ring.observer = [&](const SocketAddress& from, const SocketAddress& to, ConstBytes bytes) {
      const bool upkeep = as_text(bytes).find(":t4:") != std::string_view::npos;
      between += !upkeep && (from == ring[0].address || from == ring[1].address) &&
                         (to == ring[0].address || to == ring[1].address)
                     ? 1U
                     : 0U;
    };
    ring.send(ring[0].address, ring[1].address, as_bytes(kind));
    between = 0;
    ring.run_for(30s);
    CHECK(between <= 1);
  }
}

TEST_CASE("dht_faults: two halves of a partition heal within a minute (T-D12)", "[dht][sim]") {
  const std::size_t count = 400;
  Ring ring{{.seed = 51}};
  ring.grow(count);
  ring.run_for(60s);
  std::vector<dht::Item> items;
  for (std::size_t i = 0; i < count; ++i) {
    ring[i].side = static_cast<int>(i % 2);
  }
  ring.partitioned = true;
  ring.run_for(10min);
  // Stored while apart: only one half can know them.
  for (std::size_t i = 0; i < 50; ++i) {
    items.push_back(
        signed_item(crypto::KeyPair::generate(ring.random()), "i" + std::to_string(i) + "e", 1));
    REQUIRE(ring.put(2 * i, {items.back()}).replicas > 0);
  }
  Tally apart;
  for (std::size_t i = 0; i < 50; ++i) {
    const auto target = dht::target_of(items[i].view(), ring.crypto());
    const auto done = ring.get(2 * i + 100, {.target = target, .first = true});
    apart.add(done.item == items[i], done);
  }
  ring.partitioned = false;
  ring.run_for(60s);
  Tally healed;
  for (std::size_t i = 0; i < 200; ++i) {
    const auto& item = items[i % items.size()];
    const auto target = dht::target_of(item.view(), ring.crypto());
    const auto done = ring.get(2 * i + 1, {.target = target, .first = true});
    healed.add(done.item == item, done);
  }
  INFO("within a half " << apart.share() << ", healed " << healed.share());
  CHECK(apart.share() == 1.0);
  CHECK(healed.share() == 1.0);
}

// Too short for contacts to vanish: they are only bad, and few nodes have others in their place.
TEST_CASE("dht_faults: a small ring that was cut for a minute heals within a minute (T-D12)",
          "[dht][sim]") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Ring ring{{.seed = seed}};
    ring.grow(10, 100ms);
    ring.run_for(30s);
    for (std::size_t i = 0; i < 10; ++i) {
      ring[i].side = static_cast<int>(i % 2);
    }
    ring.partitioned = true;
    std::vector<dht::Item> items;
    for (std::size_t side = 0; side < 2; ++side) {
      const auto key = crypto::KeyPair::generate(ring.random());
      items.push_back(signed_item(key, "5:apart", 1));
      REQUIRE(ring.put(side, {items.back()}).replicas > 0);
      const auto target = dht::target_of(items.back().view(), ring.crypto());
      CHECK(ring.get(side + 2, {.target = target}).item == items.back());
    }
    ring.run_for(1min);
    ring.partitioned = false;
    ring.run_for(1min);
    for (std::size_t i = 0; i < 10; ++i) {
      for (const auto& item : items) {
        const auto target = dht::target_of(item.view(), ring.crypto());
        CHECK(ring.get(i, {.target = target}).item == item);
      }
    }
  }
}

TEST_CASE("dht_faults: lossy networks slow look-ups down and fail none", "[dht][sim]") {
  Ring ring{{.seed = 61, .loss = 0.05}};
  ring.grow(200, 50ms);
  ring.run_for(2min);
  const auto item = signed_item(crypto::KeyPair::generate(ring.random()), "4:lost", 1);
  REQUIRE(ring.put(0, {item}).replicas >= 5);
  Tally tally;
  for (std::size_t i = 0; i < 200; ++i) {
    const auto target = dht::target_of(item.view(), ring.crypto());
    const auto done = ring.get(i, {.target = target, .first = true});
    tally.add(done.item == item, done);
  }
  CHECK(tally.share() == 1.0);
}
