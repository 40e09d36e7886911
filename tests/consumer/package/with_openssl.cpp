// A program with the system's OpenSSL, and with libquicether, which has another TLS library inside.
// What one signs the other must verify; a mix-up of the two libraries would crash or refuse.
#include <quicether/core/crypto/key_pair.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>

int main() {
  const std::array<std::uint8_t, 5> message{'h', 'e', 'l', 'l', 'o'};
  const std::array<std::uint8_t, quicether::crypto::kSeedBytes> seed{1, 2, 3};
  const auto key = quicether::crypto::KeyPair::from_seed(seed);
  const auto signature = key.sign(message);

  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> tls(SSL_CTX_new(TLS_method()),
                                                              &SSL_CTX_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> public_key(
      EVP_PKEY_new_raw_public_key(
          EVP_PKEY_ED25519, nullptr, key.public_key().bytes.data(), key.public_key().bytes.size()),
      &EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  const bool verified =
      tls != nullptr &&
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, public_key.get()) == 1 &&
      EVP_DigestVerify(
          context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1 &&
      quicether::crypto::verify(key.public_key(), message, signature);
  // BoringSSL and its forks answer "BoringSSL" or "AWS-LC" here.
  const bool is_openssl = std::strncmp(OpenSSL_version(OPENSSL_VERSION), "OpenSSL ", 8) == 0;

  std::printf("%s: signature %s\n",
              OpenSSL_version(OPENSSL_VERSION),
              verified ? "verified by both" : "NOT verified");
  return verified && is_openssl ? 0 : 1;
}
