#include <quicether/base/bytes.hpp>
#include <quicether/base/narrow.hpp>
#include <quicether/base/random.hpp>
#include <quicether/base/time.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <set>

using quicether::Bytes;
using quicether::Instant;
using quicether::SeededRandom;

TEST_CASE("bytes: integers are stored most significant byte first", "[base][bytes]") {
  std::array<std::uint8_t, 8> bytes{};

  quicether::store_be(Bytes{bytes}, std::uint64_t{0x0102030405060708U});

  CHECK(bytes == std::array<std::uint8_t, 8>{1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(quicether::load_be<std::uint64_t>(bytes) == 0x0102030405060708U);
  CHECK(quicether::load_be<std::uint16_t>(bytes) == 0x0102U);
  CHECK(quicether::load_be<std::uint8_t>(bytes) == 1U);
}

TEST_CASE("bytes: text and bytes are views of each other", "[base][bytes]") {
  CHECK(quicether::as_text(quicether::as_bytes("\x01z")) == "\x01z");
}

TEST_CASE("narrow: keeps a value that fits", "[base][narrow]") {
  CHECK(quicether::narrow<std::uint8_t>(255) == 255U);
  CHECK(quicether::narrow<std::int8_t>(std::uint64_t{127}) == 127);
}

TEST_CASE("random: the seeded generator gives the published splitmix64 sequence",
          "[base][random]") {
  // First outputs of the reference implementation for the seed 1234567, byte by byte from the
  // least significant one.
  SeededRandom random{1234567};
  std::array<std::uint8_t, 16> bytes{};

  random.fill(bytes);

  std::uint64_t first = 0;
  std::uint64_t second = 0;
  for (unsigned i = 0; i < 8; ++i) {
    first |= std::uint64_t{bytes[i]} << (8 * i);
    second |= std::uint64_t{bytes[8 + i]} << (8 * i);
  }
  CHECK(first == 6457827717110365317U);
  CHECK(second == 3203168211198807973U);
}

TEST_CASE("random: numbers below a bound reach every value and no other", "[base][random]") {
  SeededRandom random{7};
  std::set<std::uint64_t> seen;

  for (int i = 0; i < 1000; ++i) {
    seen.insert(random.below(10));
  }

  CHECK(seen.size() == 10);
  CHECK(*seen.rbegin() == 9);
  CHECK(random.below(1) == 0);
}

TEST_CASE("time: never is later than every instant reached by counting", "[base][time]") {
  using namespace std::chrono_literals;
  const Instant start{5s};

  CHECK(start + 2s == Instant{7s});
  CHECK(start - Instant{2s} == 3s);
  CHECK(start < Instant::never());
  CHECK(Instant::never().is_never());
  CHECK_FALSE(start.is_never());
}
