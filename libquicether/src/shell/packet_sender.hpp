#ifndef QUICETHER_SRC_SHELL_PACKET_SENDER_HPP
#define QUICETHER_SRC_SHELL_PACKET_SENDER_HPP

#include <quicether/core/path/bond.hpp>
#include <quicether/core/wire/bonded.hpp>
#include <quicether/core/wire/chunk.hpp>
#include <quicether/core/wire/offload.hpp>
#include <quicether/env/environment.hpp>
#include <quicether/transport.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace quicether {

/// Turns packets into DATAGRAM payloads, in batches for a session or a bond of several.
class PacketSender {
 public:
  /// Where a packet goes and in which form.
  struct Path {
    SessionId session{};
    path::Bond* bond = nullptr;  ///< set: instead of the session
    std::size_t datagram_bytes_max = 0;
    bool takes_chunks = false;
    bool takes_halves = false;
    bool loses = false;  ///< packets get lost there: chunks must be of use one by one
  };

  PacketSender(Environment& environment, Transport& transport) noexcept
      : environment_{environment}, transport_{transport} {}

  /// Takes a packet for a path. It lives until flush(); a super-packet that has to be split is
  /// copied. A packet that does not fit a datagram goes in two to peers that take these.
  void put(const Path& path, const wire::IpPacket& packet);

  /// Hands everything to the Transport or the bond.
  void flush();

  /// Super-packets that went whole, as chunks.
  [[nodiscard]] std::uint64_t super_packets_sent() const noexcept { return super_packets_sent_; }

  /// Packets that went as two halves.
  [[nodiscard]] std::uint64_t packets_halved() const noexcept { return packets_halved_; }

 private:
  static constexpr std::size_t kBatch = 64;

  using Head = std::array<std::uint8_t, wire::kBondedHeadBytes + wire::kChunkHeadBytesMax>;

  void add(ConstBytes packet, std::uint32_t flow);
  void add_halves(ConstBytes packet, std::uint32_t flow);
  void split(const wire::IpPacket& packet);
  [[nodiscard]] bool put_chunks(const wire::IpPacket& packet);
  [[nodiscard]] std::size_t room() const noexcept;
  [[nodiscard]] std::size_t datagram_bytes_max() const noexcept;
  [[nodiscard]] Bytes next_head();

  Environment& environment_;
  Transport& transport_;
  Path path_{};  ///< of the batch
  std::size_t count_ = 0;
  std::array<queue::OutgoingDatagram, kBatch> datagrams_{};
  std::array<Head, kBatch> heads_;
  wire::Splitter splitter_{};
  std::uint64_t super_packets_sent_ = 0;  ///< as chunks; their number on the wire is its end
  std::uint64_t packets_halved_ = 0;      ///< likewise
};

}  // namespace quicether

#endif  // QUICETHER_SRC_SHELL_PACKET_SENDER_HPP
