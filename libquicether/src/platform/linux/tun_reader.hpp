#ifndef QUICETHER_SRC_PLATFORM_LINUX_TUN_READER_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_TUN_READER_HPP

#include "platform/linux/virtio_header.hpp"

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/core/wire/offload.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace quicether::linux_platform {

struct TunReaderStats {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t errors = 0;  ///< packets or super-packets dropped: malformed, or above the MTU
};

/// Reads packets from a TUN descriptor into a buffer of its own and splits super-packets.
///
/// A super-packet of more packets than the caller has room for is handed out over several calls.
/// Neither copies nor moves.
class TunReader {
 public:
  explicit TunReader(int fd);

  TunReader(const TunReader&) = delete;
  TunReader& operator=(const TunReader&) = delete;

  /// Fills the front of `packets` with packets of at most `mtu` bytes; 0 when nothing is there.
  /// They are valid until the next call.
  [[nodiscard]] std::size_t read(std::span<Bytes> packets, std::size_t mtu) noexcept;

  /// True when the interface has been removed under us: there is nothing to wait for any more.
  [[nodiscard]] bool is_gone() const noexcept { return gone_; }

  [[nodiscard]] const TunReaderStats& stats() const noexcept { return stats_; }

 private:
  static constexpr std::size_t kPacketBytesMax = 65535;

  /// Headers of a packet: IP with options or extension headers, and TCP.
  static constexpr std::size_t kHeaderBytesMax = 128;

  /// What one super-packet may become.
  static constexpr std::size_t kSplitBytesMax =
      kPacketBytesMax + wire::kSegmentsMax * kHeaderBytesMax;

  /// Packets of one call. Up to three super-packets, and still in the L2 cache.
  static constexpr std::size_t kArenaBytes = 256U << 10U;

  [[nodiscard]] bool read_one(std::size_t mtu) noexcept;
  [[nodiscard]] result<void> accept(Bytes packet, std::size_t mtu) noexcept;
  [[nodiscard]] std::size_t hand_out(std::span<Bytes> packets) noexcept;

  int fd_;
  bool gone_ = false;
  TunReaderStats stats_{};
  std::unique_ptr<std::uint8_t[]> raw_;    ///< what the system wrote: header and packet
  std::unique_ptr<std::uint8_t[]> arena_;  ///< packets of this call, and those not yet handed out
  std::size_t arena_used_ = 0;
  std::array<Bytes, wire::kSegmentsMax> ready_{};  ///< packets in the arena to hand out
  std::size_t ready_begin_ = 0;
  std::size_t ready_end_ = 0;
};

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_TUN_READER_HPP
