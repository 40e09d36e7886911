#ifndef QUICETHER_CORE_WIRE_HALF_HPP
#define QUICETHER_CORE_WIRE_HALF_HPP

#include <quicether/base/bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

// Packets that cross a session as two datagrams because they do not fit one. Source:
// docs/spec/datagrams.md.
namespace quicether::wire {

/// Bytes before a half's part of the packet: context id, place, number.
inline constexpr std::size_t kHalfHeadBytes = 1 + 1 + 2;

/// Largest part of a packet that a half bears.
inline constexpr std::size_t kHalfBytesMax = std::size_t{16} << 10U;

/// Largest packet that two DATAGRAM payloads of at most `datagram_bytes_max` bear.
[[nodiscard]] constexpr std::size_t halved_packet_bytes_max(
    std::size_t datagram_bytes_max) noexcept {
  if (datagram_bytes_max <= kHalfHeadBytes) {
    return 0;
  }
  const auto part = datagram_bytes_max - kHalfHeadBytes;
  return 2 * (part < kHalfBytesMax ? part : kHalfBytesMax);
}

/// A half to send: a DATAGRAM payload of two parts.
struct Half {
  std::array<std::uint8_t, kHalfHeadBytes> head{};
  ConstBytes part{};
};

/// Cuts a packet of at least two bytes. The halves are equal, or the second one is a byte shorter:
/// so the packets that bear them are of one size and make trains. `number` differs from those of
/// the packets cut before.
[[nodiscard]] std::array<Half, 2> cut_in_halves(ConstBytes packet, std::uint16_t number) noexcept;

/// Joins halves of one session, in whichever order the two come. Any bytes may come in.
///
/// A half waits for the other one until kOpenMax newer packets have begun. Memory: kOpenMax packets
/// of at most 2 * kHalfBytesMax. **Allocation:** none once packets as large have come before.
class HalfJoiner {
 public:
  static constexpr std::size_t kOpenMax = 8;

  enum class Taken : std::uint8_t {
    whole,    ///< packet() is complete
    waiting,  ///< for the other half
    refused,  ///< malformed, a duplicate, or the halves are not one packet
  };

  /// Takes the body of a half's datagram (without its context id).
  [[nodiscard]] Taken take(ConstBytes body);

  /// The packet that take() completed: its length is the one that its IP header says, all else is
  /// the peer's and to be judged as any packet. Valid until the next take().
  [[nodiscard]] Bytes packet() noexcept { return entries_[completed_].bytes; }

 private:
  struct Entry {
    ByteVector bytes{};
    std::uint16_t number = 0;
    std::uint8_t places = 0;  ///< bits of the halves that came; none: the entry is unused
  };

  Entry& begin(std::uint16_t number) noexcept;

  std::array<Entry, kOpenMax> entries_{};
  std::size_t next_ = 0;  ///< the oldest entry
  std::size_t completed_ = 0;
};

}  // namespace quicether::wire

#endif  // QUICETHER_CORE_WIRE_HALF_HPP
