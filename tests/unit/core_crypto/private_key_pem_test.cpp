#include "test_keys.hpp"

#include <quicether/base/hex.hpp>
#include <quicether/base/random.hpp>
#include <quicether/core/crypto/private_key_pem.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <string_view>

namespace {

using namespace quicether;
using crypto::from_pem;
using crypto::KeyPair;
using crypto::to_pem;
using crypto::test::golden_key_pair;

// As written by OpenSSL 3.0 for the golden key: openssl pkey -in key.pem.
const std::string kGoldenPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";

std::string text_of(const KeyPair& key) {
  return std::string{as_text(to_pem(key).view())};
}

std::string block(std::string_view body) {
  return "-----BEGIN PRIVATE KEY-----\n" + std::string{body} + "\n-----END PRIVATE KEY-----\n";
}

errc error_of(std::string_view text) {
  const auto key = from_pem(as_bytes(text));
  return key.has_value() ? errc{} : static_cast<errc>(key.error().value());
}

}  // namespace

TEST_CASE("private_key_pem: writes the golden key as OpenSSL does", "[core_crypto][pem]") {
  CHECK(text_of(golden_key_pair()) == kGoldenPem);
}

TEST_CASE("private_key_pem: reads back what it wrote", "[core_crypto][pem]") {
  SeededRandom random{11};

  for (int i = 0; i < 100; ++i) {
    const KeyPair key = KeyPair::generate(random);
    const auto read = from_pem(to_pem(key).view());
    REQUIRE(read.has_value());
    CHECK(read->public_key() == key.public_key());
  }
}

TEST_CASE("private_key_pem: accepts CR LF, a missing last line end and wrapped base64",
          "[core_crypto][pem]") {
  std::string carriage_returns;
  for (const char character : kGoldenPem) {
    carriage_returns += character == '\n' ? "\r\n" : std::string(1, character);
  }
  std::string wrapped = kGoldenPem;
  wrapped.insert(60, "\n");
  const std::string texts[] = {
      carriage_returns, kGoldenPem.substr(0, kGoldenPem.size() - 1), wrapped, kGoldenPem + "\n \n"};

  for (const std::string& text : texts) {
    CAPTURE(text);
    const auto key = from_pem(as_bytes(text));
    REQUIRE(key.has_value());
    CHECK(to_hex(key->seed().view()) == crypto::test::kGoldenSeed);
  }
}

TEST_CASE("private_key_pem: every proper beginning of a key is truncated, none at all is empty",
          "[core_crypto][pem]") {
  CHECK(error_of("") == errc::empty_file);
  CHECK(error_of(" \r\n\t\n") == errc::empty_file);
  for (std::size_t size = 1; size < kGoldenPem.size() - 1; ++size) {
    CAPTURE(size);
    CHECK(error_of(kGoldenPem.substr(0, size)) == errc::truncated);
  }
}

TEST_CASE("private_key_pem: names what is not an Ed25519 key", "[core_crypto][pem]") {
  struct Case {
    const char* name;
    std::string text;
    errc expected;
  };

  const Case cases[] = {
      {"prose", "hello, world\n", errc::malformed},
      {"zeros after a crash", std::string(119, '\0'), errc::malformed},
      {"text before", "key:\n" + kGoldenPem, errc::malformed},
      {"text after", kGoldenPem + "and more", errc::malformed},
      {"two keys", kGoldenPem + kGoldenPem, errc::malformed},
      {"a certificate",
       "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
       errc::malformed},
      {"a public key",
       "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
       errc::malformed},
      {"OpenSSH",
       "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
       errc::unsupported},
      {"encrypted",
       "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
       errc::unsupported},
      {"X25519",
       block("MC4CAQAwBQYDK2VuBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g"),
       errc::unsupported},
      {"EC P-256",
       block("MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAAAAAAAAAAAAAAAA\n"
             "AAAAAAAAAAAAAAAAAAAAAAAAAAChRANCAASvr69vr69vr69vr69vr69vr69vr69v\n"
             "r69vr69vr69vr69vr69vr69vr69vr69vr69vr69vr69vr69vr69vr69v"),
       errc::unsupported},
      {"no base64", block(""), errc::malformed},
      {"bad base64",
       block("MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v!VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g"),
       errc::malformed},
      {"base64 of noise", block("//////////8="), errc::malformed},
      {"too large",
       kGoldenPem + std::string(crypto::kPrivateKeyPemBytesMax, '\n'),
       errc::too_large},
  };

  for (const Case& test : cases) {
    CAPTURE(test.name);
    CHECK(error_of(test.text) == test.expected);
  }
}
