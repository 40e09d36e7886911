#ifndef QUICETHER_SRC_PLATFORM_LINUX_TUN_READER_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_TUN_READER_HPP

#include "platform/linux/virtio_header.hpp"

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/core/wire/offload.hpp>

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

/// Reads packets and super-packets from a TUN descriptor into a buffer of its own.
///
/// Neither copies nor moves.
class TunReader {
 public:
  explicit TunReader(int fd);

  TunReader(const TunReader&) = delete;
  TunReader& operator=(const TunReader&) = delete;

  /// As TunDevice::read(). `mtu` bounds packets, and the packets that super-packets stand for.
  [[nodiscard]] std::size_t read(std::span<wire::IpPacket> packets, std::size_t mtu) noexcept;

  /// As TunDevice::drained().
  [[nodiscard]] bool drained() const noexcept { return drained_; }

  /// True when the interface has been removed under us: there is nothing to wait for any more.
  [[nodiscard]] bool is_gone() const noexcept { return gone_; }

  [[nodiscard]] const TunReaderStats& stats() const noexcept { return stats_; }

 private:
  static constexpr std::size_t kReadBytesMax = kVirtioHeaderBytes + 65535;

  /// Packets of one call: four super-packets, or more when they are smaller. It stays in the L2
  /// cache.
  static constexpr std::size_t kArenaBytes = 4 * kReadBytesMax;

  [[nodiscard]] result<wire::IpPacket> accept(Bytes read_bytes, std::size_t mtu) noexcept;

  int fd_;
  bool drained_ = false;
  bool gone_ = false;
  TunReaderStats stats_{};
  std::unique_ptr<std::uint8_t[]> arena_;  ///< packets of the last call, each after its header
};

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_TUN_READER_HPP
