#include "core/wire/super_packet.hpp"

#include "core/wire/ip_layout.hpp"

#include <quicether/base/narrow.hpp>
#include <quicether/core/wire/checksum.hpp>

#include <algorithm>

namespace quicether::wire {

std::size_t header_bytes_of(ConstBytes super_packet,
                            OffloadKind kind,
                            std::size_t transport_offset) noexcept {
  return transport_offset + (is_tcp(kind) ? tcp_header_bytes(super_packet.subspan(transport_offset))
                                          : kUdpHeaderBytes);
}

std::size_t header_bytes_of(ConstBytes packet, const PacketInfo& info) noexcept {
  return header_bytes_of(packet, offload_kind(info.version, info.protocol), info.transport_offset);
}

result<SuperPacket> parse_super_packet(ConstBytes packet, const Offload& offload) noexcept {
  if (offload.kind == OffloadKind::none || offload.segment_bytes == 0) {
    return errc::malformed;
  }
  const auto info = parse_packet(packet);
  const bool tcp = is_tcp(offload.kind);
  if (!info || info->version != (is_v4(offload.kind) ? 4 : 6) ||
      info->protocol != (tcp ? kProtocolTcp : kProtocolUdp) || info->fragment != Fragment::none) {
    return errc::malformed;
  }
  const std::size_t start = info->transport_offset;
  const auto field = tcp ? kTcpChecksumOffset : kUdpChecksumOffset;
  if (offload.needs_checksum &&
      (offload.checksum_start != start || offload.checksum_offset != field)) {
    return errc::malformed;
  }
  const auto transport = packet.subspan(start);
  if (!tcp && read<std::uint16_t>(transport, 4) != transport.size()) {
    return errc::malformed;
  }
  SuperPacket parsed;
  parsed.info = *info;
  parsed.header_bytes = header_bytes_of(packet, *info);
  parsed.segment_bytes = offload.segment_bytes;
  parsed.count = packets_for(packet.size() - parsed.header_bytes, parsed.segment_bytes);
  return parsed;
}

std::size_t set_place(Bytes packet, const PacketInfo& info, const Piece& piece) noexcept {
  const auto transport = packet.subspan(info.transport_offset);
  if (info.version == 4) {
    const auto header = packet.first(info.transport_offset);
    write(header, 2, narrow<std::uint16_t>(packet.size()));
    write(header, 4, static_cast<std::uint16_t>(info.fragment_id + piece.index));
    write(header, kIpv4ChecksumOffset, std::uint16_t{0});
    write(header, kIpv4ChecksumOffset, internet_checksum(header));
  } else {
    write(packet, 4, narrow<std::uint16_t>(packet.size() - kIpv6HeaderBytes));
  }
  if (info.protocol != kProtocolTcp) {
    write(transport, 4, narrow<std::uint16_t>(transport.size()));
    return info.transport_offset + kUdpChecksumOffset;
  }
  write(transport, 4, read<std::uint32_t>(transport, 4) + narrow<std::uint32_t>(piece.offset));
  // FIN and PSH are about the end of the data, CWR (RFC 3168 section 6.1.2) about its beginning.
  const unsigned cleared =
      (piece.last ? 0U : kTcpFin | kTcpPsh) | (piece.offset == 0 ? 0U : kTcpCwr);
  transport[13] = static_cast<std::uint8_t>(transport[13] & ~cleared);
  return info.transport_offset + kTcpChecksumOffset;
}

}  // namespace quicether::wire
