#ifndef QUICETHER_CORE_CRYPTO_AEAD_HPP
#define QUICETHER_CORE_CRYPTO_AEAD_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/random.hpp>

#include <cstddef>

namespace quicether::crypto {

inline constexpr std::size_t kAeadKeyBytes = 32;
inline constexpr std::size_t kAeadNonceBytes = 24;

/// What seal() adds: the nonce in front and the tag behind.
inline constexpr std::size_t kAeadOverhead = kAeadNonceBytes + 16;

/// Encrypts and authenticates with XChaCha20-Poly1305: nonce || ciphertext || tag.
///
/// The nonce is drawn at random, which its 24 bytes make safe for any number of writers that share
/// `key` (32 bytes). `context` is authenticated, not sent. `random` is secure outside of tests.
/// **Source:** draft-irtf-cfrg-xchacha-03.
[[nodiscard]] ByteVector seal(ConstBytes key,
                              ConstBytes context,
                              ConstBytes plaintext,
                              Random& random);

/// Reverses seal(). **Errors:** `malformed`: too short, another key or context, or altered.
[[nodiscard]] result<ByteVector> open(ConstBytes key, ConstBytes context, ConstBytes sealed);

}  // namespace quicether::crypto

#endif  // QUICETHER_CORE_CRYPTO_AEAD_HPP
