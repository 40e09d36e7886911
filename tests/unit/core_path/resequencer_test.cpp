#include <quicether/base/random.hpp>
#include <quicether/core/path/resequencer.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <deque>
#include <numeric>
#include <set>
#include <vector>

namespace quicether::path {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kStart{seconds{1}};
constexpr SessionId kSession{3};

/// Feeds numbers of flows, and collects what comes out.
class Fixture {
 public:
  explicit Fixture(ResequencerConfig config = {}) : order{config} {}

  void take(Instant now,
            std::uint32_t sequence,
            bool more = false,
            bool at_once = false,
            std::uint16_t flow = 1) {
    ByteVector bytes(8);
    store_be(Bytes{bytes}, std::uint32_t{flow});
    store_be(Bytes{bytes}.subspan(4), sequence);
    order.take(now, kSession, {{flow, sequence, more, at_once}, bytes});
    collect();
  }

  void wait(Instant now) {
    order.on_timeout(now);
    collect();
  }

  /// What came out since the last call, of one flow.
  std::vector<std::uint32_t> out(std::uint16_t flow = 1) {
    std::vector<std::uint32_t> numbers;
    for (const auto& [from, number] : out_) {
      if (from == flow) {
        numbers.push_back(number);
      }
    }
    std::erase_if(out_, [&](const auto& entry) { return entry.first == flow; });
    return numbers;
  }

  Resequencer order;

 private:
  void collect() {
    for (const auto& released : order.released()) {
      out_.emplace_back(static_cast<std::uint16_t>(load_be<std::uint32_t>(released.payload)),
                        load_be<std::uint32_t>(released.payload.subspan(4)));
    }
    order.clear_released();
  }

