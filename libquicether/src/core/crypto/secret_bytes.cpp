#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/hash.hpp>
#include <quicether/core/crypto/secret_bytes.hpp>

#include <algorithm>
#include <utility>

namespace quicether::crypto {

SecretBytes::SecretBytes(std::size_t size)
    : bytes_{std::make_unique<std::uint8_t[]>(size)}, size_{size} {}

SecretBytes::SecretBytes(ConstBytes bytes) : SecretBytes{bytes.size()} {
  std::ranges::copy(bytes, bytes_.get());
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : bytes_{std::move(other.bytes_)}, size_{std::exchange(other.size_, 0)} {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    secure_zero(writable());
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

SecretBytes::~SecretBytes() {
  secure_zero(writable());
}

SecretBytes SecretBytes::clone() const {
  return SecretBytes{view()};
}

void SecretBytes::truncate(std::size_t size) noexcept {
  QE_ASSERT(size <= size_);
  secure_zero(writable().subspan(size));
  size_ = size;
}

}  // namespace quicether::crypto
