#ifndef QUICETHER_CORE_WIRE_CHUNK_HPP
#define QUICETHER_CORE_WIRE_CHUNK_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/core/wire/offload.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

// Super-packets that cross a session in pieces that are no IP packets: the receiver's system gets
// the super-packet back, and nobody splits, sums and joins. Source: docs/spec/datagrams.md.
namespace quicether::wire {

/// Bytes before a chunk's payload, beside IP and transport headers: context id, flags, number of
/// the super-packet, offset; with headers also the segment size and the whole length.
inline constexpr std::size_t kChunkBytes = 1 + 1 + 2 + 2;
inline constexpr std::size_t kChunkHeadBytes = kChunkBytes + 2 + 2;

/// The largest head: IPv6 and TCP with all options.
inline constexpr std::size_t kChunkHeadersMax = 40 + 60;
inline constexpr std::size_t kChunkHeadBytesMax = kChunkHeadBytes + kChunkHeadersMax;

/// One chunk to send: a DATAGRAM payload of two parts.
struct Chunk {
  ConstBytes head{};
  ConstBytes payload{};
};

/// Cuts a super-packet into chunks. **Allocation:** none.
class ChunkWriter {
 public:
  struct Options {
    std::uint16_t number = 0;          ///< differs from that of the super-packets before
    std::size_t datagram_bytes_max{};  ///< largest DATAGRAM payload
    /// Every chunk has the headers, so that each is of use without the others: for paths that lose.
    bool repeat_headers = false;
  };

  /// `super_packet` outlives the ChunkWriter.
  ///
  /// **Errors:** `malformed` (see plan_segments(); also IPv4 options and IPv6 extension headers,
  /// which chunks do not carry), `too_large` (a datagram of UDP does not fit a chunk).
  [[nodiscard]] static result<ChunkWriter> make(ConstBytes super_packet,
                                                const Offload& offload,
                                                const Options& options) noexcept;

  [[nodiscard]] bool done() const noexcept { return offset_ == payload_.size(); }

  /// The next chunk; its head is written to `room`, at least kChunkHeadBytesMax bytes. Requires
  /// !done().
  [[nodiscard]] Chunk next(Bytes room) noexcept;

 private:
  ChunkWriter() = default;

  Options options_{};
  ConstBytes headers_{};
  ConstBytes payload_{};
  std::size_t offset_ = 0;
  std::uint16_t segment_bytes_ = 0;
  bool whole_segments_ = false;  ///< chunks end where packets end: always when these fit
};

/// Puts chunks together again: as many as came in order are one super-packet, what follows a gap is
/// another.
///
/// One at a time: a chunk of another super-packet has to wait for finish(). The headers stay known
/// after it, for chunks without them that come later. Any bytes may come in. 64 KiB of buffer, made
/// with the first chunk. **Allocation:** none after that.
class ChunkAssembler {
 public:
  enum class Taken : std::uint8_t {
    yes,
    not_yet,  ///< does not continue what is here: finish() first, then give it again
    no,       ///< malformed, or without the headers it needs: dropped
  };

  /// Takes the body of a chunk datagram (without its context id).
  [[nodiscard]] Taken take(ConstBytes body);

  [[nodiscard]] bool empty() const noexcept { return length_ == 0; }

  /// True when the super-packet is whole.
  [[nodiscard]] bool complete() const noexcept { return length_ != 0 && base_ + length_ == total_; }

  /// What came so far, as a packet or super-packet whose checksum is still to be completed. Valid
  /// until the next take(). Requires !empty(); afterwards it is empty().
  ///
  /// Lengths and checksums agree; everything else is the peer's and to be judged as any packet.
  [[nodiscard]] IpPacket finish() noexcept;

 private:
  [[nodiscard]] bool learn_headers(ConstBytes body, std::uint16_t number) noexcept;
  [[nodiscard]] bool append(ConstBytes payload);

  std::unique_ptr<std::uint8_t[]> packet_{};  ///< room for headers, and payload
  std::array<std::uint8_t, kChunkHeadersMax> headers_{};
  std::size_t header_bytes_ = 0;  ///< 0: none are known
  std::size_t transport_offset_ = 0;
  std::size_t base_ = 0;    ///< payload bytes before the first that is here
  std::size_t length_ = 0;  ///< payload bytes here
  std::size_t total_ = 0;   ///< payload bytes of the whole
  std::uint16_t number_ = 0;
  std::uint16_t segment_bytes_ = 0;
  OffloadKind kind_ = OffloadKind::none;
};

}  // namespace quicether::wire

#endif  // QUICETHER_CORE_WIRE_CHUNK_HPP
