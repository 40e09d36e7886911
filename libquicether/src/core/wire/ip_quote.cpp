#include "core/wire/ip_layout.hpp"

#include <quicether/core/wire/ip.hpp>

#include <algorithm>
#include <array>

// Reading the packet that an ICMP error quotes. It is cut off somewhere, so its lengths cannot be
// checked and parse_packet() would refuse it.
namespace quicether::wire {
namespace {

struct Quote {
  FlowKey key{};
  ConstBytes transport{};  // what is left of it
};

std::optional<Quote> read_ipv4(ConstBytes quoted) noexcept {
  if (quoted.size() < kIpv4HeaderBytes) {
    return std::nullopt;
  }
  const std::size_t header_bytes = 4U * (quoted[0] & 0xfU);
  const bool later_fragment = (read<std::uint16_t>(quoted, 6) & 0x1fffU) != 0;
  if (header_bytes < kIpv4HeaderBytes || header_bytes > quoted.size() || later_fragment) {
    return std::nullopt;
  }
  Quote quote;
  quote.key.source = IpAddress::v4(read<std::uint32_t>(quoted, 12));
  quote.key.destination = IpAddress::v4(read<std::uint32_t>(quoted, 16));
  quote.key.protocol = quoted[9];
  quote.transport = quoted.subspan(header_bytes);
  return quote;
}

std::optional<Quote> read_ipv6(ConstBytes quoted) noexcept {
  if (quoted.size() < kIpv6HeaderBytes) {
    return std::nullopt;
  }
  Quote quote;
  quote.key.source = *IpAddress::from_bytes(quoted.subspan(8, 16));
  quote.key.destination = *IpAddress::from_bytes(quoted.subspan(24, 16));
  quote.key.protocol = quoted[6];
  quote.transport = quoted.subspan(kIpv6HeaderBytes);
  for (std::size_t count = 0; is_extension_header(quote.key.protocol); ++count) {
    if (count == kExtensionHeadersMax || quote.transport.size() < 8) {
      return std::nullopt;
    }
    const auto type = quote.key.protocol;
    const auto bytes = extension_header_bytes(type, quote.transport[1]);
    const bool later_fragment =
        type == kFragmentHeader && (read<std::uint16_t>(quote.transport, 2) & 0xfff8U) != 0;
    if (bytes > quote.transport.size() || later_fragment) {
      return std::nullopt;
    }
    quote.key.protocol = quote.transport[0];
    quote.transport = quote.transport.subspan(bytes);
  }
  return quote;
}

}  // namespace

bool is_icmp_error(const PacketInfo& info) noexcept {
  if (!info.is_icmp() || info.fragment == Fragment::later) {
    return false;
  }
  if (info.version == 6) {
    return info.icmp_type < 128;
  }
  // Destination unreachable, source quench, redirect, time exceeded, parameter problem.
  constexpr std::array<std::uint8_t, 5> kErrors = {3, 4, 5, 11, 12};
  return std::ranges::find(kErrors, info.icmp_type) != kErrors.end();
}

std::optional<FlowKey> quoted_flow(ConstBytes packet, const PacketInfo& info) noexcept {
  if (!is_icmp_error(info)) {
    return std::nullopt;
  }
  const auto quoted = packet.subspan(info.transport_offset + kIcmpHeaderBytes);
  // An error about a packet of the other family is nonsense.
  if (quoted.empty() || quoted[0] >> 4U != info.version) {
    return std::nullopt;
  }
  auto quote = info.version == 4 ? read_ipv4(quoted) : read_ipv6(quoted);
  if (!quote || quote->transport.size() < 8) {
    return std::nullopt;
  }
  auto& key = quote->key;
  if (key.protocol == kProtocolTcp || key.protocol == kProtocolUdp) {
    key.source_port = read<std::uint16_t>(quote->transport, 0);
    key.destination_port = read<std::uint16_t>(quote->transport, 2);
  } else if (key.protocol == (info.version == 4 ? kProtocolIcmp : kProtocolIcmpV6)) {
    const bool echo = is_icmp_echo(info.version, quote->transport[0]);
    key.source_port = echo ? read<std::uint16_t>(quote->transport, 4) : std::uint16_t{0};
    key.destination_port = key.source_port;
  }
  return key;
}

}  // namespace quicether::wire
