#include "platform/linux/tun_reader.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace quicether::linux_platform {

TunReader::TunReader(int fd)
    : fd_{fd}, arena_{std::make_unique_for_overwrite<std::uint8_t[]>(kArenaBytes)} {}

std::size_t TunReader::read(std::span<wire::IpPacket> packets, std::size_t mtu) noexcept {
  Bytes room{arena_.get(), kArenaBytes};
  drained_ = false;
  std::size_t filled = 0;
  while (filled < packets.size() && room.size() >= kReadBytesMax) {
    ssize_t received = 0;
    do {
      received = ::read(fd_, room.data(), kReadBytesMax);
    } while (received < 0 && errno == EINTR);
    if (received <= 0) {
      drained_ = true;
      gone_ = gone_ || (received < 0 && errno == EBADFD);
      break;
    }
    const auto read_bytes = room.first(static_cast<std::size_t>(received));
    if (const auto packet = accept(read_bytes, mtu)) {
      packets[filled++] = *packet;
      room = room.subspan(read_bytes.size());
    } else {
      ++stats_.errors;
    }
  }
  return filled;
}

/// Makes a packet of what the system wrote: header and packet.
result<wire::IpPacket> TunReader::accept(Bytes read_bytes, std::size_t mtu) noexcept {
  if (read_bytes.size() <= kVirtioHeaderBytes) {
    return errc::malformed;
  }
  VirtioHeader header{};
  std::copy_n(read_bytes.begin(), header.size(), header.begin());
  wire::IpPacket packet{read_bytes.subspan(kVirtioHeaderBytes), {}};
  const auto offload = read_virtio_header(header, packet.bytes);
  if (offload.has_error()) {
    return offload.error();
  }
  std::size_t largest = packet.bytes.size();
  std::size_t count = 1;
  std::size_t total = packet.bytes.size();
  if (offload->kind != wire::OffloadKind::none) {
    const auto plan = wire::plan_segments(packet.bytes, *offload);
    if (plan.has_error()) {
      return plan.error();
    }
    packet.offload = *offload;
    largest = plan->packet_bytes_max;
    count = plan->count;
    total += (count - 1) * plan->header_bytes;
  } else if (offload->needs_checksum) {
    if (auto completed = wire::complete_checksum(packet.bytes, *offload); completed.has_error()) {
      return completed.error();
    }
  }
  if (largest > mtu) {
    return errc::too_large;
  }
  stats_.packets += count;
  stats_.bytes += total;
  return packet;
}

}  // namespace quicether::linux_platform
