#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/hash.hpp>
#include <quicether/core/crypto/secret_bytes.hpp>

#include <utility>

namespace quicether::crypto {

SecretBytes::SecretBytes(std::size_t size) : bytes_(size) {}

SecretBytes::SecretBytes(ConstBytes bytes) : bytes_(bytes.begin(), bytes.end()) {}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept : bytes_{std::exchange(other.bytes_, {})} {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    secure_zero(bytes_);
    bytes_ = std::exchange(other.bytes_, {});
  }
  return *this;
}

SecretBytes::~SecretBytes() {
  secure_zero(bytes_);
}

SecretBytes SecretBytes::clone() const {
  return SecretBytes{view()};
}

void SecretBytes::truncate(std::size_t size) noexcept {
  QE_ASSERT(size <= bytes_.size());
  secure_zero(writable().subspan(size));
  bytes_.resize(size);
}

}  // namespace quicether::crypto
