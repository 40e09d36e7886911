#ifndef QUICETHER_CORE_ROUTE_LPM_TABLE_HPP
#define QUICETHER_CORE_ROUTE_LPM_TABLE_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/assert.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace quicether::route {

/// Longest-prefix match over IPv4 and IPv6 prefixes.
///
/// A path-compressed binary trie (PATRICIA) per family, in one array: a look-up compares whole
/// words and visits about log2(n) nodes, the first of which stay in the cache. Chosen over multibit
/// tries because insertion and removal touch two nodes, so that a table that peers make change is
/// never rebuilt. Copyable and movable.
template <typename Value>
class LpmTable {
 public:
  /// Adds a prefix or replaces its value. True when it is new.
  bool insert(const Prefix& prefix, Value value) {
    return trie(prefix.address()).insert(Key{prefix.address()}, prefix, std::move(value));
  }

  /// Removes exactly this prefix. True when it was there.
  bool erase(const Prefix& prefix) {
    return trie(prefix.address()).erase(Key{prefix.address()}, prefix.length());
  }

  /// The value of the longest prefix that contains the address, or null. Valid until a change.
  ///
  /// **Allocation:** none.
  [[nodiscard]] const Value* lookup(const IpAddress& address) const noexcept {
    return (address.is_v4() ? v4_ : v6_).lookup(Key{address}, address.bits());
  }

  /// The value of exactly this prefix, or null. Valid until a change.
  [[nodiscard]] const Value* find(const Prefix& prefix) const noexcept {
    return (prefix.address().is_v4() ? v4_ : v6_).find(Key{prefix.address()}, prefix.length());
  }

