#ifndef QUICETHER_SRC_PLATFORM_LINUX_SHARD_STEERING_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_SHARD_STEERING_HPP

#include "platform/linux/file_descriptor.hpp"

#include <cstddef>

namespace quicether::linux_platform {

/// Makes the kernel give each datagram for a shared UDP port to the socket whose number
/// quic::shard_of() says. `fd`: any of the sockets, bound; the program serves all of them.
///
/// False with errno when the kernel refuses. Needs no privilege: the program is a classic BPF one.
[[nodiscard]] bool steer_by_lane(const FileDescriptor& fd, std::size_t shards) noexcept;

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_SHARD_STEERING_HPP
