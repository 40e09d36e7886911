#include <quicether/base/bytes.hpp>
#include <quicether/core/crypto/system_random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <set>

using quicether::crypto::SystemRandom;

TEST_CASE("system_random: fills the whole span and nothing else", "[core_crypto][system_random]") {
  SystemRandom random;
  std::array<bool, 256> changed{};
  std::array<std::uint8_t, 258> bytes{};

  for (int round = 0; round < 32; ++round) {
    random.fill(quicether::Bytes{bytes}.subspan(1, 256));
    for (std::size_t i = 0; i < changed.size(); ++i) {
      changed[i] = changed[i] || bytes[i + 1] != 0;
    }
  }

  // A byte stays zero 32 times with probability 2^-256.
  CHECK(std::ranges::all_of(changed, [](bool value) { return value; }));
  CHECK(bytes.front() == 0);
  CHECK(bytes.back() == 0);
}

TEST_CASE("system_random: two objects never repeat each other", "[core_crypto][system_random]") {
  SystemRandom first;
  SystemRandom second;
  std::set<std::uint64_t> seen;

  for (int i = 0; i < 1000; ++i) {
    seen.insert(first.next());
    seen.insert(second.next());
  }

  CHECK(seen.size() == 2000);
}
