#include <quicether/base/assert.hpp>
#include <quicether/base/narrow.hpp>
#include <quicether/core/wire/checksum.hpp>

#include <bit>
#include <cstring>

namespace quicether::wire {
namespace {

// Folds to 16 bits by end-around carry. The sum of a non-zero number never becomes zero, so the
// two zeros of one's complement stay apart.
constexpr std::uint16_t fold(std::uint64_t sum) noexcept {
  sum = (sum & 0xffff'ffffU) + (sum >> 32U);
  sum = (sum & 0xffff'ffffU) + (sum >> 32U);
  sum = (sum & 0xffffU) + (sum >> 16U);
  sum = (sum & 0xffffU) + (sum >> 16U);
  sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(sum);
}

constexpr std::uint16_t to_big_endian(std::uint16_t value) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    return static_cast<std::uint16_t>((value << 8U) | (value >> 8U));
  }
  return value;
}

template <typename Word>
Word load_native(const std::uint8_t* from) noexcept {
  Word word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

// Sums in the machine's own byte order, which only swaps the result (RFC 1071 section 2B). The
// 32-bit halves of four 64-bit words go to accumulators of their own: no carry can get lost before
// 2^32 additions, and nothing waits for the previous addition.
std::uint64_t native_sum(ConstBytes bytes) noexcept {
  const auto* at = bytes.data();
  auto left = bytes.size();
  std::uint64_t low[4] = {};
  std::uint64_t high[4] = {};
  for (; left >= 32; left -= 32, at += 32) {
    for (unsigned lane = 0; lane < 4; ++lane) {
      const auto word = load_native<std::uint64_t>(at + 8 * lane);
      low[lane] += word & 0xffff'ffffU;
      high[lane] += word >> 32U;
    }
  }
  std::uint64_t sum = 0;
  for (unsigned lane = 0; lane < 4; ++lane) {
    sum += low[lane] + high[lane];
  }
  for (; left >= 4; left -= 4, at += 4) {
    sum += load_native<std::uint32_t>(at);
  }
  if (left >= 2) {
    sum += load_native<std::uint16_t>(at);
    left -= 2;
    at += 2;
  }
  if (left == 1) {
    const std::uint8_t padded[2] = {*at, 0};
    sum += load_native<std::uint16_t>(padded);
  }
  return sum;
}

}  // namespace

std::uint64_t checksum_add(ConstBytes bytes, std::uint64_t sum) noexcept {
  return sum + to_big_endian(fold(native_sum(bytes)));
}

std::uint16_t checksum_fold(std::uint64_t sum) noexcept {
  return fold(sum);
}

std::uint16_t internet_checksum(ConstBytes bytes, std::uint64_t sum) noexcept {
  return static_cast<std::uint16_t>(~fold(checksum_add(bytes, sum)));
}

std::uint16_t transport_checksum(ConstBytes bytes, std::uint64_t sum) noexcept {
  const auto checksum = internet_checksum(bytes, sum);
  return checksum == 0 ? std::uint16_t{0xffff} : checksum;
}

std::uint64_t pseudo_header_sum(const IpAddress& source,
                                const IpAddress& destination,
                                std::uint8_t protocol,
                                std::size_t transport_bytes) noexcept {
  QE_DASSERT(source.is_v4() == destination.is_v4());
  const std::uint64_t sum = std::uint64_t{protocol} + narrow<std::uint32_t>(transport_bytes);
  return checksum_add(destination.bytes(), checksum_add(source.bytes(), sum));
}

std::uint16_t checksum_update(std::uint16_t checksum,
                              std::uint16_t old_word,
                              std::uint16_t new_word) noexcept {
  const auto inverted = [](std::uint16_t word) { return static_cast<std::uint16_t>(~word); };
  const std::uint64_t sum = std::uint64_t{inverted(checksum)} + inverted(old_word) + new_word;
  return inverted(fold(sum));
}

}  // namespace quicether::wire
