#ifndef QUICETHER_CORE_DHT_BENCODE_HPP
#define QUICETHER_CORE_DHT_BENCODE_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace quicether::dht {

/// Deepest nesting that is looked at. A KRPC message has 3 levels, an item in it may have more.
inline constexpr std::size_t kBencodeDepthMax = 32;

enum class BencodeKind : std::uint8_t { integer, string, list, dictionary };

class BencodeItems;

/// One bencoded value: a view of bytes that were checked as a whole. Copyable.
///
/// Integers fit 64 bits and have no leading zeros, nor have lengths; dictionary keys are strings.
/// Their order is not checked: see canonical(). **Source:** BEP 3, "bencoding".
class BencodeValue {
 public:
  /// Checks that `bytes` are one value and nothing else. The view lives as long as the bytes.
  ///
  /// **Errors:** `truncated`, `malformed`, `too_large` (nested deeper than kBencodeDepthMax).
  [[nodiscard]] static result<BencodeValue> parse(ConstBytes bytes) noexcept;

  [[nodiscard]] BencodeKind kind() const noexcept;

  /// Its bytes as they were received: what a signature covers.
  [[nodiscard]] ConstBytes encoded() const noexcept { return encoded_; }

  /// True when all dictionaries inside have strictly ascending keys, so that decoding and encoding
  /// again gives the same bytes.
  [[nodiscard]] bool canonical() const noexcept;

  /// The number; nothing when it is not an integer.
  [[nodiscard]] std::optional<std::int64_t> integer() const noexcept;

  /// The content of a string; nothing when it is not one.
  [[nodiscard]] std::optional<ConstBytes> string() const noexcept;

  /// What a list or dictionary contains; of a dictionary, keys and values in turn. Empty for
  /// others.
  [[nodiscard]] BencodeItems items() const noexcept;

  /// The first value under `key`; nothing when there is none or this is no dictionary.
  /// **Complexity:** linear in the bytes.
  [[nodiscard]] std::optional<BencodeValue> find(std::string_view key) const noexcept;

 private:
  friend class BencodeItems;

  explicit BencodeValue(ConstBytes encoded) noexcept : encoded_{encoded} {}

  ConstBytes encoded_;
};

/// Walks over the values inside a list or dictionary. Copyable.
class BencodeItems {
 public:
  /// The next value; nothing at the end.
  [[nodiscard]] std::optional<BencodeValue> next() noexcept;

 private:
  friend class BencodeValue;

  explicit BencodeItems(ConstBytes rest) noexcept : rest_{rest} {}

  ConstBytes rest_;  ///< up to the "e" of the container, which is not part of it
};

}  // namespace quicether::dht

#endif  // QUICETHER_CORE_DHT_BENCODE_HPP
