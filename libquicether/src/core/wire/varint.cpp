#include <quicether/base/assert.hpp>
#include <quicether/core/wire/varint.hpp>

#include <array>

namespace quicether::wire {

std::size_t varint_size(std::uint64_t value) noexcept {
  QE_ASSERT(value <= kVarintMax);
  if (value < (1U << 6U)) {
    return 1;
  }
  if (value < (1U << 14U)) {
    return 2;
  }
  return value < (1U << 30U) ? 4 : 8;
}

void append_varint(ByteVector& out, std::uint64_t value) {
  const auto size = varint_size(value);
  std::array<std::uint8_t, 8> bytes{};
  store_be(Bytes{bytes}, value);
  // The two top bits hold the binary logarithm of the size.
  const unsigned prefix = size == 1 ? 0U : size == 2 ? 1U : size == 4 ? 2U : 3U;
  const auto first = bytes.size() - size;
  bytes[first] = static_cast<std::uint8_t>(bytes[first] | (prefix << 6U));
  out.insert(out.end(), bytes.begin() + static_cast<std::ptrdiff_t>(first), bytes.end());
}

result<std::uint64_t> Reader::varint() noexcept {
  if (bytes_.empty()) {
    return errc::truncated;
  }
  const std::size_t size = std::size_t{1} << (bytes_[0] >> 6U);
  if (bytes_.size() < size) {
    return errc::truncated;
  }
  std::uint64_t value = bytes_[0] & 0x3fU;
  for (std::size_t i = 1; i < size; ++i) {
    value = (value << 8U) | bytes_[i];
  }
  bytes_ = bytes_.subspan(size);
  return value;
}

result<ConstBytes> Reader::bytes(std::uint64_t count) noexcept {
  if (count > bytes_.size()) {
    return errc::truncated;
  }
  const auto taken = bytes_.first(static_cast<std::size_t>(count));
  bytes_ = bytes_.subspan(static_cast<std::size_t>(count));
  return taken;
}

}  // namespace quicether::wire
