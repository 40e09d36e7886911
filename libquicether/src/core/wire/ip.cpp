#include "core/wire/ip_layout.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/base/narrow.hpp>
#include <quicether/core/wire/checksum.hpp>
#include <quicether/core/wire/ip.hpp>

#include <algorithm>

namespace quicether::wire {
namespace {

using Check = std::optional<IpDefect>;

// Sorts a packet with a fragment header into first, later or neither, and checks its extent.
Check read_fragment(PacketInfo& info, std::size_t offset, bool more) noexcept {
  if (offset == 0 && !more) {
    return std::nullopt;
  }
  const auto bytes = info.transport_bytes();
  // An IPv4 datagram's 65535 bytes include its header.
  const auto end = offset + bytes + (info.version == 4 ? info.transport_offset : 0U);
  if (bytes == 0 || end > kIpPacketBytesMax || (more && bytes % 8 != 0)) {
    return IpDefect::bad_fragment;
  }
  if (offset != 0 && offset < kFragmentGuardBytes) {
    return IpDefect::overlapping_fragment;
  }
  info.fragment = offset == 0 ? Fragment::first : Fragment::later;
  info.fragment_offset = narrow<std::uint16_t>(offset);
  return std::nullopt;
}

Check read_tcp(ConstBytes transport, PacketInfo& info) noexcept {
  if (transport.size() < kTcpHeaderBytes) {
    return IpDefect::bad_transport_header;
  }
  const auto header_bytes = tcp_header_bytes(transport);
  if (header_bytes < kTcpHeaderBytes || header_bytes > transport.size()) {
    return IpDefect::bad_transport_header;
  }
  info.source_port = read<std::uint16_t>(transport, 0);
  info.destination_port = read<std::uint16_t>(transport, 2);
  info.tcp_flags = transport[13];
  return std::nullopt;
}

Check read_udp(ConstBytes transport, PacketInfo& info) noexcept {
  if (transport.size() < kUdpHeaderBytes) {
    return IpDefect::bad_transport_header;
  }
  const auto bytes = read<std::uint16_t>(transport, 4);
  const bool whole = info.fragment == Fragment::none;
  if (bytes < kUdpHeaderBytes || (whole && bytes > transport.size())) {
    return IpDefect::bad_transport_header;
  }
  info.source_port = read<std::uint16_t>(transport, 0);
  info.destination_port = read<std::uint16_t>(transport, 2);
  return std::nullopt;
}

Check read_icmp(ConstBytes transport, PacketInfo& info) noexcept {
  if (transport.size() < kIcmpHeaderBytes) {
    return IpDefect::bad_transport_header;
  }
  info.icmp_type = transport[0];
  info.icmp_code = transport[1];
  info.icmp_id = is_icmp_echo(info.version, info.icmp_type) ? read<std::uint16_t>(transport, 4)
                                                            : std::uint16_t{0};
  return std::nullopt;
}

Check read_transport(ConstBytes transport, PacketInfo& info) noexcept {
  if (info.protocol == kProtocolTcp) {
    return read_tcp(transport, info);
  }
  if (info.protocol == kProtocolUdp) {
    return read_udp(transport, info);
  }
  return info.is_icmp() ? read_icmp(transport, info) : std::nullopt;
}

// How much of the transport header a decision may rest on.
std::size_t transport_header_bytes(const PacketInfo& info, ConstBytes transport) noexcept {
  if (info.protocol == kProtocolTcp) {
    return tcp_header_bytes(transport);
  }
  return info.protocol == kProtocolUdp || info.is_icmp() ? kUdpHeaderBytes : 0;
}

// `fragmentable` is where the fragmentable part starts: before IPv6 options that follow the
// Fragment header.
Check read_payload(ConstBytes packet, PacketInfo& info, std::size_t fragmentable) noexcept {
  if (info.fragment == Fragment::later) {
    return std::nullopt;
  }
  const auto transport = packet.subspan(info.transport_offset);
  const auto defect = read_transport(transport, info);
  if (info.fragment == Fragment::none) {
    return defect;
  }
  if (defect || info.transport_offset - fragmentable + transport_header_bytes(info, transport) >
                    kFragmentGuardBytes) {
    return IpDefect::tiny_fragment;
  }
  return std::nullopt;
}

void read_traffic_class(PacketInfo& info, unsigned traffic_class) noexcept {
  info.dscp = static_cast<std::uint8_t>((traffic_class >> 2U) & 0x3fU);
  info.ecn = static_cast<Ecn>(traffic_class & 3U);
}

Check read_ipv4(ConstBytes packet, PacketInfo& info) noexcept {
  if (packet.size() < kIpv4HeaderBytes) {
    return IpDefect::truncated;
  }
  const std::size_t header_bytes = 4U * (packet[0] & 0xfU);
  if (header_bytes < kIpv4HeaderBytes) {
    return IpDefect::bad_header_length;
  }
  const auto total = read<std::uint16_t>(packet, 2);
  if (total < header_bytes) {
    return IpDefect::bad_total_length;
  }
  if (total > packet.size()) {
    return IpDefect::truncated;
  }
  if (total < packet.size()) {
    return IpDefect::trailing_bytes;
  }
  if (internet_checksum(packet.first(header_bytes)) != 0) {
    return IpDefect::bad_checksum;
  }
  info.version = 4;
  info.packet_bytes = total;
  info.transport_offset = narrow<std::uint16_t>(header_bytes);
  info.has_ipv4_options = header_bytes > kIpv4HeaderBytes;
  info.fragment_id = read<std::uint16_t>(packet, 4);
  info.hop_limit = packet[8];
  info.protocol = packet[9];
  info.source = IpAddress::v4(read<std::uint32_t>(packet, 12));
  info.destination = IpAddress::v4(read<std::uint32_t>(packet, 16));
  read_traffic_class(info, packet[1]);
  const auto flags = read<std::uint16_t>(packet, 6);
  info.dont_fragment = (flags & 0x4000U) != 0;
  if (const auto defect = read_fragment(info, 8U * (flags & 0x1fffU), (flags & 0x2000U) != 0)) {
    return defect;
  }
  return read_payload(packet, info, header_bytes);
}

// The walk over IPv6 extension headers.
class ExtensionWalk {
 public:
  ExtensionWalk(ConstBytes packet, PacketInfo& info) noexcept : packet_{packet}, info_{info} {}