  /// Calls visit(prefix, value) for each entry: IPv4 first, in order of address, shorter first.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    v4_.for_each(0, visit);
    v6_.for_each(0, visit);
  }

  [[nodiscard]] std::size_t size() const noexcept { return v4_.size() + v6_.size(); }

 private:
  /// The bits of an address, most significant first, as two words.
  struct Key {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    explicit Key(const IpAddress& address) noexcept {
      const auto bytes = address.bytes();
      if (address.is_v4()) {
        high = std::uint64_t{load_be<std::uint32_t>(bytes)} << 32U;
      } else {
        high = load_be<std::uint64_t>(bytes);
        low = load_be<std::uint64_t>(bytes.subspan(8));
      }
    }

    [[nodiscard]] std::size_t bit(unsigned index) const noexcept {
      return ((index < 64 ? high : low) >> (63U - index % 64)) & 1U;
    }

    /// How many leading bits are the same: 0..128.
    [[nodiscard]] unsigned common_bits(const Key& other) const noexcept {
      const auto difference = high ^ other.high;
      return difference != 0 ? static_cast<unsigned>(std::countl_zero(difference))
                             : 64U + static_cast<unsigned>(std::countl_zero(low ^ other.low));
    }
  };

  struct Entry {
    Prefix prefix{};
    Value value{};
  };

  struct Node {
    Key key;
    unsigned length = 0;
    std::array<std::uint32_t, 2> child{kNone, kNone};
    std::optional<Entry> entry{};
  };

  /// Where a node hangs: child `side` of `node`.
  struct Link {
    std::uint32_t node = 0;
    std::size_t side = 0;
  };

  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint32_t kRoot = 0;  // the empty prefix, always there

  class Trie {
   public:
    bool insert(const Key& key, const Prefix& prefix, Value value) {
      std::uint32_t index = kRoot;
      while (nodes_[index].length != prefix.length()) {
        const Link link{index, key.bit(nodes_[index].length)};
        const auto next = at(link);
        if (next == kNone) {
          at(link, make_node(key, prefix.length()));
          index = at(link);
          break;
        }
        const auto common = std::min(key.common_bits(nodes_[next].key), prefix.length());
        index = common < nodes_[next].length ? split(link, common) : next;
      }
      auto& entry = nodes_[index].entry;
      const bool added = !entry.has_value();
      entry = Entry{prefix, std::move(value)};
      size_ += added ? 1U : 0U;
      return added;
    }

    bool erase(const Key& key, unsigned length) {
      Link parent{};
      Link link{};
      std::uint32_t index = kRoot;
      while (nodes_[index].length < length) {
        parent = link;
        link = {index, key.bit(nodes_[index].length)};
        index = at(link);
        if (index == kNone || key.common_bits(nodes_[index].key) < nodes_[index].length) {
          return false;
        }
      }
      if (nodes_[index].length != length || !nodes_[index].entry) {
        return false;
      }
      nodes_[index].entry.reset();
      --size_;
      if (index != kRoot) {
        bypass_if_idle(link);
        if (link.node != kRoot) {
          bypass_if_idle(parent);
        }
      }
      return true;
    }

    [[nodiscard]] const Value* lookup(const Key& key, unsigned bits) const noexcept {
      const Value* best = nullptr;
      std::uint32_t index = kRoot;
      while (index != kNone) {
        const Node& node = nodes_[index];
        if (key.common_bits(node.key) < node.length) {
          break;
        }
        if (node.entry) {
          best = &node.entry->value;
        }
        if (node.length == bits) {
          break;
        }
        index = node.child[key.bit(node.length)];
      }
      return best;
    }

    [[nodiscard]] const Value* find(const Key& key, unsigned length) const noexcept {
      std::uint32_t index = kRoot;
      while (index != kNone && nodes_[index].length < length) {
        index = nodes_[index].child[key.bit(nodes_[index].length)];
      }
      if (index == kNone || nodes_[index].length != length || !nodes_[index].entry ||
          key.common_bits(nodes_[index].key) < length) {
        return nullptr;
      }
      return &nodes_[index].entry->value;
    }

    template <typename Visit>
    void for_each(std::uint32_t index, Visit&& visit) const {
      // The depth is at most 129: every step down adds a bit of prefix.
      const Node& node = nodes_[index];
      if (node.entry) {
        visit(node.entry->prefix, node.entry->value);
      }
      for (const auto child : node.child) {
        if (child != kNone) {
          for_each(child, visit);
        }
      }
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

   private:
    [[nodiscard]] std::uint32_t at(const Link& link) const noexcept {
      return nodes_[link.node].child[link.side];
    }

    void at(const Link& link, std::uint32_t index) noexcept {
      nodes_[link.node].child[link.side] = index;
    }

    /// Puts a node for the first `length` bits above the one that hangs on `link`.
    std::uint32_t split(const Link& link, unsigned length) {
      const auto below = at(link);
      const auto fork = make_node(nodes_[below].key, length);
      nodes_[fork].child[nodes_[below].key.bit(length)] = below;
      at(link, fork);
      return fork;
    }

    /// Frees a node without entry that has one child or none.
    void bypass_if_idle(const Link& link) {
      const auto index = at(link);
      const Node& node = nodes_[index];
      if (node.entry || (node.child[0] != kNone && node.child[1] != kNone)) {
        return;
      }
      at(link, node.child[0] != kNone ? node.child[0] : node.child[1]);
      free_.push_back(index);
    }

    [[nodiscard]] std::uint32_t make_node(const Key& key, unsigned length) {
      const Node node{key, length, {kNone, kNone}, std::nullopt};
      if (!free_.empty()) {
        const auto index = free_.back();
        free_.pop_back();
        nodes_[index] = node;
        return index;
      }
      QE_ASSERT(nodes_.size() < kNone);
      nodes_.push_back(node);
      return static_cast<std::uint32_t>(nodes_.size() - 1);
    }

    std::vector<Node> nodes_{Node{Key{IpAddress{}}, 0, {kNone, kNone}, std::nullopt}};
    std::vector<std::uint32_t> free_{};
    std::size_t size_ = 0;
  };

  [[nodiscard]] Trie& trie(const IpAddress& address) noexcept {
    return address.is_v4() ? v4_ : v6_;
  }

  Trie v4_{};
  Trie v6_{};
};

}  // namespace quicether::route

#endif  // QUICETHER_CORE_ROUTE_LPM_TABLE_HPP
