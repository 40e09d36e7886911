#ifndef QUICETHER_TESTS_UNIT_CORE_CRYPTO_CERTIFICATE_BUILDER_HPP
#define QUICETHER_TESTS_UNIT_CORE_CRYPTO_CERTIFICATE_BUILDER_HPP

#include "test_keys.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/core/crypto/key_pair.hpp>

#include <initializer_list>
#include <string_view>

namespace quicether::crypto::test {

inline ByteVector join(std::initializer_list<ByteVector> parts) {
  ByteVector joined;
  for (const ByteVector& part : parts) {
    joined.insert(joined.end(), part.begin(), part.end());
  }
  return joined;
}

/// One DER element: tag, length, the parts.
inline ByteVector element(std::uint8_t tag, std::initializer_list<ByteVector> parts) {
  const ByteVector content = join(parts);
  const std::size_t size = content.size();
  QE_ASSERT(size <= 0xffff);
  ByteVector length{static_cast<std::uint8_t>(size)};
  if (size >= 0x100) {
    length = {0x82, static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size & 0xffU)};
  } else if (size >= 0x80) {
    length = {0x81, static_cast<std::uint8_t>(size)};
  }
  return join({{tag}, length, content});
}

inline ByteVector text_element(std::uint8_t tag, std::string_view text) {
  return element(tag, {ByteVector(text.begin(), text.end())});
}

inline ByteVector utc_time(std::string_view text) {
  return text_element(0x17, text);
}

inline ByteVector generalized_time(std::string_view text) {
  return text_element(0x18, text);
}

inline ByteVector extension(std::string_view object_id_hex, bool critical) {
  return element(0x30,
                 {element(0x06, {bytes_of(object_id_hex)}),
                  critical ? bytes_of("0101ff") : ByteVector{},
                  element(0x04, {bytes_of("0500")})});
}

inline const ByteVector kEd25519Algorithm = bytes_of("300506032b6570");

/// A self-signed certificate whose every part a test may replace before build() signs it.
struct CertificateBuilder {
  explicit CertificateBuilder(const KeyPair& signing_key)
      : signer{signing_key},
        key_info{element(0x30,
                         {kEd25519Algorithm,
                          element(0x03,
                                  {{0},
                                   ByteVector(signing_key.public_key().bytes.begin(),
                                              signing_key.public_key().bytes.end())})})} {}

  [[nodiscard]] ByteVector build() const {
    const ByteVector validity = element(0x30, {not_before, not_after, after_validity});
    const ByteVector to_be_signed = element(0x30,
                                            {version,
                                             serial,
                                             inner_algorithm,
                                             name,
                                             validity,
                                             name,
                                             key_info,
                                             extensions,
                                             after_extensions});
    const Signature made = signer.sign(to_be_signed);
    const ByteVector signature =
        element(0x03, {signature_unused_bits, ByteVector(made.begin(), made.end())});
    return join({element(0x30, {to_be_signed, outer_algorithm, signature, after_signature}),
                 after_certificate});
  }

  const KeyPair& signer;
  ByteVector version = bytes_of("a003020102");
  ByteVector serial = bytes_of("020101");
  ByteVector inner_algorithm = kEd25519Algorithm;
  ByteVector name = element(0x30, {});
  ByteVector not_before = utc_time("200101000000Z");
  ByteVector not_after = utc_time("300101000000Z");
  ByteVector after_validity{};
  ByteVector key_info;
  ByteVector extensions{};
  ByteVector after_extensions{};
  ByteVector outer_algorithm = kEd25519Algorithm;
  ByteVector signature_unused_bits{0};
  ByteVector after_signature{};
  ByteVector after_certificate{};
};

}  // namespace quicether::crypto::test

#endif  // QUICETHER_TESTS_UNIT_CORE_CRYPTO_CERTIFICATE_BUILDER_HPP
