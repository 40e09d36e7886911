#include "core/wire/ip_layout.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/core/wire/checksum.hpp>
#include <quicether/core/wire/icmp.hpp>

#include <algorithm>

namespace quicether::wire {
namespace {

// TCP options (RFC 9293 section 3.1).
constexpr std::uint8_t kEndOfOptions = 0;
constexpr std::uint8_t kNoOperation = 1;
constexpr std::uint8_t kMss = 2;
constexpr std::size_t kMssOptionBytes = 4;

// Where the value of the MSS option is in a TCP header; 0 when there is none.
std::size_t find_mss(ConstBytes header) noexcept {
  auto at = kTcpHeaderBytes;
  while (at + kMssOptionBytes <= header.size() && header[at] != kEndOfOptions) {
    if (header[at] == kNoOperation) {
      ++at;
      continue;
    }
    const std::size_t bytes = header[at + 1];
    if (header[at] == kMss && bytes == kMssOptionBytes) {
      return at + 2;
    }
    if (bytes < 2) {
      return 0;  // no option is that short
    }
    at += bytes;
  }
  return 0;
}

// Replaces two bytes and adapts the checksum, which sums words at even places.
void replace_word(Bytes tcp, std::size_t at, std::uint16_t value) noexcept {
  const auto begin = at - at % 2;
  const auto end = at + 2 + at % 2;
  auto checksum = read<std::uint16_t>(tcp, kTcpChecksumOffset);
  for (auto place = begin; place < end; place += 2) {
    // First as if the words were gone …
    checksum = checksum_update(checksum, read<std::uint16_t>(tcp, place), 0);
  }
  write(tcp, at, value);
  for (auto place = begin; place < end; place += 2) {
    // … then as if the new ones had come.
    checksum = checksum_update(checksum, 0, read<std::uint16_t>(tcp, place));
  }
  write(tcp, kTcpChecksumOffset, checksum);
}

}  // namespace

bool clamp_mss(Bytes packet, const PacketInfo& info, std::uint32_t mtu) noexcept {
  if (info.protocol != kProtocolTcp || (info.tcp_flags & kTcpSyn) == 0 ||
      info.fragment == Fragment::later) {
    return false;
  }
  const auto headers = (info.version == 4 ? kIpv4HeaderBytes : kIpv6HeaderBytes) + kTcpHeaderBytes;
  const auto tcp = packet.subspan(info.transport_offset);
  const auto at = find_mss(tcp.first(tcp_header_bytes(tcp)));
  if (at == 0 || mtu <= headers || read<std::uint16_t>(tcp, at) <= mtu - headers) {
    return false;
  }
  replace_word(tcp, at, static_cast<std::uint16_t>(mtu - headers));
  return true;
}

}  // namespace quicether::wire
