#include "core/quic/black_hole.hpp"
#include "core/quic/byte_queue.hpp"
#include "core/quic/cid.hpp"
#include "core/quic/circuit_breaker.hpp"
#include "core/quic/mtu_watch.hpp"
#include "core/quic/ring_queue.hpp"
#include "core/quic/timer_heap.hpp"
#include "core/quic/transmit_queue.hpp"

#include <quicether/base/random.hpp>
#include <quicether/core/crypto/key_pair.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <numeric>

namespace quicether::quic {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Instant at(int milli) {
  return Instant{milliseconds{milli}};
}

TEST_CASE("byte_queue: behaves like a deque of bytes whose views are stable",
          "[quic][byte_queue]") {
  queue::BlockPool pool;
  ByteQueue queue{pool};
  std::deque<std::uint8_t> model;
  SeededRandom random{3};
  std::uint8_t next = 0;
  for (int step = 0; step < 3000; ++step) {
    if (random.below(2) == 0 && model.size() < 200'000) {
      ByteVector bytes(random.below(5000));
      std::iota(bytes.begin(), bytes.end(), next);
      next = static_cast<std::uint8_t>(next + bytes.size());
      queue.append(bytes);
      model.insert(model.end(), bytes.begin(), bytes.end());
    } else {
      ByteVector out(random.below(6000));
      const auto taken = queue.take(out);
      REQUIRE(taken == std::min(out.size(), model.size()));
      REQUIRE(
          std::equal(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(taken), model.begin()));
      model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(taken));
    }
    REQUIRE(queue.size() == model.size());
    if (!model.empty()) {
      const auto offset = random.below(model.size());
      const auto view = queue.view(offset);
      REQUIRE_FALSE(view.empty());
      REQUIRE(std::equal(
          view.begin(), view.end(), model.begin() + static_cast<std::ptrdiff_t>(offset)));
    }
  }
}

TEST_CASE("byte_queue: a view stays where it is while bytes are added", "[quic][byte_queue]") {
  queue::BlockPool pool;
  ByteQueue queue{pool};
  queue.append(ByteVector(100, 7));
  const auto view = queue.view(0);

  for (int i = 0; i < 100; ++i) {
    queue.append(ByteVector(5000, 1));
  }

  CHECK(std::ranges::all_of(view, [](auto byte) { return byte == 7; }));
  CHECK(queue.view(0).data() == view.data());
}

Route to(std::uint16_t port) {
  return {{}, {IpAddress::v4(0x01020304), port}, Ecn::not_ect};
}

void put(TransmitQueue& queue, const Route& route, std::size_t bytes, std::uint8_t mark = 0) {
  const auto out = queue.prepare(1452);
  REQUIRE(out.size() == 1452);
  std::fill_n(out.begin(), bytes, mark);
  queue.commit(route, bytes);
}

