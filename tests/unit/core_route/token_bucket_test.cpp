#include <quicether/base/random.hpp>
#include <quicether/core/route/token_bucket.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>

using namespace quicether;
using namespace std::chrono_literals;
using route::TokenBucket;

namespace {

unsigned take_all(TokenBucket& bucket, Instant now) {
  unsigned taken = 0;
  while (bucket.take(now)) {
    ++taken;
  }
  return taken;
}

}  // namespace

TEST_CASE("token_bucket: starts full, whatever the time is", "[route][token_bucket]") {
  for (const auto start : {Instant{}, Instant{-10s}, Instant{24h * 10'000}}) {
    TokenBucket bucket{100, 30};
    CHECK(take_all(bucket, start) == 30);
  }
}

TEST_CASE("token_bucket: fills at its rate up to the burst", "[route][token_bucket]") {
  TokenBucket bucket{100, 30};
  Instant now{1s};
  CHECK(take_all(bucket, now) == 30);

  CHECK(take_all(bucket, now + 9ms) == 0);
  CHECK(take_all(bucket, now + 10ms) == 1);
  CHECK(take_all(bucket, now + 19ms) == 0);
  CHECK(take_all(bucket, now + 20ms) == 1);
  CHECK(take_all(bucket, now + 120ms) == 10);
  CHECK(take_all(bucket, now + 1h) == 30);
}

TEST_CASE("token_bucket: never lets more through than rate and burst allow",
          "[route][token_bucket]") {
  SeededRandom random{81};
  TokenBucket bucket{100, 20};
  Instant now{5s};
  const auto start = now;
  unsigned taken = 0;

  for (int i = 0; i < 100'000; ++i) {
    now = now + std::chrono::microseconds{random.below(2000)};
    taken += bucket.take(now) ? 1U : 0U;
    const auto allowed = 20 + (now - start) / 10ms;
    REQUIRE(taken <= allowed);
  }

  // And about as many as they allow, when somebody always asks.
  CHECK(taken > (now - start) / 10ms - 1);
}
