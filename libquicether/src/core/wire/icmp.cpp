#include <quicether/base/assert.hpp>
#include <quicether/core/wire/checksum.hpp>
#include <quicether/core/wire/icmp.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace quicether::wire {

namespace {

constexpr std::size_t kIcmpHeaderBytes = 8;
constexpr std::size_t kIpv4HeaderBytes = 20;
constexpr std::size_t kIpv6HeaderBytes = 40;

/// RFC 1812 section 4.3.2.3: as much of the packet as fits 576 bytes.
constexpr std::size_t kIpv4ErrorBytesMax = 576;

constexpr std::uint8_t kErrorHopLimit = 64;

constexpr std::size_t kTcpHeaderBytes = 20;

using TypeAndCode = std::pair<std::uint8_t, std::uint8_t>;

TypeAndCode icmp_v4(IcmpError error) {
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

TypeAndCode icmp_v6(IcmpError error) {
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

bool is_single_host(const IpAddress& address) {
  return !address.is_unspecified() && !address.is_multicast() && !address.is_loopback() &&
         !(address.is_v4() && address.to_v4_number() == 0xffff'ffffU);
}

bool may_answer(IcmpError error, const PacketInfo& info, const IpAddress& source) {
  if (is_icmp_error(info) || info.fragment == Fragment::later || !is_single_host(info.source) ||
      !is_single_host(info.destination)) {
    return false;
  }
  if (error == IcmpError::packet_too_big && info.version == 4 && !info.dont_fragment) {
    return false;
  }
  return source.is_v4() == (info.version == 4);
}

void write_ipv4_header(Bytes out, const IpAddress& source, const IpAddress& destination) {
  std::ranges::fill(out.first(kIpv4HeaderBytes), std::uint8_t{0});
  out[0] = 0x45;
  store_be(out.subspan(2), static_cast<std::uint16_t>(out.size()));
  out[8] = kErrorHopLimit;
  out[9] = kProtocolIcmp;
  std::ranges::copy(source.bytes(), out.begin() + 12);
  std::ranges::copy(destination.bytes(), out.begin() + 16);
  store_be(out.subspan(10), internet_checksum(out.first(kIpv4HeaderBytes)));
}

void write_ipv6_header(Bytes out, const IpAddress& source, const IpAddress& destination) {
  std::ranges::fill(out.first(kIpv6HeaderBytes), std::uint8_t{0});
  out[0] = 0x60;
  store_be(out.subspan(4), static_cast<std::uint16_t>(out.size() - kIpv6HeaderBytes));
  out[6] = kProtocolIcmpV6;
  out[7] = kErrorHopLimit;
  std::ranges::copy(source.bytes(), out.begin() + 8);
  std::ranges::copy(destination.bytes(), out.begin() + 24);
}

}  // namespace

std::size_t make_icmp_error(IcmpError error,
                            ConstBytes packet,
                            const PacketInfo& info,
                            const IpAddress& source,
                            std::uint32_t mtu,
                            Bytes out) noexcept {
  QE_ASSERT(out.size() >= kIcmpErrorBytesMax);
  if (!may_answer(error, info, source)) {
    return 0;
  }
  const bool v4 = info.version == 4;
  const auto header_bytes = v4 ? kIpv4HeaderBytes : kIpv6HeaderBytes;
  const auto bytes_max = v4 ? kIpv4ErrorBytesMax : kIcmpErrorBytesMax;
  const auto quoted = packet.first(
      std::min<std::size_t>(info.packet_bytes, bytes_max - header_bytes - kIcmpHeaderBytes));
  const auto size = header_bytes + kIcmpHeaderBytes + quoted.size();
  const auto written = out.first(size);

  const auto icmp = written.subspan(header_bytes);
  std::ranges::fill(icmp.first(kIcmpHeaderBytes), std::uint8_t{0});
  const auto [type, code] = v4 ? icmp_v4(error) : icmp_v6(error);
  icmp[0] = type;
  icmp[1] = code;
  if (error == IcmpError::packet_too_big) {
    if (v4) {
      store_be(icmp.subspan(6), static_cast<std::uint16_t>(std::min(mtu, 65535U)));  // RFC 1191
    } else {
      store_be(icmp.subspan(4), mtu);
    }
  }
  std::ranges::copy(quoted, icmp.begin() + kIcmpHeaderBytes);
  if (v4) {
    write_ipv4_header(written, source, info.source);
    store_be(icmp.subspan(2), internet_checksum(icmp));
  } else {
    write_ipv6_header(written, source, info.source);
    const auto sum = pseudo_header_sum(source, info.source, kProtocolIcmpV6, icmp.size());
    store_be(icmp.subspan(2), internet_checksum(icmp, sum));
  }
  return size;
}

void decrement_hop_limit(Bytes packet) noexcept {
  if ((packet[0] >> 4U) == 6) {
    QE_DASSERT(packet[7] > 0);
    --packet[7];
    return;
  }
  QE_DASSERT(packet[8] > 0);
  const auto before = load_be<std::uint16_t>(packet.subspan(8));
  --packet[8];
  const auto after = load_be<std::uint16_t>(packet.subspan(8));
  const auto checksum = load_be<std::uint16_t>(packet.subspan(10));
  store_be(packet.subspan(10), checksum_update(checksum, before, after));
}

bool clamp_mss(Bytes packet, const PacketInfo& info, std::uint32_t mtu) noexcept {
  if (info.protocol != kProtocolTcp || (info.tcp_flags & kTcpSyn) == 0 ||
      info.fragment != Fragment::none) {
    return false;
  }
  const auto headers = (info.version == 4 ? kIpv4HeaderBytes : kIpv6HeaderBytes) + kTcpHeaderBytes;
  if (mtu <= headers) {
    return false;
  }
  const auto mss_max = static_cast<std::uint16_t>(std::min<std::size_t>(mtu - headers, 65535));
  const auto tcp = packet.subspan(info.transport_offset);
  const std::size_t header_bytes = static_cast<std::size_t>(tcp[12] >> 4U) * 4;
  QE_DASSERT(header_bytes >= kTcpHeaderBytes && header_bytes <= tcp.size());
  std::size_t at = kTcpHeaderBytes;
  while (at + 1 < header_bytes) {
    const auto kind = tcp[at];
    if (kind == 0) {
      break;  // end of options
    }
    if (kind == 1) {
      ++at;  // no operation
      continue;
    }
    const std::size_t size = tcp[at + 1];
    if (size < 2 || at + size > header_bytes) {
      break;
    }
    if (kind == 2 && size == 4) {
      const auto mss = load_be<std::uint16_t>(tcp.subspan(at + 2));
      if (mss <= mss_max) {
        return false;
      }
      // The sum is over 16-bit words; an option at an odd place straddles two of them.
      const auto word = at % 2;
      std::array<std::uint16_t, 2> before{load_be<std::uint16_t>(tcp.subspan(at + 2 - word)), 0};
      if (word != 0) {
        before[1] = load_be<std::uint16_t>(tcp.subspan(at + 3));
      }
      store_be(tcp.subspan(at + 2), mss_max);
      auto checksum = load_be<std::uint16_t>(tcp.subspan(16));
      checksum =
          checksum_update(checksum, before[0], load_be<std::uint16_t>(tcp.subspan(at + 2 - word)));
      if (word != 0) {
        checksum =
            checksum_update(checksum, before[1], load_be<std::uint16_t>(tcp.subspan(at + 3)));
      }
      store_be(tcp.subspan(16), checksum);
      return true;
    }
    at += size;
  }
  return false;
}

}  // namespace quicether::wire
