#ifndef QUICETHER_CORE_WIRE_IP_HPP
#define QUICETHER_CORE_WIRE_IP_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/base/datagram.hpp>

#include <boost/system/result.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace quicether::wire {

// IP protocol numbers (IANA), as in PacketInfo::protocol and FlowKey::protocol.
inline constexpr std::uint8_t kProtocolIcmp = 1;
inline constexpr std::uint8_t kProtocolTcp = 6;
inline constexpr std::uint8_t kProtocolUdp = 17;
inline constexpr std::uint8_t kProtocolIcmpV6 = 58;

// TCP flags (RFC 9293 section 3.1), as in PacketInfo::tcp_flags.
inline constexpr std::uint8_t kTcpFin = 0x01;
inline constexpr std::uint8_t kTcpSyn = 0x02;
inline constexpr std::uint8_t kTcpRst = 0x04;
inline constexpr std::uint8_t kTcpPsh = 0x08;
inline constexpr std::uint8_t kTcpAck = 0x10;
inline constexpr std::uint8_t kTcpUrg = 0x20;
inline constexpr std::uint8_t kTcpEce = 0x40;
inline constexpr std::uint8_t kTcpCwr = 0x80;

/// The bytes after the IP header (and, in IPv6, from the Fragment header on) that the parser may
/// have read from a first fragment. A later fragment that starts inside them is refused, so that
/// reassembly cannot replace what a decision was based on (RFC 1858, RFC 3128). 80 bytes hold the
/// largest TCP header and 20 bytes of IPv6 options; no real link cuts packets that small.
inline constexpr std::size_t kFragmentGuardBytes = 80;

/// Why a packet cannot be forwarded safely. Each value is a counter.
enum class IpDefect : std::uint8_t {
  truncated,             ///< shorter than its headers claim
  bad_version,           ///< neither IPv4 nor IPv6
  bad_header_length,     ///< IPv4 header length below 20 bytes
  bad_total_length,      ///< IPv4 total length below the header length, or above 65535 bytes
  trailing_bytes,        ///< bytes after the packet's end: one packet is exactly one buffer
  bad_checksum,          ///< IPv4 header checksum (RFC 1812 section 5.2.2)
  bad_extension_header,  ///< IPv6 extension header malformed, repeated or out of place
  too_many_extensions,   ///< more than kExtensionHeadersMax IPv6 extension headers
  bad_fragment,          ///< empty, beyond 65535 bytes, or not a multiple of 8 bytes
  tiny_fragment,         ///< a first fragment without the whole transport header (RFC 7112)
  overlapping_fragment,  ///< a later fragment inside the first kFragmentGuardBytes
  bad_transport_header,  ///< TCP, UDP or ICMP header truncated or with impossible lengths
};

inline constexpr std::size_t kIpDefectCount = 12;

/// Most IPv6 extension headers that are walked. RFC 8200 section 4.1 lists seven places.
inline constexpr std::size_t kExtensionHeadersMax = 8;

/// The counter's name: "bad_checksum".
[[nodiscard]] std::string_view to_string(IpDefect defect) noexcept;

/// A packet's place among the fragments of its datagram.
enum class Fragment : std::uint8_t {
  none,   ///< the whole datagram
  first,  ///< the fragment with the transport header
  later,  ///< no transport header here: ports, flags and ICMP fields are zero
};

/// What the headers of one IPv4 or IPv6 packet say. Made by parse_packet().
struct PacketInfo {
  IpAddress source{};
  IpAddress destination{};
  std::uint32_t fragment_id = 0;       ///< IPv4 identification, or the IPv6 Fragment header's
  std::uint16_t source_port = 0;       ///< TCP and UDP only
  std::uint16_t destination_port = 0;  ///< TCP and UDP only
  std::uint16_t icmp_id = 0;           ///< identifier of ICMP echo messages only
  std::uint16_t packet_bytes = 0;      ///< the whole packet
  std::uint16_t transport_offset = 0;  ///< where the transport header (or fragment data) starts
  std::uint16_t fragment_offset = 0;   ///< bytes, of the fragmentable part
  std::uint8_t version = 0;            ///< 4 or 6
  std::uint8_t protocol = 0;           ///< after all IPv6 extension headers
  std::uint8_t hop_limit = 0;          ///< TTL in IPv4
  std::uint8_t tcp_flags = 0;          ///< kTcp…
  std::uint8_t icmp_type = 0;
  std::uint8_t icmp_code = 0;
  std::uint8_t dscp = 0;  ///< 6 bits
  Ecn ecn = Ecn::not_ect;
  Fragment fragment = Fragment::none;
  bool dont_fragment = false;  ///< IPv4 DF; always true in IPv6
  bool has_ipv4_options = false;
  /// IPv6 routing header of type 0 (RFC 5095), or of any type with segments left: the destination
  /// in the header is not the last one.
  bool source_routed = false;

