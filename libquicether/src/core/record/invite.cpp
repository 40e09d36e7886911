#include "fields.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/hash.hpp>
#include <quicether/core/record/invite.hpp>
#include <quicether/core/record/node_record.hpp>

#include <algorithm>
#include <optional>

namespace quicether::record {

namespace {

constexpr std::string_view kPrefix = "qe1-";
constexpr std::string_view kAnyPrefix = "qe";

/// Base 32 of RFC 4648 in small letters: a double click marks all of it, and it can be spelled.
constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";

constexpr std::string_view kCheckPrefix = "quicether invite v1";
constexpr std::size_t kCheckBytes = 4;
constexpr std::size_t kNameBytesMax = 63;

constexpr std::uint64_t kInviterTag = 1;
constexpr std::uint64_t kTokenTag = 2;
constexpr std::uint64_t kExpiresTag = 3;
constexpr std::uint64_t kNetworkTag = 4;
constexpr std::uint64_t kEndpointTag = 5;
constexpr std::uint64_t kFlagsTag = 6;
constexpr std::uint64_t kFlagOnce = 1;

constexpr std::string_view kSpace = " \t\r\n";

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trimmed(std::string_view text) noexcept {
  const auto begin = text.find_first_not_of(kSpace);
  return begin == std::string_view::npos
             ? std::string_view{}
             : text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool is_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kNameBytesMax && std::ranges::all_of(text, [](char c) {
    const char low = lower(c);
    return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

std::string to_base32(ConstBytes bytes) {
  std::string text;
  unsigned bits = 0;
  unsigned held = 0;
  for (const auto byte : bytes) {
    bits = (bits << 8U) | byte;
    held += 8;
    for (; held >= 5; held -= 5) {
      text += kAlphabet[(bits >> (held - 5)) & 31U];
    }
    bits &= 31U;
  }
  if (held > 0) {
    text += kAlphabet[(bits << (5 - held)) & 31U];
  }
  return text;
}

result<ByteVector> from_base32(std::string_view text) {
  ByteVector bytes;
  unsigned bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const auto digit = kAlphabet.find(lower(c));
    if (digit == std::string_view::npos) {
      return errc::malformed;
    }
    bits = (bits << 5U) | static_cast<unsigned>(digit);
    held += 5;
    if (held >= 8) {
      held -= 8;
      bytes.push_back(static_cast<std::uint8_t>(bits >> held));
      bits &= (1U << held) - 1;
    }
  }
  return held >= 5 || bits != 0 ? result<ByteVector>{errc::malformed} : bytes;
}

crypto::Sha256Digest check_of(ConstBytes content) {
  ByteVector message{kCheckPrefix.begin(), kCheckPrefix.end()};
  message.insert(message.end(), content.begin(), content.end());
  return crypto::sha256(message);
}

void append_number(ByteVector& out, std::uint64_t tag, std::uint64_t number) {
  ByteVector value;
  wire::append_varint(value, number);
  append_field(out, tag, value);
}

std::optional<std::uint64_t> read_number(ConstBytes value) {
  wire::Reader reader{value};
  const auto number = reader.varint();
  return number && reader.empty() ? std::optional{*number} : std::nullopt;
}

std::optional<SocketAddress> read_endpoint(ConstBytes value) {
  wire::Reader reader{value};
  const auto port = reader.integer<std::uint16_t>();
  const auto address =
      port ? IpAddress::from_bytes(reader.rest()) : result<IpAddress>{errc::malformed};
  return address ? std::optional{SocketAddress{*address, *port}} : std::nullopt;
}

/// Collects the fields; each may be given once, but the endpoints.
struct Fields {
  std::optional<PublicKey> inviter{};
  std::optional<InviteToken> token{};
  std::optional<std::uint64_t> expires{};
  std::optional<std::string> network{};
  std::optional<std::uint64_t> flags{};
  std::vector<SocketAddress> endpoints{};

  template <typename Array>
  static bool take_bytes(ConstBytes value, Array& out) {
    if (value.size() != out.size()) {
      return false;
    }
    std::ranges::copy(value, out.begin());
    return true;
  }

  bool take(const Field& field) {
    switch (field.tag) {
      case kInviterTag:
        return !inviter && take_bytes(field.value, inviter.emplace().bytes);
      case kTokenTag:
        return !token && take_bytes(field.value, token.emplace());
      case kExpiresTag:
        return !expires && (expires = read_number(field.value)).has_value();
      case kNetworkTag:
        return !network && is_name(network.emplace(as_text(field.value)));
      case kFlagsTag:
        return !flags && (flags = read_number(field.value)).has_value();
      case kEndpointTag: {
        const auto endpoint = read_endpoint(field.value);
        if (endpoint && is_dialable(*endpoint) && endpoints.size() < kInviteEndpointsMax) {
          endpoints.push_back(*endpoint);
        }
        return endpoint.has_value();
      }
      default:
        return true;  // of a later version
    }
  }
};

}  // namespace

std::string to_text(const Invite& invite) {
  QE_ASSERT(is_name(invite.network) && invite.expires >= 0);
  ByteVector content;
  append_field(content, kInviterTag, invite.inviter.bytes);
  append_field(content, kTokenTag, invite.token);
  append_number(content, kExpiresTag, static_cast<std::uint64_t>(invite.expires));
  append_field(content, kNetworkTag, as_bytes(invite.network));
  if (invite.once) {
    append_number(content, kFlagsTag, kFlagOnce);
  }
  const auto count = std::min(invite.endpoints.size(), kInviteEndpointsMax);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& endpoint = invite.endpoints[i];
    ByteVector value(2);
    store_be(Bytes{value}, endpoint.port);
    const auto address = endpoint.address.bytes();
    value.insert(value.end(), address.begin(), address.end());
    append_field(content, kEndpointTag, value);
  }
  const auto check = check_of(content);
  content.insert(content.end(), check.begin(), check.begin() + kCheckBytes);
  return std::string{kPrefix} + to_base32(content);
}

bool looks_like_invite(std::string_view text) noexcept {
  text = trimmed(text);
  const auto dash = text.find('-');
  return dash != std::string_view::npos && dash > kAnyPrefix.size() &&
         std::ranges::equal(text.substr(0, kAnyPrefix.size()), kAnyPrefix, {}, lower) &&
         std::ranges::all_of(text.substr(kAnyPrefix.size(), dash - kAnyPrefix.size()),
                             [](char c) { return c >= '0' && c <= '9'; });
}

result<Invite> parse_invite(std::string_view text) {
  text = trimmed(text);
  if (text.size() > kInviteTextMax) {
    return errc::too_large;
  }
  if (!looks_like_invite(text)) {
    return errc::malformed;
  }
  if (!std::ranges::equal(text.substr(0, kPrefix.size()), kPrefix, {}, lower)) {
    return errc::unsupported;
  }
  const auto bytes = from_base32(text.substr(kPrefix.size()));
  if (!bytes || bytes->size() < kCheckBytes) {
    return errc::malformed;
  }
  const auto content = ConstBytes{*bytes}.first(bytes->size() - kCheckBytes);
  const auto check = check_of(content);
  if (!std::ranges::equal(ConstBytes{*bytes}.last(kCheckBytes),
                          ConstBytes{check}.first(kCheckBytes))) {
    return errc::malformed;
  }
  Fields fields;
  wire::Reader reader{content};
  while (!reader.empty()) {
    const auto field = take_field(reader);
    if (!field || !fields.take(*field)) {
      return errc::malformed;
    }
  }
  if (!fields.inviter || !fields.token || !fields.expires || !fields.network ||
      fields.endpoints.empty()) {
    return errc::malformed;
  }
  return Invite{*fields.network,
                *fields.inviter,
                *fields.token,
                static_cast<UnixSeconds>(*fields.expires),  // below 2^62
                (fields.flags.value_or(0) & kFlagOnce) != 0,
                std::move(fields.endpoints)};
}

std::string_view explain_invite(error_code error) noexcept {
  if (error == errc::unsupported) {
    return "the invite is of a later version of QuicEther";
  }
  if (error == errc::too_large) {
    return "this is too long to be an invite";
  }
  return "this is no invite, or a damaged one: copy it whole, it begins with qe1-";
}

bool is_refusal(error_code error) noexcept {
  return error == errc::invite_unknown || error == errc::invite_expired ||
         error == errc::invite_used;
}

}  // namespace quicether::record
