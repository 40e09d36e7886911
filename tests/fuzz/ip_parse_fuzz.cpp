#include <quicether/base/assert.hpp>
#include <quicether/core/wire/checksum.hpp>
#include <quicether/core/wire/icmp.hpp>
#include <quicether/core/wire/ip.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

using namespace quicether;

namespace {

void check_info(ConstBytes packet, const wire::PacketInfo& info) {
  QE_ASSERT(info.packet_bytes == packet.size());
  QE_ASSERT(info.transport_offset <= packet.size());
  QE_ASSERT(info.source.is_v4() == (info.version == 4));
  QE_ASSERT(info.destination.is_v4() == (info.version == 4));
  if (info.fragment == wire::Fragment::later) {
    QE_ASSERT(info.fragment_offset >= wire::kFragmentGuardBytes);
    QE_ASSERT(info.source_port == 0 && info.tcp_flags == 0 && info.icmp_type == 0);
  } else {
    QE_ASSERT(info.fragment_offset == 0);
    const bool has_header = info.protocol == wire::kProtocolTcp ||
                            info.protocol == wire::kProtocolUdp || info.is_icmp();
    QE_ASSERT(!has_header || info.transport_bytes() >= 8);
  }
  const auto key = wire::flow_key(info);
  QE_ASSERT(key.reversed().reversed() == key);
  QE_ASSERT(wire::flow_hash(key, 1) == wire::flow_hash(key.reversed().reversed(), 1));
}

// The error about a packet is a packet itself, quotes that packet's flow and is not answered.
void check_error(ConstBytes packet, const wire::PacketInfo& info) {
  std::array<std::uint8_t, wire::kIcmpErrorBytesMax> buffer{};
  const auto source = info.version == 4
                          ? IpAddress::v4(0x64400001U)
                          : IpAddress::v6({0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  const auto kind = static_cast<wire::IcmpError>(packet.size() % 5);
  const auto size = wire::make_icmp_error(kind, packet, info, source, 1280, buffer);
  if (size == 0) {
    return;
  }
  const auto error = Bytes{buffer}.first(size);
  const auto error_info = wire::parse_packet(error);
  QE_ASSERT(error_info.has_value() && wire::is_icmp_error(*error_info));
  const auto flow = wire::quoted_flow(error, *error_info);
  // A quote of less than eight bytes of transport header does not tell the flow.
  QE_ASSERT(flow == wire::flow_key(info) || info.transport_bytes() < 8 ||
            info.transport_offset + 8U > size - 48U);
  QE_ASSERT(
      wire::make_icmp_error(wire::IcmpError::no_route, error, *error_info, source, 0, buffer) == 0);
}

// Rewriting what a router rewrites keeps a packet a packet.
void check_rewriting(ConstBytes packet, const wire::PacketInfo& info) {
  ByteVector copy(packet.begin(), packet.end());
  if (info.hop_limit != 0) {
    wire::decrement_hop_limit(copy);
    const auto again = wire::parse_packet(copy);
    QE_ASSERT(again.has_value() && again->hop_limit + 1 == info.hop_limit);
  }
  const bool clamped = wire::clamp_mss(copy, info, 1280);
  QE_ASSERT(!clamped || !wire::clamp_mss(copy, info, 1280));
  QE_ASSERT(wire::parse_packet(copy).has_value());
}

}  // namespace

// A packet from a peer or the TUN: any bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ConstBytes packet{data, size};
  const auto info = wire::parse_packet(packet);
  if (!info) {
    QE_ASSERT(wire::to_string(info.error()) != "unknown");
    return 0;
  }
  check_info(packet, *info);
  check_error(packet, *info);
  check_rewriting(packet, *info);
  (void)wire::quoted_flow(packet, *info);
  return 0;
}
