#include <quicether/base/hex.hpp>
#include <quicether/base/node_id.hpp>

#include <algorithm>

namespace quicether {
namespace {

constexpr std::size_t kShortDigits = 12;
constexpr std::size_t kPrefixDigitsMin = 4;
constexpr std::size_t kPrefixDigitsMax = 40;
constexpr std::string_view kPrefixMark = "node_";

constexpr bool is_hex_digit(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// ASCII only: the result must not depend on a locale.
constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

result<NodeId> NodeId::parse(std::string_view text) noexcept {
  NodeId id;
  if (const auto decoded = from_hex(text, id.bytes); !decoded) {
    return decoded.error();
  }
  return id;
}

std::string NodeId::to_string() const {
  return to_hex(bytes);
}

std::string NodeId::short_string() const {
  return to_hex(ConstBytes{bytes}.first(kShortDigits / 2));
}

result<PublicKey> PublicKey::parse(std::string_view text) noexcept {
  PublicKey key;
  if (const auto decoded = from_hex(text, key.bytes); !decoded) {
    return decoded.error();
  }
  return key;
}

std::string PublicKey::to_string() const {
  return to_hex(bytes);
}

result<NodeIdPrefix> NodeIdPrefix::parse(std::string_view text) {
  if (text.starts_with(kPrefixMark)) {
    text.remove_prefix(kPrefixMark.size());
  }
  if (text.size() < kPrefixDigitsMin || text.size() > kPrefixDigitsMax ||
      !std::ranges::all_of(text, is_hex_digit)) {
    return errc::malformed;
  }
  NodeIdPrefix prefix;
  prefix.digits_.resize(text.size());
  std::ranges::transform(text, prefix.digits_.begin(), to_lower);
  return prefix;
}

bool NodeIdPrefix::matches(const NodeId& id) const noexcept {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t i = 0; i < digits_.size(); ++i) {
    const auto byte = id.bytes[i / 2];
    const auto nibble = i % 2 == 0 ? byte >> 4U : byte & 0xfU;
    if (digits_[i] != kDigits[nibble]) {
      return false;
    }
  }
  return true;
}

}  // namespace quicether
