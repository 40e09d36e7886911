#include "tcp_flow.hpp"

#include <catch2/catch_test_macros.hpp>

#include <set>

namespace quicether::path {
namespace {

constexpr double kMbit = 1e6;

/// Bytes of inner packets in what a link carries: the model's headers, and the bond's.
constexpr double kShare =
    static_cast<double>(BondWorld::kPayload) /
    (BondWorld::kPayload + wire::kBondedHeadBytes + 1 + static_cast<double>(BondWorld::kOverhead));

const TestLink kFast{100 * kMbit, milliseconds{10}, milliseconds{30}};
const TestLink kSlow{50 * kMbit, milliseconds{25}, milliseconds{50}};

/// One TCP flow over all links for some seconds, after some to begin with.
class Transfer {
 public:
  explicit Transfer(std::vector<TestLink> links,
                    std::unique_ptr<PathScheduler> scheduler = make_earliest_arrival_scheduler())
      : links_{links}, world{links, std::move(scheduler)} {
    Duration fastest = seconds{1};
    for (const auto& link : links_) {
      fastest = std::min(fastest, link.one_way);
    }
    tcp = std::make_unique<TcpFlow>(world, 77, fastest);
    world.deliver = [this](std::uint32_t flow, std::uint32_t number) {
      if (flow == 77) {
        tcp->on_arrival(number);
      }
    };
    tcp->start();
  }

  /// Share of what the links carry at most that the flow got.
  double share(Duration length) {
    double sum = 0;
    for (const auto& link : links_) {
      sum += link.bits_per_second;
    }
    const auto before = tcp->bytes_acknowledged();
    world.run(length);
    const auto bits = 8 * static_cast<double>(tcp->bytes_acknowledged() - before);
    return bits / std::chrono::duration<double>(length).count() / (sum * kShare);
  }

 private:
  std::vector<TestLink> links_;