  std::vector<std::pair<std::uint16_t, std::uint32_t>> out_{};
};

using Numbers = std::vector<std::uint32_t>;

TEST_CASE("resequencer: what is in order passes", "[path][resequencer]") {
  Fixture f;
  for (std::uint32_t i = 0; i < 100; ++i) {
    f.take(kStart, i);
    CHECK(f.out() == Numbers{i});
  }
  CHECK(f.order.stats().in_order == 100);
  CHECK(f.order.next_timeout().is_never());
}

TEST_CASE("resequencer: what comes early waits for what is missing", "[path][resequencer]") {
  Fixture f;
  f.take(kStart, 0);
  f.take(kStart, 2);
  f.take(kStart, 3);
  CHECK(f.out() == Numbers{0});
  f.take(kStart + milliseconds{5}, 1);
  CHECK(f.out() == Numbers{1, 2, 3});
  CHECK(f.order.next_timeout().is_never());
}

TEST_CASE("resequencer: the first packet of a flow may be overtaken", "[path][resequencer]") {
  Fixture f;
  f.take(kStart, 1);
  CHECK(f.out().empty());
  f.take(kStart, 0);
  CHECK(f.out() == Numbers{0, 1});
}

TEST_CASE("resequencer: waits no longer than gaps take to close", "[path][resequencer]") {
  Fixture f;
  const auto first = f.order.hold();
  CHECK(first >= milliseconds{150});
  f.take(kStart, 0);
  f.take(kStart, 2);
  CHECK(f.order.next_timeout() == kStart + first);
  f.wait(kStart + first - milliseconds{1});
  CHECK(f.out() == Numbers{0});
  f.wait(kStart + first);
  CHECK(f.out() == Numbers{2});
  CHECK(f.order.stats().missed == 1);

  // Gaps of 40 ms teach it, the first ones are forgotten.
  auto now = kStart + seconds{1};
  std::uint32_t next = 3;
  for (int i = 0; i < 300; ++i) {
    f.take(now, next + 1);
    now = now + milliseconds{40};
    f.take(now, next);
    next += 2;
  }
  CHECK(f.order.hold() >= milliseconds{50});
  CHECK(f.order.hold() <= milliseconds{60});
}

TEST_CASE("resequencer: several gaps are waited for at the same time", "[path][resequencer]") {
  Fixture f;
  f.take(kStart, 0);
  for (std::uint32_t i = 2; i < 100; i += 2) {
    f.take(kStart, i);
  }
  (void)f.out();
  f.wait(kStart + f.order.hold());
  CHECK(f.out().size() == 49);
}

TEST_CASE("resequencer: late ones come out once, duplicates never", "[path][resequencer]") {
  Fixture f;
  f.take(kStart, 0);
  f.take(kStart, 2);
  f.wait(kStart + f.order.hold());
  (void)f.out();
  f.take(kStart + seconds{1}, 1);
  CHECK(f.out() == Numbers{1});
  for (const std::uint32_t again : {0U, 1U, 2U}) {
    f.take(kStart + seconds{1}, again);
  }
  f.take(kStart + seconds{1}, 4);
  f.take(kStart + seconds{1}, 4);
  CHECK(f.out().empty());
  CHECK(f.order.stats().late == 1);
  CHECK(f.order.stats().duplicates == 4);
}

TEST_CASE("resequencer: a gap in one flow does not delay another", "[path][resequencer]") {
  Fixture f;
  f.take(kStart, 0);
  f.take(kStart, 2);
  for (std::uint32_t i = 0; i < 10; ++i) {
    f.take(kStart, i, false, false, 2);
  }
  CHECK(f.out(2).size() == 10);
}

TEST_CASE("resequencer: at once means at once, and does not stop the others",
          "[path][resequencer]") {
  Fixture f;
  f.take(kStart, 5, false, true);
  f.take(kStart, 3, false, true);
  CHECK(f.out() == Numbers{5, 3});
  f.take(kStart, 3, false, true);
  CHECK(f.out().empty());
  for (const std::uint32_t i : {0U, 1U, 2U, 4U, 6U}) {
    f.take(kStart, i);
  }
  CHECK(f.out() == Numbers{0, 1, 2, 4, 6});
}

TEST_CASE("resequencer: the parts of a packet come out together", "[path][resequencer]") {
  Fixture f;
  f.take(kStart, 0, true);
  f.take(kStart, 2, false);
  CHECK(f.out().empty());
  f.take(kStart, 1, true);
  CHECK(f.out() == Numbers{0, 1, 2});
  f.take(kStart, 3, true);
  f.wait(kStart + f.order.hold());  // the rest never comes
  CHECK(f.out() == Numbers{3});
  CHECK(f.order.next_timeout().is_never());
  f.take(kStart + seconds{1}, 4);
  CHECK(f.out() == Numbers{4});
}

TEST_CASE("resequencer: a flow that jumps begins anew, and loses nothing", "[path][resequencer]") {
  Fixture f;
  f.take(kStart, 0);
  f.take(kStart, 2);
  f.take(kStart, 0x80000000);
  CHECK(f.out() == Numbers{0, 2, 0x80000000});
  f.take(kStart, 0x80000001);
  CHECK(f.out() == Numbers{0x80000001});
}

TEST_CASE("resequencer: numbers wrap", "[path][resequencer]") {
  Fixture f;
  for (const std::uint32_t i : {0xfffffffeU, 0U, 0xffffffffU, 1U}) {
    f.take(kStart, i);
  }
  CHECK(f.out() == Numbers{0xfffffffe, 0xffffffff, 0, 1});
}

TEST_CASE("resequencer: memory is bounded whatever comes", "[path][resequencer]") {
  ResequencerConfig config;
  config.held_bytes_max = 100'000;
  config.slots_max = 1024 * 32 + 4096;
  Fixture f{config};
  std::size_t given = 0;
  for (std::uint32_t i = 1; i < 20'000; ++i) {  // 0 never comes
    f.take(kStart, i, false, false, static_cast<std::uint16_t>(i % 7));
    given += f.out(static_cast<std::uint16_t>(i % 7)).size();
  }
  f.wait(kStart + seconds{10});
  for (std::uint16_t flow = 0; flow < 7; ++flow) {
    given += f.out(flow).size();
  }
  CHECK(given == 19'999);
}

// Two paths of different delay, losses and copies: everything comes out once, and in order but for
// what was given up.
TEST_CASE("resequencer: any mixture comes out once", "[path][resequencer]") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SeededRandom random{seed};
    Fixture f;
    std::multiset<std::pair<std::int64_t, std::uint32_t>> arrivals;
    std::set<std::uint32_t> sent;
    for (std::uint32_t i = 0; i < 2000; ++i) {
      const auto at = static_cast<std::int64_t>(i) * 100 + (random.below(2) == 0 ? 5000 : 25'000);
      if (random.below(100) != 0) {
        arrivals.emplace(at, i);
        sent.insert(i);
      }
      if (random.below(50) == 0) {
        arrivals.emplace(at + static_cast<std::int64_t>(random.below(30'000)), i);
        sent.insert(i);
      }
    }
    std::vector<std::uint32_t> out;
    Instant now = kStart;
    const auto collect = [&] {
      for (const auto number : f.out()) {
        out.push_back(number);
      }
    };
    for (const auto& [at, number] : arrivals) {
      now = kStart + std::chrono::microseconds{at};
      while (f.order.next_timeout() <= now) {
        f.wait(f.order.next_timeout());
        collect();
      }
      f.take(now, number);
      collect();
    }
    f.wait(now + seconds{5});
    collect();
    CAPTURE(seed);
    CHECK(std::set(out.begin(), out.end()) == sent);
    CHECK(out.size() == sent.size());
    CHECK(std::ranges::is_sorted(out));
  }
}

}  // namespace
}  // namespace quicether::path
