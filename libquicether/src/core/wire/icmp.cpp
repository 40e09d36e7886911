#include "core/wire/ip_layout.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/base/narrow.hpp>
#include <quicether/core/wire/checksum.hpp>
#include <quicether/core/wire/icmp.hpp>

#include <algorithm>

namespace quicether::wire {
namespace {

// RFC 1812 section 4.3.2.3: as much of the packet as fits 576 bytes.
constexpr std::size_t kIpv4ErrorBytesMax = 576;

constexpr std::uint8_t kErrorHopLimit = 64;

// Precedence "internetwork control", as RFC 1812 section 4.3.2.5 asks for.
constexpr std::uint8_t kErrorTrafficClass = 0xc0;

struct TypeAndCode {
  std::uint8_t type;
  std::uint8_t code;
};

// RFC 792, RFC 1191, RFC 1812 section 5.2.7.1
TypeAndCode icmp_v4(IcmpError error) noexcept {
  switch (error) {
    case IcmpError::no_route:
      return {3, 0};
    case IcmpError::unreachable:
      return {3, 1};
    case IcmpError::prohibited:
      return {3, 13};
    case IcmpError::hop_limit:
      return {11, 0};
    case IcmpError::packet_too_big:
      return {3, 4};
  }
  return {3, 0};
}

// RFC 4443 section 3
TypeAndCode icmp_v6(IcmpError error) noexcept {
  switch (error) {
    case IcmpError::no_route:
      return {1, 0};
    case IcmpError::unreachable:
      return {1, 3};
    case IcmpError::prohibited:
      return {1, 1};
    case IcmpError::hop_limit:
      return {3, 0};
    case IcmpError::packet_too_big:
      return {2, 0};
  }
  return {1, 0};
}

bool is_single_host(const IpAddress& address) noexcept {
  if (address.is_v4()) {
    // Not 0.0.0.0/8, loopback, multicast, reserved or broadcast (RFC 1812 section 4.3.2.7).
    const auto first = address.bytes()[0];
    return first != 0 && first != 127 && first < 224;
  }
  return !address.is_unspecified() && !address.is_loopback() && !address.is_multicast();
}

bool may_answer(const PacketInfo& info, const IpAddress& source) noexcept {
  return !is_icmp_error(info) && info.fragment != Fragment::later && is_single_host(info.source) &&
         is_single_host(info.destination) && source.is_v4() == (info.version == 4);
}

void write_ipv4_header(Bytes out, const IpAddress& source, const IpAddress& destination) noexcept {
  const auto header = out.first(kIpv4HeaderBytes);
  std::ranges::fill(header, std::uint8_t{0});
  header[0] = 0x45;
  header[1] = kErrorTrafficClass;
  write(header, 2, narrow<std::uint16_t>(out.size()));
  write(header, 6, std::uint16_t{0x4000});  // DF: then the identification may be 0 (RFC 6864)
  header[8] = kErrorHopLimit;
  header[9] = kProtocolIcmp;
  copy_bytes(source.bytes(), header.subspan(12));
  copy_bytes(destination.bytes(), header.subspan(16));
  write(header, kIpv4ChecksumOffset, internet_checksum(header));
}

void write_ipv6_header(Bytes out, const IpAddress& source, const IpAddress& destination) noexcept {
  const auto header = out.first(kIpv6HeaderBytes);
  std::ranges::fill(header, std::uint8_t{0});
  write(header, 0, 0x6000'0000U | std::uint32_t{kErrorTrafficClass} << 20U);
  write(header, 4, narrow<std::uint16_t>(out.size() - kIpv6HeaderBytes));
  header[6] = kProtocolIcmpV6;
  header[7] = kErrorHopLimit;
  copy_bytes(source.bytes(), header.subspan(8));
  copy_bytes(destination.bytes(), header.subspan(24));
}

void write_mtu(Bytes icmp, bool v4, std::uint32_t mtu) noexcept {
  if (v4) {
    write(icmp, 6, narrow<std::uint16_t>(std::min<std::uint32_t>(mtu, 0xffffU)));
  } else {
    write(icmp, 4, mtu);
  }
}

}  // namespace

std::size_t make_icmp_error(IcmpError error,
                            ConstBytes packet,
                            const PacketInfo& info,
                            const IpAddress& source,
                            std::uint32_t mtu,
                            Bytes out) noexcept {
  QE_ASSERT(out.size() >= kIcmpErrorBytesMax);
  if (!may_answer(info, source)) {
    return 0;
  }
  const bool v4 = info.version == 4;
  const auto headers = (v4 ? kIpv4HeaderBytes : kIpv6HeaderBytes) + kIcmpHeaderBytes;
  const auto size = std::min(headers + packet.size(), v4 ? kIpv4ErrorBytesMax : kIcmpErrorBytesMax);
  const auto written = out.first(size);
  const auto icmp = written.subspan(headers - kIcmpHeaderBytes);
  copy_bytes(packet.first(size - headers), icmp.subspan(kIcmpHeaderBytes));

  const auto [type, code] = v4 ? icmp_v4(error) : icmp_v6(error);
  std::ranges::fill(icmp.first(kIcmpHeaderBytes), std::uint8_t{0});
  icmp[0] = type;
  icmp[1] = code;
  if (error == IcmpError::packet_too_big) {
    write_mtu(icmp, v4, mtu);
  }
  // Only ICMPv6 sums a pseudo-header.
  const auto sum = v4 ? 0U : pseudo_header_sum(source, info.source, kProtocolIcmpV6, icmp.size());
  write(icmp, kIcmpChecksumOffset, internet_checksum(icmp, sum));
  if (v4) {
    write_ipv4_header(written, source, info.source);
  } else {
    write_ipv6_header(written, source, info.source);
  }
  return size;
}

void decrement_hop_limit(Bytes packet) noexcept {
  if (packet[0] >> 4U == 6) {
    QE_DASSERT(packet[7] > 0);
    --packet[7];
    return;
  }
  QE_DASSERT(packet[8] > 0);
  const auto before = read<std::uint16_t>(packet, 8);
  --packet[8];
  const auto checksum = read<std::uint16_t>(packet, kIpv4ChecksumOffset);
  const auto after = read<std::uint16_t>(packet, 8);
  write(packet, kIpv4ChecksumOffset, checksum_update(checksum, before, after));
}

}  // namespace quicether::wire
