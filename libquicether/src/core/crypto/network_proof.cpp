#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/hash.hpp>
#include <quicether/core/crypto/network_proof.hpp>

#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

namespace quicether::crypto {
namespace {

constexpr std::string_view kSaltPrefix = "quicether network v1";
constexpr std::string_view kProofPrefix = "quicether admission v1";

// RFC 7914 with N = 2^14, r = 8, p = 1, the customary cost of an interactive login: 16 MiB and
// 32 ms of one core (AWS-LC, measured 2026-11-21). Whoever has seen one proof can guess at the
// secret offline; this makes each guess some 100 000 times dearer than a hash would.
constexpr std::uint64_t kScryptN = 16384;
constexpr std::uint64_t kScryptR = 8;
constexpr std::uint64_t kScryptP = 1;
constexpr std::size_t kScryptMemoryMax = std::size_t{32} << 20U;

constexpr std::size_t kNetworkKeyBytes = 32;
constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kSecretBytesMax = 1024;

}  // namespace

NetworkKey::NetworkKey(SecretBytes key) noexcept : key_{std::move(key)} {}

result<NetworkKey> NetworkKey::derive(std::string_view name, ConstBytes secret) {
  if (name.empty() || name.size() > kNameBytesMax || secret.empty() ||
      secret.size() > kSecretBytesMax) {
    return errc::invalid_argument;
  }
  const std::string salt = std::string{kSaltPrefix}.append(name);
  SecretBytes key{kNetworkKeyBytes};
  const int done = EVP_PBE_scrypt(reinterpret_cast<const char*>(secret.data()),
                                  secret.size(),
                                  as_bytes(salt).data(),
                                  salt.size(),
                                  kScryptN,
                                  kScryptR,
                                  kScryptP,
                                  kScryptMemoryMax,
                                  key.writable().data(),
                                  key.size());
  if (done != 1) {
    ERR_clear_error();
    return errc::limit_reached;
  }
  return NetworkKey{std::move(key)};
}

NetworkProof NetworkKey::prove(ProofRole role,
                               ExporterView exporter,
                               const PublicKey& prover) const noexcept {
  QE_ASSERT(!key_.empty());
  constexpr std::size_t kMessageBytes =
      kProofPrefix.size() + 1 + ExporterView::extent + sizeof(prover.bytes);
  std::array<std::uint8_t, kMessageBytes> message{};
  auto rest = std::ranges::copy(as_bytes(kProofPrefix), message.begin()).out;
  *rest++ = static_cast<std::uint8_t>(role);
  rest = std::ranges::copy(exporter, rest).out;
  rest = std::ranges::copy(prover.bytes, rest).out;
  QE_ASSERT(rest == message.end());
  return hmac_sha256(key_.view(), message);
}

bool NetworkKey::verify(ConstBytes proof,
                        ProofRole role,
                        ExporterView exporter,
                        const PublicKey& prover) const noexcept {
  return constant_time_equal(proof, prove(role, exporter, prover));
}

SecretBytes NetworkKey::derive_secret(std::string_view label) const {
  QE_ASSERT(!key_.empty());
  SecretBytes secret{kNetworkKeyBytes};
  hkdf_expand_sha256(key_.view(), as_bytes(label), secret.writable());
  return secret;
}

}  // namespace quicether::crypto
