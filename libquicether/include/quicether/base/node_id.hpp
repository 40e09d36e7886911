#ifndef QUICETHER_BASE_NODE_ID_HPP
#define QUICETHER_BASE_NODE_ID_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>

#include <array>
#include <compare>
#include <string>
#include <string_view>

namespace quicether {

/// Locator of a node: SHA-1 of its Ed25519 public key (also its BEP 44 target).
///
/// Trust is never decided on it: that compares whole PublicKeys. `crypto::node_id` computes it.
struct NodeId {
  std::array<std::uint8_t, 20> bytes{};

  /// Parses 40 hex digits.
  ///
  /// **Errors:** `malformed`.
  [[nodiscard]] static result<NodeId> parse(std::string_view text) noexcept;

  /// 40 lower-case hex digits.
  [[nodiscard]] std::string to_string() const;

  /// The first 12 hex digits, for tables.
  [[nodiscard]] std::string short_string() const;

  friend constexpr auto operator<=>(const NodeId&, const NodeId&) noexcept = default;
};

/// An Ed25519 public key (RFC 8032): what trust compares.
struct PublicKey {
  std::array<std::uint8_t, 32> bytes{};

  /// Parses 64 hex digits.
  ///
  /// **Errors:** `malformed`.
  [[nodiscard]] static result<PublicKey> parse(std::string_view text) noexcept;

  /// 64 lower-case hex digits.
  [[nodiscard]] std::string to_string() const;

  friend constexpr auto operator<=>(const PublicKey&, const PublicKey&) noexcept = default;
};

/// The first hex digits of a NodeId, as a person types them ("node_3fa9", "3fa9").
class NodeIdPrefix {
 public:
  /// Parses 4 to 40 hex digits, either case, optionally after "node_".
  ///
  /// **Errors:** `malformed`.
  [[nodiscard]] static result<NodeIdPrefix> parse(std::string_view text);

  /// True when the NodeId begins with these digits.
  [[nodiscard]] bool matches(const NodeId& id) const noexcept;

  /// Number of hex digits, 4..40. 40 names a NodeId whole.
  [[nodiscard]] std::size_t digits() const noexcept { return digits_.size(); }

  /// The digits, lower case, without "node_".
  [[nodiscard]] const std::string& to_string() const noexcept { return digits_; }

  friend auto operator<=>(const NodeIdPrefix&, const NodeIdPrefix&) = default;

 private:
  std::string digits_;
};

}  // namespace quicether

#endif  // QUICETHER_BASE_NODE_ID_HPP
