#ifndef QUICETHER_SRC_PLATFORM_LINUX_TUN_WRITER_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_TUN_WRITER_HPP

#include "platform/linux/virtio_header.hpp"

#include <quicether/base/bytes.hpp>
#include <quicether/core/wire/offload.hpp>

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace quicether::linux_platform {

struct TunWriterStats {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t errors = 0;  ///< packets that the system refused
};

/// Joins packets to super-packets and writes them to a TUN descriptor. Neither copies nor moves.
class TunWriter {
 public:
  /// `options`: the kinds of super-packets that the system takes.
  TunWriter(int fd, wire::CoalesceOptions options) noexcept
      : fd_{fd}, options_{options}, coalescer_{options} {}

  TunWriter(const TunWriter&) = delete;
  TunWriter& operator=(const TunWriter&) = delete;

  /// As TunDevice::write().
  void write(std::span<const wire::IpPacket> packets) noexcept;

  [[nodiscard]] const TunWriterStats& stats() const noexcept { return stats_; }

 private:
  [[nodiscard]] bool may_cross(wire::OffloadKind kind) const noexcept;
  void write_plain() noexcept;
  void write_split(const wire::IpPacket& packet) noexcept;
  void write_one(const wire::Coalesced& packet) noexcept;

  int fd_;
  wire::CoalesceOptions options_;
  TunWriterStats stats_{};
  wire::Coalescer coalescer_;
  std::array<Bytes, wire::Coalescer::kBatchMax> plain_{};
  std::size_t plain_count_ = 0;
  wire::Splitter splitter_{};  ///< for super-packets that the system does not take
  VirtioHeader header_{};
  std::array<iovec, 1 + wire::Coalescer::kBatchMax> pieces_{};  ///< the header, then the parts
};

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_TUN_WRITER_HPP
