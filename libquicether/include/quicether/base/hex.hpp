#ifndef QUICETHER_BASE_HEX_HPP
#define QUICETHER_BASE_HEX_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>

#include <string>
#include <string_view>

namespace quicether {

/// Lower-case hex digits, two per byte.
[[nodiscard]] std::string to_hex(ConstBytes bytes);

/// Decodes exactly 2 * out.size() hex digits of either case.
///
/// **Errors:** `malformed`; `out` is then unspecified.
[[nodiscard]] result<void> from_hex(std::string_view text, Bytes out) noexcept;

}  // namespace quicether

#endif  // QUICETHER_BASE_HEX_HPP
