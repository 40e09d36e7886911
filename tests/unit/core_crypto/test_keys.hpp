#ifndef QUICETHER_TESTS_UNIT_CORE_CRYPTO_TEST_KEYS_HPP
#define QUICETHER_TESTS_UNIT_CORE_CRYPTO_TEST_KEYS_HPP

#include <quicether/base/assert.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/base/hex.hpp>
#include <quicether/core/crypto/key_pair.hpp>

#include <array>
#include <string_view>

namespace quicether::crypto::test {

/// Decodes hex digits that the test itself wrote.
inline ByteVector bytes_of(std::string_view hex) {
  ByteVector bytes(hex.size() / 2);
  QE_ASSERT(from_hex(hex, bytes).has_value());
  return bytes;
}

/// The key pair of a seed in hex.
inline KeyPair key_pair_of(std::string_view seed_hex) {
  std::array<std::uint8_t, kSeedBytes> seed{};
  QE_ASSERT(from_hex(seed_hex, seed).has_value());
  return KeyPair::from_seed(seed);
}

/// The seed of TEST 1 in RFC 8032 section 7.1, which the golden bytes of the specification use.
inline constexpr std::string_view kGoldenSeed =
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

inline KeyPair golden_key_pair() {
  return key_pair_of(kGoldenSeed);
}

}  // namespace quicether::crypto::test

#endif  // QUICETHER_TESTS_UNIT_CORE_CRYPTO_TEST_KEYS_HPP
