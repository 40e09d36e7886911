#include "platform/linux/virtio_header.hpp"

#include <quicether/base/narrow.hpp>

#include <bit>

namespace quicether::linux_platform {

namespace {

// Virtio 1.2 section 5.1.6. <linux/virtio_net.h> says the same, but is not C++.
struct VirtioNetHeader {
  std::uint8_t flags = 0;
  std::uint8_t gso_type = 0;
  std::uint16_t hdr_len = 0;
  std::uint16_t gso_size = 0;
  std::uint16_t csum_start = 0;
  std::uint16_t csum_offset = 0;
};

static_assert(sizeof(VirtioNetHeader) == kVirtioHeaderBytes);

constexpr std::uint8_t kNeedsChecksum = 1;
constexpr std::uint8_t kGsoNone = 0;
constexpr std::uint8_t kGsoTcp4 = 1;
constexpr std::uint8_t kGsoTcp6 = 4;
constexpr std::uint8_t kGsoUdpL4 = 5;

bool is_v6(ConstBytes packet) noexcept {
  return !packet.empty() && packet[0] >> 4U == 6;
}

std::uint8_t gso_type_of(wire::OffloadKind kind) noexcept {
  switch (kind) {
    case wire::OffloadKind::none:
      return kGsoNone;
    case wire::OffloadKind::tcp4:
      return kGsoTcp4;
    case wire::OffloadKind::tcp6:
      return kGsoTcp6;
    case wire::OffloadKind::udp4:
    case wire::OffloadKind::udp6:
      return kGsoUdpL4;
  }
  return kGsoNone;
}

}  // namespace

result<wire::Offload> read_virtio_header(const VirtioHeader& header, ConstBytes packet) noexcept {
  const auto fields = std::bit_cast<VirtioNetHeader>(header);
  wire::Offload offload;
  switch (fields.gso_type) {
    case kGsoNone:
      break;
    case kGsoTcp4:
      offload.kind = wire::OffloadKind::tcp4;
      break;
    case kGsoTcp6:
      offload.kind = wire::OffloadKind::tcp6;
      break;
    case kGsoUdpL4:
      offload.kind = is_v6(packet) ? wire::OffloadKind::udp6 : wire::OffloadKind::udp4;
      break;
    default:
      return errc::unsupported;
  }
  offload.segment_bytes = fields.gso_size;
  offload.needs_checksum = (fields.flags & kNeedsChecksum) != 0;
  offload.checksum_start = fields.csum_start;
  offload.checksum_offset = fields.csum_offset;
  return offload;
}

VirtioHeader write_virtio_header(const wire::Offload& offload, std::size_t header_bytes) noexcept {
  VirtioNetHeader fields;
  fields.flags = offload.needs_checksum ? kNeedsChecksum : std::uint8_t{0};
  fields.gso_type = gso_type_of(offload.kind);
  fields.hdr_len = narrow<std::uint16_t>(header_bytes);
  fields.gso_size = offload.segment_bytes;
  fields.csum_start = offload.checksum_start;
  fields.csum_offset = offload.checksum_offset;
  return std::bit_cast<VirtioHeader>(fields);
}

}  // namespace quicether::linux_platform
