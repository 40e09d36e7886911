#ifndef QUICETHER_BASE_BYTES_HPP
#define QUICETHER_BASE_BYTES_HPP

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace quicether {

using Bytes = std::span<std::uint8_t>;
using ConstBytes = std::span<const std::uint8_t>;
using ByteVector = std::vector<std::uint8_t>;

/// Views text as bytes. The view lives as long as the text.
[[nodiscard]] inline ConstBytes as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Views bytes as text, without any check of the encoding.
[[nodiscard]] inline std::string_view as_text(ConstBytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Reads a big-endian integer. `bytes` holds at least sizeof(Integer) bytes.
template <typename Integer>
[[nodiscard]] constexpr Integer load_be(ConstBytes bytes) noexcept {
  Integer value = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    value = static_cast<Integer>((static_cast<std::uint64_t>(value) << 8U) | bytes[i]);
  }
  return value;
}

/// Writes a big-endian integer. `bytes` holds at least sizeof(Integer) bytes.
template <typename Integer>
constexpr void store_be(Bytes bytes, Integer value) noexcept {
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    const auto shift = 8U * (sizeof(Integer) - 1 - i);
    bytes[i] = static_cast<std::uint8_t>((static_cast<std::uint64_t>(value) >> shift) & 0xffU);
  }
}

}  // namespace quicether

#endif  // QUICETHER_BASE_BYTES_HPP
