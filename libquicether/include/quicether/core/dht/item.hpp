#ifndef QUICETHER_CORE_DHT_ITEM_HPP
#define QUICETHER_CORE_DHT_ITEM_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/core/dht/id.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace quicether::dht {

/// Bounds of BEP 44.
inline constexpr std::size_t kValueBytesMax = 1000;  ///< bencoded
inline constexpr std::size_t kSaltBytesMax = 64;

using Signature = std::array<std::uint8_t, 64>;

/// What the DHT needs of cryptography; the library's own implementation is the Asio shell's part.
/// Threads: safe to use from several.
class ItemCrypto {
 public:
  ItemCrypto() = default;
  ItemCrypto(const ItemCrypto&) = delete;
  ItemCrypto& operator=(const ItemCrypto&) = delete;
  virtual ~ItemCrypto() = default;

  [[nodiscard]] virtual Id sha1(ConstBytes message) const noexcept = 0;

  /// True when `signature` over `message` is by `key` (Ed25519).
  [[nodiscard]] virtual bool verify(const PublicKey& key,
                                    ConstBytes message,
                                    const Signature& signature) const noexcept = 0;
};

/// Who signed a mutable item, and which version of it this is.
struct ItemSignature {
  PublicKey key{};
  std::int64_t seq = 0;  ///< at least 0
  Signature signature{};

  friend bool operator==(const ItemSignature&, const ItemSignature&) noexcept = default;
};

/// An item as it lies in a message. With `author` it is mutable, without it immutable.
struct ItemView {
  ConstBytes value{};  ///< bencoded
  ConstBytes salt{};   ///< of a mutable item; not part of answers
  std::optional<ItemSignature> author{};
};

/// An item with its own memory.
struct Item {
  ByteVector value{};
  ByteVector salt{};
  std::optional<ItemSignature> author{};

  [[nodiscard]] ItemView view() const noexcept { return {value, salt, author}; }

  friend bool operator==(const Item&, const Item&) noexcept = default;
};

[[nodiscard]] Item to_item(const ItemView& view);

/// The bytes that the author of a mutable item signs. `salt` may be empty.
[[nodiscard]] ByteVector signed_bytes(ConstBytes salt, std::int64_t seq, ConstBytes value);

/// Where an item lies: SHA-1 of the value, or of key and salt.
[[nodiscard]] Id immutable_target(ConstBytes value, const ItemCrypto& crypto) noexcept;
[[nodiscard]] Id mutable_target(const PublicKey& key, ConstBytes salt, const ItemCrypto& crypto);

/// Codes of KRPC errors (BEP 5, BEP 44), as their names there.
enum class KrpcError : std::uint16_t {
  none = 0,
  generic = 201,
  server = 202,
  protocol = 203,  ///< also: bad arguments, bad token
  method_unknown = 204,
  value_too_large = 205,
  invalid_signature = 206,
  salt_too_large = 207,
  cas_mismatch = 301,
  seq_too_low = 302,
};

/// Checks an item by itself: sizes, canonical bencoding, then the signature when it is mutable.
///
/// Returns `none` when it may be stored.
[[nodiscard]] KrpcError check_item(const ItemView& item, const ItemCrypto& crypto);

/// Where a sound item lies.
[[nodiscard]] Id target_of(const ItemView& item, const ItemCrypto& crypto);

}  // namespace quicether::dht

#endif  // QUICETHER_CORE_DHT_ITEM_HPP
