#include "test_keys.hpp"

#include <quicether/base/hex.hpp>
#include <quicether/base/random.hpp>
#include <quicether/core/crypto/key_pair.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace {

using namespace quicether;
using crypto::KeyPair;
using crypto::Signature;
using crypto::test::bytes_of;
using crypto::test::golden_key_pair;
using crypto::test::key_pair_of;

PublicKey public_key_of(std::string_view hex) {
  return PublicKey::parse(hex).value();
}

// The y coordinates of the points of small order, as hex of their little-endian bytes.
const std::string kZeros(62, '0');
const std::string kOnes(60, 'f');
const std::string kSmallOrder[] = {
    "00" + kZeros,
    "01" + kZeros,
    "ec" + kOnes + "7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
};

}  // namespace

TEST_CASE("key_pair: signs and verifies as in RFC 8032 section 7.1", "[core_crypto][key_pair]") {
  struct Vector {
    const char* name;
    const char* seed;
    const char* public_key;
    const char* message;
    const char* signature;
  };

  const Vector vectors[] = {
      {"TEST 1",
       "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
       "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf"
       "9"
       "b46bd25bf5f0595bbe24655141438e7a100b"},
      {"TEST 2",
       "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
       "72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f"
       "1"
       "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
      {"TEST 3",
       "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
       "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
       "af82",
       "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984"
       "d"
       "c6594a7c15e9716ed28dc027beceea1ec40a"},
      {"TEST SHA(abc)",
       "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
       "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
       "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3f"
       "e"
       "ebbd454d4423643ce80e2a9ac94fa54ca49f",
       "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c6643"
       "1"
       "e0303dca179c138ac17ad9bef1177331a704"},
  };

  for (const Vector& vector : vectors) {
    CAPTURE(vector.name);
    const KeyPair key = key_pair_of(vector.seed);
    const Signature signature = key.sign(bytes_of(vector.message));

    CHECK(key.public_key().to_string() == vector.public_key);
    CHECK(to_hex(signature) == vector.signature);
    CHECK(crypto::verify(key.public_key(), bytes_of(vector.message), signature));
  }
}

TEST_CASE("key_pair: a changed message, signature or key does not verify",
          "[core_crypto][key_pair]") {
  const KeyPair key = golden_key_pair();
  const ByteVector message = bytes_of("00112233");
  const Signature signature = key.sign(message);

  for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    Signature changed = signature;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    CHECK_FALSE(crypto::verify(key.public_key(), message, changed));
  }
  CHECK_FALSE(crypto::verify(key.public_key(), bytes_of("00112232"), signature));
  CHECK_FALSE(crypto::verify(
      public_key_of("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
      message,
      signature));
}

TEST_CASE("key_pair: generate takes its seed from the random source", "[core_crypto][key_pair]") {
  SeededRandom random{7};
  SeededRandom same{7};
  std::array<std::uint8_t, crypto::kSeedBytes> seed{};
  same.fill(seed);

  const KeyPair first = KeyPair::generate(random);
  const KeyPair second = KeyPair::generate(random);

  CHECK(to_hex(first.seed().view()) == to_hex(seed));
  CHECK(first.public_key() == KeyPair::from_seed(seed).public_key());
  CHECK(first.public_key() != second.public_key());
}

TEST_CASE("key_pair: moves and does not copy", "[core_crypto][key_pair]") {
  static_assert(!std::is_copy_constructible_v<KeyPair> && !std::is_copy_assignable_v<KeyPair>);
  static_assert(std::is_nothrow_move_constructible_v<KeyPair>);
  KeyPair first = golden_key_pair();

  const KeyPair second = std::move(first);

  CHECK(to_hex(second.seed().view()) == crypto::test::kGoldenSeed);
}

TEST_CASE("key_pair: derived secrets depend on the key and the label", "[core_crypto][key_pair]") {
  const KeyPair key = golden_key_pair();
  const KeyPair other =
      key_pair_of("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");

  // HKDF computed with another implementation (Python's hmac).
  CHECK(to_hex(key.derive_secret("stateless reset v1").view()) ==
        "8057da8863f7f2ec41b06473909310839f21372c84a2fd4dade154f214d06e95");
  CHECK(to_hex(key.derive_secret("stateless reset v2").view()) !=
        to_hex(key.derive_secret("stateless reset v1").view()));
  CHECK(to_hex(other.derive_secret("stateless reset v1").view()) !=
        to_hex(key.derive_secret("stateless reset v1").view()));
}

TEST_CASE("key_pair: a point of small order is not sound, with either sign bit",
          "[core_crypto][key_pair]") {
  for (const std::string& y : kSmallOrder) {
    CAPTURE(y);
    PublicKey key = public_key_of(y);
    CHECK_FALSE(crypto::is_sound(key));
    key.bytes[31] |= 0x80U;
    CHECK_FALSE(crypto::is_sound(key));
  }
}

TEST_CASE("key_pair: anybody can sign for the neutral element, hence is_sound",
          "[core_crypto][key_pair]") {
  // R = B, S = 1: then S * B = R + k * A holds for every message, as k * A stays neutral.
  const PublicKey neutral = public_key_of("01" + kZeros);
  Signature forged{};
  const ByteVector base_point =
      bytes_of("5866666666666666666666666666666666666666666666666666666666666666");
  std::copy(base_point.begin(), base_point.end(), forged.begin());
  forged[32] = 1;

  CHECK(crypto::verify(neutral, as_bytes("a message nobody signed"), forged));
  CHECK_FALSE(crypto::is_sound(neutral));
}

TEST_CASE("key_pair: the second spelling of a number is not sound", "[core_crypto][key_pair]") {
  for (unsigned low = 0xed; low <= 0xff; ++low) {
    const auto low_byte = static_cast<std::uint8_t>(low);
    CAPTURE(low);
    CHECK_FALSE(crypto::is_sound(public_key_of(to_hex({&low_byte, 1}) + kOnes + "7f")));
    CHECK_FALSE(crypto::is_sound(public_key_of(to_hex({&low_byte, 1}) + kOnes + "ff")));
  }
  // One below is 2^255 - 21, spelled the only way there is.
  CHECK(crypto::is_sound(public_key_of("eb" + kOnes + "7f")));
}

TEST_CASE("key_pair: keys made here are sound", "[core_crypto][key_pair]") {
  SeededRandom random{1};
  for (int i = 0; i < 100; ++i) {
    CHECK(crypto::is_sound(KeyPair::generate(random).public_key()));
  }
}