TEST_CASE("transmit_queue: packets of one route and size make a train", "[quic][transmit_queue]") {
  TransmitQueue queue;
  for (std::uint8_t i = 0; i < 10; ++i) {
    put(queue, to(1), 1000, i);
  }
  put(queue, to(1), 400, 10);  // the last may be shorter
  put(queue, to(1), 400, 11);  // and ends the train

  const auto trains = queue.trains();

  REQUIRE(trains.size() == 2);
  CHECK(trains[0].segment_bytes == 1000);
  REQUIRE(trains[0].bytes.size() == 10'400);
  for (std::size_t i = 0; i < 11; ++i) {
    CHECK(trains[0].bytes[i * 1000] == i);
  }
  CHECK(trains[1].bytes.size() == 400);
  CHECK(trains[1].segment_bytes == 400);
}

TEST_CASE("transmit_queue: what ends a train", "[quic][transmit_queue]") {
  TransmitQueue queue;
  put(queue, to(1), 1000);
  SECTION("another destination") {
    put(queue, to(2), 1000);
  }
  SECTION("another mark") {
    auto marked = to(1);
    marked.ecn = Ecn::ect0;
    put(queue, marked, 1000);
  }
  SECTION("another source") {
    auto moved = to(1);
    moved.local.address = IpAddress::v4(0x7f000001);
    put(queue, moved, 1000);
  }
  SECTION("a larger packet") {
    put(queue, to(1), 1001);
  }
  SECTION("that it was shown to the driver") {
    CHECK(queue.trains().size() == 1);
    put(queue, to(1), 1000);
  }
  CHECK(queue.trains().size() == 2);
}

TEST_CASE("transmit_queue: a train has at most 64 packets and 65507 bytes",
          "[quic][transmit_queue]") {
  TransmitQueue queue;
  for (int i = 0; i < 130; ++i) {
    put(queue, to(1), 100);
  }
  for (int i = 0; i < 90; ++i) {
    put(queue, to(1), 1452);
  }

  const auto trains = queue.trains();

  std::size_t bytes = 0;
  for (const auto& train : trains) {
    CHECK(train.bytes.size() <= kTrainBytesMax);
    CHECK(train.bytes.size() <= kTrainSegmentsMax * train.segment_bytes);
    bytes += train.bytes.size();
  }
  CHECK(bytes == 130 * 100 + 90 * 1452);
  CHECK(trains.size() == 3 + 2);
}

TEST_CASE("transmit_queue: bounded, in order and intact under any pace of the driver",
          "[quic][transmit_queue]") {
  TransmitQueue queue;
  SeededRandom random{11};

  struct Packet {
    std::uint16_t port = 0;
    std::uint8_t mark = 0;
    std::size_t bytes = 0;
  };

  std::deque<Packet> model;
  std::size_t full = 0;
  const auto check_front = [&](const OutgoingTrain& train) {
    for (auto rest = train.bytes; !rest.empty();) {
      const auto packet = rest.first(std::min(train.segment_bytes, rest.size()));
      rest = rest.subspan(packet.size());
      REQUIRE_FALSE(model.empty());
      REQUIRE(packet.size() == model.front().bytes);
      REQUIRE(train.remote.port == model.front().port);
      REQUIRE(std::ranges::all_of(packet, [&](auto b) { return b == model.front().mark; }));
      model.pop_front();
    }
  };
  for (int step = 0; step < 60'000; ++step) {
    if (random.below(400) != 0) {
      const auto out = queue.prepare(1452);
      if (out.empty()) {
        REQUIRE(queue.is_full());
        ++full;
        continue;
      }
      const Packet packet{static_cast<std::uint16_t>(1 + random.below(3)),
                          static_cast<std::uint8_t>(random.below(256)),
                          random.below(4) == 0 ? 1 + random.below(1452) : 1400};
      std::fill_n(out.begin(), packet.bytes, packet.mark);
      queue.commit(to(packet.port), packet.bytes);
      model.push_back(packet);
    } else {
      const auto trains = queue.trains();
      const auto count = random.below(trains.size() + 1);
      for (std::size_t i = 0; i < count; ++i) {
        check_front(trains[i]);
      }
      queue.consume(count);
      REQUIRE(queue.empty() == model.empty());
    }
  }
  CHECK(full > 0);
}

TEST_CASE("transmit_queue: kept short while the socket refuses trains", "[quic][transmit_queue]") {
  TransmitQueue queue;
  const auto fill = [&] {
    std::size_t bytes = 0;
    while (!queue.prepare(1452).empty()) {
      queue.commit(to(1), 1400);
      bytes += 1400;
    }
    CHECK(queue.is_full());
    return bytes;
  };
  CHECK(fill() > TransmitQueue::kBufferBytes - 70'000);
  queue.consume(queue.trains().size() - 1);
  CHECK(queue.is_full());
  const auto left = queue.trains()[0].bytes.size();

  CHECK(left + fill() < TransmitQueue::kBacklogBytes + 1400);
  queue.consume(queue.trains().size());
  CHECK_FALSE(queue.is_full());

  // It may be longer by and by, as long as the socket takes everything.
  for (std::size_t i = 2; i < 10; ++i) {
    const auto bytes = fill();
    CHECK(bytes >= i * TransmitQueue::kBacklogBytes);
    CHECK(bytes < i * TransmitQueue::kBacklogBytes + 1400);
    queue.consume(queue.trains().size());
  }
  for (std::size_t i = 0; i < 40; ++i) {
    (void)fill();
    queue.consume(queue.trains().size());
  }
  CHECK(fill() > TransmitQueue::kBufferBytes - 70'000);
}

TEST_CASE("timer_heap: gives the earliest deadline of many that move", "[quic][timer_heap]") {
  TimerHeap heap;
  std::map<std::uint32_t, Instant> model;
  SeededRandom random{13};
  CHECK(heap.next().is_never());
  for (int step = 0; step < 20'000; ++step) {
    const auto slot = static_cast<std::uint32_t>(random.below(200));
    if (random.below(4) == 0) {
      heap.set(slot, Instant::never());
      model.erase(slot);
    } else {
      const auto deadline = at(static_cast<int>(random.below(1000)));
      heap.set(slot, deadline);
      model[slot] = deadline;
    }
    auto best = model.end();
    for (auto it = model.begin(); it != model.end(); ++it) {
      if (best == model.end() || it->second < best->second) {
        best = it;
      }
    }
    REQUIRE(heap.next() == (best == model.end() ? Instant::never() : best->second));
    if (best != model.end()) {
      REQUIRE(heap.next_slot() == best->first);  // the smallest of equal deadlines
    }
  }
}

TEST_CASE("ring_queue: first in, first out while it grows", "[quic][ring_queue]") {
  RingQueue<int> queue;
  std::deque<int> model;
  SeededRandom random{17};
  for (int step = 0; step < 5000; ++step) {
    if (random.below(5) < 3) {
      queue.push(step);
      model.push_back(step);
    } else if (!model.empty()) {
      REQUIRE(queue.pop() == model.front());
      model.pop_front();
    }
    REQUIRE(queue.size() == model.size());
  }
}

/// Gives chosen bytes first, then counts up.
class ScriptedRandom final : public Random {
 public:
  explicit ScriptedRandom(ByteVector script) : script_{std::move(script)} {}

  void fill(Bytes out) noexcept override {
    for (auto& byte : out) {
      byte = next_ < script_.size() ? script_[next_] : static_cast<std::uint8_t>(next_);
      ++next_;
    }
  }

 private:
  ByteVector script_;
  std::size_t next_ = 0;
};

TEST_CASE("cid: never makes a packet look like a DHT message", "[quic][cid]") {
  SeededRandom seeded{1};
  const auto key = crypto::KeyPair::generate(seeded);
  ScriptedRandom random{{'1', ':', 'a', 'd', '2', ':', 'i', 'd',  // refused
                         '0', ':', 0,   0,   0,   0,   0,   0,    // refused
                         '9', ';', 1,   2,   3,   4,   5,   6}};
  CidMaker maker{key, random};

  const auto cid = maker.make();

  CHECK(cid.bytes == std::array<std::uint8_t, 8>{'9', ';', 1, 2, 3, 4, 5, 6});
}

TEST_CASE("cid: what looks like a DHT message", "[quic][cid]") {
  CHECK(looks_like_dht(as_bytes("d1:ad2:id20:")));
  CHECK(looks_like_dht(as_bytes("d2:ip6:")));
  CHECK_FALSE(looks_like_dht(as_bytes("d1")));
  CHECK_FALSE(looks_like_dht(as_bytes("e1:")));
  CHECK_FALSE(looks_like_dht(as_bytes("da:")));
  CHECK_FALSE(looks_like_dht(as_bytes("d1;")));
}

TEST_CASE("cid: leads to the shard that made it", "[quic][cid][shard]") {
  SeededRandom random{1};
  const auto key = crypto::KeyPair::generate(random);
  for (const std::uint8_t count : std::initializer_list<std::uint8_t>{1, 2, 3, 7, 16}) {
    for (std::uint8_t index = 0; index < count; ++index) {
      CidMaker maker{key, random, {index, count}};
      for (int i = 0; i < 50; ++i) {
        const auto cid = maker.make();
        ByteVector short_header{0x40};
        short_header.insert(short_header.end(), cid.bytes.begin(), cid.bytes.end());
        ByteVector long_header{0xc0, 0, 0, 0, 1, 8};
        long_header.insert(long_header.end(), cid.bytes.begin(), cid.bytes.end());
        CHECK(shard_of(short_header, count) == index);
        CHECK(shard_of(long_header, count) == index);
      }
    }
  }
}

TEST_CASE("cid: what says nothing about a shard is for the first", "[quic][cid][shard]") {
  CHECK(shard_of(as_bytes("d1:ad2:id20:"), 16) == 0);
  CHECK(shard_of({}, 16) == 0);
  CHECK(shard_of(ByteVector{0x40}, 16) == 0);
  CHECK(shard_of(ByteVector{0xc0, 0, 0, 0, 1, 8}, 16) == 0);
}

TEST_CASE("cid: a reset token follows from key and id alone", "[quic][cid]") {
  SeededRandom random{1};
  const auto key = crypto::KeyPair::generate(random);
  const auto other = crypto::KeyPair::generate(random);
  const CidMaker maker{key, random};
  const CidMaker restarted{key, random};
  const CidMaker stranger{other, random};
  const ByteVector cid{1, 2, 3, 4, 5, 6, 7, 8};
  const ByteVector next{1, 2, 3, 4, 5, 6, 7, 9};

  CHECK(maker.reset_token(cid) == restarted.reset_token(cid));
  CHECK(maker.reset_token(cid) != stranger.reset_token(cid));
  CHECK(maker.reset_token(cid) != maker.reset_token(next));
}

TEST_CASE("mtu_watch: settles when the largest size arrived or every size failed",
          "[quic][mtu_watch]") {
  const std::vector<std::uint16_t> sizes{1452, 1406, 1342};
  MtuWatch watch{sizes};
  constexpr Duration kPto = milliseconds{100};
  const auto probe = [&](int milli, std::size_t bytes, std::size_t path) {
    watch.on_sent(at(milli), bytes, path, kPto);
  };

  CHECK_FALSE(watch.settled(at(0), 1200, 65527));
  CHECK(watch.settled(at(0), 1452, 65527));
  CHECK(watch.settled(at(0), 1200, 1200));  // the peer takes no larger ones

  for (int i = 0; i < 3; ++i) {
    probe(100 * i, 1452, 1200);
  }
  CHECK_FALSE(watch.settled(at(400), 1200, 65527));
  CHECK_FALSE(watch.settled(at(600), 1200, 65527));  // two sizes are left
  CHECK(watch.settled(at(600), 1406, 65527));
  CHECK_FALSE(watch.settled(at(499), 1406, 65527));  // 1452 may still arrive
  for (int i = 0; i < 3; ++i) {
    probe(700 + 100 * i, 1342, 1200);  // the smallest fails, so 1406 is not tried
  }
  CHECK(watch.settled(at(1300), 1200, 65527));

  watch.restart();
  CHECK_FALSE(watch.settled(at(1300), 1200, 65527));
}

TEST_CASE("black_hole: three reports of lost large packets alone bound the size",
          "[quic][black_hole]") {
  BlackHole watch;
  const auto report = [&](int second, bool lost, bool delivered) {
    if (lost) {
      watch.on_lost();
    }
    if (delivered) {
      watch.on_delivered();
    }
    watch.on_report(at(1000 * second));
  };

  report(1, true, false);
  report(2, true, false);
  report(3, true, true);  // some arrived: congestion
  report(4, true, false);
  report(5, false, false);
  report(6, true, false);
  CHECK_FALSE(watch.bounds(at(6000)));
  report(7, true, false);
  CHECK(watch.bounds(at(7000)));
  CHECK(watch.bounds(at(16'999)));
  CHECK_FALSE(watch.bounds(at(17'000)));

  for (int i = 0; i < 3; ++i) {
    report(20, true, false);
  }
  CHECK(watch.bounds(at(39'999)));  // twice as long
  CHECK_FALSE(watch.bounds(at(40'000)));

  report(41, false, true);
  for (int i = 0; i < 3; ++i) {
    report(42, true, false);
  }
  CHECK_FALSE(watch.bounds(at(52'000)));  // patience began anew
}

TEST_CASE("circuit breaker: trips when most datagrams are lost for three seconds",
          "[quic][circuit_breaker]") {
  CircuitBreaker breaker;
  int second = 1;
  const auto pass_second = [&](int delivered, int lost) {
    for (int i = 0; i < delivered + lost; ++i) {
      breaker.on_sent(at(1000 * second));
    }
    for (int i = 0; i < delivered; ++i) {
      breaker.on_delivered(at(1000 * second));
    }
    for (int i = 0; i < lost; ++i) {
      breaker.on_lost();
    }
    ++second;
    return breaker.tripped(at(1000 * second));
  };

  CHECK_FALSE(breaker.tripped(at(1000)));
  CHECK_FALSE(pass_second(60, 40));
  CHECK_FALSE(pass_second(60, 40));
  CHECK_FALSE(pass_second(71, 29));  // one better second
  CHECK_FALSE(pass_second(60, 40));
  CHECK_FALSE(pass_second(60, 40));
  CHECK_FALSE(pass_second(5, 10));  // too few to tell
  CHECK_FALSE(pass_second(60, 40));
  CHECK_FALSE(pass_second(60, 40));
  CHECK(pass_second(60, 40));
  CHECK(breaker.tripped(at(1000 * second + 9'999)));
  CHECK_FALSE(breaker.tripped(at(1000 * second + 10'000)));
}

TEST_CASE("circuit breaker: trips while too many datagrams have no report",
          "[quic][circuit_breaker]") {
  CircuitBreaker breaker;
  for (int i = 0; i < 65536; ++i) {
    breaker.on_sent(at(0));
  }
  CHECK_FALSE(breaker.tripped(at(0)));
  breaker.on_sent(at(0));
  CHECK(breaker.tripped(at(0)));
  breaker.on_lost();
  CHECK_FALSE(breaker.tripped(at(0)));
}

TEST_CASE("circuit breaker: wants one probe per timeout while nothing is reported",
          "[quic][circuit_breaker]") {
  CircuitBreaker breaker;
  const auto pto = milliseconds{100};
  CHECK_FALSE(breaker.wants_probe(at(1000), pto));
  breaker.on_sent(at(1000));
  CHECK_FALSE(breaker.wants_probe(at(1100), pto));
  CHECK(breaker.wants_probe(at(1101), pto));
  CHECK_FALSE(breaker.wants_probe(at(1102), pto));
  breaker.on_sent(at(1150));
  breaker.on_delivered(at(1160));
  CHECK_FALSE(breaker.wants_probe(at(1260), pto));
  CHECK(breaker.wants_probe(at(1261), pto));
}

}  // namespace
}  // namespace quicether::quic
