#ifndef QUICETHER_BENCH_NET_LINK_EMULATOR_FRAME_HPP
#define QUICETHER_BENCH_NET_LINK_EMULATOR_FRAME_HPP

#include <array>
#include <cstddef>
#include <cstdint>
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
