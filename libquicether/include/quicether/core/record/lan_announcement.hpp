#ifndef QUICETHER_CORE_RECORD_LAN_ANNOUNCEMENT_HPP
#define QUICETHER_CORE_RECORD_LAN_ANNOUNCEMENT_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/base/random.hpp>
#include <quicether/core/crypto/network_proof.hpp>
#include <quicether/core/crypto/secret_bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace quicether::record {

/// Largest announcement that is read.
inline constexpr std::size_t kLanBytesMax = 256;

/// "I am here": what a node tells its links. The address is where the datagram came from.
struct LanAnnouncement {
  PublicKey key{};
  std::uint16_t port = 0;  ///< of its sessions; never 0

  friend bool operator==(const LanAnnouncement&, const LanAnnouncement&) = default;
};

/// Writes and reads announcements, open or sealed with a network's secret.
///
/// Sealed ones tell an outsider nothing but that some node is there: neither who it is, nor of
/// which network, nor whether two of them are of one node. A sealed announcement that opens is by a
/// member, though perhaps replayed by somebody else: what it says is only a place to dial.
/// Moves, does not copy. Threads: const functions from several. **Source:** docs/spec/lan.md.
class LanCodec {
 public:
  /// Open announcements.
  LanCodec() = default;

  /// Sealed ones.
  explicit LanCodec(const crypto::NetworkKey& network);

  [[nodiscard]] bool sealed() const noexcept { return key_.has_value(); }

  /// `random` is secure outside of tests.
  [[nodiscard]] ByteVector encode(const LanAnnouncement& announcement, Random& random) const;

  /// Reverses encode() for any bytes.
  ///
  /// **Errors:** `malformed` (also: open or sealed while this is not, of another network, damaged),
  /// `truncated`, `too_large`, `unsupported` (another version).
  [[nodiscard]] result<LanAnnouncement> decode(ConstBytes datagram) const;

 private:
  std::optional<crypto::SecretBytes> key_{};
};

}  // namespace quicether::record

#endif  // QUICETHER_CORE_RECORD_LAN_ANNOUNCEMENT_HPP
