#ifndef QUICETHER_CORE_POLICY_OBJECT_INDEX_HPP
#define QUICETHER_CORE_POLICY_OBJECT_INDEX_HPP

#include <quicether/base/address.hpp>
#include <quicether/core/policy/rule.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace quicether::policy {

/// Answers "which rules have an object that covers this address?" with one bit per rule.
///
/// The borders of all objects cut each family's address space into intervals; each interval has
/// the precomputed set of its rules, so that an answer is one binary search however the objects
/// nest. Memory: at most (2 * rules + 1) * rules / 8 bytes per family, 25 MB at 10 000 rules.
/// Source: the bit vectors of Lakshman and Stiliadis, "High-Speed Policy-based Packet Forwarding
/// Using Efficient Multi-dimensional Range Matching", SIGCOMM 1998.
class ObjectIndex {
 public:
  explicit ObjectIndex(std::span<const Rule> rules);

  /// Bit i % 64 of word i / 64 is set when the object of rule i covers `address`.
  ///
  /// words() words; the view lives as long as the index. **Allocation:** none.
  [[nodiscard]] std::span<const std::uint64_t> rules_for(const IpAddress& address) const noexcept;

  [[nodiscard]] std::size_t words() const noexcept { return words_; }

 private:
  using Key = std::array<std::uint64_t, 2>;  // big-endian halves; IPv4 uses the second only

  struct Family {
    std::vector<Key> starts;           // of the intervals; ascending, the first is zero
    std::vector<std::uint64_t> words;  // of all intervals, words_ each
  };

  [[nodiscard]] static Key key_of(const IpAddress& address) noexcept;

  [[nodiscard]] Family build(std::span<const Rule> rules, bool v6) const;

  std::size_t words_;
  Family v4_;
  Family v6_;
};

}  // namespace quicether::policy

#endif  // QUICETHER_CORE_POLICY_OBJECT_INDEX_HPP
