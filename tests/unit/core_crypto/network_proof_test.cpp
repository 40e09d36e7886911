#include "test_keys.hpp"

#include <quicether/base/hex.hpp>
#include <quicether/core/crypto/network_proof.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <numeric>
#include <string>

namespace {

using namespace quicether;
using crypto::NetworkKey;
using crypto::NetworkProof;
using crypto::ProofRole;
using crypto::test::golden_key_pair;

using Exporter = std::array<std::uint8_t, 32>;

Exporter counting_exporter() {
  Exporter exporter{};
  std::iota(exporter.begin(), exporter.end(), std::uint8_t{0});
  return exporter;
}

NetworkKey acme() {
  return NetworkKey::derive("acme", as_bytes("correct horse battery staple")).value();
}

}  // namespace

TEST_CASE("network_proof: both proofs of the golden session", "[core_crypto][network_proof]") {
  const NetworkKey network = acme();
  const Exporter exporter = counting_exporter();
  const PublicKey key = golden_key_pair().public_key();

  // Computed with another implementation (Python's hashlib.scrypt and hmac); docs/spec/identity.md
  // has the same.
  CHECK(to_hex(network.prove(ProofRole::client, exporter, key)) ==
        "ced8d859814e32526514fea0b5ad09ef42bb7f3f3fde3a260367b1b7d5897d3a");
  CHECK(to_hex(network.prove(ProofRole::server, exporter, key)) ==
        "4498f4193c451a11b3c1b77c4cd5529290877d71728e93acbf74851d4e99782d");
}

TEST_CASE("network_proof: holds for its role, session and key only",
          "[core_crypto][network_proof]") {
  const NetworkKey network = acme();
  const Exporter exporter = counting_exporter();
  Exporter other_session = exporter;
  other_session[31] ^= 1U;
  const PublicKey key = golden_key_pair().public_key();
  PublicKey other_key = key;
  other_key.bytes[0] ^= 1U;

  const NetworkProof proof = network.prove(ProofRole::client, exporter, key);

  CHECK(network.verify(proof, ProofRole::client, exporter, key));
  CHECK_FALSE(network.verify(proof, ProofRole::server, exporter, key));
  CHECK_FALSE(network.verify(proof, ProofRole::client, other_session, key));
  CHECK_FALSE(network.verify(proof, ProofRole::client, exporter, other_key));
}

TEST_CASE("network_proof: a changed, shortened or lengthened proof fails",
          "[core_crypto][network_proof]") {
  const NetworkKey network = acme();
  const Exporter exporter = counting_exporter();
  const PublicKey key = golden_key_pair().public_key();
  const NetworkProof proof = network.prove(ProofRole::client, exporter, key);

  for (std::size_t bit = 0; bit < 8 * proof.size(); ++bit) {
    NetworkProof changed = proof;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    CHECK_FALSE(network.verify(changed, ProofRole::client, exporter, key));
  }
  ByteVector longer(proof.begin(), proof.end());
  longer.push_back(0);
  CHECK_FALSE(network.verify(longer, ProofRole::client, exporter, key));
  CHECK_FALSE(network.verify(ConstBytes{proof}.first(31), ProofRole::client, exporter, key));
  CHECK_FALSE(network.verify({}, ProofRole::client, exporter, key));
}

TEST_CASE("network_proof: another name or secret is another network",
          "[core_crypto][network_proof]") {
  const Exporter exporter = counting_exporter();
  const PublicKey key = golden_key_pair().public_key();
  const NetworkProof proof = acme().prove(ProofRole::client, exporter, key);

  const auto other_name =
      NetworkKey::derive("acmE", as_bytes("correct horse battery staple")).value();
  const auto other_secret =
      NetworkKey::derive("acme", as_bytes("correct horse battery stable")).value();

  CHECK_FALSE(other_name.verify(proof, ProofRole::client, exporter, key));
  CHECK_FALSE(other_secret.verify(proof, ProofRole::client, exporter, key));
}

TEST_CASE("network_proof: refuses names and secrets of impossible size",
          "[core_crypto][network_proof]") {
  const std::string longest_name(255, 'n');
  const std::string longest_secret(1024, 's');

  CHECK(NetworkKey::derive(longest_name, as_bytes(longest_secret)).has_value());
  CHECK(NetworkKey::derive("", as_bytes("secret")).error() == errc::invalid_argument);
  CHECK(NetworkKey::derive("name", {}).error() == errc::invalid_argument);
  CHECK(NetworkKey::derive(longest_name + "n", as_bytes("secret")).error() ==
        errc::invalid_argument);
  CHECK(NetworkKey::derive("name", as_bytes(longest_secret + "s")).error() ==
        errc::invalid_argument);
}
