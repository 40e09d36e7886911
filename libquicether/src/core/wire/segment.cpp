#include "core/wire/ip_layout.hpp"
#include "core/wire/super_packet.hpp"

#include <quicether/base/narrow.hpp>
#include <quicether/core/wire/checksum.hpp>
#include <quicether/core/wire/offload.hpp>

#include <algorithm>
#include <new>

namespace quicether::wire {

std::size_t packets_in(const IpPacket& packet, const PacketInfo& info) noexcept {
  const std::size_t segment = packet.offload.segment_bytes;
  if (packet.offload.kind == OffloadKind::none || segment == 0) {
    return 1;
  }
  return packets_for(packet.bytes.size() - header_bytes_of(packet.bytes, info), segment);
}

std::size_t packet_bytes_max(const IpPacket& packet, const PacketInfo& info) noexcept {
  if (packet.offload.kind == OffloadKind::none) {
    return packet.bytes.size();
  }
  return std::min(packet.bytes.size(),
                  header_bytes_of(packet.bytes, info) + packet.offload.segment_bytes);
}

result<void> complete_checksum(Bytes packet, const Offload& offload) noexcept {
  const std::size_t start = offload.checksum_start;
  const std::size_t field = start + offload.checksum_offset;
  if (field + 2 > packet.size()) {
    return errc::malformed;
  }
  // The field holds the pseudo-header's sum and is summed with the rest.
  write(packet, field, transport_checksum(packet.subspan(start), 0));
  return {};
}

result<SegmentPlan> plan_segments(ConstBytes super_packet, const Offload& offload) noexcept {
  const auto parsed = parse_super_packet(super_packet, offload);
  if (!parsed) {
    return parsed.error();
  }
  if (parsed->count > kSegmentsMax) {
    return errc::too_large;
  }
  const auto payload_bytes = super_packet.size() - parsed->header_bytes;
  return SegmentPlan{parsed->header_bytes,
                     parsed->count,
                     parsed->header_bytes + std::min(parsed->segment_bytes, payload_bytes)};
}

result<std::size_t> segment(ConstBytes super_packet,
                            const Offload& offload,
                            std::size_t packet_bytes_max,
                            Bytes out,
                            std::span<Bytes> packets) noexcept {
  const auto parsed = parse_super_packet(super_packet, offload);
  if (!parsed) {
    return parsed.error();
  }
  const auto headers = super_packet.first(parsed->header_bytes);
  auto payload = super_packet.subspan(parsed->header_bytes);
  const auto largest = parsed->header_bytes + std::min(parsed->segment_bytes, payload.size());
  if (largest > packet_bytes_max || parsed->count > packets.size() ||
      parsed->count * headers.size() + payload.size() > out.size()) {
    return errc::too_large;
  }
  const auto& info = parsed->info;
  const auto address_sum =
      pseudo_header_sum(info.source, info.destination, info.protocol, std::size_t{0});
  for (std::size_t index = 0; index < parsed->count; ++index) {
    const auto part = payload.first(std::min(parsed->segment_bytes, payload.size()));
    payload = payload.subspan(part.size());
    const auto packet = out.first(headers.size() + part.size());
    out = out.subspan(packet.size());
    copy_bytes(headers, packet);
    copy_bytes(part, packet.subspan(headers.size()));
    const auto field =
        set_place(packet, info, {index, index * parsed->segment_bytes, payload.empty()});
    const auto transport = packet.subspan(info.transport_offset);
    write(packet, field, std::uint16_t{0});
    write(packet, field, transport_checksum(transport, address_sum + transport.size()));
    packets[index] = packet;
  }
  return parsed->count;
}

result<std::span<const Bytes>> Splitter::split(const IpPacket& super_packet,
                                               std::size_t packet_bytes_max) noexcept {
  // The headers once per packet: IPv4 and TCP with all options.
  constexpr std::size_t kBytes = kIpPacketBytesMax + kSegmentsMax * (60 + 60);
  if (!buffer_) {
    buffer_.reset(new (std::nothrow) std::uint8_t[kBytes]);
    if (!buffer_) {
      return errc::limit_reached;
    }
  }
  const auto count = segment(super_packet.bytes,
                             super_packet.offload,
                             packet_bytes_max,
                             Bytes{buffer_.get(), kBytes},
                             packets_);
  if (!count) {
    return count.error();
  }
  return std::span<const Bytes>{packets_}.first(*count);
}

}  // namespace quicether::wire
