#ifndef QUICETHER_CORE_WIRE_OFFLOAD_HPP
#define QUICETHER_CORE_WIRE_OFFLOAD_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/core/wire/ip.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace quicether::wire {

/// What a super-packet carries: VIRTIO_NET_HDR_GSO_TCPV4, _TCPV6 or _UDP_L4 without the virtio.
enum class OffloadKind : std::uint8_t {
  none,  ///< an ordinary packet
  tcp4,
  tcp6,
  udp4,
  udp6,
};

/// What a virtual interface says beside a packet (virtio 1.2 section 5.1.6, struct virtio_net_hdr).
///
/// Its hdr_len is left out: it is a hint that forwarded packets get wrong, so the headers are read.
struct Offload {
  OffloadKind kind = OffloadKind::none;
  std::uint16_t segment_bytes = 0;    ///< gso_size: transport payload per packet; kind != none
  bool needs_checksum = false;        ///< the checksum field holds the pseudo-header's sum only
  std::uint16_t checksum_start = 0;   ///< where summing begins; needs_checksum only
  std::uint16_t checksum_offset = 0;  ///< the field's place after checksum_start
};

/// An IP packet, or a super-packet that stands for several of one flow, and what goes with it.
///
/// Of a super-packet all lengths are those of the whole.
struct IpPacket {
  Bytes bytes{};
  Offload offload{};
  std::uint32_t flow = 0;  ///< hash of the flow; 0 also where nobody knows it
};

/// Bytes of the IP and transport headers of a super-packet, which its packets share.
/// `transport_offset`: of the TCP or UDP header. Requires the whole header.
[[nodiscard]] std::size_t header_bytes_of(ConstBytes super_packet,
                                          OffloadKind kind,
                                          std::size_t transport_offset) noexcept;

/// How many packets of a super-packet bear so much transport payload; even none is one packet.
[[nodiscard]] constexpr std::size_t packets_for(std::size_t payload_bytes,
                                                std::size_t segment_bytes) noexcept {
  return payload_bytes == 0 ? 1 : (payload_bytes + segment_bytes - 1) / segment_bytes;
}

/// How many packets one stands for: 1 when it is an ordinary one. `info`: of its bytes.
[[nodiscard]] std::size_t packets_in(const IpPacket& packet, const PacketInfo& info) noexcept;

/// Bytes of the largest packet that one stands for.
[[nodiscard]] std::size_t packet_bytes_max(const IpPacket& packet, const PacketInfo& info) noexcept;

[[nodiscard]] constexpr bool is_tcp_super_packet(const IpPacket& packet) noexcept {
  return packet.offload.kind == OffloadKind::tcp4 || packet.offload.kind == OffloadKind::tcp6;
}

/// What splitting a super-packet comes to.
struct SegmentPlan {
  std::size_t header_bytes = 0;      ///< IP and transport headers, which every packet has
  std::size_t count = 0;             ///< packets
  std::size_t packet_bytes_max = 0;  ///< of the largest of them
};

/// Checks that segment() can split a super-packet, given the room.
///
/// **Errors:** `malformed` (not a whole packet of this kind, or lengths disagree), `too_large`
/// (more than kSegmentsMax packets).
[[nodiscard]] result<SegmentPlan> plan_segments(ConstBytes super_packet,
                                                const Offload& offload) noexcept;

/// Views to have ready for segment(): 65535 bytes in packets of 512 bytes, the smallest sensible
/// size. The Coalescer joins no more.
inline constexpr std::size_t kSegmentsMax = 128;

/// Completes the checksum of a packet whose `offload.needs_checksum` is set, in place.
///
/// **Errors:** `malformed` when start or offset lie outside the packet.
[[nodiscard]] result<void> complete_checksum(Bytes packet, const Offload& offload) noexcept;

/// Splits a super-packet into packets as its sender would have sent them one by one.
///
/// Lengths, IPv4 identification (counting up), TCP sequence numbers, FIN and PSH (last only), CWR
/// (first only) and all checksums are set. Writes the packets back to back into `out` and their
/// views to the front of `packets`; returns how many. On an error nothing is written.
/// `packet_bytes_max`: the largest packet allowed.
/// **Errors:** `malformed` (not a whole packet of this kind, or lengths disagree), `too_large` (a
/// packet would exceed `packet_bytes_max`, or `out` or `packets` is too small).
/// **Allocation:** none.
[[nodiscard]] result<std::size_t> segment(ConstBytes super_packet,
                                          const Offload& offload,
                                          std::size_t packet_bytes_max,
                                          Bytes out,
                                          std::span<Bytes> packets) noexcept;

