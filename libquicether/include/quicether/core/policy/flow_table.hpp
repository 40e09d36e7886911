#ifndef QUICETHER_CORE_POLICY_FLOW_TABLE_HPP
#define QUICETHER_CORE_POLICY_FLOW_TABLE_HPP

#include <quicether/base/ids.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/wire/ip.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace quicether::policy {

/// One end of a flow inside the overlay: this node or a peer.
class Party {
 public:
  /// This node.
  constexpr Party() noexcept = default;

  constexpr explicit Party(PeerIndex peer) noexcept : index_{peer.value + 1} {}

  [[nodiscard]] constexpr bool is_self() const noexcept { return index_ == 0; }

  /// Dense: 0 is this node, a peer comes after its PeerIndex.
  [[nodiscard]] constexpr std::uint32_t index() const noexcept { return index_; }

  friend constexpr auto operator<=>(Party, Party) noexcept = default;

 private:
  std::uint32_t index_ = 0;
};

/// A flow as one of its packets sees it: who sends, who receives, and the inner 5-tuple.
struct FlowView {
  Party from{};
  Party to{};
  wire::FlowKey key{};

  /// The flow as the answering packets see it.
  [[nodiscard]] FlowView reversed() const noexcept { return {to, from, key.reversed()}; }

  friend constexpr auto operator<=>(const FlowView&, const FlowView&) noexcept = default;
};

/// How long a flow lives without a packet.
enum class FlowLife : std::uint8_t { transient, established };

/// 4 minutes: RFC 5382 REQ-5 for TCP that is opening or closing; more than the 2 minutes that
/// RFC 4787 REQ-5 wants for UDP and the minute that RFC 5508 REQ-2 wants for ICMP.
inline constexpr Duration kTransientTimeout = std::chrono::minutes{4};

/// 2 hours and 4 minutes: RFC 5382 REQ-5 for TCP that both sides have spoken on.
inline constexpr Duration kEstablishedTimeout = std::chrono::minutes{124};

struct FlowTableConfig {
  std::size_t flows_max = 65536;
  std::size_t flows_per_party_max = 16384;  ///< started by one party
};

/// A bounded memory of flows, both directions of one in the same entry.
///
/// A flow is charged to the party that started it. A party at its bound loses its own oldest flow.
/// When the table is full, a party that has its share (flows_max / parties with flows) does so too,
/// and one that has not takes the place from the party with the most flows: nobody can push others
/// below their share. Flows that have timed out go first.
/// Entries cost about 96 bytes; there is no timer. The same calls give the same result, whatever
/// the hash seed.
class FlowTable {
 public:
  /// What is remembered of one flow. `direction` of the arrays: 0 as in `view`, 1 the answers.
  struct Flow {
    FlowView view{};                      ///< the direction that compares smaller
    std::array<std::uint32_t, 2> rule{};  ///< that allowed it, where `started`
    std::uint32_t epoch = 0;              ///< of the policy that judged it
    std::array<bool, 2> started{};        ///< allowed by a rule, not as an answer
    std::array<bool, 2> finished{};       ///< TCP: sent FIN
    std::array<bool, 2> spoken{};         ///< TCP: sent anything
    bool reset = false;                   ///< TCP: either sent RST
  };

  /// A flow and the direction in which the asked packet travels it.
  struct Found {
    Flow* flow = nullptr;  ///< null: unknown; else valid until the next insert() or erase()
    std::uint32_t slot = 0;
    std::size_t direction = 0;
  };

  /// `hash_seed` is random, lest peers choose flows that collide.
  FlowTable(const FlowTableConfig& config, std::uint64_t hash_seed);

  /// Finds a flow that has not timed out. **Allocation:** none.
  [[nodiscard]] Found find(Instant now, const FlowView& packet) noexcept;

  /// Adds a flow that find() did not find; charges it to `packet.from`. Makes room as said above.
  ///
  /// **Allocation:** only while the table or the set of parties still grows.
  [[nodiscard]] Found insert(Instant now, const FlowView& packet);

  /// The flow had a packet: it lives on for the time of `life`. `found.flow` is not null.
  void touch(Instant now, const Found& found, FlowLife life) noexcept;

  /// Forgets a flow. `found.flow` is not null.
  void erase(const Found& found) noexcept;

  /// Entries, those that timed out unnoticed included.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// Entries charged to `party`.
  [[nodiscard]] std::size_t size(Party party) const noexcept;

  /// Flows that had to make room before they timed out.
  [[nodiscard]] std::uint64_t evictions() const noexcept { return evictions_; }

 private:
  using Slot = std::uint32_t;
  static constexpr Slot kNone = 0xffff'ffff;

  struct Entry {
    Flow flow{};
    Instant expires{};
    Slot next_in_bucket = kNone;  // also links the free slots
    Slot newer = kNone;
    Slot older = kNone;
    Party owner{};
    FlowLife life = FlowLife::transient;
  };

  // The flows of one party and life, oldest packet first; all have the same timeout, so they time
  // out in this order too.
  struct Queue {
    Slot oldest = kNone;
    Slot newest = kNone;
    std::size_t size = 0;
  };

  struct Owner {
    std::array<Queue, 2> queues{};

    [[nodiscard]] std::size_t size() const noexcept { return queues[0].size + queues[1].size; }
  };

  [[nodiscard]] std::size_t bucket_of(const FlowView& view) const noexcept;
  [[nodiscard]] Queue& queue_of(const Entry& entry) noexcept;
  void enqueue(Slot slot) noexcept;
  void dequeue(Slot slot) noexcept;
  void make_room(Instant now, const Owner& newcomer) noexcept;
  void evict_from(Instant now, const Owner& owner) noexcept;
  void remove(Slot slot) noexcept;

  FlowTableConfig config_;
  std::uint64_t hash_seed_;
  std::vector<Slot> buckets_;  // a power of two
  std::vector<Entry> entries_{};
  std::vector<Owner> owners_{};  // by Party::index()
  Slot free_ = kNone;
  std::size_t size_ = 0;
  std::size_t owners_with_flows_ = 0;
  std::uint64_t evictions_ = 0;
};

}  // namespace quicether::policy

#endif  // QUICETHER_CORE_POLICY_FLOW_TABLE_HPP
