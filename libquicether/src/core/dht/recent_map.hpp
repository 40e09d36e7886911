#ifndef QUICETHER_SRC_CORE_DHT_RECENT_MAP_HPP
#define QUICETHER_SRC_CORE_DHT_RECENT_MAP_HPP

#include <quicether/base/address.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>

namespace quicether::dht {

/// Spreads addresses. Who chooses colliding ones slows a look-up down to a walk through a list that
/// is as bounded as the map.
struct AddressHash {
  [[nodiscard]] std::size_t operator()(const IpAddress& address) const noexcept {
    std::uint64_t hash = 0;
    for (const auto byte : address.bytes()) {
      hash = (hash ^ byte) * 0x9e3779b97f4a7c15U;  // 2^64 by the golden ratio (Knuth, 6.4)
      hash = std::rotl(hash, 29);
    }
    return static_cast<std::size_t>(hash);
  }
};

/// Remembers something about the addresses used last, in bounded memory.
///
/// Two generations: when the younger one is full it becomes the older one, and what was the older
/// one is forgotten. So the last half of `entries_max` addresses is always known.
template <typename Value>
class RecentMap {
 public:
  explicit RecentMap(std::size_t entries_max) : half_{entries_max / 2 + 1} {}

  /// The value of an address, made when needed. Valid until the next call of this function.
  Value& operator[](const IpAddress& address) {
    const auto found = young_.find(address);
    if (found != young_.end()) {
      return found->second;
    }
    if (young_.size() >= half_) {
      old_ = std::exchange(young_, {});
    }
    if (auto kept = old_.extract(address)) {
      return young_.insert(std::move(kept)).position->second;
    }
    return young_[address];
  }

  /// The value of an address, or null; does not count as use.
  [[nodiscard]] Value* find(const IpAddress& address) noexcept {
    for (auto* generation : {&young_, &old_}) {
      const auto found = generation->find(address);
      if (found != generation->end()) {
        return &found->second;
      }
    }
    return nullptr;
  }

  [[nodiscard]] std::size_t size() const noexcept { return young_.size() + old_.size(); }

 private:
  std::size_t half_;
  std::unordered_map<IpAddress, Value, AddressHash> young_{};
  std::unordered_map<IpAddress, Value, AddressHash> old_{};
};

}  // namespace quicether::dht

#endif  // QUICETHER_SRC_CORE_DHT_RECENT_MAP_HPP
