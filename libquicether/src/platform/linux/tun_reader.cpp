#include "platform/linux/tun_reader.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace quicether::linux_platform {

TunReader::TunReader(int fd)
    : fd_{fd},
      raw_{std::make_unique_for_overwrite<std::uint8_t[]>(kVirtioHeaderBytes + kPacketBytesMax)},
      arena_{std::make_unique_for_overwrite<std::uint8_t[]>(kArenaBytes)} {}

std::size_t TunReader::read(std::span<Bytes> packets, std::size_t mtu) noexcept {
  if (ready_begin_ == ready_end_) {
    arena_used_ = 0;
  }
  std::size_t filled = hand_out(packets);
  while (filled < packets.size() && kArenaBytes - arena_used_ >= kSplitBytesMax && read_one(mtu)) {
    filled += hand_out(packets.subspan(filled));
  }
  return filled;
}

std::size_t TunReader::hand_out(std::span<Bytes> packets) noexcept {
  const std::size_t count = std::min(packets.size(), ready_end_ - ready_begin_);
  std::ranges::copy(std::span{ready_}.subspan(ready_begin_, count), packets.begin());
  ready_begin_ += count;
  return count;
}

/// Reads once; false when nothing is there. What it drops counts as something.
bool TunReader::read_one(std::size_t mtu) noexcept {
  ssize_t received = 0;
  do {
    received = ::read(fd_, raw_.get(), kVirtioHeaderBytes + kPacketBytesMax);
  } while (received < 0 && errno == EINTR);
  if (received <= 0) {
    gone_ = gone_ || (received < 0 && errno == EBADFD);
    return false;
  }
  ready_begin_ = ready_end_ = 0;
  const Bytes read_bytes{raw_.get(), static_cast<std::size_t>(received)};
  if (read_bytes.size() <= kVirtioHeaderBytes ||
      accept(read_bytes.subspan(kVirtioHeaderBytes), mtu).has_error()) {
    ++stats_.errors;
  }
  return true;
}

/// Puts the packets that `packet` is made of, at the front of `ready_`.
result<void> TunReader::accept(Bytes packet, std::size_t mtu) noexcept {
  VirtioHeader header{};
  std::copy_n(raw_.get(), header.size(), header.begin());
  const auto offload = read_virtio_header(header, packet);
  if (offload.has_error()) {
    return offload.error();
  }
  const Bytes room = Bytes{arena_.get(), kArenaBytes}.subspan(arena_used_);
  if (offload->kind == wire::OffloadKind::none) {
    if (packet.size() > mtu) {
      return errc::too_large;
    }
    ready_[0] = room.first(packet.size());
    std::ranges::copy(packet, ready_[0].begin());
    if (offload->needs_checksum) {
      if (auto completed = wire::complete_checksum(ready_[0], *offload); completed.has_error()) {
        return completed;
      }
    }
    ready_end_ = 1;
  } else {
    const auto count = wire::segment(packet, *offload, mtu, room, ready_);
    if (count.has_error()) {
      return count.error();
    }
    ready_end_ = *count;
  }
  for (const Bytes ready : std::span{ready_}.first(ready_end_)) {
    arena_used_ += ready.size();
    stats_.bytes += ready.size();
  }
  stats_.packets += ready_end_;
  return {};
}

}  // namespace quicether::linux_platform
