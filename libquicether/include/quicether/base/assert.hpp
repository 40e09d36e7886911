#ifndef QUICETHER_BASE_ASSERT_HPP
#define QUICETHER_BASE_ASSERT_HPP

namespace quicether::detail {

/// Prints the broken invariant to standard error and aborts.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace quicether::detail

/// Checks an invariant in every build. For control code.
#define QE_ASSERT(expression) \
  ((expression) ? (void)0 : ::quicether::detail::assertion_failed(#expression, __FILE__, __LINE__))

/// Checks an invariant in debug builds only. For the packet path.
#ifdef NDEBUG
#define QE_DASSERT(expression) ((void)sizeof(expression))
#else
#define QE_DASSERT(expression) QE_ASSERT(expression)
#endif

#endif  // QUICETHER_BASE_ASSERT_HPP
