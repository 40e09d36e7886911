#ifndef QUICETHER_SRC_PLATFORM_LINUX_VIRTIO_HEADER_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_VIRTIO_HEADER_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/core/wire/offload.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace quicether::linux_platform {

/// The struct virtio_net_hdr before each packet of a TUN device, in the machine's byte order.
inline constexpr std::size_t kVirtioHeaderBytes = 10;

using VirtioHeader = std::array<std::uint8_t, kVirtioHeaderBytes>;

/// Reads the header that precedes `packet`.
///
/// **Errors:** `unsupported` for a kind of super-packet that was not asked for.
[[nodiscard]] result<wire::Offload> read_virtio_header(const VirtioHeader& header,
                                                       ConstBytes packet) noexcept;

/// Writes the header. `header_bytes`: IP and transport headers of a super-packet, else 0.
[[nodiscard]] VirtioHeader write_virtio_header(const wire::Offload& offload,
                                               std::size_t header_bytes) noexcept;

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_VIRTIO_HEADER_HPP
