#include <quicether/base/assert.hpp>
#include <quicether/core/wire/ip.hpp>
#include <quicether/core/wire/offload.hpp>
#include <quicether/core/wire/varint.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

using namespace quicether;

namespace {

// Before the packet the input says what virtio would: kind, segment size, checksum place.
result<wire::Offload> read_offload(wire::Reader& reader) {
  wire::Offload offload;
  const auto kind = reader.integer<std::uint8_t>();
  const auto segment_bytes = reader.integer<std::uint16_t>();
  const auto start = reader.integer<std::uint16_t>();
  const auto offset = reader.integer<std::uint16_t>();
  if (!offset) {
    return offset.error();
  }
  offload.kind = static_cast<wire::OffloadKind>(*kind % 5);
  offload.needs_checksum = *kind >= 128;
  offload.segment_bytes = *segment_bytes;
  offload.checksum_start = *start;
  offload.checksum_offset = *offset;
  return offload;
}

// Of a packet that is TCP or UDP.
std::size_t header_bytes(ConstBytes packet) {
  const auto info = *wire::parse_packet(packet);
  const bool tcp = info.protocol == wire::kProtocolTcp;
  return info.transport_offset + (tcp ? 4U * (packet[info.transport_offset + 12U] >> 4U) : 8U);
}

// A super-packet, and headers for each packet of it.
constexpr std::size_t kArenaBytes = 65535 + 128 * wire::kSegmentsMax;

}  // namespace

// A super-packet and what the interface says about it: any bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  wire::Reader reader{ConstBytes{data, size}};
  const auto offload = read_offload(reader);
  if (!offload) {
    return 0;
  }
  const auto super_packet = reader.rest();
  static ByteVector arena(kArenaBytes);  // making it anew would cost most of the time
  std::array<Bytes, wire::kSegmentsMax> packets{};
  constexpr std::size_t kPacketBytesMax = 1500;
  const auto count = wire::segment(super_packet, *offload, kPacketBytesMax, arena, packets);
  if (count) {
    // Payload is neither lost nor made nor moved.
    auto payload = super_packet.subspan(header_bytes(super_packet));
    for (const auto packet : std::span{packets}.first(*count)) {
      QE_ASSERT(wire::parse_packet(packet).has_value() && packet.size() <= kPacketBytesMax);
      const auto part = packet.subspan(header_bytes(packet));
      QE_ASSERT(part.size() <= payload.size() &&
                std::equal(part.begin(), part.end(), payload.begin()));
      payload = payload.subspan(part.size());
    }
    QE_ASSERT(payload.empty());
  }

  ByteVector copy(super_packet.begin(), super_packet.end());
  (void)wire::complete_checksum(copy, *offload);
  return 0;
}