/// Splits super-packets into a buffer of its own, of 80 KiB.
class Splitter {
 public:
  /// The packets, valid until the next call.
  ///
  /// **Errors:** as segment(); `limit_reached` (no memory). **Allocation:** with the first call.
  [[nodiscard]] result<std::span<const Bytes>> split(const IpPacket& super_packet,
                                                     std::size_t packet_bytes_max) noexcept;

 private:
  std::unique_ptr<std::uint8_t[]> buffer_{};
  std::array<Bytes, kSegmentsMax> packets_{};
};

struct CoalesceOptions {
  bool tcp = true;
  bool udp = true;  ///< Linux takes UDP super-packets on a TUN since 6.2 only
};

/// One thing to hand to the interface: `parts`, back to back, are one packet or super-packet.
struct Coalesced {
  Offload offload{};
  std::span<const ConstBytes> parts{};
};

/// Joins packets of one flow that follow each other into super-packets, the inverse of segment().
///
///   start(batch) ──> next() … next() == false
///
/// Packets are joined only when splitting them again gives the same packets: all of IP and
/// transport header equal but lengths, checksums and PSH on the last; TCP sequence without gap;
/// equal payload sizes but a shorter last one; IPv4 identification counting up, unless DF makes it
/// meaningless (RFC 6864 section 4.1); no IPv4 option or IPv6 extension header; no TCP flag but ACK
/// and PSH; right checksums. The order within a flow is kept. Payload is not copied: `parts` point
/// into the packets, and the headers of the first one are rewritten in place.
/// Copyable; 8 KiB of fixed tables. **Allocation:** none.
class Coalescer {
 public:
  /// Most packets per batch.
  static constexpr std::size_t kBatchMax = 256;

  explicit Coalescer(CoalesceOptions options = {}) noexcept : options_{options} {}

  /// Starts a batch of at most kBatchMax packets, forgetting the previous one. The packets live,
  /// unchanged by others, until the last next().
  void start(std::span<const Bytes> packets) noexcept;

  /// Gives the next packet or super-packet; false at the end. `out.parts` is valid until the next
  /// call.
  [[nodiscard]] bool next(Coalesced& out) noexcept;

 private:
  static constexpr std::uint16_t kNone = 0xffffU;
  static constexpr std::size_t kOpenMax = 16;  // flows that are joined at the same time

  // Packets of one flow that others may still join.
  struct Group {
    FlowKey key{};
    std::uint32_t next_sequence = 0;  // TCP only
    std::uint16_t first = kNone;      // packet index; kNone: the entry is free
    std::uint16_t last = kNone;
    std::uint16_t count = 0;
    std::uint16_t transport_offset = 0;
    std::uint16_t header_bytes = 0;
    std::uint16_t segment_bytes = 0;
    std::uint16_t total_bytes = 0;  // of the super-packet so far
  };

  // What is known of each packet of the batch.
  struct Entry {
    Offload offload{};           // of the super-packet that starts here
    std::uint16_t next = kNone;  // the packet joined to this one
    std::uint16_t header_bytes = 0;
    bool joined = false;  // to an earlier one: starts nothing
  };

  void add(std::uint16_t index) noexcept;
  [[nodiscard]] Group* find(const FlowKey& key) noexcept;
  [[nodiscard]] bool wanted(ConstBytes packet, const PacketInfo& info) const noexcept;
  void open(std::uint16_t index, const PacketInfo& info) noexcept;
  [[nodiscard]] bool join(Group& group, std::uint16_t index, const PacketInfo& info) noexcept;
  void close(Group& group) noexcept;

  CoalesceOptions options_;
  std::span<const Bytes> packets_{};
  std::size_t position_ = 0;       // of next()
  std::size_t next_replaced_ = 0;  // of groups_, when all are open
  std::array<Group, kOpenMax> groups_{};
  std::array<Entry, kBatchMax> entries_{};
  std::array<ConstBytes, kBatchMax> parts_{};
};

}  // namespace quicether::wire

#endif  // QUICETHER_CORE_WIRE_OFFLOAD_HPP