  // Leaves protocol, transport_offset and the fragment fields in `info`.
  Check run(std::uint8_t next) noexcept {
    for (std::size_t count = 0; is_extension_header(next) && info_.fragment != Fragment::later;
         ++count) {
      if (count == kExtensionHeadersMax) {
        return IpDefect::too_many_extensions;
      }
      // Hop-by-Hop options come first or not at all (RFC 8200 section 4.3).
      if (next == kHopByHop && count != 0) {
        return IpDefect::bad_extension_header;
      }
      const auto following = step(next);
      if (!following) {
        return following.error();
      }
      next = *following;
    }
    info_.protocol = next;
    return std::nullopt;
  }

  // Where the fragmentable part starts. Meaningful for fragments only.
  [[nodiscard]] std::size_t fragmentable() const noexcept { return fragmentable_; }

 private:
  using Next = boost::system::result<std::uint8_t, IpDefect>;

  // Reads one header, moves transport_offset past it and returns the type of the following one.
  Next step(std::uint8_t type) noexcept {
    const auto header = packet_.subspan(info_.transport_offset);
    if (header.size() < 8) {
      return defect();
    }
    const auto bytes = extension_header_bytes(type, header[1]);
    if (bytes > header.size()) {
      return defect();
    }
    if (type == kRouting && (header[2] == 0 || header[3] != 0)) {
      info_.source_routed = true;
    }
    info_.transport_offset = narrow<std::uint16_t>(info_.transport_offset + bytes);
    if (type == kFragmentHeader) {
      if (const auto wrong = read_fragment_header(header)) {
        return *wrong;
      }
    }
    return header[0];
  }

  Check read_fragment_header(ConstBytes header) noexcept {
    if (fragmentable_ != 0) {
      return IpDefect::bad_extension_header;
    }
    fragmentable_ = info_.transport_offset;
    info_.fragment_id = read<std::uint32_t>(header, 4);
    const auto field = read<std::uint16_t>(header, 2);
    return read_fragment(info_, field & 0xfff8U, (field & 1U) != 0);
  }

  // A header chain cut by fragmentation is refused as RFC 7112 asks, and counted as such.
  [[nodiscard]] IpDefect defect() const noexcept {
    return info_.fragment == Fragment::first ? IpDefect::tiny_fragment
                                             : IpDefect::bad_extension_header;
  }

