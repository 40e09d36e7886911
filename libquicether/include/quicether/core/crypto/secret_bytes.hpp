#ifndef QUICETHER_CORE_CRYPTO_SECRET_BYTES_HPP
#define QUICETHER_CORE_CRYPTO_SECRET_BYTES_HPP

#include <quicether/base/bytes.hpp>

#include <cstddef>

namespace quicether::crypto {

/// Secret bytes of fixed size that are erased before their memory is freed.
///
/// Moves, leaving the source empty; a copy has to be asked for with `clone()`. A move hands over
/// the memory, so it leaves no second copy behind. Nothing prints or compares it.
class SecretBytes {
 public:
  /// No bytes.
  SecretBytes() noexcept = default;

  /// `size` zero bytes, to be filled in place.
  explicit SecretBytes(std::size_t size);

  /// A copy of `bytes`. Erasing the original is the caller's part.
  explicit SecretBytes(ConstBytes bytes);

  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  [[nodiscard]] SecretBytes clone() const;

  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }

  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }

  /// The bytes, as long as this object lives and is not moved from.
  [[nodiscard]] ConstBytes view() const noexcept { return bytes_; }

  /// The bytes for filling them in; same lifetime.
  [[nodiscard]] Bytes writable() noexcept { return bytes_; }

  /// Drops the bytes after the first `size`, erasing them. `size` <= size().
  void truncate(std::size_t size) noexcept;

 private:
  ByteVector bytes_;  // never grows: that would leave a copy behind
};

}  // namespace quicether::crypto

#endif  // QUICETHER_CORE_CRYPTO_SECRET_BYTES_HPP
