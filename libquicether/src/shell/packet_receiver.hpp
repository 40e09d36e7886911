#ifndef QUICETHER_SRC_SHELL_PACKET_RECEIVER_HPP
#define QUICETHER_SRC_SHELL_PACKET_RECEIVER_HPP

#include <quicether/core/wire/chunk.hpp>
#include <quicether/core/wire/half.hpp>
#include <quicether/core/wire/offload.hpp>
#include <quicether/path_manager.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

namespace quicether {

/// Turns DATAGRAM payloads into packets, in batches per peer, in the order of each session.
///
/// Chunks are put together across trains, but not beyond the end of a turn.
class PacketReceiver {
 public:
  void set_sink(PacketSink* sink) noexcept { sink_ = sink; }

  /// Takes an IP packet; it lives until flush().
  void on_packet(PeerIndex peer, SessionId session, Bytes packet);

  /// Takes a piece of a super-packet. **Allocation:** a buffer with the first.
  void on_chunk(PeerIndex peer, SessionId session, ConstBytes body);

  /// Takes half of a packet, which waits for the other half also beyond the turn.
  /// **Allocation:** when a session's first, or larger than those before.
  void on_half(PeerIndex peer, SessionId session, ConstBytes body);

  /// Forgets a session that ended.
  void forget(SessionId session) { halves_.erase(session); }

  /// Hands over what is whole.
  void flush();

  /// Hands over everything: nothing more is expected soon.
  void end_turn();

  /// Chunks that were malformed, or without the headers they need.
  [[nodiscard]] std::uint64_t chunks_refused() const noexcept { return chunks_refused_; }

  /// Halves that were malformed, duplicates, or no packet together with their other one.
  [[nodiscard]] std::uint64_t halves_refused() const noexcept { return halves_refused_; }

 private:
  static constexpr std::size_t kBatch = 64;

  /// Sessions whose trains alternate.
  static constexpr std::size_t kAssemblies = 4;

  struct Assembly {
    SessionId session{};
    PeerIndex peer{};
    wire::ChunkAssembler chunks{};
  };

  [[nodiscard]] Assembly* find(SessionId session) noexcept;
  [[nodiscard]] Assembly& claim(PeerIndex peer, SessionId session);
  void finish(Assembly& assembly);

  PacketSink* sink_ = nullptr;
  PeerIndex sender_{};
  std::size_t count_ = 0;
  std::array<wire::IpPacket, kBatch> packets_{};
  std::array<Assembly, kAssemblies> assemblies_{};
  std::size_t next_evicted_ = 0;
  std::size_t open_ = 0;  ///< assemblies that hold something
  std::uint64_t chunks_refused_ = 0;
  std::map<SessionId, wire::HalfJoiner> halves_{};
  std::uint64_t halves_refused_ = 0;
};

}  // namespace quicether

#endif  // QUICETHER_SRC_SHELL_PACKET_RECEIVER_HPP
