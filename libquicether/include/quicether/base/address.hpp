#ifndef QUICETHER_BASE_ADDRESS_HPP
#define QUICETHER_BASE_ADDRESS_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace quicether {

/// An IPv4 or IPv6 address in network byte order. IPv4 orders before IPv6.
class IpAddress {
 public:
  /// 0.0.0.0
  constexpr IpAddress() noexcept = default;

  /// Makes an IPv4 address from its four bytes.
  [[nodiscard]] static IpAddress v4(std::array<std::uint8_t, 4> bytes) noexcept;

  /// Makes an IPv4 address from a number in host order: 0x7f000001 is 127.0.0.1.
  [[nodiscard]] static IpAddress v4(std::uint32_t value) noexcept;

  /// Makes an IPv6 address from its sixteen bytes.
  [[nodiscard]] static IpAddress v6(const std::array<std::uint8_t, 16>& bytes) noexcept;

  /// Makes an address from 4 or 16 bytes.
  ///
  /// **Errors:** `malformed` for any other size.
  [[nodiscard]] static result<IpAddress> from_bytes(ConstBytes bytes) noexcept;

  /// Parses "192.0.2.1" or "2001:db8::1" (no brackets, no zone).
  ///
  /// **Errors:** `malformed`.
  [[nodiscard]] static result<IpAddress> parse(std::string_view text) noexcept;

  [[nodiscard]] constexpr bool is_v4() const noexcept { return !v6_; }

  [[nodiscard]] constexpr bool is_v6() const noexcept { return v6_; }

  /// 32 or 128.
  [[nodiscard]] constexpr unsigned bits() const noexcept { return v6_ ? 128U : 32U; }

  /// The 4 or 16 bytes. The view lives as long as the address.
  [[nodiscard]] ConstBytes bytes() const noexcept {
    return ConstBytes{bytes_}.first(v6_ ? 16U : 4U);
  }

  /// The IPv4 address as a number in host order. Requires is_v4().
  [[nodiscard]] std::uint32_t to_v4_number() const noexcept;

  /// Bit `index` from the most significant one. `index` < bits().
  [[nodiscard]] constexpr bool bit(unsigned index) const noexcept {
    return ((unsigned{bytes_[index / 8]} >> (7U - index % 8)) & 1U) != 0;
  }

  [[nodiscard]] bool is_unspecified() const noexcept;
  [[nodiscard]] bool is_loopback() const noexcept;
  [[nodiscard]] bool is_multicast() const noexcept;
  [[nodiscard]] bool is_link_local() const noexcept;

  /// ::ffff:a.b.c.d becomes a.b.c.d, anything else stays.
  [[nodiscard]] IpAddress unmapped() const noexcept;

  [[nodiscard]] std::string to_string() const;

  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) noexcept = default;

 private:
  bool v6_ = false;
  std::array<std::uint8_t, 16> bytes_{};
};

/// A UDP address: IP address and port in host order.
struct SocketAddress {
  IpAddress address{};
  std::uint16_t port = 0;

  /// Parses "192.0.2.1:9000" or "[2001:db8::1]:9000".
  ///
  /// **Errors:** `malformed`.
  [[nodiscard]] static result<SocketAddress> parse(std::string_view text) noexcept;

  [[nodiscard]] std::string to_string() const;

  friend constexpr auto operator<=>(const SocketAddress&, const SocketAddress&) noexcept = default;
};

/// A CIDR block whose host bits are zero.
class Prefix {
 public:
  /// 0.0.0.0/0
  constexpr Prefix() noexcept = default;

  /// Makes a block and clears the host bits.
  ///
  /// **Errors:** `invalid_argument` when `length` exceeds the address's bits.
  [[nodiscard]] static result<Prefix> make(const IpAddress& address, unsigned length) noexcept;

  /// Makes the block of this one address (/32 or /128).
  [[nodiscard]] static Prefix host(const IpAddress& address) noexcept;

  /// Parses "10.0.0.0/8" or "2001:db8::/32"; an address alone is its host block.
  ///
  /// **Errors:** `malformed` also when host bits are set ("10.0.0.1/8").
  [[nodiscard]] static result<Prefix> parse(std::string_view text) noexcept;

  [[nodiscard]] constexpr const IpAddress& address() const noexcept { return address_; }

  [[nodiscard]] constexpr unsigned length() const noexcept { return length_; }

  /// True when the address lies in the block; false for the other family.
  [[nodiscard]] bool contains(const IpAddress& address) const noexcept;

  /// True when every address of `other` lies in this block.
  [[nodiscard]] bool contains(const Prefix& other) const noexcept;

  [[nodiscard]] std::string to_string() const;

  friend constexpr auto operator<=>(const Prefix&, const Prefix&) noexcept = default;

 private:
  IpAddress address_{};
  unsigned length_ = 0;
};

/// An address together with the length of its network: "100.64.0.1/16", as set on an interface.
struct InterfaceAddress {
  IpAddress address{};
  unsigned prefix_length = 0;

  /// Parses "100.64.0.1/16"; an address alone has the full length.
  ///
  /// **Errors:** `malformed`.
  [[nodiscard]] static result<InterfaceAddress> parse(std::string_view text) noexcept;

  /// The network the address lies in.
  [[nodiscard]] Prefix network() const noexcept;

  [[nodiscard]] std::string to_string() const;

  friend constexpr auto operator<=>(const InterfaceAddress&,
                                    const InterfaceAddress&) noexcept = default;
};

}  // namespace quicether

#endif  // QUICETHER_BASE_ADDRESS_HPP
