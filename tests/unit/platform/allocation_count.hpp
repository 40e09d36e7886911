#ifndef QUICETHER_TESTS_UNIT_PLATFORM_ALLOCATION_COUNT_HPP
#define QUICETHER_TESTS_UNIT_PLATFORM_ALLOCATION_COUNT_HPP

#include <cstddef>

namespace quicether::test {

/// Calls of operator new in this program so far.
[[nodiscard]] std::size_t allocation_count() noexcept;

}  // namespace quicether::test

#endif  // QUICETHER_TESTS_UNIT_PLATFORM_ALLOCATION_COUNT_HPP
