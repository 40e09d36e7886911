#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/private_key_pem.hpp>

#include <openssl/base64.h>
#include <openssl/bytestring.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace quicether::crypto {
namespace {

constexpr std::string_view kBegin = "-----BEGIN PRIVATE KEY-----";
constexpr std::string_view kEnd = "-----END PRIVATE KEY-----";
constexpr std::string_view kSpace = " \t\r\n";

// PrivateKeyInfo: version 0, id-Ed25519, then the seed as an OCTET STRING inside an OCTET STRING
// (RFC 8410 section 7).
constexpr std::array<std::uint8_t, 16> kInfoPrefix{
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
constexpr std::size_t kInfoBytes = kInfoPrefix.size() + kSeedBytes;
constexpr std::size_t kBase64Bytes = kInfoBytes / 3 * 4;  // one PEM line of 64 characters
static_assert(kInfoBytes % 3 == 0 && kBase64Bytes == 64);

std::string_view trim(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// What a text that does not start with our BEGIN line is.
errc foreign_text(std::string_view text) noexcept {
  const std::string_view line = trim(text.substr(0, text.find('\n')));
  if (kBegin.starts_with(line)) {
    return errc::truncated;
  }
  return line.starts_with("-----BEGIN ") && line.ends_with("PRIVATE KEY-----") ? errc::unsupported
                                                                               : errc::malformed;
}

// What a PrivateKeyInfo that is not ours is.
errc foreign_info(ConstBytes info) noexcept {
  CBS input;
  CBS body;
  CBS algorithm;
  CBS key;
  std::uint64_t version = 0;
  CBS_init(&input, info.data(), info.size());
  const bool is_private_key = CBS_get_asn1(&input, &body, CBS_ASN1_SEQUENCE) == 1 &&
                              CBS_get_asn1_uint64(&body, &version) == 1 &&
                              CBS_get_asn1(&body, &algorithm, CBS_ASN1_SEQUENCE) == 1 &&
                              CBS_get_asn1(&body, &key, CBS_ASN1_OCTETSTRING) == 1;
  return is_private_key ? errc::unsupported : errc::malformed;
}

// The characters of the base64 lines without their line ends.
SecretBytes join_lines(std::string_view lines) {
  SecretBytes joined{lines.size()};
  std::size_t size = 0;
  for (const char character : lines) {
    if (character != '\r' && character != '\n') {
      joined.writable()[size++] = static_cast<std::uint8_t>(character);
    }
  }
  joined.truncate(size);
  return joined;
}

result<SecretBytes> decode_base64(ConstBytes text) {
  SecretBytes decoded{text.size() / 4 * 3};
  std::size_t size = 0;
  if (text.empty() ||
      EVP_DecodeBase64(
          decoded.writable().data(), &size, decoded.size(), text.data(), text.size()) != 1) {
    return errc::malformed;
  }
  decoded.truncate(size);
  return decoded;
}

}  // namespace

SecretBytes to_pem(const KeyPair& key) {
  SecretBytes info{kInfoBytes};
  const SecretBytes seed = key.seed();
  const auto seed_place = std::ranges::copy(kInfoPrefix, info.writable().begin()).out;
  std::ranges::copy(seed.view(), seed_place);
  SecretBytes base64{kBase64Bytes + 1};  // EVP_EncodeBlock appends a zero byte
  const auto written = EVP_EncodeBlock(base64.writable().data(), info.view().data(), info.size());
  QE_ASSERT(std::cmp_equal(written, kBase64Bytes));

  SecretBytes text{kBegin.size() + 1 + kBase64Bytes + 1 + kEnd.size() + 1};
  auto rest = std::ranges::copy(as_bytes(kBegin), text.writable().begin()).out;
  *rest++ = '\n';
  rest = std::ranges::copy(base64.view().first(kBase64Bytes), rest).out;
  *rest++ = '\n';
  rest = std::ranges::copy(as_bytes(kEnd), rest).out;
  *rest = '\n';
  return text;
}

result<KeyPair> from_pem(ConstBytes text) {
  if (text.size() > kPrivateKeyPemBytesMax) {
    return errc::too_large;
  }
  const std::string_view block = trim(as_text(text));
  if (block.empty()) {
    return errc::empty_file;
  }
  if (!block.starts_with(kBegin)) {
    return foreign_text(block);
  }
  const std::string_view inside = block.substr(kBegin.size());
  const auto end = inside.find(kEnd);
  if (end == std::string_view::npos) {
    return errc::truncated;
  }
  if (end + kEnd.size() != inside.size()) {
    return errc::malformed;
  }
  const SecretBytes base64 = join_lines(inside.substr(0, end));
  auto info = decode_base64(base64.view());
  if (!info) {
    return info.error();
  }
  const ConstBytes view = info->view();
  if (view.size() != kInfoBytes ||
      !std::ranges::equal(view.first(kInfoPrefix.size()), kInfoPrefix)) {
    return foreign_info(view);
  }
  return KeyPair::from_seed(view.last<kSeedBytes>());
}

}  // namespace quicether::crypto
