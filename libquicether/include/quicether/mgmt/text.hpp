#ifndef QUICETHER_MGMT_TEXT_HPP
#define QUICETHER_MGMT_TEXT_HPP

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace quicether::mgmt {

/// Makes text from anywhere safe for a terminal and a log line.
///
/// Printable UTF-8 stays. Control characters, line and paragraph separators, invisible and
/// direction-changing characters, and bytes that are not UTF-8 become visible escapes (`\n`,
/// `\x1b`, `\u{202e}`); a backslash is doubled. At most `bytes_max` bytes of `text` are shown, and
/// "…" stands for the rest.
[[nodiscard]] std::string printable(std::string_view text, std::size_t bytes_max = 256);

/// printable(), in double quotes (with inner ones escaped) always.
[[nodiscard]] std::string quote(std::string_view text, std::size_t bytes_max = 256);

/// A JSON string literal. What printable() would escape becomes \u escapes; bytes that are not
/// UTF-8 become U+FFFD.
[[nodiscard]] std::string json_quote(std::string_view text);

/// The candidate that `word` was most likely meant to be, or an empty view.
///
/// Likely means: an edit distance of at most a third of the longer one, whatever the case.
[[nodiscard]] std::string_view closest_match(std::string_view word,
                                             std::span<const std::string_view> candidates);

}  // namespace quicether::mgmt

#endif  // QUICETHER_MGMT_TEXT_HPP
