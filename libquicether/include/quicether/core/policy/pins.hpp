#ifndef QUICETHER_CORE_POLICY_PINS_HPP
#define QUICETHER_CORE_POLICY_PINS_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/node_id.hpp>

#include <span>
#include <vector>

namespace quicether::policy {

/// The first key that came with a NodeId of this prefix.
struct Pin {
  NodeIdPrefix prefix{};
  PublicKey key{};

  friend bool operator==(const Pin&, const Pin&) = default;
};

/// Pins as the state store keeps them: a line "<prefix> <public key>" in hex digits for each.
[[nodiscard]] ByteVector encode_pins(std::span<const Pin> pins);

/// Reads what encode_pins() wrote.
///
/// **Errors:** `malformed`, `limit_reached` (more than 65536 pins).
[[nodiscard]] result<std::vector<Pin>> decode_pins(ConstBytes bytes);

}  // namespace quicether::policy

#endif  // QUICETHER_CORE_POLICY_PINS_HPP