  ConstBytes packet_;
  PacketInfo& info_;
  std::size_t fragmentable_ = 0;
};

Check read_ipv6(ConstBytes packet, PacketInfo& info) noexcept {
  if (packet.size() < kIpv6HeaderBytes) {
    return IpDefect::truncated;
  }
  // A jumbogram (RFC 2675) says 0 here and is refused for the bytes that follow.
  const auto total = kIpv6HeaderBytes + read<std::uint16_t>(packet, 4);
  if (total > packet.size()) {
    return IpDefect::truncated;
  }
  if (total < packet.size()) {
    return IpDefect::trailing_bytes;
  }
  info.version = 6;
  info.packet_bytes = narrow<std::uint16_t>(total);
  info.transport_offset = kIpv6HeaderBytes;
  info.dont_fragment = true;
  info.hop_limit = packet[7];
  info.source = *IpAddress::from_bytes(packet.subspan(8, 16));
  info.destination = *IpAddress::from_bytes(packet.subspan(24, 16));
  read_traffic_class(info, read<std::uint16_t>(packet, 0) >> 4U);
  ExtensionWalk walk{packet, info};
  if (const auto defect = walk.run(packet[6])) {
    return defect;
  }
  return read_payload(packet, info, walk.fragmentable());
}

constexpr std::uint64_t mix(std::uint64_t value) noexcept {
  // The finalizer of MurmurHash3 (public domain): every input bit reaches every output bit.
  value ^= value >> 33U;
  value *= 0xff51afd7ed558ccdU;
  value ^= value >> 33U;
  value *= 0xc4ceb9fe1a85ec53U;
  value ^= value >> 33U;
  return value;
}

std::uint64_t mix_address(std::uint64_t hash, const IpAddress& address) noexcept {
  if (address.is_v4()) {
    return mix(hash ^ load_be<std::uint32_t>(address.bytes()));
  }
  hash = mix(hash ^ read<std::uint64_t>(address.bytes(), 0));
  return mix(hash ^ read<std::uint64_t>(address.bytes(), 8));
}

}  // namespace

std::string_view to_string(IpDefect defect) noexcept {
  switch (defect) {
    case IpDefect::truncated:
      return "truncated";
    case IpDefect::bad_version:
      return "bad_version";
    case IpDefect::bad_header_length:
      return "bad_header_length";
    case IpDefect::bad_total_length:
      return "bad_total_length";
    case IpDefect::trailing_bytes:
      return "trailing_bytes";
    case IpDefect::bad_checksum:
      return "bad_checksum";
    case IpDefect::bad_extension_header:
      return "bad_extension_header";
    case IpDefect::too_many_extensions:
      return "too_many_extensions";
    case IpDefect::bad_fragment:
      return "bad_fragment";
    case IpDefect::tiny_fragment:
      return "tiny_fragment";
    case IpDefect::overlapping_fragment:
      return "overlapping_fragment";
    case IpDefect::bad_transport_header:
      return "bad_transport_header";
  }
  return "unknown";
}

boost::system::result<PacketInfo, IpDefect> parse_packet(ConstBytes packet) noexcept {
  if (packet.empty()) {
    return IpDefect::truncated;
  }
  if (packet.size() > kIpPacketBytesMax) {
    return IpDefect::bad_total_length;
  }
  PacketInfo info;
  Check defect = IpDefect::bad_version;
  if (packet[0] >> 4U == 4) {
    defect = read_ipv4(packet, info);
  } else if (packet[0] >> 4U == 6) {
    defect = read_ipv6(packet, info);
  }
  if (defect) {
    return *defect;
  }
  return info;
}

FlowKey FlowKey::reversed() const noexcept {
  return {destination, source, destination_port, source_port, protocol};
}

FlowKey flow_key(const PacketInfo& info) noexcept {
  FlowKey key{
      info.source, info.destination, info.source_port, info.destination_port, info.protocol};
  if (info.is_icmp()) {
    key.source_port = info.icmp_id;
    key.destination_port = info.icmp_id;
  }
  return key;
}

FlowKey order_key(const PacketInfo& info) noexcept {
  return info.fragment == Fragment::none ? flow_key(info) : FlowKey{info.source, info.destination};
}

std::uint64_t flow_hash(const FlowKey& key, std::uint64_t seed) noexcept {
  const auto ports = (std::uint64_t{key.protocol} << 32U) |
                     (std::uint64_t{key.source_port} << 16U) | key.destination_port;
  return mix(mix_address(mix_address(seed, key.source), key.destination) ^ ports);
}

std::size_t flow_lane(const FlowKey& key, std::size_t lanes) noexcept {
  // A sum, for it is to be symmetric; the golden ratio spreads ports that follow each other.
  constexpr std::uint64_t kGoldenRatio = 0x9e37'79b9'7f4a'7c15;
  auto sum = std::uint64_t{key.source_port} + key.destination_port + key.protocol;
  for (const auto& address : {&key.source, &key.destination}) {
    const auto bytes = address->bytes();
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint32_t)) {
      sum += load_be<std::uint32_t>(bytes.subspan(at));
    }
  }
  return static_cast<std::size_t>(((sum * kGoldenRatio) >> 32U) * lanes >> 32U);
}

}  // namespace quicether::wire
