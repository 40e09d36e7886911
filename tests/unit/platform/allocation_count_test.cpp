#include "unit/platform/allocation_count.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <new>

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define QE_SANITIZER_ALLOCATES
#endif
#endif

namespace {

std::size_t count = 0;

}  // namespace

#ifdef QE_SANITIZER_ALLOCATES

#include <sanitizer/allocator_interface.h>

namespace {

// A sanitizer wants to keep its own operator new, but tells about every allocation.
[[maybe_unused]] const int hooks = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t) { ++count; }, [](const volatile void*) {});

}  // namespace

#else

// The other forms of operator new end in this one.
void* operator new(std::size_t size) {
  ++count;
  if (void* memory = std::malloc(size == 0 ? 1 : size); memory != nullptr) {
    return memory;
  }
  throw std::bad_alloc{};
}

void operator delete(void* memory) noexcept {
  std::free(memory);
}

void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

#endif

namespace quicether::test {

std::size_t allocation_count() noexcept {
  return count;
}

TEST_CASE("allocation_count: counts", "[platform]") {
  const auto before = allocation_count();

  // A call, not a new expression: those may be optimised away.
  void* const block = ::operator new(1);
  const auto after = allocation_count();
  ::operator delete(block);

  CHECK(after == before + 1);
}

}  // namespace quicether::test
