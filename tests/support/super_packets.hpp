#ifndef QUICETHER_TESTS_SUPPORT_SUPER_PACKETS_HPP
#define QUICETHER_TESTS_SUPPORT_SUPER_PACKETS_HPP

#include "packets.hpp"

#include <quicether/core/wire/checksum.hpp>
#include <quicether/core/wire/offload.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

// Super-packets as a virtual interface gives them, and a plain model of splitting them.
namespace quicether::test {

struct SuperPacket {
  ByteVector bytes{};
  wire::Offload offload{};
};

inline bool is_tcp(wire::OffloadKind kind) {
  return kind == wire::OffloadKind::tcp4 || kind == wire::OffloadKind::tcp6;
}

inline bool is_v4(wire::OffloadKind kind) {
  return kind == wire::OffloadKind::tcp4 || kind == wire::OffloadKind::udp4;
}

inline IpAddress super_source(wire::OffloadKind kind) {
  return address(is_v4(kind) ? "100.64.0.1" : "fd00::1");
}

inline IpAddress super_destination(wire::OffloadKind kind) {
  return address(is_v4(kind) ? "100.64.0.2" : "fd00::2");
}

/// The packet of `kind` around `payload`, with a right checksum. UDP takes the ports of `tcp`.
inline ByteVector plain_packet(wire::OffloadKind kind,
                               ConstBytes payload,
                               const TcpOptions& tcp = {},
                               const IpOptions& ip = {}) {
  const auto source = super_source(kind);
  const auto destination = super_destination(kind);
  return is_tcp(kind)
             ? tcp_packet(source, destination, payload, tcp, ip)
             : udp_packet(source, destination, payload, tcp.source_port, tcp.destination_port, ip);
}

/// A super-packet: like plain_packet(), but its checksum field holds the pseudo-header's sum.
inline SuperPacket super_packet(wire::OffloadKind kind,
                                ConstBytes payload,
                                std::size_t segment_bytes,
                                const TcpOptions& tcp = {},
                                const IpOptions& ip = {}) {
  SuperPacket made;
  made.bytes = plain_packet(kind, payload, tcp, ip);
  const std::size_t start = is_v4(kind) ? 20 + ip.options.size() : 40;
  const std::size_t field = is_tcp(kind) ? 16 : 6;
  made.offload = {.kind = kind,
                  .segment_bytes = static_cast<std::uint16_t>(segment_bytes),
                  .needs_checksum = true,
                  .checksum_start = static_cast<std::uint16_t>(start),
                  .checksum_offset = static_cast<std::uint16_t>(field)};
  // Without the complement and over no data, the naive sum is what the field holds.
  const auto transport_bytes = made.bytes.size() - start;
  ByteVector pseudo;
  append(pseudo, super_source(kind).bytes());
  append(pseudo, super_destination(kind).bytes());
  append_u32(pseudo, static_cast<std::uint32_t>(transport_bytes));
  append_u32(pseudo, is_tcp(kind) ? 6 : 17);
  put_u16(made.bytes, start + field, static_cast<std::uint16_t>(~naive_checksum(pseudo)));
  return made;
}

/// What splitting that super-packet must give, made packet by packet from its parameters.
inline std::vector<ByteVector> naive_segments(wire::OffloadKind kind,
                                              ConstBytes payload,
                                              std::size_t segment_bytes,
                                              TcpOptions tcp = {},
                                              IpOptions ip = {}) {
  std::vector<ByteVector> packets;
  const auto flags = tcp.flags;
  do {
    const auto part = payload.first(std::min(segment_bytes, payload.size()));
    payload = payload.subspan(part.size());
    tcp.flags = flags;
    if (!payload.empty()) {
      tcp.flags &= static_cast<std::uint8_t>(~(wire::kTcpFin | wire::kTcpPsh));
    }
    if (!packets.empty()) {
      tcp.flags &= static_cast<std::uint8_t>(~wire::kTcpCwr);
    }
    packets.push_back(plain_packet(kind, part, tcp, ip));
    tcp.sequence += static_cast<std::uint32_t>(part.size());
    ++ip.id;
  } while (!payload.empty());
  return packets;
}

/// The packets that one stands for.
inline std::vector<ByteVector> split(const wire::IpPacket& packet) {
  if (packet.offload.kind == wire::OffloadKind::none) {
    return {{packet.bytes.begin(), packet.bytes.end()}};
  }
  ByteVector room(std::size_t{1} << 18U);
  std::array<Bytes, wire::kSegmentsMax> views;
  const auto count = wire::segment(packet.bytes, packet.offload, 65535, room, views).value();
  std::vector<ByteVector> packets;
  for (const auto view : std::span{views}.first(count)) {
    packets.emplace_back(view.begin(), view.end());
  }
  return packets;
}

}  // namespace quicether::test

#endif  // QUICETHER_TESTS_SUPPORT_SUPER_PACKETS_HPP
