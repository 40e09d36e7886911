#include <quicether/base/assert.hpp>
#include <quicether/base/hex.hpp>
#include <quicether/core/dht/id.hpp>

#include <algorithm>
#include <bit>

namespace quicether::dht {

namespace {

/// CRC-32C (Castagnoli), bit by bit: it is needed for a few bytes per message.
std::uint32_t crc32c(ConstBytes bytes) noexcept {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const auto byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
    }
  }
  return ~crc;
}

/// The first 21 bits of an id at `address`, in the upper bits of the result (BEP 42).
std::uint32_t secure_prefix(const IpAddress& address, std::uint8_t random) noexcept {
  constexpr std::array<std::uint8_t, 4> kMaskV4 = {0x03, 0x0f, 0x3f, 0xff};
  constexpr std::array<std::uint8_t, 8> kMaskV6 = {0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff};
  const ConstBytes mask = address.is_v4() ? ConstBytes{kMaskV4} : ConstBytes{kMaskV6};
  std::array<std::uint8_t, 8> masked{};
  std::ranges::transform(mask, address.bytes().first(mask.size()), masked.begin(), std::bit_and{});
  masked[0] = static_cast<std::uint8_t>(masked[0] | ((random & 7U) << 5U));
  return crc32c(ConstBytes{masked}.first(mask.size())) & 0xfffff800U;
}

}  // namespace

Id Id::from_bytes(ConstBytes from) noexcept {
  QE_ASSERT(from.size() == kIdBytes);
  Id id;
  copy_bytes(from, id.bytes);
  return id;
}

Id Id::random(Random& random) noexcept {
  Id id;
  random.fill(id.bytes);
  return id;
}

Id Id::random_sibling(std::size_t bits, Random& random) const noexcept {
  QE_ASSERT(bits < kIdBits);
  auto id = Id::random(random);
  const auto whole = bits / 8;
  copy_bytes(ConstBytes{bytes}.first(whole), id.bytes);
  // The byte in which they part: the upper bits are shared, the next one differs.
  const auto keep = bits % 8;
  const auto shared = static_cast<std::uint8_t>(0xff00U >> keep);
  const auto differing = static_cast<std::uint8_t>(0x80U >> keep);
  const auto free = static_cast<std::uint8_t>(~(shared | differing));
  id.bytes[whole] = static_cast<std::uint8_t>(
      (bytes[whole] & shared) | (~bytes[whole] & differing) | (id.bytes[whole] & free));
  return id;
}

std::string Id::to_string() const {
  return to_hex(bytes);
}

std::size_t common_prefix_bits(const Id& one, const Id& other) noexcept {
  for (std::size_t i = 0; i < kIdBytes; ++i) {
    const auto difference = static_cast<std::uint8_t>(one.bytes[i] ^ other.bytes[i]);
    if (difference != 0) {
      return i * 8 + static_cast<std::size_t>(std::countl_zero(difference));
    }
  }
  return kIdBits;
}

bool closer(const Id& one, const Id& other, const Id& target) noexcept {
  for (std::size_t i = 0; i < kIdBytes; ++i) {
    if (one.bytes[i] != other.bytes[i]) {
      return (one.bytes[i] ^ target.bytes[i]) < (other.bytes[i] ^ target.bytes[i]);
    }
  }
  return false;
}

Id make_secure_id(const IpAddress& address, Random& random) noexcept {
  auto id = Id::random(random);
  const auto prefix = secure_prefix(address, id.bytes[kIdBytes - 1]);
  id.bytes[0] = static_cast<std::uint8_t>(prefix >> 24U);
  id.bytes[1] = static_cast<std::uint8_t>(prefix >> 16U);
  id.bytes[2] = static_cast<std::uint8_t>(((prefix >> 8U) & 0xf8U) | (id.bytes[2] & 0x07U));
  return id;
}

bool is_secure_id(const Id& id, const IpAddress& address) noexcept {
  if (is_local(address)) {
    return true;
  }
  const auto have = load_be<std::uint32_t>(ConstBytes{id.bytes});
  return ((have ^ secure_prefix(address, id.bytes[kIdBytes - 1])) & 0xfffff800U) == 0;
}

bool is_local(const IpAddress& address) noexcept {
  if (address.is_loopback() || address.is_link_local()) {
    return true;
  }
  const auto bytes = address.bytes();
  if (address.is_v6()) {
    return (bytes[0] & 0xfeU) == 0xfcU;  // fc00::/7, RFC 4193
  }
  // RFC 1918.
  return bytes[0] == 10 || (bytes[0] == 172 && (bytes[1] & 0xf0U) == 16) ||
         (bytes[0] == 192 && bytes[1] == 168);
}

}  // namespace quicether::dht