 public:
  BondWorld world;
  std::unique_ptr<TcpFlow> tcp{};
};

TEST_CASE("bond: one TCP flow fills unequal links", "[path][bond]") {
  Transfer two{{kFast, kSlow}};
  two.world.run(seconds{2});
  CHECK(two.share(seconds{8}) > 0.97);

  Transfer three{{{20 * kMbit, milliseconds{30}, milliseconds{60}},
                  {50 * kMbit, milliseconds{10}, milliseconds{30}},
                  {100 * kMbit, milliseconds{20}, milliseconds{40}}}};
  three.world.run(seconds{2});
  CHECK(three.share(seconds{8}) > 0.97);

  Transfer equal{{{20 * kMbit, milliseconds{10}, milliseconds{30}},
                  {20 * kMbit, milliseconds{10}, milliseconds{30}}}};
  equal.world.run(seconds{2});
  CHECK(equal.share(seconds{8}) > 0.97);
}

TEST_CASE("bond: a path more costs a single path nothing", "[path][bond]") {
  Transfer alone{{kFast}};
  alone.world.run(seconds{2});
  CHECK(alone.share(seconds{8}) > 0.97);
}

TEST_CASE("bond: random loss is repaired before the flow sees it", "[path][bond]") {
  auto fast = kFast;
  auto slow = kSlow;
  fast.loss = slow.loss = 0.005;
  Transfer transfer{{fast, slow}};
  transfer.world.run(seconds{2});
  const auto lost_before = transfer.tcp->lost();
  CHECK(transfer.share(seconds{8}) > 0.85);
  CHECK(transfer.world.dropped > 300);
  CHECK(transfer.tcp->lost() - lost_before < transfer.world.dropped / 10);
}

TEST_CASE("bond: a satellite beside fast links does not slow them down", "[path][bond]") {
  const std::vector<TestLink> fast{{25 * kMbit, milliseconds{5}, milliseconds{30}},
                                   {50 * kMbit, milliseconds{8}, milliseconds{30}},
                                   {50 * kMbit, milliseconds{15}, milliseconds{30}}};
  auto all = fast;
  all.push_back({100 * kMbit, milliseconds{300}, milliseconds{600}});
  Transfer transfer{all};
  transfer.world.run(seconds{2});
  CHECK(transfer.share(seconds{10}) * 225 > 0.9 * 125);
}

TEST_CASE("bond: when a path dies silently, the flow goes on over the others", "[path][bond]") {
  for (const std::size_t dead : {std::size_t{0}, std::size_t{1}}) {
    Transfer transfer{{kFast, kSlow}};
    transfer.world.run(seconds{3});
    transfer.tcp->forget_gaps();
    transfer.world.link(dead).dead = true;
    transfer.world.run(seconds{4});
    CAPTURE(dead);
    CHECK(transfer.tcp->longest_gap() < milliseconds{250});
    CHECK(transfer.world.bond.status({dead + 1})->state == BondPathState::suspect);
    CHECK(transfer.world.bond.poll_silence() == SessionId{dead + 1});
    CHECK_FALSE(transfer.world.bond.poll_silence());
    const auto rest = dead == 0 ? 50.0 / 150 : 100.0 / 150;
    CHECK(transfer.share(seconds{4}) > 0.9 * rest);

    transfer.world.link(dead).dead = false;
    transfer.world.run(milliseconds{300});
    CHECK(transfer.world.bond.status({dead + 1})->state == BondPathState::active);
    transfer.world.run(milliseconds{1700});
    CHECK(transfer.share(seconds{4}) > 0.95);
  }
}

TEST_CASE("bond: a lossy path helps a clean one", "[path][bond]") {
  const TestLink clean{50 * kMbit, milliseconds{15}, milliseconds{30}};
  auto lossy = clean;
  lossy.loss = 0.05;
  Transfer transfer{{clean, lossy}};
  transfer.world.run(seconds{3});
  CHECK(transfer.share(seconds{8}) > 0.8);
}

TEST_CASE("bond: a path that comes and goes is used while it is there", "[path][bond]") {
  const TestLink steady{50 * kMbit, milliseconds{10}, milliseconds{30}};
  Transfer transfer{{steady, steady}};
  double sum = 0;
  for (int second = 0; second < 20; ++second) {
    transfer.world.link(1).dead = second % 2 == 1;
    sum += transfer.share(seconds{1});
  }
  CHECK(sum / 20 > 1.2 * 0.5);
}

TEST_CASE("bond: a path that looked slow is looked at again", "[path][bond]") {
  auto later_fast = kSlow;
  later_fast.bits_per_second = 0.3 * kMbit;
  later_fast.loss = 0.2;
  Transfer transfer{{kFast, later_fast}};
  transfer.world.run(seconds{3});
  transfer.world.link(1) = kSlow;
  transfer.world.run(seconds{15});
  transfer.world.forget_carried();
  transfer.world.run(seconds{4});
  CHECK(static_cast<double>(transfer.world.carried(1)) * 8 > 0.9 * 4 * kSlow.bits_per_second);
}

TEST_CASE("bond: a session that goes takes nothing along", "[path][bond]") {
  Transfer transfer{{kFast, kSlow}};
  transfer.world.run(seconds{3});
  transfer.tcp->forget_gaps();
  const BondPath rest{
      1, {2}, BondWorld::kPayload + wire::kBondedHeadBytes + 1, 1, milliseconds{50}};
  transfer.world.link(0).dead = true;
  transfer.world.bond.set_paths(transfer.world.now(), {&rest, 1});
  transfer.world.run(seconds{2});
  CHECK(transfer.tcp->longest_gap() < milliseconds{150});
  CHECK_FALSE(transfer.world.bond.status({1}));
}

TEST_CASE("bond: a path that the peer calls gone is not waited for", "[path][bond]") {
  for (const bool gone : {true, false}) {
    Transfer transfer{{kFast, kSlow}};
    transfer.world.run(seconds{3});
    transfer.tcp->forget_gaps();
    transfer.world.link(1).dead = gone;
    transfer.world.run(milliseconds{5});
    transfer.world.bond.suspect(transfer.world.now(), {2});
    CHECK(transfer.world.bond.status({2})->state == BondPathState::suspect);
    transfer.world.run(seconds{1});
    CAPTURE(gone);
    CHECK(transfer.tcp->longest_gap() < milliseconds{60});
    CHECK((transfer.world.bond.status({2})->state == BondPathState::suspect) == gone);
  }
}

TEST_CASE("bond: small flows take the fastest path, past bulk", "[path][bond]") {
  Transfer transfer{{kFast, {50 * kMbit, milliseconds{100}, milliseconds{50}}}};
  transfer.world.run(seconds{3});
  std::vector<Duration> delays;
  std::vector<Instant> sent;
  const auto bulk = transfer.world.deliver;
  transfer.world.deliver = [&](std::uint32_t flow, std::uint32_t number) {
    if (flow == 5) {
      delays.push_back(transfer.world.now() - sent.at(number));
    } else {
      bulk(flow, number);
    }
  };
  for (std::uint32_t i = 0; i < 200; ++i) {
    sent.push_back(transfer.world.now());
    transfer.world.send(5, i, 64);
    transfer.world.run(milliseconds{20});
  }
  transfer.world.run(milliseconds{200});
  REQUIRE(delays.size() == sent.size());
  std::ranges::sort(delays);
  CHECK(delays[delays.size() * 95 / 100] < milliseconds{10 + 10});
}

TEST_CASE("bond: redundant, losses of the paths multiply", "[path][bond]") {
  auto one = kFast;
  auto other = kSlow;
  one.loss = other.loss = 0.05;
  BondWorld world{{one, other}, make_redundant_scheduler()};
  std::multiset<std::uint32_t> arrived;
  world.deliver = [&](std::uint32_t, std::uint32_t number) { arrived.insert(number); };
  constexpr std::uint32_t kCount = 10'000;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    world.send(9, i, 500);
    world.run(microseconds{500});
  }
  world.run(seconds{2});
  CHECK(arrived.size() == std::set(arrived.begin(), arrived.end()).size());  // no copies
  CHECK(arrived.size() >= kCount * 997 / 1000);
}

TEST_CASE("bond: round robin and weights share as they say", "[path][bond]") {
  const TestLink line{100 * kMbit, milliseconds{10}, milliseconds{30}};
  for (const bool weighted : {false, true}) {
    BondWorld world{{line, line},
                    weighted ? make_weighted_scheduler() : make_round_robin_scheduler()};
    std::array<BondPath, 2> paths{};
    for (std::uint8_t i = 0; i < 2; ++i) {
      paths[i] = {i,
                  {i + 1U},
                  BondWorld::kPayload + wire::kBondedHeadBytes + 1,
                  i == 0 ? 3.0 : 1.0,
                  milliseconds{20}};
    }
    world.bond.set_paths(world.now(), paths);
    for (std::uint32_t i = 0; i < 4000; ++i) {  // 22 Mbit/s: the links are not full
      world.send(9, i);
      world.run(microseconds{500});
    }
    const auto ratio =
        static_cast<double>(world.carried(0)) / static_cast<double>(world.carried(1));
    CAPTURE(weighted, ratio);
    CHECK(std::abs(ratio - (weighted ? 3.0 : 1.0)) < 0.1);
  }
}

TEST_CASE("bond: small flows stay on one path, whatever shares bulk has", "[path][bond]") {
  for (const bool weighted : {false, true}) {
    BondWorld world{{kFast, kSlow},
                    weighted ? make_weighted_scheduler() : make_round_robin_scheduler()};
    std::vector<std::uint32_t> arrived;
    world.deliver = [&](std::uint32_t, std::uint32_t number) { arrived.push_back(number); };
    for (std::uint32_t i = 0; i < 100; ++i) {
      world.send(9, i, 200);
      world.run(milliseconds{5});
    }
    world.run(seconds{1});
    CAPTURE(weighted);
    CHECK(arrived.size() == 100);
    CHECK(std::ranges::is_sorted(arrived));
  }
}

TEST_CASE("bond: failover uses one path, and the other when that is gone", "[path][bond]") {
  Transfer transfer{{kFast, kSlow}, make_failover_scheduler()};
  transfer.world.run(seconds{3});
  CHECK(transfer.world.carried(1) < 1000);  // probes
  transfer.tcp->forget_gaps();
  transfer.world.link(0).dead = true;
  transfer.world.run(seconds{3});
  CHECK(transfer.tcp->longest_gap() < milliseconds{250});
  CHECK(transfer.share(seconds{4}) > 0.9 * 50 / 150);
}

TEST_CASE("bond: what fits no path is dropped and counted", "[path][bond]") {
  BondWorld world{{kFast, kSlow}, make_earliest_arrival_scheduler()};
  world.send(1, 0, BondWorld::kPayload + 1);
  CHECK(world.bond.stats().dropped == 1);
  CHECK(world.bond.stats().sent == 0);
}

}  // namespace
}  // namespace quicether::path
