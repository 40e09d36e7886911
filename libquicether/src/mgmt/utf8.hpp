#ifndef QUICETHER_SRC_MGMT_UTF8_HPP
#define QUICETHER_SRC_MGMT_UTF8_HPP

#include <cstddef>
#include <optional>
#include <string_view>

namespace quicether::mgmt {

/// Decodes the first character of a non-empty text.
struct Utf8Character {
  std::optional<char32_t> code_point{};  ///< none: the first byte starts no valid character
  std::size_t bytes = 1;
};

[[nodiscard]] Utf8Character first_character(std::string_view text) noexcept;

/// True for what may reach a terminal as it is: no control, invisible or direction-changing
/// character.
[[nodiscard]] bool is_safe_to_print(char32_t code_point) noexcept;

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_UTF8_HPP
