#ifndef QUICETHER_CORE_WIRE_CONTROL_MESSAGE_HPP
#define QUICETHER_CORE_WIRE_CONTROL_MESSAGE_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace quicether::wire {

/// The version of the control protocol that this library speaks.
inline constexpr std::uint64_t kControlVersion = 1;

// Bits of Hello::capabilities. Source: docs/spec/control-stream.md.
inline constexpr std::uint64_t kCapabilityChunks = 1;  ///< takes kContextChunk datagrams
inline constexpr std::uint64_t kCapabilityHalves = 2;  ///< takes kContextHalf datagrams
inline constexpr std::uint64_t kCapabilityPaths = 4;  ///< takes further sessions as paths of a link

// Bounds of control messages. Source: docs/spec/control-stream.md.
inline constexpr std::size_t kControlMessageBytesMax = 64U << 10U;
inline constexpr std::size_t kNameBytesMax = 63;      ///< as node names in configuration and policy
inline constexpr std::size_t kSecretBytesMax = 1024;  ///< of a network, as in configuration
inline constexpr std::size_t kAddressesMax = 16;
inline constexpr std::size_t kSubnetsMax = 256;
inline constexpr std::size_t kEndpointsMax = 16;

/// The first message of each side.
struct Hello {
  std::uint64_t version_min = kControlVersion;
  std::uint64_t version_max = kControlVersion;
  std::uint64_t boot_id = 0;  ///< random per start of the process: tells a restart from a redial
  std::uint64_t link_id = 0;  ///< chosen by the dialling side, same for all sessions of a link
  std::uint8_t path_id = 0;   ///< which path of the link this session is
  std::uint64_t capabilities = 0;  ///< bit set; unknown bits are ignored
  std::optional<std::array<std::uint8_t, 32>> network_proof{};  ///< docs/spec/identity.md
  std::uint8_t shards = 1;  ///< over which the sender spreads the sessions of a link; at least 1
  std::uint8_t lane = 0;    ///< which of those sessions this is: LaneChoice::number

  friend bool operator==(const Hello&, const Hello&) = default;
};

/// What a node tells an admitted peer about itself; the newest replaces the older.
struct Announce {
  std::string name{};  ///< node name or empty; 1..63 of [A-Za-z0-9._-]
  bool gateway = false;
  std::vector<IpAddress> addresses{};      ///< its own overlay addresses
  std::vector<Prefix> subnets{};           ///< behind it
  std::vector<SocketAddress> endpoints{};  ///< where it can be dialled

  friend bool operator==(const Announce&, const Announce&) = default;
};

/// Instead of HELLO, by who wants to become a member: the invite it was given.
struct Redeem {
  std::array<std::uint8_t, 8> invite{};
  std::array<std::uint8_t, 32> proof{};  ///< docs/spec/invites.md

  friend bool operator==(const Redeem&, const Redeem&) = default;
};

/// The answer to Redeem: what makes a node a member.
struct Grant {
  std::string network{};  ///< its name: 1..63 of [A-Za-z0-9._-]
  std::string secret{};   ///< 1..kSecretBytesMax bytes

  friend bool operator==(const Grant&, const Grant&) = default;
};

using ControlMessage = std::variant<Hello, Announce, Redeem, Grant>;

/// Appends the message as it goes on the control stream. Lists beyond their bound are cut.
///
/// Name, version range and ports are as described above; anything else is a broken invariant.
void encode(const ControlMessage& message, ByteVector& out);

/// Cuts the control stream into messages. Unknown message types and fields are skipped.
///
/// After an error the decoder is spent: it repeats the error. Holds at most one message of
/// kControlMessageBytesMax.
class ControlDecoder {
 public:
  /// Appends received bytes. At most kControlMessageBytesMax between two polls that return nothing.
  void feed(ConstBytes bytes);

  /// The next known message; nothing when more bytes are needed.
  ///
  /// **Errors:** `too_large` (a message above the bound), `malformed` (a field has the wrong form,
  /// is given twice or misses), `truncated` (a message ends inside a field).
  [[nodiscard]] result<std::optional<ControlMessage>> poll();

 private:
  void forget_read();

  ByteVector buffer_{};
  std::size_t read_ = 0;
};

}  // namespace quicether::wire

#endif  // QUICETHER_CORE_WIRE_CONTROL_MESSAGE_HPP
