#include "mgmt/utf8.hpp"

#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <vector>

namespace quicether::mgmt {
namespace {

void append_escaped(std::string& out, std::string_view bytes, const Utf8Character& character) {
  switch (character.code_point.value_or(0xfffd)) {
    case U'\n':
      out += "\\n";
      return;
    case U'\r':
      out += "\\r";
      return;
    case U'\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (!character.code_point || *character.code_point < 0x80) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(bytes.front()));
  } else {
    fmt::format_to(
        std::back_inserter(out), "\\u{{{:x}}}", static_cast<std::uint32_t>(*character.code_point));
  }
}

std::string escape(std::string_view text, std::size_t bytes_max, bool escape_quotes) {
  std::string out;
  std::size_t shown = 0;
  while (shown < text.size()) {
    const auto rest = text.substr(shown);
    const auto character = first_character(rest);
    if (shown + character.bytes > bytes_max) {
      return out + "…";
    }
    const auto bytes = rest.substr(0, character.bytes);
    if (!character.code_point || !is_safe_to_print(*character.code_point)) {
      append_escaped(out, bytes, character);
    } else if (bytes == "\\" || (escape_quotes && bytes == "\"")) {
      out.append("\\").append(bytes);
    } else {
      out.append(bytes);
    }
    shown += character.bytes;
  }
  return out;
}

void append_json_escape(std::string& out, char32_t code_point) {
  const auto number = static_cast<std::uint32_t>(code_point);
  if (number < 0x10000) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", number);
    return;
  }
  const std::uint32_t offset = number - 0x10000;  // UTF-16 surrogates, RFC 8259 section 7
  fmt::format_to(std::back_inserter(out),
                 "\\u{:04x}\\u{:04x}",
                 0xd800U + (offset >> 10U),
                 0xdc00U + (offset & 0x3ffU));
}

bool same_letter(char left, char right) noexcept {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return lower(left) == lower(right);
}

// Optimal string alignment: insertions, deletions, replacements and swaps of neighbours.
std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> before(right.size() + 1);
  std::vector<std::size_t> previous(right.size() + 1);
  std::vector<std::size_t> current(right.size() + 1);
  std::iota(previous.begin(), previous.end(), std::size_t{0});
  for (std::size_t i = 1; i <= left.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const bool same = same_letter(left[i - 1], right[j - 1]);
      current[j] =
          std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (same ? 0U : 1U)});
      if (i > 1 && j > 1 && same_letter(left[i - 1], right[j - 2]) &&
          same_letter(left[i - 2], right[j - 1])) {
        current[j] = std::min(current[j], before[j - 2] + 1);
      }
    }
    before.swap(previous);
    previous.swap(current);
  }
  return previous[right.size()];
}

}  // namespace

std::string printable(std::string_view text, std::size_t bytes_max) {
  return escape(text, bytes_max, false);
}

std::string quote(std::string_view text, std::size_t bytes_max) {
  return '"' + escape(text, bytes_max, true) + '"';
}

std::string json_quote(std::string_view text) {
  std::string out{'"'};
  for (auto rest = text; !rest.empty();) {
    const auto character = first_character(rest);
    const auto bytes = rest.substr(0, character.bytes);
    if (!character.code_point) {
      out += "\xef\xbf\xbd";
    } else if (bytes == "\\" || bytes == "\"") {
      out.append("\\").append(bytes);
    } else if (!is_safe_to_print(*character.code_point)) {
      append_json_escape(out, *character.code_point);
    } else {
      out.append(bytes);
    }
    rest.remove_prefix(character.bytes);
  }
  return out + '"';
}

std::string_view closest_match(std::string_view word,
                               std::span<const std::string_view> candidates) {
  constexpr std::size_t kWordBytesMax = 64;  // bounds the work on hostile input
  if (word.size() > kWordBytesMax) {
    return {};
  }
  std::string_view best;
  std::size_t best_distance = 0;
  for (const auto candidate : candidates) {
    const auto distance = edit_distance(word, candidate);
    const auto longer = std::max(word.size(), candidate.size());
    if (3 * distance <= longer && (best.empty() || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace quicether::mgmt
