#include <quicether/base/assert.hpp>
#include <quicether/core/wire/ip.hpp>
#include <quicether/core/wire/offload.hpp>
#include <quicether/core/wire/varint.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

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

}  // namespace

// A super-packet and what the interface says about it: any bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  wire::Reader reader{ConstBytes{data, size}};
  const auto offload = read_offload(reader);
  if (!offload) {
    return 0;
  }
  const auto super_packet = reader.rest();
  ByteVector arena(65536 + 128 * wire::kSegmentsMax);
  std::array<Bytes, wire::kSegmentsMax> packets{};
  constexpr std::size_t kPacketBytesMax = 1500;
  const auto count = wire::segment(super_packet, *offload, kPacketBytesMax, arena, packets);
  if (count) {
    std::size_t bytes = 0;
    std::size_t headers = 0;
    for (std::size_t i = 0; i < *count; ++i) {
      const auto info = wire::parse_packet(packets[i]);
      QE_ASSERT(info.has_value() && packets[i].size() <= kPacketBytesMax);
      headers = packets[*count - 1].size();
      bytes += packets[i].size();
    }
    // Payload is neither lost nor made: all but one header came on top.
    const auto extra = bytes - super_packet.size();
    QE_ASSERT(*count == 1 ? extra == 0 : extra % (*count - 1) == 0);
    QE_ASSERT(headers > 0);
  }

  ByteVector copy(super_packet.begin(), super_packet.end());
  (void)wire::complete_checksum(copy, *offload);
  return 0;
}
