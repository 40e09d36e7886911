#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/hash.hpp>

#include <openssl/digest.h>
#include <openssl/hkdf.h>
#include <openssl/hmac.h>
#include <openssl/mem.h>
#include <openssl/sha.h>

namespace quicether::crypto {

Sha1Digest sha1(ConstBytes message) noexcept {
  Sha1Digest digest{};
  SHA1(message.data(), message.size(), digest.data());
  return digest;
}

Sha256Digest sha256(ConstBytes message) noexcept {
  Sha256Digest digest{};
  SHA256(message.data(), message.size(), digest.data());
  return digest;
}

Sha256Digest hmac_sha256(ConstBytes key, ConstBytes message) noexcept {
  // A null key would mean "the key of the last call" to HMAC().
  static constexpr std::uint8_t kNoKey = 0;
  Sha256Digest digest{};
  unsigned digest_bytes = 0;
  const auto* done = HMAC(EVP_sha256(),
                          key.empty() ? &kNoKey : key.data(),
                          key.size(),
                          message.data(),
                          message.size(),
                          digest.data(),
                          &digest_bytes);
  QE_ASSERT(done != nullptr && digest_bytes == digest.size());
  return digest;
}

SecretBytes hkdf_extract_sha256(ConstBytes salt, ConstBytes secret) {
  SecretBytes pseudorandom_key{sizeof(Sha256Digest)};
  std::size_t key_bytes = 0;
  const int done = HKDF_extract(pseudorandom_key.writable().data(),
                                &key_bytes,
                                EVP_sha256(),
                                secret.data(),
                                secret.size(),
                                salt.data(),
                                salt.size());
  QE_ASSERT(done == 1 && key_bytes == pseudorandom_key.size());
  return pseudorandom_key;
}

void hkdf_expand_sha256(ConstBytes pseudorandom_key, ConstBytes info, Bytes out) noexcept {
  QE_ASSERT(pseudorandom_key.size() >= sizeof(Sha256Digest));
  QE_ASSERT(out.size() <= kHkdfOutputMax);
  const int done = HKDF_expand(out.data(),
                               out.size(),
                               EVP_sha256(),
                               pseudorandom_key.data(),
                               pseudorandom_key.size(),
                               info.data(),
                               info.size());
  QE_ASSERT(done == 1);
}

bool constant_time_equal(ConstBytes left, ConstBytes right) noexcept {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

void secure_zero(Bytes bytes) noexcept {
  if (!bytes.empty()) {
    OPENSSL_cleanse(bytes.data(), bytes.size());
  }
}

}  // namespace quicether::crypto
