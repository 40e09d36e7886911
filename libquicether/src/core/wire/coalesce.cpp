#include "core/wire/ip_layout.hpp"
#include "core/wire/super_packet.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/base/narrow.hpp>
#include <quicether/core/wire/checksum.hpp>
#include <quicether/core/wire/offload.hpp>

#include <algorithm>

namespace quicether::wire {
namespace {

// Linux refuses more segments in a UDP super-packet (UDP_MAX_SEGMENTS before 6.9).
constexpr std::size_t kUdpSegmentsMax = 64;

constexpr std::size_t ip_header_bytes(const PacketInfo& info) noexcept {
  return info.version == 4 ? kIpv4HeaderBytes : kIpv6HeaderBytes;
}

// A checksum over itself gives zero (RFC 1071 section 1).
bool checksum_is_right(ConstBytes packet, const PacketInfo& info) noexcept {
  const auto transport = packet.subspan(info.transport_offset);
  const auto sum =
      pseudo_header_sum(info.source, info.destination, info.protocol, transport.size());
  return internet_checksum(transport, sum) == 0;
}

bool same_bytes(ConstBytes left, ConstBytes right, std::size_t begin, std::size_t end) noexcept {
  return std::equal(left.begin() + narrow<std::ptrdiff_t>(begin),
                    left.begin() + narrow<std::ptrdiff_t>(end),
                    right.begin() + narrow<std::ptrdiff_t>(begin));
}

// Everything in the IP headers but lengths, checksum and, after `distance` packets, the
// identification.
bool ip_headers_fit(ConstBytes first,
                    ConstBytes packet,
                    const PacketInfo& info,
                    unsigned distance) noexcept {
  if (info.version == 6) {
    return same_bytes(first, packet, 0, 4) && same_bytes(first, packet, 6, kIpv6HeaderBytes);
  }
  const auto expected_id = static_cast<std::uint16_t>(read<std::uint16_t>(first, 4) + distance);
  return same_bytes(first, packet, 0, 2) && same_bytes(first, packet, 6, 10) &&
         same_bytes(first, packet, 12, kIpv4HeaderBytes) &&
         (info.dont_fragment || info.fragment_id == expected_id);
}

// Everything in the TCP headers but sequence number, flags and checksum. The flags are ACK and
// maybe PSH, as wanted() saw; `bytes` is how long the header of `packet` is.
bool tcp_headers_fit(ConstBytes first, ConstBytes packet, std::size_t bytes) noexcept {
  return same_bytes(first, packet, 8, 13) && same_bytes(first, packet, 14, 16) &&
         same_bytes(first, packet, 18, bytes);
}

}  // namespace

void Coalescer::start(std::span<const Bytes> packets) noexcept {
  QE_ASSERT(packets.size() <= kBatchMax);
  packets_ = packets;
  position_ = 0;
  for (std::size_t index = 0; index < packets.size(); ++index) {
    entries_[index] = Entry{};
    add(narrow<std::uint16_t>(index));
  }
  for (auto& group : groups_) {
    close(group);
  }
}

bool Coalescer::next(Coalesced& out) noexcept {
  while (position_ < packets_.size() && entries_[position_].joined) {
    ++position_;
  }
  if (position_ == packets_.size()) {
    return false;
  }
  const auto& entry = entries_[position_];
  out.offload = entry.offload;
  std::size_t count = 0;
  parts_[count++] = packets_[position_];
  for (auto index = entry.next; index != kNone; index = entries_[index].next) {
    parts_[count++] = packets_[index].subspan(entry.header_bytes);
  }
  out.parts = std::span{parts_}.first(count);
  ++position_;
  return true;
}

void Coalescer::add(std::uint16_t index) noexcept {
  const auto info = parse_packet(packets_[index]);
  if (!info || info->fragment != Fragment::none) {
    return;
  }
  const bool candidate = wanted(packets_[index], *info);
  auto* group = find(flow_key(*info));
  if (group != nullptr) {
    if (candidate && join(*group, index, *info)) {
      return;
    }
    // What comes now must not be overtaken by what comes later.
    close(*group);
  }
  if (candidate) {
    open(index, *info);
  }
}

Coalescer::Group* Coalescer::find(const FlowKey& key) noexcept {
  const auto found = std::ranges::find_if(
      groups_, [&key](const Group& group) { return group.first != kNone && group.key == key; });
  return found == groups_.end() ? nullptr : &*found;
}

bool Coalescer::wanted(ConstBytes packet, const PacketInfo& info) const noexcept {
  if (info.transport_offset != ip_header_bytes(info)) {
    return false;
  }
  if (info.protocol == kProtocolTcp) {
    return options_.tcp && (info.tcp_flags | kTcpPsh) == (kTcpAck | kTcpPsh);
  }
  if (!options_.udp || info.protocol != kProtocolUdp) {
    return false;
  }
  // Bytes after the UDP datagram (RFC 9868) would become payload, and no checksum a checksum.
  const auto transport = packet.subspan(info.transport_offset);
  return read<std::uint16_t>(transport, 4) == transport.size() &&
         read<std::uint16_t>(transport, kUdpChecksumOffset) != 0;
}

void Coalescer::open(std::uint16_t index, const PacketInfo& info) noexcept {
  const ConstBytes packet = packets_[index];
  const auto header_bytes = header_bytes_of(packet, info);
  const auto payload_bytes = packet.size() - header_bytes;
  // PSH says that nothing follows for now.
  if (payload_bytes == 0 || (info.tcp_flags & kTcpPsh) != 0) {
    return;
  }
  auto place = std::ranges::find(groups_, kNone, &Group::first);
  if (place == groups_.end()) {
    place = groups_.begin() + narrow<std::ptrdiff_t>(next_replaced_);
    next_replaced_ = (next_replaced_ + 1) % kOpenMax;
    close(*place);
  }
  const bool tcp = info.protocol == kProtocolTcp;
  const auto sequence = tcp ? read<std::uint32_t>(packet, info.transport_offset + 4U) : 0U;
  *place = {.key = flow_key(info),
            .next_sequence = sequence + narrow<std::uint32_t>(payload_bytes),
            .first = index,
            .last = index,
            .count = 1,
            .transport_offset = info.transport_offset,
            .header_bytes = narrow<std::uint16_t>(header_bytes),
            .segment_bytes = narrow<std::uint16_t>(payload_bytes),
            .total_bytes = info.packet_bytes};
}

bool Coalescer::join(Group& group, std::uint16_t index, const PacketInfo& info) noexcept {
  const ConstBytes first = packets_[group.first];
  const ConstBytes packet = packets_[index];
  const bool tcp = info.protocol == kProtocolTcp;
  const auto header_bytes = header_bytes_of(packet, info);
  const auto payload_bytes = packet.size() - header_bytes;
  const auto transport = packet.subspan(info.transport_offset);
  if (payload_bytes == 0 || payload_bytes > group.segment_bytes ||
      group.total_bytes + payload_bytes > kIpPacketBytesMax ||
      group.count == (tcp ? kSegmentsMax : kUdpSegmentsMax) ||
      !ip_headers_fit(first, packet, info, group.count)) {
    return false;
  }
  if (tcp && (read<std::uint32_t>(transport, 4) != group.next_sequence ||
              !tcp_headers_fit(first.subspan(group.transport_offset),
                               transport,
                               header_bytes - info.transport_offset))) {
    return false;
  }
  // A wrong checksum must stay wrong: joining replaces it by a right one.
  if (!checksum_is_right(packet, info) ||
      (group.count == 1 && !checksum_is_right(first, *parse_packet(first)))) {
    return false;
  }
  entries_[group.last].next = index;
  entries_[index].joined = true;
  group.last = index;
  ++group.count;
  group.total_bytes = narrow<std::uint16_t>(group.total_bytes + payload_bytes);
  group.next_sequence += narrow<std::uint32_t>(payload_bytes);
  if (payload_bytes < group.segment_bytes || (info.tcp_flags & kTcpPsh) != 0) {
    close(group);
  }
  return true;
}

void Coalescer::close(Group& group) noexcept {
  if (group.first != kNone && group.count > 1) {
    const auto packet = packets_[group.first];
    const auto transport = packet.subspan(group.transport_offset);
    const unsigned version = group.key.source.is_v4() ? 4 : 6;
    const auto transport_bytes = std::size_t{group.total_bytes} - group.transport_offset;
    if (version == 4) {
      const auto header = packet.first(kIpv4HeaderBytes);
      write(header, 2, group.total_bytes);
      write(header, kIpv4ChecksumOffset, std::uint16_t{0});
      write(header, kIpv4ChecksumOffset, internet_checksum(header));
    } else {
      write(packet, 4, narrow<std::uint16_t>(transport_bytes));
    }
    auto field = kUdpChecksumOffset;
    if (group.key.protocol == kProtocolTcp) {
      field = kTcpChecksumOffset;
      const unsigned flags = packets_[group.last][group.transport_offset + 13U];
      transport[13] = static_cast<std::uint8_t>(transport[13] | (flags & kTcpPsh));
    } else {
      write(transport, 4, narrow<std::uint16_t>(transport_bytes));
    }
    write(transport,
          field,
          checksum_fold(pseudo_header_sum(
              group.key.source, group.key.destination, group.key.protocol, transport_bytes)));
    auto& entry = entries_[group.first];
    entry.header_bytes = group.header_bytes;
    entry.offload = {.kind = offload_kind(version, group.key.protocol),
                     .segment_bytes = group.segment_bytes,
                     .needs_checksum = true,
                     .checksum_start = group.transport_offset,
                     .checksum_offset = narrow<std::uint16_t>(field)};
  }
  group.first = kNone;
}

}  // namespace quicether::wire
