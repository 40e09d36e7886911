#ifndef QUICETHER_SRC_CORE_CRYPTO_CERTIFICATE_FORMAT_HPP
#define QUICETHER_SRC_CORE_CRYPTO_CERTIFICATE_FORMAT_HPP

#include <array>
#include <cstdint>

namespace quicether::crypto::detail {

// SEQUENCE { OID 1.3.101.112 }: id-Ed25519 without parameters (RFC 8410 section 3).
inline constexpr std::array<std::uint8_t, 7> kEd25519{0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70};

// A SubjectPublicKeyInfo of that algorithm, up to the 32 bytes of the key.
inline constexpr std::array<std::uint8_t, 12> kKeyInfoPrefix{
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

}  // namespace quicether::crypto::detail

#endif  // QUICETHER_SRC_CORE_CRYPTO_CERTIFICATE_FORMAT_HPP
