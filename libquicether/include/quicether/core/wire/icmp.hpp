#ifndef QUICETHER_CORE_WIRE_ICMP_HPP
#define QUICETHER_CORE_WIRE_ICMP_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/core/wire/ip.hpp>

#include <cstddef>
#include <cstdint>

namespace quicether::wire {

/// What an ICMP error tells the sender of a packet. The type and code of its family follow from it.
enum class IcmpError : std::uint8_t {
  no_route,        ///< network unreachable / no route to destination
  unreachable,     ///< host unreachable / address unreachable
  prohibited,      ///< communication administratively prohibited
  hop_limit,       ///< time exceeded in transit
  packet_too_big,  ///< fragmentation needed / packet too big, with the MTU
};

/// Bytes that make_icmp_error() may write: what every IPv6 link carries (RFC 4443 section 2.4).
inline constexpr std::size_t kIcmpErrorBytesMax = 1280;

/// Writes a whole IP packet with an ICMP error about `packet` to the front of `out`, and returns
/// its size; 0 when no error may be sent about it.
///
/// `info`: what parse_packet() made of `packet`; `source`: an address of this node of the same
/// family; `mtu`: bytes of IP packet, with packet_too_big only; `out`: kIcmpErrorBytesMax bytes.
/// None is sent about ICMP errors, later fragments, and packets to or from what is no single host.
/// packet_too_big is also sent about IPv4 packets without DF: nobody here fragments them, and
/// without an answer their sender would never learn why they vanish. **Allocation:** none.
/// **Source:** RFC 792, RFC 1122 section 3.2.2, RFC 1812 section 4.3, RFC 4443 section 2.4.
[[nodiscard]] std::size_t make_icmp_error(IcmpError error,
                                          ConstBytes packet,
                                          const PacketInfo& info,
                                          const IpAddress& source,
                                          std::uint32_t mtu,
                                          Bytes out) noexcept;

/// Lowers the TTL or hop limit by one, in place, with the IPv4 checksum. It is at least 1.
void decrement_hop_limit(Bytes packet) noexcept;

/// Lowers the MSS option of a TCP SYN in place so that packets fit `mtu`, with the checksum.
///
/// Leaves everything else as it is. True when something changed. **Source:** RFC 4459 section 3.2.
bool clamp_mss(Bytes packet, const PacketInfo& info, std::uint32_t mtu) noexcept;

}  // namespace quicether::wire

#endif  // QUICETHER_CORE_WIRE_ICMP_HPP
