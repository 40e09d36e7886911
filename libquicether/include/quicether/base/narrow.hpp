#ifndef QUICETHER_BASE_NARROW_HPP
#define QUICETHER_BASE_NARROW_HPP

#include <quicether/base/assert.hpp>

#include <concepts>
#include <utility>

namespace quicether {

/// Converts to a smaller integer type and checks, in debug builds, that the value survives.
template <std::integral To, std::integral From>
[[nodiscard]] constexpr To narrow(From value) noexcept {
  QE_DASSERT(std::in_range<To>(value));
  return static_cast<To>(value);
}

}  // namespace quicether

#endif  // QUICETHER_BASE_NARROW_HPP
