#include "core/crypto/certificate_format.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/certificate.hpp>
#include <quicether/core/crypto/node_address.hpp>

#include <array>
#include <string>

namespace quicether::crypto {
namespace {

using detail::kEd25519;
using detail::kKeyInfoPrefix;
using Fault = CertificateFault;

// Every field of our certificate has a fixed length, so its DER is these constants with the NodeId,
// the key and the signature between them.

// Version 3, serial number 1 (a key has one certificate), Ed25519.
constexpr std::array<std::uint8_t, 15> kVersionSerialAlgorithm{
    0xa0, 0x03, 0x02, 0x01, 0x02, 0x02, 0x01, 0x01, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70};

// A Name of one commonName, up to the 40 characters of its UTF8String.
constexpr std::array<std::uint8_t, 13> kNamePrefix{
    0x30, 0x33, 0x31, 0x31, 0x30, 0x2f, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x28};

// UTCTime 700101000000Z, GeneralizedTime 99991231235959Z: "no well-defined expiration date"
// (RFC 5280 section 4.1.2.5).
constexpr std::array<std::uint8_t, 34> kValidity{
    0x30, 0x20, 0x17, 0x0d, '7', '0', '0', '1', '0', '1', '0', '0', '0', '0', '0', '0', 'Z',
    0x18, 0x0f, '9',  '9',  '9', '9', '1', '2', '3', '1', '2', '3', '5', '9', '5', '9', 'Z'};

// Extensions: keyUsage, critical, digitalSignature alone.
constexpr std::array<std::uint8_t, 20> kExtensions{0xa3, 0x12, 0x30, 0x10, 0x30, 0x0e, 0x06,
                                                   0x03, 0x55, 0x1d, 0x0f, 0x01, 0x01, 0xff,
                                                   0x04, 0x04, 0x03, 0x02, 0x07, 0x80};

constexpr std::size_t kNameBytes = kNamePrefix.size() + 2 * sizeof(NodeId);
constexpr std::size_t kToBeSignedBody = kVersionSerialAlgorithm.size() + 2 * kNameBytes +
                                        kValidity.size() + kKeyInfoPrefix.size() +
                                        sizeof(PublicKey) + kExtensions.size();
static_assert(kToBeSignedBody == 0xdb);
constexpr std::array<std::uint8_t, 3> kToBeSignedPrefix{0x30, 0x81, kToBeSignedBody};

// BIT STRING, no unused bits, up to the 64 bytes of the signature.
constexpr std::array<std::uint8_t, 3> kSignaturePrefix{0x03, 0x41, 0x00};

constexpr std::size_t kBody = kToBeSignedPrefix.size() + kToBeSignedBody + kEd25519.size() +
                              kSignaturePrefix.size() + sizeof(Signature);
static_assert(kBody == 0x0128);
constexpr std::array<std::uint8_t, 4> kPrefix{0x30, 0x82, kBody >> 8U, kBody & 0xffU};

void append(ByteVector& out, ConstBytes bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

ByteVector make_to_be_signed(const PublicKey& key) {
  const std::string name = node_id(key).to_string();
  ByteVector out;
  out.reserve(kToBeSignedPrefix.size() + kToBeSignedBody);
  append(out, kToBeSignedPrefix);
  append(out, kVersionSerialAlgorithm);
  append(out, kNamePrefix);
  append(out, as_bytes(name));
  append(out, kValidity);
  append(out, kNamePrefix);
  append(out, as_bytes(name));
  append(out, kKeyInfoPrefix);
  append(out, key.bytes);
  append(out, kExtensions);
  QE_ASSERT(out.size() == kToBeSignedPrefix.size() + kToBeSignedBody);
  return out;
}

}  // namespace

std::string_view to_string(CertificateFault fault) noexcept {
  switch (fault) {
    case Fault::missing:
      return "the peer sent no certificate";
    case Fault::more_than_one:
      return "the peer sent more than one certificate";
    case Fault::too_large:
      return "the certificate is too large";
    case Fault::malformed:
      return "the certificate is not a well-formed X.509 certificate";
    case Fault::trailing_bytes:
      return "the certificate has trailing bytes";
    case Fault::weak_algorithm:
      return "the certificate is signed with another algorithm than Ed25519";
    case Fault::not_ed25519:
      return "the certificate's key is not an Ed25519 key";
    case Fault::weak_key:
      return "the certificate's key is one under which anybody can sign";
    case Fault::unknown_critical_field:
      return "the certificate has an unknown critical extension";
    case Fault::not_yet_valid:
      return "the certificate is not yet valid";
    case Fault::expired:
      return "the certificate has expired";
    case Fault::bad_signature:
      return "the certificate is not signed with its own key";
  }
  return "the certificate is bad";
}

std::uint8_t tls_alert(CertificateFault fault) noexcept {
  constexpr std::uint8_t kBadCertificate = 42;
  constexpr std::uint8_t kUnsupportedCertificate = 43;
  constexpr std::uint8_t kCertificateExpired = 45;
  constexpr std::uint8_t kCertificateRequired = 116;
  switch (fault) {
    case Fault::missing:
      return kCertificateRequired;
    case Fault::more_than_one:
    case Fault::too_large:
    case Fault::malformed:
    case Fault::trailing_bytes:
    case Fault::bad_signature:
      return kBadCertificate;
    case Fault::weak_algorithm:
    case Fault::not_ed25519:
    case Fault::weak_key:
    case Fault::unknown_critical_field:
      return kUnsupportedCertificate;
    case Fault::not_yet_valid:
    case Fault::expired:
      return kCertificateExpired;
  }
  return kBadCertificate;
}

ByteVector make_certificate(const KeyPair& key) {
  const ByteVector to_be_signed = make_to_be_signed(key.public_key());
  ByteVector out;
  out.reserve(kPrefix.size() + kBody);
  append(out, kPrefix);
  append(out, to_be_signed);
  append(out, kEd25519);
  append(out, kSignaturePrefix);
  append(out, key.sign(to_be_signed));
  QE_ASSERT(out.size() == kPrefix.size() + kBody);
  return out;
}

}  // namespace quicether::crypto