  /// Bytes from the transport header to the end.
  [[nodiscard]] constexpr std::size_t transport_bytes() const noexcept {
    return static_cast<std::size_t>(packet_bytes) - transport_offset;
  }

  /// True for ICMP in the packet's own family: ICMP in IPv4, ICMPv6 in IPv6.
  [[nodiscard]] constexpr bool is_icmp() const noexcept {
    return protocol == (version == 4 ? kProtocolIcmp : kProtocolIcmpV6);
  }
};

/// Reads the headers of the one packet that fills `packet`, at most 65535 bytes.
///
/// Bytes after the packet's own end are a defect, not padding: both ends would otherwise count and
/// see different things. A packet without defect has consistent lengths, a right IPv4 header
/// checksum, a complete TCP, UDP or ICMP header unless it is a later fragment, and no way to change
/// these on reassembly. Whether its addresses make sense, and IPv4 options or source routes, are
/// the caller's matter. Transport checksums are not looked at. **Allocation:** none;
/// **complexity:** one pass over the headers.
/// **Source:** RFC 791, RFC 8200, RFC 1858, RFC 3128, RFC 6946 (an IPv6 Fragment header that
/// fragments nothing makes no fragment).
[[nodiscard]] boost::system::result<PacketInfo, IpDefect> parse_packet(ConstBytes packet) noexcept;

/// True for ICMP and ICMPv6 error messages (RFC 1122 section 3.2.2, RFC 4443 section 2.1): those
/// that quote a packet, and that must not be answered with another error.
[[nodiscard]] bool is_icmp_error(const PacketInfo& info) noexcept;

/// What identifies a flow in one direction.
struct FlowKey {
  IpAddress source{};
  IpAddress destination{};
  std::uint16_t source_port = 0;       ///< ICMP echo: the identifier, in both ports
  std::uint16_t destination_port = 0;  ///< other protocols: zero
  std::uint8_t protocol = 0;

  /// The key of the packets that answer.
  [[nodiscard]] FlowKey reversed() const noexcept;

  friend constexpr auto operator<=>(const FlowKey&, const FlowKey&) noexcept = default;
};

/// The flow a packet belongs to. Of a later fragment only addresses and protocol are known.
[[nodiscard]] FlowKey flow_key(const PacketInfo& info) noexcept;

/// Packets with the same are to stay in order: those of a flow, but fragments only with fragments,
/// all that have the same addresses, because later ones do not say which flow they belong to.
[[nodiscard]] FlowKey order_key(const PacketInfo& info) noexcept;

/// The flow of the packet that an ICMP error quotes, as its sender sent it; nothing when `packet`
/// is no ICMP error or quotes too little to know the flow.
///
/// `info` is what parse_packet() made of `packet`. The quoted source is the error's receiver when
/// the error is genuine: callers compare.
[[nodiscard]] std::optional<FlowKey> quoted_flow(ConstBytes packet,
                                                 const PacketInfo& info) noexcept;

/// Hash of a flow for tables and path choice. Not symmetric: see FlowKey::reversed().
///
/// The same on every platform for the same `seed`; a random seed keeps strangers from choosing
/// keys that collide.
[[nodiscard]] std::uint64_t flow_hash(const FlowKey& key, std::uint64_t seed) noexcept;

/// Which of the `lanes` (at least 1) between two nodes a flow takes: the same for both directions
/// and on every node. **Source:** docs/spec/transport.md.
[[nodiscard]] std::size_t flow_lane(const FlowKey& key, std::size_t lanes) noexcept;

}  // namespace quicether::wire

#endif  // QUICETHER_CORE_WIRE_IP_HPP
