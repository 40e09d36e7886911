#ifndef QUICETHER_SRC_CORE_DHT_ITEM_STORE_HPP
#define QUICETHER_SRC_CORE_DHT_ITEM_STORE_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/dht/item.hpp>
#include <quicether/core/dht/limits.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

namespace quicether::dht {

/// Items that are kept for others, in bounded memory.
///
/// A subnet may have so many; it loses its own farthest one to a nearer one of its own. When the
/// store is full, the subnet with the most loses its farthest one. So a flood displaces itself.
class ItemStore {
 public:
  explicit ItemStore(const Limits& limits) : limits_{limits} {}

  /// Stores a sound item (check_item()) at its target. `self`: our id, what "far" is measured from.
  ///
  /// Returns `cas_mismatch`, `seq_too_low`, or `server` when there is no room for it.
  [[nodiscard]] KrpcError put(Instant now,
                              const Id& target,
                              const ItemView& item,
                              std::optional<std::int64_t> cas,
                              const IpAddress& from,
                              const Id& self);

  /// The item at a target, or null.
  [[nodiscard]] const Item* find(const Id& target) const noexcept;

  /// Drops what nobody has put again within its lifetime.
  void expire(Instant now);

  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }

  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct Stored {
    Item item{};
    Instant touched{};
    /// Who put it first. Later puts do not change it: else whoever repeats another's item could
    /// have it count, and be displaced, as his own.
    IpAddress subnet{};
  };

  using Items = std::map<Id, Stored>;

  [[nodiscard]] KrpcError update(Instant now,
                                 Stored& stored,
                                 const ItemView& item,
                                 std::optional<std::int64_t> cas);
  [[nodiscard]] bool displace(const IpAddress& subnet, const Id& target, const Id& self);
  [[nodiscard]] IpAddress largest_subnet() const noexcept;
  void erase(Items::iterator place);

  const Limits& limits_;
  Items items_{};
  std::map<IpAddress, std::set<Id>> per_subnet_{};
  std::size_t bytes_ = 0;
};

}  // namespace quicether::dht

#endif  // QUICETHER_SRC_CORE_DHT_ITEM_STORE_HPP
