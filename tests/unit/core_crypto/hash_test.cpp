#include "test_keys.hpp"

#include <quicether/base/hex.hpp>
#include <quicether/core/crypto/hash.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <string_view>

namespace {

using namespace quicether;
using crypto::test::bytes_of;

std::string repeated(std::string_view hex_byte, std::size_t count) {
  std::string hex;
  for (std::size_t i = 0; i < count; ++i) {
    hex += hex_byte;
  }
  return hex;
}

}  // namespace

TEST_CASE("hash: SHA-1 and SHA-256 give the digests of FIPS 180-4", "[core_crypto][hash]") {
  CHECK(to_hex(crypto::sha1({})) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  CHECK(to_hex(crypto::sha1(as_bytes("abc"))) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(to_hex(crypto::sha256({})) ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(to_hex(crypto::sha256(as_bytes("abc"))) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("hash: HMAC-SHA256 gives the tags of RFC 4231", "[core_crypto][hash]") {
  struct Vector {
    const char* name;
    std::string key;
    std::string message;
    const char* tag;
  };

  // Section 4.6 truncates its output and is left out.
  const Vector vectors[] = {
      {"4.2 short key",
       repeated("0b", 20),
       to_hex(as_bytes("Hi There")),
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"4.3 key shorter than output",
       to_hex(as_bytes("Jefe")),
       to_hex(as_bytes("what do ya want for nothing?")),
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {"4.4 block and more",
       repeated("aa", 20),
       repeated("dd", 50),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {"4.5 25-byte key",
       "0102030405060708090a0b0c0d0e0f10111213141516171819",
       repeated("cd", 50),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {"4.7 key longer than a block",
       repeated("aa", 131),
       to_hex(as_bytes("Test Using Larger Than Block-Size Key - Hash Key First")),
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {"4.8 both longer than a block",
       repeated("aa", 131),
       to_hex(as_bytes("This is a test using a larger than block-size key and a larger than "
                       "block-size data. The key needs to be hashed before being used by the "
                       "HMAC algorithm.")),
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };

  for (const Vector& vector : vectors) {
    CAPTURE(vector.name);
    CHECK(to_hex(crypto::hmac_sha256(bytes_of(vector.key), bytes_of(vector.message))) ==
          vector.tag);
  }
}

TEST_CASE("hash: an empty HMAC key is empty, not the key of the call before",
          "[core_crypto][hash]") {
  (void)crypto::hmac_sha256(as_bytes("another key"), as_bytes("x"));

  CHECK(to_hex(crypto::hmac_sha256({}, {})) ==
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("hash: HKDF-SHA256 gives the keys of RFC 5869", "[core_crypto][hash]") {
  struct Vector {
    const char* name;
    std::string secret;
    std::string salt;
    std::string info;
    const char* pseudorandom_key;
    const char* output;
  };

  const auto counted = [](unsigned first, unsigned last) {
    ByteVector bytes;
    for (unsigned value = first; value <= last; ++value) {
      bytes.push_back(static_cast<std::uint8_t>(value));
    }
    return to_hex(bytes);
  };
  const Vector vectors[] = {
      {"A.1 basic",
       repeated("0b", 22),
       "000102030405060708090a0b0c",
       "f0f1f2f3f4f5f6f7f8f9",
       "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
       "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
      {"A.2 longer inputs and outputs",
       counted(0x00, 0x4f),
       counted(0x60, 0xaf),
       counted(0xb0, 0xff),
       "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
       "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c6"
       "5e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
      {"A.3 no salt, no info",
       repeated("0b", 22),
       "",
       "",
       "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
       "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
  };

  for (const Vector& vector : vectors) {
    CAPTURE(vector.name);
    const auto key = crypto::hkdf_extract_sha256(bytes_of(vector.salt), bytes_of(vector.secret));
    ByteVector output(std::string_view{vector.output}.size() / 2);
    crypto::hkdf_expand_sha256(key.view(), bytes_of(vector.info), output);

    CHECK(to_hex(key.view()) == vector.pseudorandom_key);
    CHECK(to_hex(output) == vector.output);
  }
}

TEST_CASE("hash: constant_time_equal compares content and size", "[core_crypto][hash]") {
  const ByteVector bytes = bytes_of("00112233");

  CHECK(crypto::constant_time_equal({}, {}));
  CHECK(crypto::constant_time_equal(bytes, bytes_of("00112233")));
  CHECK_FALSE(crypto::constant_time_equal(bytes, bytes_of("10112233")));
  CHECK_FALSE(crypto::constant_time_equal(bytes, bytes_of("00112232")));
  CHECK_FALSE(crypto::constant_time_equal(bytes, bytes_of("001122")));
  CHECK_FALSE(crypto::constant_time_equal(bytes, bytes_of("0011223300")));
}

TEST_CASE("hash: secure_zero clears every byte and accepts none", "[core_crypto][hash]") {
  ByteVector bytes(33, 0xa5);

  crypto::secure_zero(Bytes{bytes}.first(32));
  crypto::secure_zero({});

  CHECK(bytes == bytes_of(repeated("00", 32) + "a5"));
}
