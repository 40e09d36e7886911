#ifndef QUICETHER_CORE_WIRE_CHECKSUM_HPP
#define QUICETHER_CORE_WIRE_CHECKSUM_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/bytes.hpp>

#include <cstddef>
#include <cstdint>

namespace quicether::wire {

/// Adds `bytes`, as big-endian 16-bit words (an odd last byte is a high byte), to `sum`.
///
/// The result is not folded: pass it on, or to checksum_fold(). Only the last of several pieces may
/// have an odd length. **Complexity:** about 0.03 ns per byte. **Source:** RFC 1071.
[[nodiscard]] std::uint64_t checksum_add(ConstBytes bytes, std::uint64_t sum = 0) noexcept;

/// Folds a sum to 16 bits, not complemented: what a field holds while `needs_checksum` is set.
[[nodiscard]] std::uint16_t checksum_fold(std::uint64_t sum) noexcept;

/// The Internet checksum of `bytes` and what `sum` already holds, ready to be stored.
[[nodiscard]] std::uint16_t internet_checksum(ConstBytes bytes, std::uint64_t sum = 0) noexcept;

/// The same for a transport header: zero, which means "none" in UDP (RFC 768), is stored as its
/// other form 0xffff, which any receiver takes for the same.
[[nodiscard]] std::uint16_t transport_checksum(ConstBytes bytes, std::uint64_t sum) noexcept;

/// The pseudo-header's sum (RFC 9293 section 3.1, RFC 8200 section 8.1) to start from.
///
/// `transport_bytes`: transport header and payload.
[[nodiscard]] std::uint64_t pseudo_header_sum(const IpAddress& source,
                                              const IpAddress& destination,
                                              std::uint8_t protocol,
                                              std::size_t transport_bytes) noexcept;

/// The checksum after one 16-bit word of the data changed (RFC 1624 equation 3).
[[nodiscard]] std::uint16_t checksum_update(std::uint16_t checksum,
                                            std::uint16_t old_word,
                                            std::uint16_t new_word) noexcept;

}  // namespace quicether::wire

#endif  // QUICETHER_CORE_WIRE_CHECKSUM_HPP
