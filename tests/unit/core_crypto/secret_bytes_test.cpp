#include <quicether/core/crypto/secret_bytes.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>
#include <type_traits>
#include <utility>

// ThreadSanitizer brings allocation functions of its own and links no others beside them.
#if defined(__SANITIZE_THREAD__)
#define QE_TEST_WATCHES_FREE 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define QE_TEST_WATCHES_FREE 0
#endif
#endif
#ifndef QE_TEST_WATCHES_FREE
#define QE_TEST_WATCHES_FREE 1
#endif

namespace {

using quicether::ByteVector;
using quicether::ConstBytes;
using quicether::crypto::SecretBytes;

// What a watched block held at the moment it was freed.
constexpr std::size_t kWatchedBytes = 48;
void* watched_block = nullptr;
std::array<std::uint8_t, kWatchedBytes> content_when_freed{};

SecretBytes watched_secret() {
  SecretBytes secret{kWatchedBytes};
  std::ranges::fill(secret.writable(), std::uint8_t{0xa5});
  watched_block = secret.writable().data();
  content_when_freed.fill(0xa5);
  return secret;
}

}  // namespace

#if QE_TEST_WATCHES_FREE

namespace {

// Not inlined: where the compiler knows the size of a block, it takes the look at a watched one for
// a look at that one.
[[gnu::noinline]] void look_and_free(void* block) noexcept {
  if (block != nullptr && block == watched_block) {
    std::copy_n(static_cast<const std::uint8_t*>(block), kWatchedBytes, content_when_freed.begin());
    watched_block = nullptr;
  }
  std::free(block);
}

bool freed_as_zeros() {
  return watched_block == nullptr &&
         std::ranges::all_of(content_when_freed, [](auto byte) { return byte == 0; });
}

}  // namespace

void* operator new(std::size_t size) {
  if (void* block = std::malloc(size)) {
    return block;
  }
  throw std::bad_alloc{};
}

void operator delete(void* block) noexcept {
  look_and_free(block);
}

void operator delete(void* block, std::size_t /*size*/) noexcept {
  look_and_free(block);
}

TEST_CASE("secret_bytes: the memory is zero when it is freed", "[core_crypto][secret_bytes]") {
  {
    const SecretBytes secret = watched_secret();
  }

  CHECK(freed_as_zeros());
}

TEST_CASE("secret_bytes: assigning over a secret erases it", "[core_crypto][secret_bytes]") {
  SecretBytes secret = watched_secret();

  secret = SecretBytes{std::size_t{3}};

  CHECK(freed_as_zeros());
  CHECK(secret.size() == 3);
}

#endif

TEST_CASE("secret_bytes: a move hands over the memory and leaves nothing behind",
          "[core_crypto][secret_bytes]") {
  SecretBytes first = watched_secret();
  const auto* place = first.view().data();

  SecretBytes second{std::move(first)};

  CHECK(second.view().data() == place);
  CHECK(second.size() == kWatchedBytes);
  CHECK(first.empty());  // NOLINT(bugprone-use-after-move): that is what is promised
  CHECK(first.view().empty());
}

TEST_CASE("secret_bytes: truncating erases the rest at once", "[core_crypto][secret_bytes]") {
  SecretBytes secret = watched_secret();
  const auto* place = secret.view().data();

  secret.truncate(40);

  CHECK(secret.size() == 40);
  CHECK(std::ranges::all_of(secret.view(), [](auto byte) { return byte == 0xa5; }));
  CHECK(std::all_of(place + 40, place + kWatchedBytes, [](auto byte) { return byte == 0; }));
}

TEST_CASE("secret_bytes: a copy has to be asked for", "[core_crypto][secret_bytes]") {
  static_assert(!std::is_copy_constructible_v<SecretBytes>);
  static_assert(!std::is_copy_assignable_v<SecretBytes>);
  const ByteVector bytes{1, 2, 3};
  const SecretBytes secret{ConstBytes{bytes}};

  const SecretBytes copy = secret.clone();

  CHECK(std::ranges::equal(copy.view(), bytes));
  CHECK(copy.view().data() != secret.view().data());
}
