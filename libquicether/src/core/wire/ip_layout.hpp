#ifndef QUICETHER_SRC_CORE_WIRE_IP_LAYOUT_HPP
#define QUICETHER_SRC_CORE_WIRE_IP_LAYOUT_HPP

#include <quicether/base/bytes.hpp>

#include <cstddef>
#include <cstdint>

// Places and sizes in IP, TCP, UDP and ICMP headers, for the files of this layer.
namespace quicether::wire {

inline constexpr std::size_t kIpv4HeaderBytes = 20;
inline constexpr std::size_t kIpv6HeaderBytes = 40;
inline constexpr std::size_t kTcpHeaderBytes = 20;
inline constexpr std::size_t kUdpHeaderBytes = 8;
inline constexpr std::size_t kIcmpHeaderBytes = 8;
inline constexpr std::size_t kIpPacketBytesMax = 65535;

inline constexpr std::size_t kIpv4ChecksumOffset = 10;
inline constexpr std::size_t kTcpChecksumOffset = 16;
inline constexpr std::size_t kUdpChecksumOffset = 6;
inline constexpr std::size_t kIcmpChecksumOffset = 2;

// The IPv6 extension headers that are walked (RFC 8200 section 4.1). ESP and the mobility, HIP and
// Shim6 headers end the walk: each is a protocol of its own to whoever decides.
inline constexpr std::uint8_t kHopByHop = 0;
inline constexpr std::uint8_t kRouting = 43;
inline constexpr std::uint8_t kFragmentHeader = 44;
inline constexpr std::uint8_t kAuthentication = 51;
inline constexpr std::uint8_t kDestinationOptions = 60;

[[nodiscard]] constexpr bool is_extension_header(std::uint8_t type) noexcept {
  return type == kHopByHop || type == kRouting || type == kFragmentHeader ||
         type == kAuthentication || type == kDestinationOptions;
}

// Bytes of an extension header whose second byte is `length`.
[[nodiscard]] constexpr std::size_t extension_header_bytes(std::uint8_t type,
                                                           std::uint8_t length) noexcept {
  if (type == kFragmentHeader) {
    return 8;
  }
  if (type == kAuthentication) {
    return 4U * (length + 2U);  // RFC 4302 section 2.2
  }
  return 8U * (length + 1U);
}

// Echo request and reply: the messages whose identifier names a conversation.
[[nodiscard]] constexpr bool is_icmp_echo(unsigned version, std::uint8_t type) noexcept {
  return version == 4 ? type == 0 || type == 8       // RFC 792
                      : type == 128 || type == 129;  // RFC 4443 section 4
}

// The header length that a TCP header of at least kTcpHeaderBytes claims.
[[nodiscard]] constexpr std::size_t tcp_header_bytes(ConstBytes transport) noexcept {
  return 4U * (transport[12] >> 4U);
}

template <typename Integer>
[[nodiscard]] constexpr Integer read(ConstBytes bytes, std::size_t offset) noexcept {
  return load_be<Integer>(bytes.subspan(offset));
}

template <typename Integer>
constexpr void write(Bytes bytes, std::size_t offset, Integer value) noexcept {
  store_be(bytes.subspan(offset), value);
}

}  // namespace quicether::wire

#endif  // QUICETHER_SRC_CORE_WIRE_IP_LAYOUT_HPP
