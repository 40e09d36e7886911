#ifndef QUICETHER_CORE_ROUTE_PREFIX_KEY_HPP
#define QUICETHER_CORE_ROUTE_PREFIX_KEY_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/assert.hpp>
#include <quicether/base/bytes.hpp>

#include <array>
#include <cstdint>

namespace quicether::route {

/// The bits of an address or prefix, most significant first, as two words; IPv4 fills the first 32.
struct PrefixKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  PrefixKey() noexcept = default;

  explicit PrefixKey(const IpAddress& address) noexcept {
    const auto bytes = address.bytes();
    if (address.is_v4()) {
      high = std::uint64_t{load_be<std::uint32_t>(bytes)} << 32U;
    } else {
      high = load_be<std::uint64_t>(bytes);
      low = load_be<std::uint64_t>(bytes.subspan(8));
    }
  }

  /// The six bits from `depth` on, 0..126; bits beyond the 128th are zero.
  [[nodiscard]] unsigned chunk(unsigned depth) const noexcept {
    std::uint64_t bits = 0;
    if (depth <= 58) {
      bits = high >> (58U - depth);
    } else if (depth < 64) {
      bits = high << (depth - 58U) | low >> (122U - depth);
    } else if (depth <= 122) {
      bits = low >> (122U - depth);
    } else {
      bits = low << (depth - 122U);
    }
    return static_cast<unsigned>(bits & 0x3fU);
  }

  /// This key's first `depth` bits, then the lowest `count` bits of `bits`, then zeros.
  [[nodiscard]] PrefixKey extended(unsigned depth,
                                   std::uint64_t bits,
                                   unsigned count) const noexcept {
    PrefixKey key;
    key.high = high & high_mask(depth);
    key.low = low & low_mask(depth);
    for (unsigned i = 0; i < count; ++i) {
      const auto place = depth + i;
      const auto bit = (bits >> (count - 1 - i)) & 1U;
      (place < 64 ? key.high : key.low) |= bit << (63U - place % 64);
    }
    return key;
  }

  /// True when the first `length` bits are equal.
  [[nodiscard]] bool matches(const PrefixKey& other, unsigned length) const noexcept {
    return ((high ^ other.high) & high_mask(length)) == 0 &&
           ((low ^ other.low) & low_mask(length)) == 0;
  }

  /// The address with these bits. `v6`: of which family.
  [[nodiscard]] IpAddress to_address(bool v6) const noexcept {
    if (!v6) {
      return IpAddress::v4(static_cast<std::uint32_t>(high >> 32U));
    }
    std::array<std::uint8_t, 16> bytes{};
    store_be(Bytes{bytes}, high);
    store_be(Bytes{bytes}.subspan(8), low);
    return IpAddress::v6(bytes);
  }

 private:
  static constexpr std::uint64_t high_mask(unsigned length) noexcept {
    return length == 0 ? 0 : length >= 64 ? ~std::uint64_t{0} : ~std::uint64_t{0} << (64U - length);
  }

  static constexpr std::uint64_t low_mask(unsigned length) noexcept {
    return length <= 64 ? 0 : high_mask(length - 64);
  }
};

}  // namespace quicether::route

#endif  // QUICETHER_CORE_ROUTE_PREFIX_KEY_HPP
