#include "core/queue/fair_queue.hpp"

#include <quicether/base/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <ranges>
#include <vector>

namespace quicether::queue {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kStart{seconds{1}};

struct Pools {
  BlockPool blocks{};
  WaitingPool waiting{};
};

// ---- CoDel: RFC 8289 ----------------------------------------------------------------------------

// When CoDel drops a queue's head that always waits as long, asked every 100 microseconds.
std::vector<Duration> drops_within(Codel& codel,
                                   Instant from,
                                   Duration length,
                                   Duration sojourn,
                                   std::size_t bytes_behind = 100'000) {
  std::vector<Duration> drops;
  for (Duration at{}; at < length; at += microseconds{100}) {
    while (codel.drops({}, from + at, sojourn, bytes_behind)) {
      drops.push_back(at);
    }
  }
  return drops;
}

TEST_CASE("codel: drops nothing while packets wait less than the target, or alone",
          "[queue][codel]") {
  Codel codel;
  CHECK(drops_within(codel, kStart, seconds{5}, CodelConfig{}.target - microseconds{1}).empty());
  CHECK(drops_within(codel, kStart + seconds{5}, seconds{5}, seconds{1}, 1500).empty());
  CHECK_FALSE(drops_within(codel, kStart + seconds{10}, seconds{5}, seconds{1}, 1501).empty());
}

TEST_CASE("codel: drops after an interval, and then at a pace that grows with the square root",
          "[queue][codel]") {
  Codel codel;
  const auto drops = drops_within(codel, kStart, milliseconds{400}, milliseconds{20});
  // 100, + 100, + 100 / sqrt(2), + 100 / sqrt(3), + 100 / 2 milliseconds
  const std::vector<int> expected{100'000, 200'000, 270'800, 328'500, 378'500};
  REQUIRE(drops.size() == expected.size());
  for (std::size_t i = 0; i < drops.size(); ++i) {
    const auto off = drops[i] - microseconds{expected[i]};
    CHECK(std::chrono::abs(off) <= microseconds{200});
  }
}

TEST_CASE("codel: one packet in time ends it, and an interval has to pass again",
          "[queue][codel]") {
  Codel codel;
  CHECK(drops_within(codel, kStart, milliseconds{99}, milliseconds{20}).empty());
  CHECK_FALSE(codel.drops({}, kStart + milliseconds{99}, milliseconds{1}, 100'000));
  const auto drops = drops_within(codel, kStart + milliseconds{100}, milliseconds{150}, seconds{1});
  REQUIRE(drops.size() == 1);
  CHECK(drops[0] == milliseconds{100});
}

TEST_CASE("codel: goes on at its old pace when the queue is back soon, and anew when late",
          "[queue][codel]") {
  for (const bool soon : {true, false}) {
    Codel codel;
    auto now = kStart;
    const auto first = drops_within(codel, now, seconds{3}, milliseconds{20});
    now = now + seconds{3};
    CHECK_FALSE(codel.drops({}, now, milliseconds{1}, 100'000));
    now = now + (soon ? seconds{1} : seconds{3});
    const auto again = drops_within(codel, now, milliseconds{300}, milliseconds{20});
    CHECK(first.size() > 100);
    CHECK((soon ? again.size() > 10 : again.size() == 3));
  }
}

// ---- The queue ----------------------------------------------------------------------------------

ByteVector numbered(std::uint32_t flow, std::uint32_t number, std::size_t bytes) {
  ByteVector payload(std::max<std::size_t>(bytes, 8), static_cast<std::uint8_t>(number));
  store_be(Bytes{payload}.first(4), flow);
  store_be(Bytes{payload}.subspan(4, 4), number);
  return payload;
}

std::uint32_t flow_of(const WaitingDatagram& waiting) {
  return load_be<std::uint32_t>(waiting.payload());
}

std::uint32_t number_of(const WaitingDatagram& waiting) {
  return load_be<std::uint32_t>(waiting.payload().subspan(4));
}

TEST_CASE("fair_queue: keeps content, and order within each flow", "[queue][fair_queue]") {
  Pools pools;
  FairQueue queue{pools.blocks, pools.waiting, std::size_t{64} << 20U};
  std::map<std::uint32_t, std::deque<ByteVector>> model;
  std::size_t size = 0;
  SeededRandom random{5};
  std::uint32_t number = 0;
  for (int step = 0; step < 40'000; ++step) {
    if (random.below(2) == 0) {
      const auto flow = static_cast<std::uint32_t>(random.below(100));
      const auto bytes = random.below(8) == 0 ? random.below(9000) : random.below(1500);
      const auto payload = numbered(flow, number++, bytes);
      const auto split = random.below(payload.size() + 1);
      queue.push(kStart,
                 {ConstBytes{payload}.first(split), ConstBytes{payload}.subspan(split), flow});
      model[flow].push_back(payload);
      ++size;
    } else if (const auto* const front = queue.front(kStart)) {
      auto& expected = model[flow_of(*front)];
      REQUIRE(!expected.empty());
      REQUIRE(std::ranges::equal(front->payload(), expected.front()));
      expected.pop_front();
      queue.pop();
      --size;
    }
    REQUIRE(queue.size() == size);
    REQUIRE(queue.empty() == (queue.front(kStart) == nullptr));
  }
  CHECK(queue.dropped() == 0);
}

TEST_CASE("fair_queue: flows that are always full share by bytes", "[queue][fair_queue]") {
  Pools pools;
  FairQueue queue{pools.blocks, pools.waiting, std::size_t{4} << 20U};
  // Hashes that fall into one set of the table, which has eight places.
  const std::array<std::uint32_t, 4> flows{16, 32, 48, 64};
  const std::array<std::size_t, 4> sizes{100, 700, 1400, 9000};
  std::map<std::uint32_t, std::size_t> sent;
  std::map<std::uint32_t, std::size_t> waiting;
  for (std::size_t total = 0; total < 20'000'000;) {
    for (std::size_t i = 0; i < flows.size(); ++i) {
      while (waiting[flows[i]] < 5) {
        const auto payload = numbered(flows[i], 0, sizes[i]);
        queue.push(kStart, {{}, payload, flows[i]});
        ++waiting[flows[i]];
      }
    }
    const auto* const front = queue.front(kStart);
    REQUIRE(front != nullptr);
    sent[flow_of(*front)] += front->bytes;
    total += front->bytes;
    --waiting[flow_of(*front)];
    queue.pop();
  }
  for (const auto& [flow, bytes] : sent) {
    CHECK(bytes > 4'900'000);
    CHECK(bytes < 5'100'000);
  }
}

TEST_CASE("fair_queue: nine polite flows do not feel a greedy one", "[queue][fair_queue]") {
  Pools pools;
  FairQueue queue{pools.blocks, pools.waiting, std::size_t{1} << 20U};
  // A line of 20 Mbit/s: 1000 bytes in 400 microseconds. The greedy flow offers twice as much, the
  // polite ones 1 Mbit/s each.
  constexpr auto kSlot = microseconds{400};
  constexpr std::uint32_t kGreedy = 100;
  std::map<std::uint32_t, std::size_t> offered;
  std::map<std::uint32_t, std::size_t> sent;
  Duration longest{};
  SeededRandom random{7};
  const auto offer = [&](Instant now, std::uint32_t flow) {
    queue.push(now, {{}, numbered(flow, 0, 1000), flow});
    ++offered[flow];
  };
  for (int slot = 0; slot < 50'000; ++slot) {
    const auto now = kStart + slot * kSlot;
    offer(now, kGreedy);
    offer(now, kGreedy);
    for (std::uint32_t flow = 0; flow < 9; ++flow) {
      if (random.below(20) == 0) {
        offer(now, flow);
      }
    }
    if (const auto* const front = queue.front(now)) {
      const auto flow = flow_of(*front);
      ++sent[flow];
      if (flow != kGreedy) {
        longest = std::max(longest, now - front->since);
      }
      queue.pop();
    }
  }
  for (std::uint32_t flow = 0; flow < 9; ++flow) {
    CHECK(sent[flow] + 5 >= offered[flow]);
  }
  CHECK(longest <= 20 * kSlot);
  CHECK(sent[kGreedy] > 50'000 * 5 / 10);  // all that is left: 55 %
}

TEST_CASE("fair_queue: a sender that backs off waits about the target", "[queue][fair_queue]") {
  Pools pools;
  FairQueue queue{pools.blocks, pools.waiting, std::size_t{1} << 20U};
  // 10 Mbit/s, round trip 50 ms, 1250 bytes a millisecond; a window that grows by one packet a
  // round trip and halves once for each round trip with losses (Reno). Its memory would hold 700
  // ms.
  constexpr auto kRoundTrip = milliseconds{50};
  double window = 10;
  std::size_t in_flight = 0;
  std::uint64_t dropped = 0;
  Instant halved_at{};
  std::deque<Instant> acknowledged;
  std::vector<Duration> sojourns;
  std::size_t sent = 0;
  constexpr int kSlots = 60'000;
  for (int slot = 0; slot < kSlots; ++slot) {
    const auto now = kStart + slot * milliseconds{1};
    for (; !acknowledged.empty() && acknowledged.front() <= now; acknowledged.pop_front()) {
      --in_flight;
      window += 1 / window;
    }
    while (static_cast<double>(in_flight) < window) {
      queue.push(now, {{}, numbered(1, 0, 1250), 1});
      ++in_flight;
    }
    if (const auto* const front = queue.front(now)) {
      if (slot > kSlots / 3) {
        sojourns.push_back(now - front->since);
        ++sent;
      }
      acknowledged.push_back(now + kRoundTrip);
      queue.pop();
    }
    in_flight -= queue.dropped() - dropped;
    if (queue.dropped() != dropped && now - halved_at > kRoundTrip) {
      window = std::max(window / 2, 2.0);
      halved_at = now;
    }
    dropped = queue.dropped();
  }
  std::ranges::sort(sojourns);
  CHECK(sojourns[sojourns.size() / 2] <= 3 * CodelConfig{}.target);
  CHECK(sojourns[sojourns.size() * 99 / 100] <= milliseconds{60});
  CHECK(sent >= static_cast<std::size_t>(kSlots) * 2 / 3 * 8 / 10);  // Reno, with so little queue
}

TEST_CASE("fair_queue: when memory is used up, the longest queue loses its head",
          "[queue][fair_queue]") {
  Pools pools;
  constexpr std::size_t kBytes = 100 * sizeof(WaitingDatagram);
  FairQueue queue{pools.blocks, pools.waiting, kBytes};
  for (std::uint32_t i = 0; i < 10; ++i) {
    queue.push(kStart, {{}, numbered(1, i, 1000), 1});
  }
  for (std::uint32_t i = 0; i < 500; ++i) {
    queue.push(kStart, {{}, numbered(2, i, 100), 2});  // many small ones, 9000 bytes
  }
  CHECK(queue.size() == 100);
  CHECK(queue.dropped() == 410);
  // The bytes decide, not how many they are; and of a flow the oldest goes.
  std::map<std::uint32_t, std::vector<std::uint32_t>> left;
  while (const auto* const front = queue.front(kStart)) {
    left[flow_of(*front)].push_back(number_of(*front));
    queue.pop();
  }
  CHECK(left[1].size() + left[2].size() == 100);
  CHECK(left[1].back() == 9);
  CHECK(left[2].back() == 499);
  CHECK(left[1].size() * 1000 + 1000 >= left[2].size() * 100);
  CHECK(left[2].size() >= 90);
}

TEST_CASE("fair_queue: what cannot wait is counted", "[queue][fair_queue]") {
  Pools pools;
  FairQueue queue{pools.blocks, pools.waiting, 3 * kBlockBytes};
  queue.push(kStart, {{}, ByteVector(FairQueue::kPayloadMax), 1});
  CHECK(queue.size() == 1);
  queue.push(kStart, {{}, ByteVector(FairQueue::kPayloadMax + 1), 1});
  CHECK(queue.size() == 1);
  CHECK(queue.dropped() == 1);
  FairQueue tiny{pools.blocks, pools.waiting, 100};
  tiny.push(kStart, {{}, {}, 1});
  CHECK(tiny.empty());
  CHECK(tiny.dropped() == 1);
}

TEST_CASE("fair_queue: empty payloads are payloads", "[queue][fair_queue]") {
  Pools pools;
  FairQueue queue{pools.blocks, pools.waiting, 2 * sizeof(WaitingDatagram)};
  for (int i = 0; i < 3; ++i) {
    queue.push(kStart, {});
  }
  CHECK(queue.size() == 2);
  CHECK(queue.dropped() == 1);
  REQUIRE(queue.front(kStart) != nullptr);
  CHECK(queue.front(kStart)->payload().empty());
}

TEST_CASE("fair_queue: the front stays until it is taken", "[queue][fair_queue]") {
  Pools pools;
  FairQueue queue{pools.blocks, pools.waiting, 10 * sizeof(WaitingDatagram)};
  queue.push(kStart, {{}, numbered(1, 1, 1000), 1});
  const auto* const front = queue.front(kStart);
  queue.push(kStart, {{}, numbered(2, 2, 1000), 2});
  CHECK(queue.front(kStart + seconds{10}) == front);
  // Unless it is the head that has to make room.
  for (std::uint32_t i = 0; i < 9; ++i) {
    queue.push(kStart, {{}, numbered(1, 10 + i, 1000), 1});
  }
  CHECK(queue.dropped() == 1);
  REQUIRE(queue.front(kStart) != nullptr);
  CHECK(number_of(*queue.front(kStart)) != 1);
}

TEST_CASE("fair_queue: the payloads of one packet leave one after the other",
          "[queue][fair_queue]") {
  Pools pools;
  FairQueue queue{pools.blocks, pools.waiting, std::size_t{16} << 20U};
  SeededRandom random{9};
  std::map<std::uint32_t, std::uint32_t> next;
  std::map<std::uint32_t, std::size_t> sent;
  std::uint32_t inside = 0;  // flow + 1 of the packet that has begun
  for (int step = 0; step < 30'000; ++step) {
    const auto flow = static_cast<std::uint32_t>(random.below(5));
    if (queue.size() < 500) {
      const auto parts = random.below(2) == 0 ? 1 : 1 + random.below(46);
      for (std::size_t i = 1; i <= parts; ++i) {
        queue.push(kStart, {{}, numbered(flow, next[flow]++, 1300), flow, i < parts});
      }
    }
    const auto* const front = queue.front(kStart);
    REQUIRE(front != nullptr);
    REQUIRE((inside == 0 || inside == flow_of(*front) + 1));
    inside = front->more ? flow_of(*front) + 1 : 0;
    sent[flow_of(*front)] += front->bytes;
    queue.pop();
  }
  // And flows still share fairly: nobody is a super-packet ahead of its due for long.
  const auto [least, most] = std::ranges::minmax(sent | std::views::values);
  CHECK(most - least < 4'000'000);
}

TEST_CASE("fair_queue: CoDel spares the payload that the rest of a packet needs",
          "[queue][fair_queue]") {
  Pools pools;
  FairQueue queue{pools.blocks, pools.waiting, std::size_t{64} << 20U};
  constexpr std::uint32_t kParts = 10;
  for (std::uint32_t packet = 0; packet < 2000; ++packet) {
    for (std::uint32_t part = 0; part < kParts; ++part) {
      queue.push(kStart, {{}, numbered(1, packet * kParts + part, 1300), 1, part + 1 < kParts});
    }
  }
  std::size_t heads = 0;
  for (int slot = 0; !queue.empty(); ++slot) {
    if (const auto* const front = queue.front(kStart + slot * milliseconds{1})) {
      heads += number_of(*front) % kParts == 0 ? 1U : 0U;
      queue.pop();
    }
  }
  CHECK(queue.dropped() > 100);
  CHECK(heads == 2000);
}

}  // namespace
}  // namespace quicether::queue
