#ifndef QUICETHER_CORE_CRYPTO_KEY_PAIR_HPP
#define QUICETHER_CORE_CRYPTO_KEY_PAIR_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/base/random.hpp>
#include <quicether/core/crypto/secret_bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace quicether::crypto {

/// Bytes of an Ed25519 seed, the private key of RFC 8032.
inline constexpr std::size_t kSeedBytes = 32;

/// An Ed25519 signature.
using Signature = std::array<std::uint8_t, 64>;

/// An Ed25519 key pair: what a node is.
///
/// Moves, does not copy: a private key is in one place, and is erased when that place goes away.
/// A moved-from KeyPair may only be destroyed or assigned to.
class KeyPair {
 public:
  /// Makes a new key. `random` must be cryptographically secure outside of tests.
  [[nodiscard]] static KeyPair generate(Random& random);

  /// Makes the key that belongs to a seed.
  [[nodiscard]] static KeyPair from_seed(std::span<const std::uint8_t, kSeedBytes> seed);

  KeyPair(KeyPair&&) noexcept = default;
  KeyPair& operator=(KeyPair&&) noexcept = default;
  KeyPair(const KeyPair&) = delete;
  KeyPair& operator=(const KeyPair&) = delete;
  ~KeyPair() = default;

  [[nodiscard]] const PublicKey& public_key() const noexcept { return public_key_; }

  /// Signs with pure Ed25519: equal messages give equal signatures. **Source:** RFC 8032.
  [[nodiscard]] Signature sign(ConstBytes message) const noexcept;

  /// A copy of the 32-byte seed, for the key file and the TLS library alone.
  [[nodiscard]] SecretBytes seed() const;

  /// 32 secret bytes that follow from the key and `label`, and tell nothing about other labels.
  ///
  /// HKDF-SHA256 over the seed, so a restarted node derives the same ones. A label belongs to one
  /// use: "stateless reset v1".
  [[nodiscard]] SecretBytes derive_secret(std::string_view label) const;

 private:
  explicit KeyPair(std::span<const std::uint8_t, kSeedBytes> seed);

  SecretBytes private_key_;  // seed, then public key: the form the TLS library signs with
  PublicKey public_key_{};
};

/// True when `signature` over `message` was made with the private half of `key`.
[[nodiscard]] bool verify(const PublicKey& key,
                          ConstBytes message,
                          const Signature& signature) noexcept;

/// False for an encoding under which a signature proves nothing.
///
/// Those are the points of small order, for which anybody can produce valid signatures, and the
/// second spellings of a point (y >= 2^255 - 19). No honestly made key is among them.
/// **Source:** RFC 8032 section 5.1.3 for the encoding; the list of points is in the source file.
[[nodiscard]] bool is_sound(const PublicKey& key) noexcept;

}  // namespace quicether::crypto

#endif  // QUICETHER_CORE_CRYPTO_KEY_PAIR_HPP
