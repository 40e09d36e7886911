#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/hash.hpp>
#include <quicether/core/crypto/key_pair.hpp>

#include <openssl/curve25519.h>

#include <algorithm>

namespace quicether::crypto {
namespace {

constexpr std::string_view kDeriveSalt = "quicether key v1";

using EncodedPoint = std::array<std::uint8_t, 32>;

// The y coordinates of the eight points whose order divides 8, little endian, without the sign bit
// of x. Orders 4, 1, 2, 8 and 8; see RFC 7748 and RFC 8032 section 5.1 for the curve.
constexpr std::array<EncodedPoint, 5> kSmallOrder{
    EncodedPoint{0},
    EncodedPoint{1},
    EncodedPoint{0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    EncodedPoint{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
                 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
                 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    EncodedPoint{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
                 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
                 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
};

// y >= 2^255 - 19, so that y - (2^255 - 19) is a second spelling of the same number.
bool is_second_spelling(const EncodedPoint& y) noexcept {
  const auto all_ones = [](std::uint8_t byte) { return byte == 0xff; };
  return y[31] == 0x7f && std::all_of(y.begin() + 1, y.begin() + 31, all_ones) && y[0] >= 0xed;
}

}  // namespace

KeyPair::KeyPair(std::span<const std::uint8_t, kSeedBytes> seed)
    : private_key_{ED25519_PRIVATE_KEY_LEN} {
  ED25519_keypair_from_seed(public_key_.bytes.data(), private_key_.writable().data(), seed.data());
}

KeyPair KeyPair::generate(Random& random) {
  SecretBytes seed{kSeedBytes};
  random.fill(seed.writable());
  return KeyPair{seed.view().first<kSeedBytes>()};
}

KeyPair KeyPair::from_seed(std::span<const std::uint8_t, kSeedBytes> seed) {
  return KeyPair{seed};
}

Signature KeyPair::sign(ConstBytes message) const noexcept {
  QE_ASSERT(!private_key_.empty());
  Signature signature{};
  const int done =
      ED25519_sign(signature.data(), message.data(), message.size(), private_key_.view().data());
  QE_ASSERT(done == 1);
  return signature;
}

SecretBytes KeyPair::seed() const {
  QE_ASSERT(!private_key_.empty());
  return SecretBytes{private_key_.view().first(kSeedBytes)};
}

SecretBytes KeyPair::derive_secret(std::string_view label) const {
  QE_ASSERT(!private_key_.empty());
  const SecretBytes pseudorandom_key =
      hkdf_extract_sha256(as_bytes(kDeriveSalt), private_key_.view().first(kSeedBytes));
  SecretBytes secret{sizeof(Sha256Digest)};
  hkdf_expand_sha256(pseudorandom_key.view(), as_bytes(label), secret.writable());
  return secret;
}

bool verify(const PublicKey& key, ConstBytes message, const Signature& signature) noexcept {
  return ED25519_verify(message.data(), message.size(), signature.data(), key.bytes.data()) == 1;
}

bool is_sound(const PublicKey& key) noexcept {
  EncodedPoint y = key.bytes;
  y[31] &= 0x7fU;
  return !is_second_spelling(y) && std::ranges::find(kSmallOrder, y) == kSmallOrder.end();
}

}  // namespace quicether::crypto
