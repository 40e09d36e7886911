#ifndef QUICETHER_BASE_BYTES_HPP
#define QUICETHER_BASE_BYTES_HPP

#include <quicether/base/assert.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
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

/// Copies `from` to the front of `to`, which is at least as long and does not overlap it.
///
/// For the packet path: g++ 12 copies byte by byte when std::ranges::copy() is given spans.
inline void copy_bytes(ConstBytes from, Bytes to) noexcept {
  QE_DASSERT(to.size() >= from.size());
  if (!from.empty()) {
    std::memcpy(to.data(), from.data(), from.size());
  }
}

namespace detail {

// One expression instead of a loop: compilers turn it into a load and a byte swap.
template <typename Integer, std::size_t... Index>
constexpr Integer load_be(const std::uint8_t* from, std::index_sequence<Index...>) noexcept {
  return static_cast<Integer>(
      ((std::uint64_t{from[Index]} << (8U * (sizeof...(Index) - 1 - Index))) | ...));
}

template <typename Integer, std::size_t... Index>
constexpr void store_be(std::uint8_t* to, Integer value, std::index_sequence<Index...>) noexcept {
  ((to[Index] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >>
                                          (8U * (sizeof...(Index) - 1 - Index)))),
   ...);
}

}  // namespace detail

/// Reads a big-endian integer. `bytes` holds at least sizeof(Integer) bytes.
template <typename Integer>
[[nodiscard]] constexpr Integer load_be(ConstBytes bytes) noexcept {
  QE_DASSERT(bytes.size() >= sizeof(Integer));
  return detail::load_be<Integer>(bytes.data(), std::make_index_sequence<sizeof(Integer)>{});
}

/// Writes a big-endian integer. `bytes` holds at least sizeof(Integer) bytes.
template <typename Integer>
constexpr void store_be(Bytes bytes, Integer value) noexcept {
  QE_DASSERT(bytes.size() >= sizeof(Integer));
  detail::store_be(bytes.data(), value, std::make_index_sequence<sizeof(Integer)>{});
}

}  // namespace quicether

#endif  // QUICETHER_BASE_BYTES_HPP
