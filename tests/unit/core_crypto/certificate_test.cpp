#include "certificate_builder.hpp"
#include "test_keys.hpp"

#include <quicether/base/hex.hpp>
#include <quicether/base/random.hpp>
#include <quicether/core/crypto/certificate.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace {

using namespace quicether;
using namespace quicether::crypto::test;
using crypto::KeyPair;
using crypto::make_certificate;
using crypto::verify_peer_certificate;
using Fault = crypto::CertificateFault;

constexpr UnixSeconds kNow = 1'795'000'000;  // 2026-11-18T11:06:40Z

// The exact bytes of docs/spec/identity.md: the certificate of the golden key.
constexpr std::string_view kGoldenCertificate =
    "308201283081dba003020102020101300506032b657030333131302f06035504030c283562323761"
    "61353538393137393737306534373537356231363261316465643937623862666336643020170d37"
    "30303130313030303030305a180f39393939313233313233353935395a30333131302f0603550403"
    "0c283562323761613535383931373937373065343735373562313632613164656439376238626663"
    "3664302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af02"
    "1a68f707511aa3123010300e0603551d0f0101ff040403020780300506032b6570034100302ed11a"
    "b5781180e9362994a7fed930969232f978f0846ba14cdbf780f7a7e0de83e9015cd0d6a8bf11ab96"
    "46cd0a049f471b3dd3fa6c2995c1be6ce1918909";

constexpr std::array kFaults{
    Fault::missing,
    Fault::more_than_one,
    Fault::too_large,
    Fault::malformed,
    Fault::trailing_bytes,
    Fault::weak_algorithm,
    Fault::not_ed25519,
    Fault::weak_key,
    Fault::unknown_critical_field,
    Fault::not_yet_valid,
    Fault::expired,
    Fault::bad_signature,
};

// Verifies from a heap block of the exact size, so that a sanitizer sees any read beyond it.
std::optional<Fault> fault_of(ConstBytes certificate, UnixSeconds now = kNow) {
  const auto block = std::make_unique<std::uint8_t[]>(certificate.size());
  if (!certificate.empty()) {
    std::memcpy(block.get(), certificate.data(), certificate.size());
  }
  const std::array<ConstBytes, 1> chain{ConstBytes{block.get(), certificate.size()}};
  const auto key = verify_peer_certificate(chain, now);
  return key ? std::nullopt : std::optional{key.error()};
}

}  // namespace

TEST_CASE("certificate: the golden key has the golden certificate", "[core_crypto][certificate]") {
  CHECK(to_hex(make_certificate(golden_key_pair())) == kGoldenCertificate);
}

