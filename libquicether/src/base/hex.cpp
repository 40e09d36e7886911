#include <quicether/base/hex.hpp>

namespace quicether {
namespace {

// -1 for anything that is no hex digit.
constexpr int digit_value(char digit) noexcept {
  if (digit >= '0' && digit <= '9') {
    return digit - '0';
  }
  if (digit >= 'a' && digit <= 'f') {
    return digit - 'a' + 10;
  }
  if (digit >= 'A' && digit <= 'F') {
    return digit - 'A' + 10;
  }
  return -1;
}

}  // namespace

std::string to_hex(ConstBytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const auto byte : bytes) {
    text.push_back(kDigits[byte >> 4U]);
    text.push_back(kDigits[byte & 0xfU]);
  }
  return text;
}

result<void> from_hex(std::string_view text, Bytes out) noexcept {
  if (text.size() != 2 * out.size()) {
    return errc::malformed;
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = digit_value(text[2 * i]);
    const int low = digit_value(text[2 * i + 1]);
    if (high < 0 || low < 0) {
      return errc::malformed;
    }
    out[i] = static_cast<std::uint8_t>(16 * high + low);
  }
  return {};
}

}  // namespace quicether
