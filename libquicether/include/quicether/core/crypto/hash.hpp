#ifndef QUICETHER_CORE_CRYPTO_HASH_HPP
#define QUICETHER_CORE_CRYPTO_HASH_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/core/crypto/secret_bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace quicether::crypto {

using Sha1Digest = std::array<std::uint8_t, 20>;
using Sha256Digest = std::array<std::uint8_t, 32>;

/// SHA-1, for NodeIds only: BEP 44 fixes it, and no trust rests on it.
[[nodiscard]] Sha1Digest sha1(ConstBytes message) noexcept;

/// SHA-256. **Source:** FIPS 180-4.
[[nodiscard]] Sha256Digest sha256(ConstBytes message) noexcept;

/// HMAC-SHA256. **Source:** RFC 2104.
[[nodiscard]] Sha256Digest hmac_sha256(ConstBytes key, ConstBytes message) noexcept;

/// Most bytes that one HKDF-Expand with SHA-256 can give: 255 blocks (RFC 5869 section 2.3).
inline constexpr std::size_t kHkdfOutputMax = std::size_t{255} * 32;

/// HKDF-Extract with SHA-256: the 32-byte pseudorandom key. **Source:** RFC 5869 section 2.2.
[[nodiscard]] SecretBytes hkdf_extract_sha256(ConstBytes salt, ConstBytes secret);

/// HKDF-Expand with SHA-256 into the whole of `out`, at most kHkdfOutputMax bytes.
///
/// `pseudorandom_key`: at least 32 bytes. **Source:** RFC 5869 section 2.3.
void hkdf_expand_sha256(ConstBytes pseudorandom_key, ConstBytes info, Bytes out) noexcept;

/// Compares without a timing that depends on the content. Different sizes are unequal at once.
[[nodiscard]] bool constant_time_equal(ConstBytes left, ConstBytes right) noexcept;

/// Overwrites with zeros in a way the compiler does not remove.
void secure_zero(Bytes bytes) noexcept;

}  // namespace quicether::crypto

#endif  // QUICETHER_CORE_CRYPTO_HASH_HPP