TEST_CASE("certificate: a key's own certificate stands for the key at any time",
          "[core_crypto][certificate]") {
  SeededRandom random{21};
  for (int i = 0; i < 50; ++i) {
    const KeyPair key = KeyPair::generate(random);
    const ByteVector certificate = make_certificate(key);
    const std::array<ConstBytes, 1> chain{certificate};
    for (const UnixSeconds now : {UnixSeconds{0}, kNow, UnixSeconds{253'402'300'799}}) {
      const auto verified = verify_peer_certificate(chain, now);
      REQUIRE(verified.has_value());
      CHECK(*verified == key.public_key());
    }
  }
}

TEST_CASE("certificate: none, and more than one, are refused", "[core_crypto][certificate]") {
  const ByteVector certificate = make_certificate(golden_key_pair());
  const std::array<ConstBytes, 2> two{certificate, certificate};

  CHECK(verify_peer_certificate({}, kNow).error() == Fault::missing);
  CHECK(verify_peer_certificate(two, kNow).error() == Fault::more_than_one);
}

TEST_CASE("certificate: refused with the cause of its own", "[core_crypto][certificate]") {
  struct Case {
    const char* name;
    Fault expected;
    std::function<void(CertificateBuilder&)> change;
  };

  const ByteVector rsa_sha1 = bytes_of("300d06092a864886f70d0101050500");
  const ByteVector ecdsa_sha256 = bytes_of("300a06082a8648ce3d040302");
  const Case cases[] = {
      {"expired a second ago",
       Fault::expired,
       [](auto& c) { c.not_after = utc_time("261118110639Z"); }},
      {"expired, generalized time",
       Fault::expired,
       [](auto& c) { c.not_after = generalized_time("20261118110639Z"); }},
      {"valid from the next second on",
       Fault::not_yet_valid,
       [](auto& c) { c.not_before = utc_time("261118110641Z"); }},
      {"RSA-SHA1 signature algorithm",
       Fault::weak_algorithm,
       [&](auto& c) { c.inner_algorithm = c.outer_algorithm = rsa_sha1; }},
      {"ECDSA signature algorithm",
       Fault::weak_algorithm,
       [&](auto& c) { c.inner_algorithm = c.outer_algorithm = ecdsa_sha256; }},
      {"weak algorithm inside only",
       Fault::weak_algorithm,
       [&](auto& c) { c.inner_algorithm = rsa_sha1; }},
      {"weak algorithm outside only",
       Fault::weak_algorithm,
       [&](auto& c) { c.outer_algorithm = rsa_sha1; }},
      {"Ed25519 with parameters",
       Fault::weak_algorithm,
       [](auto& c) { c.inner_algorithm = c.outer_algorithm = bytes_of("300706032b65700500"); }},
      {"P-256 key",
       Fault::not_ed25519,
       [](auto& c) {
         c.key_info = element(0x30,
                              {bytes_of("301306072a8648ce3d020106082a8648ce3d030107"),
                               element(0x03, {ByteVector(66, 4)})});
       }},
      {"X25519 key", Fault::not_ed25519, [](auto& c) { c.key_info[8] = 0x6e; }},
      {"key of 31 bytes",
       Fault::not_ed25519,
       [](auto& c) {
         c.key_info = element(0x30, {kEd25519Algorithm, element(0x03, {ByteVector(32, 0)})});
       }},
      {"key of small order",
       Fault::weak_key,
       [](auto& c) {
         ByteVector neutral(33, 0);
         neutral[1] = 1;
         c.key_info = element(0x30, {kEd25519Algorithm, element(0x03, {neutral})});
       }},
      {"signed by another key", Fault::bad_signature, [](auto& c) { c.key_info.back() ^= 1U; }},
      {"signature with unused bits",
       Fault::bad_signature,
       [](auto& c) { c.signature_unused_bits = {1}; }},
      {"signature without its first byte",
       Fault::bad_signature,
       [](auto& c) { c.signature_unused_bits = {}; }},
      {"unknown critical extension",
       Fault::unknown_critical_field,
       [](auto& c) { c.extensions = element(0xa3, {element(0x30, {extension("551d1e", true)})}); }},
      {"byte after the certificate",
       Fault::trailing_bytes,
       [](auto& c) { c.after_certificate = {0}; }},
      {"element after the signature",
       Fault::trailing_bytes,
       [](auto& c) { c.after_signature = bytes_of("0500"); }},
      {"element after the extensions",
       Fault::trailing_bytes,
       [](auto& c) { c.after_extensions = bytes_of("0500"); }},
      {"element after the validity",
       Fault::trailing_bytes,
       [](auto& c) { c.after_validity = bytes_of("0500"); }},
      {"element after the list of extensions",
       Fault::trailing_bytes,
       [](auto& c) {
         c.extensions =
             element(0xa3, {element(0x30, {extension("551d0f", true)}), bytes_of("0500")});
       }},
      {"element inside an extension",
       Fault::trailing_bytes,
       [](auto& c) {
         ByteVector long_extension =
             element(0x30, {bytes_of("0603551d0f"), bytes_of("04020500"), bytes_of("0500")});
         c.extensions = element(0xa3, {element(0x30, {long_extension})});
       }},
      {"empty list of extensions",
       Fault::malformed,
       [](auto& c) { c.extensions = element(0xa3, {element(0x30, {})}); }},
      {"critical flag that is not DER",
       Fault::malformed,
       [](auto& c) {
         c.extensions = element(
             0xa3,
             {element(
                 0x30,
                 {element(0x30,
                          {bytes_of("0603551d0f"), bytes_of("010101"), bytes_of("04020500")})})});
       }},
      {"version 1", Fault::malformed, [](auto& c) { c.version = {}; }},
      {"version 2", Fault::malformed, [](auto& c) { c.version = bytes_of("a003020101"); }},
      {"version 4", Fault::malformed, [](auto& c) { c.version = bytes_of("a003020103"); }},
      {"no serial number", Fault::malformed, [](auto& c) { c.serial = {}; }},
      {"month 13", Fault::malformed, [](auto& c) { c.not_before = utc_time("201301000000Z"); }},
      {"month 0", Fault::malformed, [](auto& c) { c.not_before = utc_time("200001000000Z"); }},
      {"30 February", Fault::malformed, [](auto& c) { c.not_before = utc_time("200230000000Z"); }},
      {"29 February 2023",
       Fault::malformed,
       [](auto& c) { c.not_before = utc_time("230229000000Z"); }},
      {"hour 24", Fault::malformed, [](auto& c) { c.not_before = utc_time("200101240000Z"); }},
      {"minute 60", Fault::malformed, [](auto& c) { c.not_before = utc_time("200101006000Z"); }},
      {"second 60", Fault::malformed, [](auto& c) { c.not_before = utc_time("200101000060Z"); }},
      {"time without Z",
       Fault::malformed,
       [](auto& c) { c.not_before = utc_time("2001010000000"); }},
      {"time with an offset",
       Fault::malformed,
       [](auto& c) { c.not_before = utc_time("2001010000+0100"); }},
      {"time with letters",
       Fault::malformed,
       [](auto& c) { c.not_before = utc_time("20o101000000Z"); }},
      {"time with sign",
       Fault::malformed,
       [](auto& c) { c.not_before = utc_time("2001010000-1Z"); }},
      {"generalized time of two year digits",
       Fault::malformed,
       [](auto& c) { c.not_before = generalized_time("200101000000Z"); }},
      {"empty time", Fault::malformed, [](auto& c) { c.not_before = utc_time(""); }},
      {"no notAfter", Fault::malformed, [](auto& c) { c.not_after = {}; }},
      {"too large",
       Fault::too_large,
       [](auto& c) { c.name = element(0x30, {element(0x04, {ByteVector(4096, 'x')})}); }},
  };
  const KeyPair key = golden_key_pair();
  REQUIRE(fault_of(CertificateBuilder{key}.build()) == std::nullopt);

  for (const Case& test : cases) {
    CAPTURE(test.name);
    CertificateBuilder certificate{key};
    test.change(certificate);
    CHECK(fault_of(certificate.build()) == test.expected);
  }
}

TEST_CASE("certificate: the bounds of the validity belong to it", "[core_crypto][certificate]") {
  const KeyPair key = golden_key_pair();
  CertificateBuilder certificate{key};
  certificate.not_before = utc_time("491231235959Z");           // 2524607999
  certificate.not_after = generalized_time("20500101000001Z");  // 2524608001
  CertificateBuilder old{key};
  old.not_before = utc_time("500101000000Z");  // 1950, not 2050
  old.not_after = utc_time("700101000000Z");

  CHECK(fault_of(certificate.build(), 2'524'607'998) == Fault::not_yet_valid);
  CHECK(fault_of(certificate.build(), 2'524'607'999) == std::nullopt);
  CHECK(fault_of(certificate.build(), 2'524'608'001) == std::nullopt);
  CHECK(fault_of(certificate.build(), 2'524'608'002) == Fault::expired);
  CHECK(fault_of(old.build(), 0) == std::nullopt);
  CHECK(fault_of(old.build(), 1) == Fault::expired);
}

TEST_CASE("certificate: what does not bear on the key may be anything well-formed",
          "[core_crypto][certificate]") {
  const KeyPair key = golden_key_pair();
  CertificateBuilder certificate{key};
  certificate.serial = bytes_of("0214" + std::string(40, '7'));
  certificate.name = element(0x30, {element(0x04, {ByteVector(1000, 'x')})});
  certificate.extensions = element(0xa3,
                                   {element(0x30,
                                            {extension("551d0f", true),
                                             extension("551d13", true),
                                             extension("551d1e", false),
                                             extension("2b06010401", false)})});

  CHECK(fault_of(certificate.build()) == std::nullopt);
}

TEST_CASE("certificate: no beginning, no added byte and no changed bit is accepted",
          "[core_crypto][certificate]") {
  const ByteVector certificate = make_certificate(golden_key_pair());

  for (std::size_t size = 0; size < certificate.size(); ++size) {
    CAPTURE(size);
    CHECK(fault_of(ConstBytes{certificate}.first(size)) == Fault::malformed);
  }
  for (std::size_t bit = 0; bit < 8 * certificate.size(); ++bit) {
    CAPTURE(bit);
    ByteVector changed = certificate;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    CHECK(fault_of(changed) != std::nullopt);
  }
  for (unsigned value = 0; value < 256; ++value) {
    ByteVector longer = certificate;
    longer.push_back(static_cast<std::uint8_t>(value));
    CHECK(fault_of(longer) == Fault::trailing_bytes);
  }
}

TEST_CASE("certificate: every fault has a text of its own and an alert about certificates",
          "[core_crypto][certificate]") {
  std::set<std::string_view> texts;
  for (const Fault fault : kFaults) {
    texts.insert(to_string(fault));
    CHECK(std::set{42, 43, 45, 116}.contains(crypto::tls_alert(fault)));
  }

  CHECK(texts.size() == kFaults.size());
  CHECK(crypto::tls_alert(Fault::missing) == 116);
  CHECK(crypto::tls_alert(Fault::expired) == 45);
}
