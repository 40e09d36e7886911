#ifndef QUICETHER_SRC_CORE_QUIC_CID_HPP
#define QUICETHER_SRC_CORE_QUIC_CID_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/random.hpp>
#include <quicether/base/shard.hpp>
#include <quicether/core/crypto/secret_bytes.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace quicether::crypto {
class KeyPair;
}

namespace quicether::quic {

/// Bytes of every connection id that this node chooses.
inline constexpr std::size_t kOwnCidBytes = 8;

/// Bytes of a stateless reset token (RFC 9000 section 10.3).
using ResetToken = std::array<std::uint8_t, 16>;

/// A connection id of this node.
struct OwnCid {
  std::array<std::uint8_t, kOwnCidBytes> bytes{};

  /// The id as a number, to index tables with.
  [[nodiscard]] std::uint64_t key() const noexcept { return load_be<std::uint64_t>(bytes); }

  friend constexpr auto operator<=>(const OwnCid&, const OwnCid&) noexcept = default;
};

/// True for bytes that begin like a bencoded DHT message: "d1:", "d2:". The first byte is the one
/// of a QUIC short header too, so connection ids stay clear of the rest.
[[nodiscard]] bool looks_like_dht(ConstBytes datagram) noexcept;

/// The index of the shard that a UDP payload is for: what the first byte of its destination
/// connection id says, and 0 for DHT messages and for what has no such byte. Any bytes.
/// `count`: 1..kShardsMax.
[[nodiscard]] std::size_t shard_of(ConstBytes datagram, std::size_t count) noexcept;

/// Chooses connection ids and knows the reset token of each.
///
/// Tokens follow from the node's key alone, so that a restarted node can reset connections it has
/// forgotten. **Source:** RFC 9000 section 10.3.2.
class CidMaker {
 public:
  CidMaker(const crypto::KeyPair& key, Random& random, Shard shard = {});

  /// A random id that leads packets to the shard, and never makes one look like a DHT message.
  [[nodiscard]] OwnCid make() noexcept;

  [[nodiscard]] ResetToken reset_token(ConstBytes cid) const noexcept;

 private:
  crypto::SecretBytes reset_key_;
  Random& random_;
  Shard shard_;
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_CID_HPP
