#include "platform/linux/shard_steering.hpp"

#include <linux/filter.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>

namespace quicether::linux_platform {

bool steer_by_lane(const FileDescriptor& fd, std::size_t shards) noexcept {
  // Offsets count from the UDP payload. A load beyond its end makes the result 0: the first socket.
  constexpr std::uint16_t kLoad = BPF_LD | BPF_B | BPF_ABS;
  constexpr std::uint16_t kHasBits = BPF_JMP | BPF_JSET | BPF_K;
  constexpr std::uint16_t kEquals = BPF_JMP | BPF_JEQ | BPF_K;
  constexpr std::uint16_t kAtLeast = BPF_JMP | BPF_JGE | BPF_K;
  constexpr std::uint16_t kModulo = BPF_ALU | BPF_MOD | BPF_K;
  constexpr std::uint16_t kReturn = BPF_RET | BPF_K;
  constexpr std::uint16_t kReturnResult = BPF_RET | BPF_A;
  std::array<sock_filter, 14> program{{
      {kLoad, 0, 0, 0},
      {kHasBits, 8, 0, 0x80},  // a long header
      {kEquals, 0, 5, 'd'},    // a DHT message?
      {kLoad, 0, 0, 1},
      {kAtLeast, 0, 3, '0'},
      {kAtLeast, 2, 0, '9' + 1},
      {kLoad, 0, 0, 2},
      {kEquals, 5, 0, ':'},
      {kLoad, 0, 0, 1},  // the destination connection id of a short header
      {BPF_JMP | BPF_JA, 0, 0, 1},
      {kLoad, 0, 0, 6},  // of a long one
      {kModulo, 0, 0, static_cast<std::uint32_t>(shards)},
      {kReturnResult, 0, 0, 0},
      {kReturn, 0, 0, 0},
  }};
  const sock_fprog described{static_cast<unsigned short>(program.size()), program.data()};
  return ::setsockopt(
             fd.get(), SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &described, sizeof described) == 0;
}

}  // namespace quicether::linux_platform
