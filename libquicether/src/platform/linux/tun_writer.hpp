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
  TunWriter(int fd, wire::CoalesceOptions options) noexcept : fd_{fd}, coalescer_{options} {}

  TunWriter(const TunWriter&) = delete;
  TunWriter& operator=(const TunWriter&) = delete;

  /// As TunDevice::write().
  void write(std::span<const Bytes> packets) noexcept;

  [[nodiscard]] const TunWriterStats& stats() const noexcept { return stats_; }

 private:
  void write_one(const wire::Coalesced& packet) noexcept;

  int fd_;
  TunWriterStats stats_{};
  wire::Coalescer coalescer_;
  VirtioHeader header_{};
  std::array<iovec, 1 + wire::Coalescer::kBatchMax> pieces_{};  ///< the header, then the parts
};

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_TUN_WRITER_HPP
