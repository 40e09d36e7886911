#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/aead.hpp>

#include <openssl/aead.h>
#include <openssl/err.h>

namespace quicether::crypto {

namespace {

/// A keyed cipher; erased when it goes away.
class Cipher {
 public:
  explicit Cipher(ConstBytes key) {
    QE_ASSERT(key.size() == kAeadKeyBytes);
    const int done = EVP_AEAD_CTX_init(context_.get(),
                                       EVP_aead_xchacha20_poly1305(),
                                       key.data(),
                                       key.size(),
                                       EVP_AEAD_DEFAULT_TAG_LENGTH,
                                       nullptr);
    QE_ASSERT(done == 1);
  }

  [[nodiscard]] const EVP_AEAD_CTX* get() const noexcept { return context_.get(); }

 private:
  bssl::ScopedEVP_AEAD_CTX context_{};
};

}  // namespace

ByteVector seal(ConstBytes key, ConstBytes context, ConstBytes plaintext, Random& random) {
  ByteVector sealed(plaintext.size() + kAeadOverhead);
  const auto nonce = Bytes{sealed}.first(kAeadNonceBytes);
  const auto out = Bytes{sealed}.subspan(kAeadNonceBytes);
  random.fill(nonce);
  std::size_t written = 0;
  const int done = EVP_AEAD_CTX_seal(Cipher{key}.get(),
                                     out.data(),
                                     &written,
                                     out.size(),
                                     nonce.data(),
                                     nonce.size(),
                                     plaintext.data(),
                                     plaintext.size(),
                                     context.data(),
                                     context.size());
  QE_ASSERT(done == 1 && written == out.size());
  return sealed;
}

result<ByteVector> open(ConstBytes key, ConstBytes context, ConstBytes sealed) {
  if (sealed.size() < kAeadOverhead) {
    return errc::malformed;
  }
  const auto nonce = sealed.first(kAeadNonceBytes);
  const auto in = sealed.subspan(kAeadNonceBytes);
  ByteVector plaintext(in.size());
  std::size_t written = 0;
  const int done = EVP_AEAD_CTX_open(Cipher{key}.get(),
                                     plaintext.data(),
                                     &written,
                                     plaintext.size(),
                                     nonce.data(),
                                     nonce.size(),
                                     in.data(),
                                     in.size(),
                                     context.data(),
                                     context.size());
  if (done != 1) {
    ERR_clear_error();
    return errc::malformed;
  }
  plaintext.resize(written);
  return plaintext;
}

}  // namespace quicether::crypto
