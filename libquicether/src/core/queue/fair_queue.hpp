#ifndef QUICETHER_SRC_CORE_QUEUE_FAIR_QUEUE_HPP
#define QUICETHER_SRC_CORE_QUEUE_FAIR_QUEUE_HPP

#include "core/queue/block_pool.hpp"
#include "core/queue/codel.hpp"

#include <quicether/base/bytes.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/queue/outgoing_datagram.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace quicether::queue {

/// A DATAGRAM payload that waits.
struct WaitingDatagram {
  /// Larger payloads, on paths with jumbo frames, have a block of their own.
  static constexpr std::size_t kInlineBytes = 1464;

  std::unique_ptr<WaitingDatagram> next{};
  std::unique_ptr<Block> block{};
  Instant since{};
  std::uint32_t flow = 0;
  std::uint32_t token = 0;
  std::uint16_t bytes = 0;
  bool more = false;  ///< the next one is part of the same packet
  std::array<std::uint8_t, kInlineBytes> inline_bytes;

  [[nodiscard]] ConstBytes payload() const noexcept {
    return (block ? ConstBytes{*block} : ConstBytes{inline_bytes}).first(bytes);
  }

  [[nodiscard]] Bytes writable() noexcept {
    return (block ? Bytes{*block} : Bytes{inline_bytes}).first(bytes);
  }

  /// Of memory.
  [[nodiscard]] std::size_t cost() const noexcept {
    return sizeof(WaitingDatagram) + (block ? kBlockBytes : 0);
  }
};

using WaitingPool = SparePool<WaitingDatagram>;

/// A copy of a payload in memory of the pools; null when it is larger than a block.
[[nodiscard]] std::unique_ptr<WaitingDatagram> copy_of(Instant now,
                                                       const OutgoingDatagram& datagram,
                                                       BlockPool& blocks,
                                                       WaitingPool& pool);

/// Returns the memory of a payload to the pools that it came from.
void give_back(std::unique_ptr<WaitingDatagram> datagram,
               BlockPool& blocks,
               WaitingPool& pool) noexcept;

/// DATAGRAM payloads that wait for the congestion window or the socket, bounded in memory.
///
/// FQ-CoDel, RFC 8290: each flow has a queue of its own; flows take turns by bytes, those that had
/// been empty first; CoDel keeps each queue short; when the memory is used up, the longest queue
/// loses its head. Flows are told apart by the hash that comes with each payload: a set-associative
/// table makes them share a queue only when more than eight of one set are busy at once, and only
/// then may one that gets a queue of its own again overtake itself. Payloads of one packet
/// (OutgoingDatagram::more) leave without others between them, and CoDel drops no beginning of one.
/// Not copyable, not movable. **Allocation:** 12 KiB with the first payload; none in steady state.
class FairQueue {
 public:
  /// Largest payload that can wait.
  static constexpr std::size_t kPayloadMax = kBlockBytes;

  /// Bytes that a flow may send per turn: a packet. RFC 8290 section 5.2.4.
  static constexpr std::int32_t kQuantum = 1514;

  FairQueue(BlockPool& blocks,
            WaitingPool& pool,
            std::size_t bytes_max,
            CodelConfig codel = {}) noexcept
      : blocks_{blocks}, pool_{pool}, bytes_max_{bytes_max}, codel_{codel} {}

  FairQueue(const FairQueue&) = delete;
  FairQueue& operator=(const FairQueue&) = delete;
  ~FairQueue();

  /// Copies a payload to the back of its flow's queue, dropping from the longest one to make room.
  void push(Instant now, const OutgoingDatagram& datagram);

  /// Bounds the memory anew; what is too much goes with the next push().
  void set_bytes_max(std::size_t bytes_max) noexcept { bytes_max_ = bytes_max; }

  void set_codel(const CodelConfig& codel) noexcept { codel_ = codel; }

  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

  [[nodiscard]] std::size_t size() const noexcept { return count_; }

  /// The payload whose turn it is, after CoDel dropped what it must; null when nothing is left. It
  /// stays the same until pop(), or a push() that drops it.
  [[nodiscard]] const WaitingDatagram* front(Instant now) noexcept;

  /// Takes out what front() gave last, just now.
  void pop() noexcept { give_back(take(), blocks_, pool_); }

  /// Likewise, and hands it over, block and all.
  [[nodiscard]] std::unique_ptr<WaitingDatagram> take() noexcept;

  /// Payloads that were dropped.
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

 private:
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kFlows = 16 * kWays;
  static constexpr std::uint8_t kNone = 0xff;

  enum class Place : std::uint8_t { idle, fresh, old };

  struct Flow {
    std::unique_ptr<WaitingDatagram> head{};
    WaitingDatagram* tail = nullptr;
    std::size_t bytes = 0;  ///< of payloads
    std::uint32_t hash = 0;
    std::int32_t credit = 0;  ///< bytes that it may send before others have their turn
    Codel codel{};
    std::uint8_t next = kNone;  ///< in its list
    Place place = Place::idle;
    bool inside = false;  ///< the head goes on with a packet of which the beginning is gone
  };

  /// Flows in order of their turns.
  struct List {
    std::uint8_t first = kNone;
    std::uint8_t last = kNone;
  };

  using Flows = std::array<Flow, kFlows>;

  [[nodiscard]] Flow& flow(std::uint8_t index) noexcept { return (*flows_)[index]; }

  [[nodiscard]] std::uint8_t find(std::uint32_t hash) noexcept;
  void append(Place place, std::uint8_t index) noexcept;
  void put_first(Place place, std::uint8_t index) noexcept;
  [[nodiscard]] std::uint8_t take_first(Place place) noexcept;

  [[nodiscard]] List& list(Place place) noexcept { return place == Place::fresh ? fresh_ : old_; }

  [[nodiscard]] std::uint8_t choose(Instant now) noexcept;
  [[nodiscard]] bool survives(Flow& flow, Instant now) noexcept;
  [[nodiscard]] std::unique_ptr<WaitingDatagram> unlink_head(Flow& flow) noexcept;

  void remove_head(Flow& flow) noexcept { give_back(unlink_head(flow), blocks_, pool_); }

  void drop_from_longest() noexcept;

  BlockPool& blocks_;
  WaitingPool& pool_;
  std::size_t bytes_max_;
  CodelConfig codel_;
  std::unique_ptr<Flows> flows_{};
  List fresh_{};  ///< flows that had been empty (RFC 8290: new)
  List old_{};
  std::uint8_t current_ = kNone;    ///< the head of this flow is what front() gave
  std::uint8_t packet_of_ = kNone;  ///< the last that left was part of a packet of this flow
  std::size_t used_ = 0;            ///< bytes of memory
  std::size_t count_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace quicether::queue

#endif  // QUICETHER_SRC_CORE_QUEUE_FAIR_QUEUE_HPP
