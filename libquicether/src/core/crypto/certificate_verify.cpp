#include "core/crypto/certificate_format.hpp"

#include <quicether/core/crypto/certificate.hpp>

#include <openssl/bytestring.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

namespace quicether::crypto {
namespace {

using detail::kEd25519;
using detail::kKeyInfoPrefix;
using Fault = CertificateFault;

constexpr unsigned kExplicit = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;

struct Certificate {
  ConstBytes to_be_signed{};
  ConstBytes algorithm{};         // the whole AlgorithmIdentifier outside
  ConstBytes signed_algorithm{};  // and the one inside
  ConstBytes signature{};         // the BIT STRING's content
  UnixSeconds not_before = 0;
  UnixSeconds not_after = 0;
  ConstBytes key_info{};  // the whole SubjectPublicKeyInfo
  bool unknown_critical_field = false;
};

using Step = boost::system::result<void, Fault>;

ConstBytes view(const CBS& cbs) noexcept {
  return {CBS_data(&cbs), CBS_len(&cbs)};
}

// Takes one element including its header.
std::optional<ConstBytes> take_element(CBS& from, unsigned tag) noexcept {
  CBS element;
  if (CBS_get_asn1_element(&from, &element, tag) != 1) {
    return std::nullopt;
  }
  return view(element);
}

std::optional<UnixSeconds> parse_time(ConstBytes text, std::size_t year_digits) noexcept {
  std::array<int, 7> pairs{};  // century, year, month, day, hour, minute, second
  const std::size_t skipped = year_digits == 2 ? 1 : 0;
  if (text.size() != 2 * (pairs.size() - skipped) + 1 || text.back() != 'Z') {
    return std::nullopt;
  }
  for (std::size_t i = skipped; i < pairs.size(); ++i) {
    const int tens = text[2 * (i - skipped)] - '0';
    const int ones = text[2 * (i - skipped) + 1] - '0';
    if (tens < 0 || tens > 9 || ones < 0 || ones > 9) {
      return std::nullopt;
    }
    pairs[i] = 10 * tens + ones;
  }
  if (year_digits == 2) {
    pairs[0] = pairs[1] >= 50 ? 19 : 20;  // RFC 5280 section 4.1.2.5.1
  }
  const auto [century, year, month, day, hour, minute, second] = pairs;
  const std::chrono::year_month_day date{std::chrono::year{100 * century + year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) {
    return std::nullopt;
  }
  const auto time = std::chrono::sys_days{date} + std::chrono::hours{hour} +
                    std::chrono::minutes{minute} + std::chrono::seconds{second};
  return UnixSeconds{time.time_since_epoch().count()};
}

std::optional<UnixSeconds> take_time(CBS& from) noexcept {
  CBS text;
  if (CBS_peek_asn1_tag(&from, CBS_ASN1_UTCTIME) == 1) {
    return CBS_get_asn1(&from, &text, CBS_ASN1_UTCTIME) == 1 ? parse_time(view(text), 2)
                                                             : std::nullopt;
  }
  return CBS_get_asn1(&from, &text, CBS_ASN1_GENERALIZEDTIME) == 1 ? parse_time(view(text), 4)
                                                                   : std::nullopt;
}

Step parse_validity(CBS& from, Certificate& certificate) noexcept {
  CBS validity;
  if (CBS_get_asn1(&from, &validity, CBS_ASN1_SEQUENCE) != 1) {
    return Fault::malformed;
  }
  const auto not_before = take_time(validity);
  const auto not_after = not_before ? take_time(validity) : std::nullopt;
  if (!not_after) {
    return Fault::malformed;
  }
  certificate.not_before = *not_before;
  certificate.not_after = *not_after;
  return CBS_len(&validity) == 0 ? Step{} : Fault::trailing_bytes;
}

// keyUsage and basicConstraints may be critical: neither says anything that matters here, where the
// key signs a handshake or nothing.
bool is_known_extension(ConstBytes object_id) noexcept {
  static constexpr std::array<std::uint8_t, 3> kKeyUsage{0x55, 0x1d, 0x0f};
  static constexpr std::array<std::uint8_t, 3> kBasicConstraints{0x55, 0x1d, 0x13};
  return std::ranges::equal(object_id, kKeyUsage) ||
         std::ranges::equal(object_id, kBasicConstraints);
}

Step parse_extension(CBS& from, Certificate& certificate) noexcept {
  CBS extension;
  CBS object_id;
  CBS value;
  int critical = 0;
  if (CBS_get_asn1(&from, &extension, CBS_ASN1_SEQUENCE) != 1 ||
      CBS_get_asn1(&extension, &object_id, CBS_ASN1_OBJECT) != 1) {
    return Fault::malformed;
  }
  if (CBS_peek_asn1_tag(&extension, CBS_ASN1_BOOLEAN) == 1) {
    CBS flag;
    if (CBS_get_asn1(&extension, &flag, CBS_ASN1_BOOLEAN) != 1 || CBS_len(&flag) != 1 ||
        CBS_data(&flag)[0] != 0xff) {  // DER leaves the default, FALSE, out
      return Fault::malformed;
    }
    critical = 1;
  }
  if (CBS_get_asn1(&extension, &value, CBS_ASN1_OCTETSTRING) != 1) {
    return Fault::malformed;
  }
  if (critical == 1 && !is_known_extension(view(object_id))) {
    certificate.unknown_critical_field = true;
  }
  return CBS_len(&extension) == 0 ? Step{} : Fault::trailing_bytes;
}

Step parse_extensions(CBS& from, Certificate& certificate) noexcept {
  CBS wrapped;
  CBS extensions;
  int present = 0;
  if (CBS_get_optional_asn1(&from, &wrapped, &present, kExplicit | 3U) != 1) {
    return Fault::malformed;
  }
  if (present == 0) {
    return Step{};
  }
  if (CBS_get_asn1(&wrapped, &extensions, CBS_ASN1_SEQUENCE) != 1 || CBS_len(&extensions) == 0) {
    return Fault::malformed;
  }
  while (CBS_len(&extensions) != 0) {
    if (const Step step = parse_extension(extensions, certificate); !step) {
      return step;
    }
  }
  return CBS_len(&wrapped) == 0 ? Step{} : Fault::trailing_bytes;
}

Step parse_to_be_signed(CBS body, Certificate& certificate) noexcept {
  CBS version;
  CBS serial;
  std::uint64_t version_number = 0;
  if (CBS_get_asn1(&body, &version, kExplicit | 0U) != 1 ||
      CBS_get_asn1_uint64(&version, &version_number) != 1 || CBS_len(&version) != 0 ||
      version_number != 2 ||  // "v3"
      CBS_get_asn1(&body, &serial, CBS_ASN1_INTEGER) != 1) {
    return Fault::malformed;
  }
  const auto algorithm = take_element(body, CBS_ASN1_SEQUENCE);
  const auto issuer = take_element(body, CBS_ASN1_SEQUENCE);
  if (!algorithm || !issuer) {
    return Fault::malformed;
  }
  if (const Step step = parse_validity(body, certificate); !step) {
    return step;
  }
  const auto subject = take_element(body, CBS_ASN1_SEQUENCE);
  const auto key_info = take_element(body, CBS_ASN1_SEQUENCE);
  if (!subject || !key_info) {
    return Fault::malformed;
  }
  certificate.signed_algorithm = *algorithm;
  certificate.key_info = *key_info;
  if (const Step step = parse_extensions(body, certificate); !step) {
    return step;
  }
  return CBS_len(&body) == 0 ? Step{} : Fault::trailing_bytes;
}

boost::system::result<Certificate, Fault> parse(ConstBytes der) noexcept {
  CBS input;
  CBS outer;
  CBS body;
  CBS signature;
  CBS_init(&input, der.data(), der.size());
  if (CBS_get_asn1(&input, &outer, CBS_ASN1_SEQUENCE) != 1) {
    return Fault::malformed;
  }
  if (CBS_len(&input) != 0) {
    return Fault::trailing_bytes;
  }
  const auto to_be_signed = take_element(outer, CBS_ASN1_SEQUENCE);
  const auto algorithm = take_element(outer, CBS_ASN1_SEQUENCE);
  if (!to_be_signed || !algorithm || CBS_get_asn1(&outer, &signature, CBS_ASN1_BITSTRING) != 1) {
    return Fault::malformed;
  }
  if (CBS_len(&outer) != 0) {
    return Fault::trailing_bytes;
  }
  Certificate certificate;
  certificate.to_be_signed = *to_be_signed;
  certificate.algorithm = *algorithm;
  certificate.signature = view(signature);
  CBS element;
  CBS_init(&element, to_be_signed->data(), to_be_signed->size());
  if (CBS_get_asn1(&element, &body, CBS_ASN1_SEQUENCE) != 1) {
    return Fault::malformed;
  }
  if (const Step step = parse_to_be_signed(body, certificate); !step) {
    return step.error();
  }
  return certificate;
}

boost::system::result<PublicKey, Fault> ed25519_key(const Certificate& certificate) noexcept {
  PublicKey key;
  const ConstBytes info = certificate.key_info;
  if (info.size() != kKeyInfoPrefix.size() + key.bytes.size() ||
      !std::ranges::equal(info.first(kKeyInfoPrefix.size()), kKeyInfoPrefix)) {
    return Fault::not_ed25519;
  }
  std::ranges::copy(info.subspan(kKeyInfoPrefix.size()), key.bytes.begin());
  if (!is_sound(key)) {
    return Fault::weak_key;
  }
  return key;
}

bool is_signed_with(const PublicKey& key, const Certificate& certificate) noexcept {
  Signature signature{};
  const ConstBytes bits = certificate.signature;
  if (bits.size() != 1 + signature.size() || bits[0] != 0) {
    return false;
  }
  std::ranges::copy(bits.subspan(1), signature.begin());
  return verify(key, certificate.to_be_signed, signature);
}

}  // namespace

boost::system::result<PublicKey, CertificateFault> verify_peer_certificate(
    std::span<const ConstBytes> chain, UnixSeconds now) noexcept {
  if (chain.empty()) {
    return Fault::missing;
  }
  if (chain.size() > 1) {
    return Fault::more_than_one;
  }
  if (chain[0].size() > kCertificateBytesMax) {
    return Fault::too_large;
  }
  const auto certificate = parse(chain[0]);
  if (!certificate) {
    return certificate.error();
  }
  const auto key = ed25519_key(*certificate);
  if (!key) {
    return key.error();
  }
  if (!std::ranges::equal(certificate->algorithm, kEd25519) ||
      !std::ranges::equal(certificate->signed_algorithm, kEd25519)) {
    return Fault::weak_algorithm;
  }
  if (certificate->unknown_critical_field) {
    return Fault::unknown_critical_field;
  }
  if (now < certificate->not_before) {
    return Fault::not_yet_valid;
  }
  if (now > certificate->not_after) {
    return Fault::expired;
  }
  if (!is_signed_with(*key, *certificate)) {
    return Fault::bad_signature;
  }
  return *key;
}

}  // namespace quicether::crypto
