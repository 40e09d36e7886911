#include "platform/linux/tun_writer.hpp"

#include <quicether/base/assert.hpp>

#include <algorithm>
#include <cerrno>
#include <new>

namespace quicether::linux_platform {

void TunWriter::write(std::span<const wire::IpPacket> packets) noexcept {
  for (const auto& packet : packets) {
    const bool plain =
        packet.offload.kind == wire::OffloadKind::none && !packet.offload.needs_checksum;
    if (plain && plain_count_ < plain_.size()) {
      plain_[plain_count_++] = packet.bytes;
      continue;
    }
    write_plain();
    if (plain) {
      plain_[plain_count_++] = packet.bytes;
    } else if (may_cross(packet.offload.kind)) {
      const ConstBytes whole{packet.bytes};
      write_one({packet.offload, {&whole, 1}});
    } else {
      write_split(packet);
    }
  }
  write_plain();
}

/// Writes the ordinary packets collected so far, joined where they may be.
void TunWriter::write_plain() noexcept {
  if (plain_count_ == 0) {
    return;
  }
  coalescer_.start(std::span{plain_}.first(plain_count_));
  plain_count_ = 0;
  wire::Coalesced packet;
  while (coalescer_.next(packet)) {
    write_one(packet);
  }
}

bool TunWriter::may_cross(wire::OffloadKind kind) const noexcept {
  switch (kind) {
    case wire::OffloadKind::tcp4:
    case wire::OffloadKind::tcp6:
      return options_.tcp;
    case wire::OffloadKind::udp4:
    case wire::OffloadKind::udp6:
      return options_.udp;
    case wire::OffloadKind::none:
      return true;
  }
  return false;
}

void TunWriter::write_split(const wire::IpPacket& packet) noexcept {
  const auto packets = splitter_.split(packet, packet.bytes.size());
  if (!packets) {
    ++stats_.errors;
    return;
  }
  for (const ConstBytes one : *packets) {
    write_one({{}, {&one, 1}});
  }
}

void TunWriter::write_one(const wire::Coalesced& packet) noexcept {
  QE_DASSERT(!packet.parts.empty() && packet.parts.size() < pieces_.size());
  const bool super = packet.offload.kind != wire::OffloadKind::none;
  const std::size_t header_bytes =
      super ? wire::header_bytes_of(
                  packet.parts.front(), packet.offload.kind, packet.offload.checksum_start)
            : 0;
  header_ = write_virtio_header(packet.offload, header_bytes);
  pieces_[0] = {.iov_base = header_.data(), .iov_len = header_.size()};
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < packet.parts.size(); ++i) {
    const ConstBytes part = packet.parts[i];
    // The system only reads through this pointer.
    pieces_[1 + i] = {.iov_base = const_cast<std::uint8_t*>(part.data()), .iov_len = part.size()};
    bytes += part.size();
  }
  ssize_t written = 0;
  do {
    written = ::writev(fd_, pieces_.data(), static_cast<int>(1 + packet.parts.size()));
  } while (written < 0 && errno == EINTR);
  const std::size_t count =
      super ? wire::packets_for(bytes - header_bytes, packet.offload.segment_bytes) : 1;
  if (written < 0) {
    stats_.errors += count;
    return;
  }
  stats_.packets += count;
  stats_.bytes += bytes + (count - 1) * header_bytes;
}

}  // namespace quicether::linux_platform
