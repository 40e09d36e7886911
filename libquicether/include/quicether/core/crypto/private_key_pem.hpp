#ifndef QUICETHER_CORE_CRYPTO_PRIVATE_KEY_PEM_HPP
#define QUICETHER_CORE_CRYPTO_PRIVATE_KEY_PEM_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/core/crypto/key_pair.hpp>
#include <quicether/core/crypto/secret_bytes.hpp>

#include <cstddef>

namespace quicether::crypto {

/// Longest text looked at. Ours has 119 bytes.
inline constexpr std::size_t kPrivateKeyPemBytesMax = 4096;

/// The private key as PKCS#8 in PEM, as other tools read and write it.
///
/// **Source:** RFC 8410 section 7, RFC 7468 section 10; docs/spec/identity.md.
[[nodiscard]] SecretBytes to_pem(const KeyPair& key);

/// Reads what to_pem() or another tool wrote: one "PRIVATE KEY" block and nothing else. Lines may
/// end in LF or CR LF.
///
/// **Errors:** `empty_file` (nothing but white space), `truncated` (the beginning of a key),
/// `unsupported` (a private key of another type, or encrypted), `too_large`, `malformed` (anything
/// else).
[[nodiscard]] result<KeyPair> from_pem(ConstBytes text);

}  // namespace quicether::crypto

#endif  // QUICETHER_CORE_CRYPTO_PRIVATE_KEY_PEM_HPP
