#include <quicether/base/assert.hpp>
#include <quicether/base/narrow.hpp>
#include <quicether/core/wire/varint.hpp>

#include <bit>

namespace quicether::wire {

std::size_t varint_size(std::uint64_t value) noexcept {
  QE_ASSERT(value <= kVarintMax);
  const auto bits = std::bit_width(value);
  return bits <= 6 ? 1U : bits <= 14 ? 2U : bits <= 30 ? 4U : 8U;
}

void append_varint(ByteVector& out, std::uint64_t value) {
  const auto size = varint_size(value);
  // The two most significant bits are the base-2 logarithm of the size (RFC 9000 section 16).
  const auto tag = static_cast<std::uint64_t>(std::countr_zero(size));
  const auto tagged = value | tag << (8U * size - 2U);
  for (std::size_t i = size; i-- > 0;) {
    out.push_back(static_cast<std::uint8_t>(tagged >> (8U * i)));
  }
}

result<std::uint64_t> Reader::varint() noexcept {
  if (bytes_.empty()) {
    return errc::truncated;
  }
  const auto taken = bytes(std::uint64_t{1} << (bytes_[0] >> 6U));
  if (!taken) {
    return taken.error();
  }
  std::uint64_t value = (*taken)[0] & 0x3fU;
  for (const auto byte : taken->subspan(1)) {
    value = value << 8U | byte;
  }
  return value;
}

result<ConstBytes> Reader::bytes(std::uint64_t count) noexcept {
  if (count > bytes_.size()) {
    return errc::truncated;
  }
  const auto taken = bytes_.first(narrow<std::size_t>(count));
  bytes_ = bytes_.subspan(taken.size());
  return taken;
}

}  // namespace quicether::wire
