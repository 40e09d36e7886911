#ifndef QUICETHER_TESTS_SUPPORT_PACKETS_HPP
#define QUICETHER_TESTS_SUPPORT_PACKETS_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

// Builds IP packets for tests, byte by byte and independently of the code under test.
namespace quicether::test {

inline void append(ByteVector& to, ConstBytes bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

inline void append_u16(ByteVector& to, std::size_t value) {
  to.push_back(static_cast<std::uint8_t>(value >> 8U));
  to.push_back(static_cast<std::uint8_t>(value));
}

inline void append_u32(ByteVector& to, std::uint32_t value) {
  append_u16(to, value >> 16U);
  append_u16(to, value & 0xffffU);
}

inline void put_u16(ByteVector& bytes, std::size_t offset, std::size_t value) {
  bytes.at(offset) = static_cast<std::uint8_t>(value >> 8U);
  bytes.at(offset + 1) = static_cast<std::uint8_t>(value);
}

/// The Internet checksum, one 16-bit word at a time.
inline std::uint16_t naive_checksum(ConstBytes bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const std::uint32_t low = i + 1 < bytes.size() ? bytes[i + 1] : 0U;
    sum += (std::uint32_t{bytes[i]} << 8U) + low;
    sum = (sum & 0xffffU) + (sum >> 16U);
  }
  return static_cast<std::uint16_t>(~sum);
}

/// The checksum of a transport segment with its pseudo-header.
inline std::uint16_t naive_transport_checksum(const IpAddress& source,
                                              const IpAddress& destination,
                                              std::uint8_t protocol,
                                              ConstBytes transport) {
  ByteVector bytes;
  append(bytes, source.bytes());
  append(bytes, destination.bytes());
  append_u32(bytes, static_cast<std::uint32_t>(transport.size()));
  append_u32(bytes, protocol);
  append(bytes, transport);
  return naive_checksum(bytes);
}

/// `size` bytes counting up from `first`.
inline ByteVector counting_bytes(std::size_t size, unsigned first = 0) {
  ByteVector bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::uint8_t>(first + i);
  }
  return bytes;
}

inline IpAddress address(std::string_view text) {
  return IpAddress::parse(text).value();
}

struct IpOptions {
  std::uint8_t hop_limit = 64;
  std::uint8_t traffic_class = 0;
  std::uint16_t id = 0;          ///< IPv4 only
  std::uint16_t flags = 0x4000;  ///< IPv4 flags and fragment offset as on the wire; DF
  ByteVector options{};          ///< IPv4 only, a multiple of 4 bytes
};

/// An IP header of the addresses' family before `payload`, checksum and lengths right.
inline ByteVector ip_packet(const IpAddress& source,
                            const IpAddress& destination,
                            std::uint8_t protocol,
                            ConstBytes payload,
                            const IpOptions& ip = {}) {
  ByteVector packet;
  if (source.is_v4()) {
    const auto header_bytes = 20 + ip.options.size();
    packet = {static_cast<std::uint8_t>(0x40U + header_bytes / 4), ip.traffic_class};
    append_u16(packet, header_bytes + payload.size());
    append_u16(packet, ip.id);
    append_u16(packet, ip.flags);
    packet.push_back(ip.hop_limit);
    packet.push_back(protocol);
    append_u16(packet, 0);
    append(packet, source.bytes());
    append(packet, destination.bytes());
    append(packet, ip.options);
    put_u16(packet, 10, naive_checksum(packet));
  } else {
    append_u32(packet, 0x6000'0000U | (std::uint32_t{ip.traffic_class} << 20U));
    append_u16(packet, payload.size());
    packet.push_back(protocol);
    packet.push_back(ip.hop_limit);
    append(packet, source.bytes());
    append(packet, destination.bytes());
  }
  append(packet, payload);
  return packet;
}

struct TcpOptions {
  std::uint16_t source_port = 40000;
  std::uint16_t destination_port = 443;
  std::uint32_t sequence = 1000;
  std::uint32_t acknowledgement = 2000;
  std::uint8_t flags = 0x10;  ///< ACK
  std::uint16_t window = 512;
  ByteVector options{};  ///< a multiple of 4 bytes
};

inline ByteVector tcp_packet(const IpAddress& source,
                             const IpAddress& destination,
                             ConstBytes payload,
                             const TcpOptions& tcp = {},
                             const IpOptions& ip = {}) {
  ByteVector segment;
  append_u16(segment, tcp.source_port);
  append_u16(segment, tcp.destination_port);
  append_u32(segment, tcp.sequence);
  append_u32(segment, tcp.acknowledgement);
  segment.push_back(static_cast<std::uint8_t>((5 + tcp.options.size() / 4) << 4U));
  segment.push_back(tcp.flags);
  append_u16(segment, tcp.window);
  append_u32(segment, 0);  // checksum and urgent pointer
  append(segment, tcp.options);
  append(segment, payload);
  put_u16(segment, 16, naive_transport_checksum(source, destination, 6, segment));
  return ip_packet(source, destination, 6, segment, ip);
}

inline ByteVector udp_packet(const IpAddress& source,
                             const IpAddress& destination,
                             ConstBytes payload,
                             std::uint16_t source_port = 5000,
                             std::uint16_t destination_port = 53,
                             const IpOptions& ip = {}) {
  ByteVector datagram;
  append_u16(datagram, source_port);
  append_u16(datagram, destination_port);
  append_u16(datagram, 8 + payload.size());
  append_u16(datagram, 0);
  append(datagram, payload);
  const auto sum = naive_transport_checksum(source, destination, 17, datagram);
  put_u16(datagram, 6, sum == 0 ? 0xffffU : sum);
  return ip_packet(source, destination, 17, datagram, ip);
}

/// An ICMP or ICMPv6 message: `rest` is the second word, `body` what follows.
inline ByteVector icmp_packet(const IpAddress& source,
                              const IpAddress& destination,
                              std::uint8_t type,
                              std::uint8_t code,
                              std::uint32_t rest = 0,
                              ConstBytes body = {},
                              const IpOptions& ip = {}) {
  ByteVector message = {type, code, 0, 0};
  append_u32(message, rest);
  append(message, body);
  if (source.is_v4()) {
    put_u16(message, 2, naive_checksum(message));
    return ip_packet(source, destination, 1, message, ip);
  }
  put_u16(message, 2, naive_transport_checksum(source, destination, 58, message));
  return ip_packet(source, destination, 58, message, ip);
}

/// An echo request of the addresses' family.
inline ByteVector echo_packet(const IpAddress& source,
                              const IpAddress& destination,
                              std::uint16_t id = 7,
                              const IpOptions& ip = {}) {
  const auto body = counting_bytes(56);
  const std::uint8_t type = source.is_v4() ? 8 : 128;
  return icmp_packet(source, destination, type, 0, std::uint32_t{id} << 16U | 1U, body, ip);
}

/// An IPv6 extension header of 8 bytes with the given third to eighth byte.
inline ByteVector extension_header(std::uint8_t next, ConstBytes content = {}) {
  ByteVector header = {next, 0};
  append(header, content);
  header.resize(8);
  return header;
}

/// An IPv6 Fragment header. `offset` in bytes.
inline ByteVector fragment_header(std::uint8_t next,
                                  std::size_t offset,
                                  bool more,
                                  std::uint32_t id) {
  ByteVector header = {next, 0};
  append_u16(header, offset | (more ? 1U : 0U));
  append_u32(header, id);
  return header;
}

}  // namespace quicether::test

#endif  // QUICETHER_TESTS_SUPPORT_PACKETS_HPP
