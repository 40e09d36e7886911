#include "core/wire/ip_layout.hpp"
#include "core/wire/super_packet.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/base/narrow.hpp>
#include <quicether/core/wire/checksum.hpp>
#include <quicether/core/wire/chunk.hpp>
#include <quicether/core/wire/datagram.hpp>

#include <algorithm>

namespace quicether::wire {
namespace {

// Flags. All other bits are reserved: a chunk that has one is of a later version.
constexpr std::uint8_t kHasHeaders = 0x01;

constexpr std::size_t kBodyFields = kChunkBytes - 1;  // the context id is not in the body
constexpr std::size_t kHeadFields = kChunkHeadBytes - 1;

// More Fragments and the offset, after the bits of the IPv4 header that hold them.
constexpr std::uint16_t kIpv4FragmentBits = 0x3fff;

// Where the headers of a packet without options and extension headers stand, that is no fragment.
struct Headers {
  OffloadKind kind = OffloadKind::none;
  std::size_t transport_offset = 0;
  std::size_t bytes = 0;
};

// Reads the headers at the front of `bytes`; kind none when there are none that chunks carry.
Headers find_headers(ConstBytes bytes) noexcept {
  Headers found;
  const unsigned version = bytes.empty() ? 0U : bytes[0] >> 4U;
  std::uint8_t protocol = 0;
  if (version == 4 && bytes.size() >= kIpv4HeaderBytes && (bytes[0] & 0x0fU) == 5 &&
      (read<std::uint16_t>(bytes, 6) & kIpv4FragmentBits) == 0) {
    found.transport_offset = kIpv4HeaderBytes;
    protocol = bytes[9];
  } else if (version == 6 && bytes.size() >= kIpv6HeaderBytes) {
    found.transport_offset = kIpv6HeaderBytes;
    protocol = bytes[6];
  }
  const auto transport = bytes.subspan(found.transport_offset);
  if (protocol == kProtocolTcp && transport.size() >= kTcpHeaderBytes) {
    found.bytes = found.transport_offset + tcp_header_bytes(transport);
    if (tcp_header_bytes(transport) < kTcpHeaderBytes) {
      return found;
    }
  } else if (protocol == kProtocolUdp) {
    found.bytes = found.transport_offset + kUdpHeaderBytes;
  } else {
    return found;
  }
  if (found.bytes <= bytes.size()) {
    found.kind = offload_kind(version, protocol);
  }
  return found;
}

}  // namespace

result<ChunkWriter> ChunkWriter::make(ConstBytes super_packet,
                                      const Offload& offload,
                                      const Options& options) noexcept {
  const auto plan = plan_segments(super_packet, offload);
  if (!plan) {
    return plan.error();
  }
  if (find_headers(super_packet).bytes != plan->header_bytes ||
      plan->header_bytes == super_packet.size()) {
    return errc::malformed;
  }
  ChunkWriter writer;
  writer.options_ = options;
  writer.headers_ = super_packet.first(plan->header_bytes);
  writer.payload_ = super_packet.subspan(plan->header_bytes);
  writer.segment_bytes_ = offload.segment_bytes;
  const auto head = kChunkHeadBytes + plan->header_bytes;
  writer.whole_segments_ = head + offload.segment_bytes <= options.datagram_bytes_max;
  if (head >= options.datagram_bytes_max || (!is_tcp(offload.kind) && !writer.whole_segments_)) {
    return errc::too_large;
  }
  return writer;
}

Chunk ChunkWriter::next(Bytes room) noexcept {
  QE_DASSERT(!done());
  const bool has_headers = offset_ == 0 || options_.repeat_headers;
  const auto head = room.first(has_headers ? kChunkHeadBytes + headers_.size() : kChunkBytes);
  head[0] = kContextChunk;
  head[1] = has_headers ? kHasHeaders : 0;
  write(head, 2, options_.number);
  write(head, 4, narrow<std::uint16_t>(offset_));
  if (has_headers) {
    write(head, 6, segment_bytes_);
    write(head, 8, narrow<std::uint16_t>(payload_.size()));
    copy_bytes(headers_, head.subspan(kChunkHeadBytes));
  }
  auto bytes = options_.datagram_bytes_max - head.size();
  if (whole_segments_) {
    bytes -= bytes % segment_bytes_;
  }
  const auto payload = payload_.subspan(offset_, std::min(bytes, payload_.size() - offset_));
  offset_ += payload.size();
  return {head, payload};
}

ChunkAssembler::Taken ChunkAssembler::take(ConstBytes body) {
  if (body.size() < kBodyFields || (body[0] & ~kHasHeaders) != 0) {
    return Taken::no;
  }
  const bool has_headers = body[0] != 0;
  const auto number = read<std::uint16_t>(body, 1);
  const std::size_t offset = read<std::uint16_t>(body, 3);
  if (!empty() && (number != number_ || offset != base_ + length_)) {
    return Taken::not_yet;
  }
  if (empty()) {
    const bool known =
        has_headers ? learn_headers(body, number) : header_bytes_ != 0 && number == number_;
    if (!known || (!is_tcp(kind_) && offset % segment_bytes_ != 0)) {
      return Taken::no;
    }
    base_ = offset;
  }
  const auto fields = has_headers ? kHeadFields + header_bytes_ : kBodyFields;
  return body.size() > fields && append(body.subspan(fields)) ? Taken::yes : Taken::no;
}

bool ChunkAssembler::learn_headers(ConstBytes body, std::uint16_t number) noexcept {
  header_bytes_ = 0;
  if (body.size() <= kHeadFields) {
    return false;
  }
  const auto headers = find_headers(body.subspan(kHeadFields));
  const auto segment_bytes = read<std::uint16_t>(body, 5);
  const std::size_t total = read<std::uint16_t>(body, 7);
  if (headers.kind == OffloadKind::none || segment_bytes == 0 ||
      headers.bytes + total > kIpPacketBytesMax ||
      (total + segment_bytes - 1) / segment_bytes > kSegmentsMax) {
    return false;
  }
  kind_ = headers.kind;
  header_bytes_ = headers.bytes;
  transport_offset_ = headers.transport_offset;
  segment_bytes_ = segment_bytes;
  number_ = number;
  total_ = total;
  copy_bytes(body.subspan(kHeadFields, header_bytes_), headers_);
  return true;
}

// A piece of UDP must not end inside a datagram, or the rest would be taken for another.
bool ChunkAssembler::append(ConstBytes payload) {
  const auto end = base_ + length_ + payload.size();
  if (payload.empty() || end > total_ ||
      (!is_tcp(kind_) && end != total_ && payload.size() % segment_bytes_ != 0)) {
    return false;
  }
  if (!packet_) {
    packet_ = std::make_unique_for_overwrite<std::uint8_t[]>(kIpPacketBytesMax);
  }
  copy_bytes(payload, Bytes{packet_.get() + header_bytes_ + length_, payload.size()});
  length_ += payload.size();
  return true;
}

IpPacket ChunkAssembler::finish() noexcept {
  QE_DASSERT(!empty());
  const bool tcp = is_tcp(kind_);
  const Bytes packet{packet_.get(), header_bytes_ + length_};
  copy_bytes(ConstBytes{headers_}.first(header_bytes_), packet);
  const bool v4 = is_v4(kind_);
  PacketInfo info;
  info.version = v4 ? 4 : 6;
  info.protocol = tcp ? kProtocolTcp : kProtocolUdp;
  info.transport_offset = narrow<std::uint16_t>(transport_offset_);
  info.fragment_id = v4 ? read<std::uint16_t>(packet, 4) : 0U;
  const std::size_t address_bytes = v4 ? 4 : 16;
  const auto addresses = packet.subspan(v4 ? 12 : 8, 2 * address_bytes);
  info.source = IpAddress::from_bytes(addresses.first(address_bytes)).value();
  info.destination = IpAddress::from_bytes(addresses.last(address_bytes)).value();
  const auto field = set_place(packet, info, {base_ / segment_bytes_, base_, complete()});
  write(packet,
        field,
        checksum_fold(pseudo_header_sum(
            info.source, info.destination, info.protocol, packet.size() - transport_offset_)));
  Offload offload;
  if (length_ > segment_bytes_) {
    offload.kind = kind_;
    offload.segment_bytes = segment_bytes_;
  }
  offload.needs_checksum = true;
  offload.checksum_start = info.transport_offset;
  offload.checksum_offset = narrow<std::uint16_t>(field - transport_offset_);
  length_ = 0;
  return {packet, offload};
}

}  // namespace quicether::wire
