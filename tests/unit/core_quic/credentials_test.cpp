#include "unit/core_crypto/certificate_builder.hpp"
#include "unit/core_quic/world.hpp"

#include <quicether/core/crypto/certificate.hpp>

#include <catch2/catch_test_macros.hpp>

namespace quicether::quic::test {
namespace {

using crypto::TlsCredentials;
using crypto::test::bytes_of;
using crypto::test::CertificateBuilder;

// A self-signed certificate of an ECDSA P-256 key, and the key, made with the openssl tool.
TlsCredentials ecdsa_credentials() {
  TlsCredentials credentials;
  credentials.chain.push_back(bytes_of(
      "308201773082011da003020102021453d591db6ec96a2f16a4df7bf75ebd9853e9cc30300a06082a8648ce3d0403"
      "023010310e300c06035504030c0565636473613020170d3236313132313132343533345a180f3231323631303238"
      "3132343533345a3010310e300c06035504030c0565636473613059301306072a8648ce3d020106082a8648ce3d03"
      "010703420004a1b8b256f4560e2e77134818d47878479f0e77b7274366d42a2d134d90f6c402f02db2ccc3377879"
      "8e6f1e2c23f36ca9db9164d3e48caafbdbd6217ccfacb7e1a3533051301d0603551d0e04160414080b8e38ee39d7"
      "cbf1db0de2111b5e2b69d2a6f2301f0603551d23041830168014080b8e38ee39d7cbf1db0de2111b5e2b69d2a6f2"
      "300f0603551d130101ff040530030101ff300a06082a8648ce3d0403020348003045022015e8d2cc6d7d8674a5a4"
      "5da90d519db049272155f5a3fe676752c7fcb99f84ae022100d5dc1a0b886f256b940f4bc8cd7d9ad4ac7c70ecf6"
      "6a97515bb4f0835e72477b"));
  credentials.private_key = crypto::SecretBytes{bytes_of(
      "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420b50bb9f3d857d4529004"
      "b4e4e92a3c119b57ba7d21fe700d9e19eec8a86ea8d6a14403420004a1b8b256f4560e2e77134818d47878479f0e"
      "77b7274366d42a2d134d90f6c402f02db2ccc33778798e6f1e2c23f36ca9db9164d3e48caafbdbd6217ccfacb7"
      "e1")};
  return credentials;
}

// Runs one handshake in which one side misbehaves and waits until both know.
void run_to_refusal(Pair& pair) {
  pair.dial();
  REQUIRE(pair.world.run([&] {
    return pair.client.last<ConnectionClosed>() && pair.server.last<ConnectionClosed>();
  }));
  CHECK(pair.client.all<ConnectionClosed>().size() == 1);
  CHECK(pair.server.all<ConnectionClosed>().size() == 1);
}

void check_refused_by_server(Pair& pair, std::string_view why) {
  run_to_refusal(pair);
  const auto at_server = pair.server.last<ConnectionClosed>().value();
  CHECK(at_server.reason == errc::bad_certificate);
  CHECK(at_server.detail == why);
  CHECK_FALSE(at_server.handshake_completed);
  CHECK(pair.server.all<HandshakeCompleted>().empty());
  CHECK(pair.client.last<ConnectionClosed>()->reason == errc::bad_certificate);
}

void check_refused_by_client(Pair& pair, std::string_view why) {
  run_to_refusal(pair);
  const auto at_client = pair.client.last<ConnectionClosed>().value();
  CHECK(at_client.reason == errc::bad_certificate);
  CHECK(at_client.detail == why);
  CHECK(pair.client.all<HandshakeCompleted>().empty());
  CHECK(pair.server.all<HandshakeCompleted>().empty());
  CHECK(pair.server.last<ConnectionClosed>()->reason == errc::bad_certificate);
}

struct Case {
  const char* name;
  crypto::CertificateFault fault;
  std::function<TlsCredentials(const crypto::KeyPair&)> make;
};

TlsCredentials with_certificate(const crypto::KeyPair& key, const ByteVector& certificate) {
  auto credentials = crypto::make_credentials(key);
  credentials.chain = {certificate};
  return credentials;
}

const std::vector<Case>& cases() {
  using crypto::CertificateFault;
  static const std::vector<Case> all{
      {"two certificates",
       CertificateFault::more_than_one,
       [](const crypto::KeyPair& key) {
         auto credentials = crypto::make_credentials(key);
         credentials.chain.push_back(credentials.chain.front());
         return credentials;
       }},
      {"expired",
       CertificateFault::expired,
       [](const crypto::KeyPair& key) {
         CertificateBuilder builder{key};
         builder.not_after = crypto::test::utc_time("250101000000Z");
         return with_certificate(key, builder.build());
       }},
      {"not yet valid",
       CertificateFault::not_yet_valid,
       [](const crypto::KeyPair& key) {
         CertificateBuilder builder{key};
         builder.not_before = crypto::test::utc_time("280101000000Z");
         return with_certificate(key, builder.build());
       }},
      {"signed with another key",
       CertificateFault::bad_signature,
       [](const crypto::KeyPair& key) {
         SeededRandom random{99};
         const auto other = crypto::KeyPair::generate(random);
         CertificateBuilder builder{other};
         builder.key_info = CertificateBuilder{key}.key_info;
         return with_certificate(key, builder.build());
       }},
  };
  return all;
}

TEST_CASE("endpoint: a server refuses a client's bad certificate", "[quic][certificate]") {
  for (const auto& bad : cases()) {
    DYNAMIC_SECTION(bad.name) {
      Pair pair;
      pair.client.restart_with(bad.make(pair.client.key));
      check_refused_by_server(pair, to_string(bad.fault));
    }
  }
}

TEST_CASE("endpoint: a client refuses a server's bad certificate", "[quic][certificate]") {
  for (const auto& bad : cases()) {
    DYNAMIC_SECTION(bad.name) {
      Pair pair;
      pair.server.restart_with(bad.make(pair.server.key));
      check_refused_by_client(pair, to_string(bad.fault));
    }
  }
}

TEST_CASE("endpoint: a client without a certificate is refused", "[quic][certificate]") {
  Pair pair;
  pair.client.restart_with({});

  check_refused_by_server(pair, "peer did not return a certificate");
}

TEST_CASE("endpoint: other signature algorithms than Ed25519 are refused", "[quic][certificate]") {
  Pair pair;
  SECTION("of the client") {
    pair.client.restart_with(ecdsa_credentials());
  }
  SECTION("of the server") {
    pair.server.restart_with(ecdsa_credentials());
  }

  run_to_refusal(pair);

  CHECK(pair.client.all<HandshakeCompleted>().empty());
  CHECK(pair.server.all<HandshakeCompleted>().empty());
  const auto at_client = pair.client.last<ConnectionClosed>().value();
  const auto at_server = pair.server.last<ConnectionClosed>().value();
  CAPTURE(at_client.detail, at_server.detail);
  CHECK((at_client.reason == errc::bad_certificate || at_client.reason == errc::tls_failure));
  CHECK((at_server.reason == errc::bad_certificate || at_server.reason == errc::tls_failure));
}

TEST_CASE("endpoint: credentials that do not fit together are refused at construction",
          "[quic][certificate]") {
  SeededRandom random{1};
  const auto key = crypto::KeyPair::generate(random);
  const auto other = crypto::KeyPair::generate(random);
  auto credentials = crypto::make_credentials(key);
  SECTION("another key's certificate") {
    credentials.chain = {crypto::make_certificate(other)};
  }
  SECTION("no certificate at all") {
    credentials.chain = {ByteVector{1, 2, 3}};
  }
  SECTION("no key at all") {
    credentials.private_key = {};
  }

  CHECK_THROWS_AS(Endpoint({}, key, credentials, random, kWallClock), boost::system::system_error);
}

}  // namespace
}  // namespace quicether::quic::test
