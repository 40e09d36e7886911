#ifndef QUICETHER_CORE_CRYPTO_CERTIFICATE_HPP
#define QUICETHER_CORE_CRYPTO_CERTIFICATE_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/crypto/key_pair.hpp>

#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace quicether::crypto {

/// Longest certificate looked at. Ours has about 300 bytes.
inline constexpr std::size_t kCertificateBytesMax = 4096;

/// Why a peer's certificate was refused. All of them are `errc::bad_certificate` to callers.
enum class CertificateFault : std::uint8_t {
  missing,                 ///< the peer sent none
  more_than_one,           ///< a chain, where one self-signed certificate belongs
  too_large,               ///< longer than kCertificateBytesMax
  malformed,               ///< not the DER of an X.509 certificate
  trailing_bytes,          ///< bytes follow the certificate, or a field inside it
  weak_algorithm,          ///< signed with something else than Ed25519
  not_ed25519,             ///< the key is not an Ed25519 key
  weak_key,                ///< the key is one under which anybody can sign
  unknown_critical_field,  ///< an extension that must not be ignored is not known here
  not_yet_valid,           ///< this node's clock is before notBefore
  expired,                 ///< this node's clock is after notAfter
  bad_signature,           ///< not signed with its own key
};

/// One lower-case clause for logs and people, without a full stop.
[[nodiscard]] std::string_view to_string(CertificateFault fault) noexcept;

/// The TLS alert that tells the peer so (RFC 8446 section 6.2).
[[nodiscard]] std::uint8_t tls_alert(CertificateFault fault) noexcept;

/// The self-signed X.509 certificate of a key, in DER. Equal keys give equal bytes.
///
/// Subject and issuer are the NodeId in hex. It is valid from 1970 to 9999, because a node whose
/// clock is wrong must still reach its mesh and the key alone is what peers trust.
/// **Source:** RFC 5280, RFC 8410; docs/spec/identity.md.
[[nodiscard]] ByteVector make_certificate(const KeyPair& key);

/// Checks the certificates that a peer sent, each in DER, and returns the key it stands for.
///
/// Whether the peer owns the key is TLS's part (CertificateVerify); whether the key is welcome is
/// the caller's. **Complexity:** bounded by kCertificateBytesMax and one signature check; no
/// allocation.
[[nodiscard]] boost::system::result<PublicKey, CertificateFault> verify_peer_certificate(
    std::span<const ConstBytes> chain, UnixSeconds now) noexcept;

}  // namespace quicether::crypto

#endif  // QUICETHER_CORE_CRYPTO_CERTIFICATE_HPP
