#ifndef QUICETHER_SRC_SHELL_PACKET_SENDER_HPP
#define QUICETHER_SRC_SHELL_PACKET_SENDER_HPP

#include <quicether/core/path/scheduler.hpp>
#include <quicether/core/wire/chunk.hpp>
#include <quicether/core/wire/offload.hpp>
#include <quicether/transport.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace quicether {

/// Turns packets into DATAGRAM payloads, in one batch per path. **Allocation:** with the first
/// packet of a path only.
class PacketSender {
 public:
  /// Where a packet goes and in which form.
  struct Path {
    SessionId session{};
    std::size_t datagram_bytes_max = 0;
    bool takes_chunks = false;
    bool takes_halves = false;
    bool loses = false;  ///< packets get lost there: chunks must be of use one by one
  };

  explicit PacketSender(Transport& transport) noexcept : transport_{transport} {}

  /// Takes a packet for a path. It lives until flush(); a super-packet that has to be split is
  /// copied. A packet that does not fit a datagram goes in two to peers that take these.
  void put(std::size_t index, const Path& path, const wire::IpPacket& packet);

  /// Hands everything to the Transport.
  void flush();

  /// Super-packets that went whole, as chunks.
  [[nodiscard]] std::uint64_t super_packets_sent() const noexcept { return super_packets_sent_; }

  /// Packets that went as two halves.
  [[nodiscard]] std::uint64_t packets_halved() const noexcept { return packets_halved_; }

 private:
  static constexpr std::size_t kBatch = 64;

  struct Batch {
    SessionId session{};
    std::size_t count = 0;
    std::array<quic::OutgoingDatagram, kBatch> datagrams{};
    std::array<std::array<std::uint8_t, wire::kChunkHeadBytesMax>, kBatch> heads;
  };

  void add(Batch& batch, const Path& path, ConstBytes packet, std::uint32_t flow);
  void add_halves(Batch& batch, ConstBytes packet, std::uint32_t flow);
  void split(Batch& batch, const Path& path, const wire::IpPacket& packet);
  [[nodiscard]] bool put_chunks(Batch& batch, const Path& path, const wire::IpPacket& packet);
  void send(Batch& batch);

  Transport& transport_;
  std::array<std::unique_ptr<Batch>, path::kPathsMax> batches_{};
  wire::Splitter splitter_{};
  std::uint64_t super_packets_sent_ = 0;  ///< as chunks; their number on the wire is its end
  std::uint64_t packets_halved_ = 0;      ///< likewise
};

}  // namespace quicether

#endif  // QUICETHER_SRC_SHELL_PACKET_SENDER_HPP
