#ifndef QUICETHER_CORE_WIRE_VARINT_HPP
#define QUICETHER_CORE_WIRE_VARINT_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>

#include <cstddef>
#include <cstdint>

namespace quicether::wire {

/// Largest value of a variable-length integer (RFC 9000 section 16).
inline constexpr std::uint64_t kVarintMax = (std::uint64_t{1} << 62U) - 1;

/// Bytes that append_varint() writes: 1, 2, 4 or 8. `value` <= kVarintMax.
[[nodiscard]] std::size_t varint_size(std::uint64_t value) noexcept;

/// Appends a variable-length integer in its shortest form. `value` <= kVarintMax.
void append_varint(ByteVector& out, std::uint64_t value);

/// A bounded cursor over received bytes. Each read takes from the front or fails and takes nothing.
class Reader {
 public:
  explicit Reader(ConstBytes bytes) noexcept : bytes_{bytes} {}

  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }

  /// The bytes not yet read.
  [[nodiscard]] ConstBytes rest() const noexcept { return bytes_; }

  /// Reads a variable-length integer; any of its forms is accepted. **Errors:** `truncated`.
  [[nodiscard]] result<std::uint64_t> varint() noexcept;

  /// Takes `count` bytes as they are. **Errors:** `truncated`.
  [[nodiscard]] result<ConstBytes> bytes(std::uint64_t count) noexcept;

  /// Reads a big-endian integer. **Errors:** `truncated`.
  template <typename Integer>
  [[nodiscard]] result<Integer> integer() noexcept {
    const auto taken = bytes(sizeof(Integer));
    if (!taken) {
      return taken.error();
    }
    return load_be<Integer>(*taken);
  }

 private:
  ConstBytes bytes_;
};

}  // namespace quicether::wire

#endif  // QUICETHER_CORE_WIRE_VARINT_HPP
