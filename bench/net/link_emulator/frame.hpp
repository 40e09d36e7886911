#ifndef QUICETHER_BENCH_NET_LINK_EMULATOR_FRAME_HPP
#define QUICETHER_BENCH_NET_LINK_EMULATOR_FRAME_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/core/wire/offload.hpp>
#include <quicether/sim/link.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace quicether::bench {

/// An Ethernet frame behind the header in which the kernel notes an unfinished checksum.
struct Frame {
  static constexpr std::size_t kVirtioHeader = 10;  // struct virtio_net_hdr, linux/virtio_net.h
  static constexpr std::size_t kEthernetHeader = 14;
  static constexpr std::size_t kCapacity = kVirtioHeader + kEthernetHeader + 9000;

  std::size_t size = 0;
  /// Bytes of IP in it.
  std::size_t packet_bytes = 0;
  std::array<std::uint8_t, kCapacity> bytes;
};

/// Changes one byte, chosen by `word`, after the header of an IPv4 packet; other frames stay. A
/// checksum that the sender left to the hardware is completed before: it was on the wire.
inline void corrupt(Frame& frame, std::uint64_t word) noexcept {
  constexpr std::size_t kIpv4Header = 20;
  constexpr auto kPacket = Frame::kVirtioHeader + Frame::kEthernetHeader;
  const auto packet = Bytes{frame.bytes}.subspan(kPacket, frame.size - kPacket);
  if (packet.size() <= kIpv4Header || packet[0] >> 4U != 4) {
    return;
  }
  // struct virtio_net_hdr is in the machine's byte order, and counts from the frame's beginning.
  const auto field = [&](std::size_t at) {
    std::uint16_t value = 0;
    std::memcpy(&value, &frame.bytes[at], sizeof(value));
    return value;
  };
  const bool needs_checksum = (frame.bytes[0] & 1U) != 0;  // VIRTIO_NET_HDR_F_NEEDS_CSUM
  if (needs_checksum && field(6) >= Frame::kEthernetHeader) {
    wire::Offload offload;
    offload.checksum_start = static_cast<std::uint16_t>(field(6) - Frame::kEthernetHeader);
    offload.checksum_offset = field(8);
    if (wire::complete_checksum(packet, offload)) {
      frame.bytes[0] = 0;
    }
  }
  sim::corrupt_payload(packet.subspan(kIpv4Header), word, sim::kUnlimited);
}

/// Frames that are used again and again; those used last are the first to be given, as they are
/// the ones in the cache.
class FramePool {
 public:
  [[nodiscard]] Frame* get() {
    if (free_.empty()) {
      // Not initialised: a frame's pages are touched only as far as frames are long.
      all_.push_back(std::unique_ptr<Frame>{new Frame});
      return all_.back().get();
    }
    auto* frame = free_.back();
    free_.pop_back();
    return frame;
  }

  void put(Frame* frame) { free_.push_back(frame); }

 private:
  std::vector<std::unique_ptr<Frame>> all_;
  std::vector<Frame*> free_;
};

}  // namespace quicether::bench

#endif  // QUICETHER_BENCH_NET_LINK_EMULATOR_FRAME_HPP
