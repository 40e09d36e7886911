#ifndef QUICETHER_CORE_CRYPTO_NETWORK_PROOF_HPP
#define QUICETHER_CORE_CRYPTO_NETWORK_PROOF_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/core/crypto/secret_bytes.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace quicether::crypto {

/// Which side of the QUIC connection made a proof. The value is the role byte on the wire.
enum class ProofRole : std::uint8_t { client = 1, server = 2 };

/// Keying material of one TLS session (RFC 8446 section 7.5), equal on both sides.
using ExporterView = std::span<const std::uint8_t, 32>;

/// Evidence that its maker knows a network's secret.
using NetworkProof = std::array<std::uint8_t, 32>;

/// What the members of a network share: 32 bytes that follow from its name and secret.
///
/// Moves, does not copy; erased when it goes away.
class NetworkKey {
 public:
  NetworkKey(const NetworkKey& other) : key_{other.key_.clone()} {}

  NetworkKey& operator=(const NetworkKey& other) {
    key_ = other.key_.clone();
    return *this;
  }

  NetworkKey(NetworkKey&&) noexcept = default;
  NetworkKey& operator=(NetworkKey&&) noexcept = default;
  ~NetworkKey() = default;

  /// Derives the key with scrypt, so that a secret that people chose is dear to guess.
  ///
  /// Takes about 30 ms and 16 MiB on purpose: derive once per network, at start.
  /// `name`: 1..255 bytes; `secret`: 1..1024 bytes.
  /// **Errors:** `invalid_argument` (sizes), `limit_reached` (no memory).
  /// **Source:** RFC 7914; docs/spec/identity.md.
  [[nodiscard]] static result<NetworkKey> derive(std::string_view name, ConstBytes secret);

  /// The proof of the side `role` with the key `prover`, for one TLS session only.
  ///
  /// Another session has another exporter, the other side another role byte: a proof can neither
  /// be replayed nor reflected.
  [[nodiscard]] NetworkProof prove(ProofRole role,
                                   ExporterView exporter,
                                   const PublicKey& prover) const noexcept;

  /// True when `proof` is the one that the side `role` with the key `prover` makes. Constant time.
  [[nodiscard]] bool verify(ConstBytes proof,
                            ProofRole role,
                            ExporterView exporter,
                            const PublicKey& prover) const noexcept;

  /// 32 secret bytes that follow from the key and `label`, and tell nothing about other labels.
  /// **Source:** HKDF-Expand of RFC 5869; docs/spec/records.md.
  [[nodiscard]] SecretBytes derive_secret(std::string_view label) const;

 private:
  explicit NetworkKey(SecretBytes key) noexcept;

  SecretBytes key_;
};

}  // namespace quicether::crypto

#endif  // QUICETHER_CORE_CRYPTO_NETWORK_PROOF_HPP
