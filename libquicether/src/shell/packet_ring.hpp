#ifndef QUICETHER_SRC_SHELL_PACKET_RING_HPP
#define QUICETHER_SRC_SHELL_PACKET_RING_HPP

#include <quicether/base/ids.hpp>
#include <quicether/core/wire/offload.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace quicether::detail {

/// What another shard is to do with a packet.
enum class Errand : std::uint8_t {
  from_tun,   ///< judge it and send it to whom it is for
  from_peer,  ///< judge it as a packet of `sender`, and send it on
  to_peer,    ///< it has been judged: send it to `to`
};

struct Parcel {
  Errand errand = Errand::from_tun;
  PeerIndex to{};                     ///< of Errand::to_peer
  std::optional<PeerIndex> sender{};  ///< none: this node
  bool placed = false;                ///< it is the other shard that judges it, and no third one
  wire::IpPacket packet{};
};

/// A queue of packets from one thread to another, bounded in bytes: neither side ever waits.
///
/// Threads: push() on one, next() and release() on another. **Allocation:** in the constructor.
class PacketRing {
 public:
  /// `bytes`: a power of two, at least 128 KiB: a super-packet has up to 64.
  explicit PacketRing(std::size_t bytes);

  /// Copies a packet to the end; false when there is no room.
  [[nodiscard]] bool push(const Parcel& parcel) noexcept;

  /// The next packet, in place: writable until release(). Nothing when there is no more.
  [[nodiscard]] std::optional<Parcel> next() noexcept;

  /// Gives back the room of all that next() returned.
  void release() noexcept { read_.store(next_, std::memory_order_release); }

 private:
  struct Record;

  // Threads that write do not share a cache line (x86 fetches them in pairs).
  static constexpr std::size_t kApart = 128;

  [[nodiscard]] std::uint8_t* at(std::uint64_t position) const noexcept {
    return bytes_.get() + (position & (size_ - 1));
  }

  std::size_t size_;
  std::unique_ptr<std::uint8_t[]> bytes_;
  alignas(kApart) std::atomic<std::uint64_t> written_{0};
  alignas(kApart) std::atomic<std::uint64_t> read_{0};
  std::uint64_t next_ = 0;  // the reader's place, ahead of read_
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_PACKET_RING_HPP
