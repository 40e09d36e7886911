#include "support/dht_crypto.hpp"

#include <quicether/base/hex.hpp>
#include <quicether/base/random.hpp>
#include <quicether/core/dht/item.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace quicether;
using namespace quicether::dht;
using quicether::testing::RealCrypto;
using quicether::testing::signed_item;

namespace {

const RealCrypto kCrypto;

// The published vectors of BEP 44.
constexpr std::string_view kValue = "12:Hello World!";
constexpr std::string_view kKey =
    "77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548";

Item vector_item(std::string_view salt, std::string_view signature_hex) {
  Item item{{kValue.begin(), kValue.end()}, {salt.begin(), salt.end()}, ItemSignature{}};
  item.author->key = PublicKey::parse(kKey).value();
  item.author->seq = 1;
  REQUIRE(from_hex(signature_hex, item.author->signature).has_value());
  return item;
}

crypto::KeyPair key_pair() {
  SeededRandom random{5};
  return crypto::KeyPair::generate(random);
}

}  // namespace

TEST_CASE("item: passes BEP 44's vector of a mutable item", "[dht][item]") {
  const auto item = vector_item("",
                                "305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff"
                                "1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01");

  CHECK(as_text(signed_bytes({}, 1, item.value)) == "3:seqi1e1:v12:Hello World!");
  CHECK(check_item(item.view(), kCrypto) == KrpcError::none);
  CHECK(target_of(item.view(), kCrypto).to_string() == "4a533d47ec9c7d95b1ad75f576cffc641853b750");
}

TEST_CASE("item: passes BEP 44's vector of a mutable item with salt", "[dht][item]") {
  const auto item = vector_item("foobar",
                                "6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17d"
                                "df9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08");

  CHECK(as_text(signed_bytes(item.salt, 1, item.value)) ==
        "4:salt6:foobar3:seqi1e1:v12:Hello World!");
  CHECK(check_item(item.view(), kCrypto) == KrpcError::none);
  CHECK(target_of(item.view(), kCrypto).to_string() == "411eba73b6f087ca51a3795d9c8c938d365e32c1");
}

TEST_CASE("item: passes BEP 44's vector of an immutable item", "[dht][item]") {
  const Item item{{kValue.begin(), kValue.end()}, {}, std::nullopt};

  CHECK(check_item(item.view(), kCrypto) == KrpcError::none);
  CHECK(target_of(item.view(), kCrypto).to_string() == "e5f96f6f38320f0f33959cb4d3d656452117aadb");
}

TEST_CASE("item: the unsalted target of a key is its NodeId", "[dht][item]") {
  const auto key = key_pair();
  const auto item = signed_item(key, "le", 0);
  CHECK(target_of(item.view(), kCrypto).bytes == crypto::sha1(key.public_key().bytes));
}

TEST_CASE("item: refuses any change to what was signed", "[dht][item]") {
  const auto item = signed_item(key_pair(), "5:apple", 4, "salt");
  REQUIRE(check_item(item.view(), kCrypto) == KrpcError::none);

  auto value = item;
  value.value[2] ^= 1U;
  auto salt = item;
  salt.salt[0] ^= 1U;
  auto no_salt = item;
  no_salt.salt.clear();
  auto seq = item;
  seq.author->seq = 5;
  auto signature = item;
  signature.author->signature[0] ^= 1U;
  auto key = item;
  key.author->key.bytes[0] ^= 1U;

  for (const auto& changed : {value, salt, no_salt, seq, signature, key}) {
    CHECK(check_item(changed.view(), kCrypto) == KrpcError::invalid_signature);
  }
}

TEST_CASE("item: holds the limits of BEP 44", "[dht][item]") {
  const auto key = key_pair();
  const std::string largest = "996:" + std::string(996, 'x');
  const std::string too_large = "997:" + std::string(997, 'x');
  const std::string long_salt(kSaltBytesMax, 's');

  CHECK(check_item(signed_item(key, largest, 1, long_salt).view(), kCrypto) == KrpcError::none);
  CHECK(check_item(signed_item(key, too_large, 1).view(), kCrypto) == KrpcError::value_too_large);
  CHECK(check_item(signed_item(key, "i1e", 1, long_salt + "s").view(), kCrypto) ==
        KrpcError::salt_too_large);
  CHECK(check_item(signed_item(key, "i1e", -1).view(), kCrypto) == KrpcError::protocol);
}

TEST_CASE("item: refuses values that would not survive decoding", "[dht][item]") {
  const auto key = key_pair();
  for (const auto value : {"", "i1", "i01e", "d1:bi1e1:ai2ee", "i1ei2e", "d1:ai1e1:ai1ee"}) {
    CAPTURE(value);
    CHECK(check_item(signed_item(key, value, 1).view(), kCrypto) == KrpcError::protocol);
  }
}
