#include "mgmt/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace quicether::mgmt {
namespace {

struct Lead {
  std::size_t bytes = 0;  // 0: cannot start a character
  char32_t bits = 0;
  char32_t code_point_min = 0;  // smaller ones are overlong
};

constexpr Lead classify(std::uint8_t byte) noexcept {
  if (byte < 0x80U) {
    return {1, byte, 0};
  }
  if (byte >= 0xc2U && byte <= 0xdfU) {
    return {2, byte & 0x1fU, 0x80};
  }
  if (byte >= 0xe0U && byte <= 0xefU) {
    return {3, byte & 0x0fU, 0x800};
  }
  if (byte >= 0xf0U && byte <= 0xf4U) {
    return {4, byte & 0x07U, 0x10000};
  }
  return {};
}

struct Range {
  char32_t first;
  char32_t last;
};

// Unicode 15: general categories Cc, Zl, Zp and those of Cf that hide or reorder text.
constexpr std::array kUnsafe{
    Range{0x0000, 0x001f},
    Range{0x007f, 0x009f},
    Range{0x00ad, 0x00ad},
    Range{0x061c, 0x061c},
    Range{0x115f, 0x1160},
    Range{0x17b4, 0x17b5},
    Range{0x180e, 0x180e},
    Range{0x200b, 0x200f},
    Range{0x2028, 0x202e},
    Range{0x2060, 0x206f},
    Range{0x3164, 0x3164},
    Range{0xfeff, 0xfeff},
    Range{0xfff0, 0xfffb},
    Range{0xfffe, 0xffff},
    Range{0x1d173, 0x1d17a},
    Range{0xe0000, 0xe0fff},
    Range{0x10fffe, 0x10ffff},
};

}  // namespace

Utf8Character first_character(std::string_view text) noexcept {
  const auto lead = classify(static_cast<std::uint8_t>(text.front()));
  if (lead.bytes == 0 || lead.bytes > text.size()) {
    return {};
  }
  char32_t code_point = lead.bits;
  for (const char c : text.substr(1, lead.bytes - 1)) {
    const auto byte = static_cast<std::uint8_t>(c);
    if ((byte & 0xc0U) != 0x80U) {
      return {};
    }
    code_point = (code_point << 6U) | (byte & 0x3fU);
  }
  const bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
  if (code_point < lead.code_point_min || code_point > 0x10ffff || surrogate) {
    return {};
  }
  return {code_point, lead.bytes};
}

bool is_safe_to_print(char32_t code_point) noexcept {
  return std::none_of(kUnsafe.begin(), kUnsafe.end(), [code_point](const Range& range) {
    return range.first <= code_point && code_point <= range.last;
  });
}

}  // namespace quicether::mgmt
