#include "platform/linux/tun_writer.hpp"

#include <quicether/base/assert.hpp>

#include <algorithm>
#include <cerrno>

namespace quicether::linux_platform {

namespace {

/// IP and transport headers of a super-packet, which all packets in it share.
std::size_t header_bytes_of(const wire::Coalesced& packet) noexcept {
  const ConstBytes first = packet.parts.front();
  const std::size_t transport = packet.offload.checksum_start;
  switch (packet.offload.kind) {
    case wire::OffloadKind::none:
      return 0;
    case wire::OffloadKind::tcp4:
    case wire::OffloadKind::tcp6:
      return transport + 4U * (first[transport + 12] >> 4U);  // data offset, RFC 9293 section 3.1
    case wire::OffloadKind::udp4:
    case wire::OffloadKind::udp6:
      return transport + 8;
  }
  return 0;
}

}  // namespace

void TunWriter::write(std::span<const Bytes> packets) noexcept {
  while (!packets.empty()) {
    const auto batch = packets.first(std::min(packets.size(), wire::Coalescer::kBatchMax));
    packets = packets.subspan(batch.size());
    coalescer_.start(batch);
    wire::Coalesced packet;
    while (coalescer_.next(packet)) {
      write_one(packet);
    }
  }
}

void TunWriter::write_one(const wire::Coalesced& packet) noexcept {
  QE_DASSERT(!packet.parts.empty() && packet.parts.size() < pieces_.size());
  const std::size_t header_bytes = header_bytes_of(packet);
  header_ = write_virtio_header(packet.offload, header_bytes);
  pieces_[0] = {.iov_base = header_.data(), .iov_len = header_.size()};
  std::size_t bytes = (packet.parts.size() - 1) * header_bytes;
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
  if (written < 0) {
    stats_.errors += packet.parts.size();
    return;
  }
  stats_.packets += packet.parts.size();
  stats_.bytes += bytes;
}

}  // namespace quicether::linux_platform
