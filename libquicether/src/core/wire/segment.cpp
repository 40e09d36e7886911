#include "core/wire/ip_layout.hpp"

#include <quicether/base/narrow.hpp>
#include <quicether/core/wire/checksum.hpp>
#include <quicether/core/wire/offload.hpp>

#include <algorithm>

namespace quicether::wire {
namespace {

constexpr bool is_tcp(OffloadKind kind) noexcept {
  return kind == OffloadKind::tcp4 || kind == OffloadKind::tcp6;
}

constexpr bool is_v4(OffloadKind kind) noexcept {
  return kind == OffloadKind::tcp4 || kind == OffloadKind::udp4;
}

// A super-packet that has been checked, and what its packets have in common.
struct Plan {
  PacketInfo info{};
  std::size_t header_bytes = 0;
  std::size_t segment_bytes = 0;
  std::size_t count = 0;
  std::uint64_t address_sum = 0;  // the pseudo-header's without the length
};

result<Plan> make_plan(ConstBytes super_packet, const Offload& offload) noexcept {
  const auto info = parse_packet(super_packet);
  const bool tcp = is_tcp(offload.kind);
  if (!info || offload.kind == OffloadKind::none || offload.segment_bytes == 0 ||
      info->version != (is_v4(offload.kind) ? 4 : 6) ||
      info->protocol != (tcp ? kProtocolTcp : kProtocolUdp) || info->fragment != Fragment::none) {
    return errc::malformed;
  }
  const std::size_t start = info->transport_offset;
  const auto field = tcp ? kTcpChecksumOffset : kUdpChecksumOffset;
  if (offload.needs_checksum &&
      (offload.checksum_start != start || offload.checksum_offset != field)) {
    return errc::malformed;
  }
  const auto transport = super_packet.subspan(start);
  if (!tcp && read<std::uint16_t>(transport, 4) != transport.size()) {
    return errc::malformed;
  }
  Plan plan;
  plan.info = *info;
  plan.header_bytes = start + (tcp ? tcp_header_bytes(transport) : kUdpHeaderBytes);
  plan.segment_bytes = offload.segment_bytes;
  const auto payload_bytes = super_packet.size() - plan.header_bytes;
  // Even without payload it is one packet.
  plan.count =
      std::max<std::size_t>(1, (payload_bytes + plan.segment_bytes - 1) / plan.segment_bytes);
  plan.address_sum = pseudo_header_sum(info->source, info->destination, info->protocol, 0);
  return plan;
}

// Adapts the copied headers of the packet `index` to its own place and length.
void finish_packet(Bytes packet, const Plan& plan, std::size_t index) noexcept {
  const bool last = index + 1 == plan.count;
  const auto transport = packet.subspan(plan.info.transport_offset);
  if (plan.info.version == 4) {
    const auto header = packet.first(plan.info.transport_offset);
    write(header, 2, narrow<std::uint16_t>(packet.size()));
    write(header, 4, static_cast<std::uint16_t>(plan.info.fragment_id + index));
    write(header, kIpv4ChecksumOffset, std::uint16_t{0});
    write(header, kIpv4ChecksumOffset, internet_checksum(header));
  } else {
    write(packet, 4, narrow<std::uint16_t>(packet.size() - kIpv6HeaderBytes));
  }
  auto field = kUdpChecksumOffset;
  if (plan.info.protocol == kProtocolTcp) {
    field = kTcpChecksumOffset;
    const auto offset = narrow<std::uint32_t>(index * plan.segment_bytes);
    write(transport, 4, read<std::uint32_t>(transport, 4) + offset);
    // FIN and PSH are about the end of the data, CWR (RFC 3168 section 6.1.2) about its beginning.
    const unsigned cleared = (last ? 0U : kTcpFin | kTcpPsh) | (index == 0 ? 0U : kTcpCwr);
    transport[13] = static_cast<std::uint8_t>(transport[13] & ~cleared);
  } else {
    write(transport, 4, narrow<std::uint16_t>(transport.size()));
  }
  write(transport, field, std::uint16_t{0});
  write(transport, field, transport_checksum(transport, plan.address_sum + transport.size()));
}

}  // namespace

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

result<std::size_t> segment(ConstBytes super_packet,
                            const Offload& offload,
                            std::size_t packet_bytes_max,
                            Bytes out,
                            std::span<Bytes> packets) noexcept {
  const auto plan = make_plan(super_packet, offload);
  if (!plan) {
    return plan.error();
  }
  const auto headers = super_packet.first(plan->header_bytes);
  auto payload = super_packet.subspan(plan->header_bytes);
  const auto largest = plan->header_bytes + std::min(plan->segment_bytes, payload.size());
  if (largest > packet_bytes_max || plan->count > packets.size() ||
      plan->count * headers.size() + payload.size() > out.size()) {
    return errc::too_large;
  }
  for (std::size_t index = 0; index < plan->count; ++index) {
    const auto part = payload.first(std::min(plan->segment_bytes, payload.size()));
    payload = payload.subspan(part.size());
    const auto packet = out.first(headers.size() + part.size());
    out = out.subspan(packet.size());
    copy_bytes(headers, packet);
    copy_bytes(part, packet.subspan(headers.size()));
    finish_packet(packet, *plan, index);
    packets[index] = packet;
  }
  return plan->count;
}

}  // namespace quicether::wire
