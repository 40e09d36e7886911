#ifndef QUICETHER_SIM_TRACE_HASH_HPP
#define QUICETHER_SIM_TRACE_HASH_HPP

#include <cstdint>
#include <string_view>

namespace quicether::sim {

/// Running 64-bit hash of what happened in a simulation: equal runs have equal hashes.
///
/// It depends on the order and values of what was added and on nothing else: not on the machine,
/// the compiler, or addresses in memory. Not cryptographic.
class TraceHash {
 public:
  explicit constexpr TraceHash(std::uint64_t seed = 0) noexcept : state_{mix(seed)} {}

  constexpr void add(std::uint64_t word) noexcept { state_ = mix(state_ ^ word) + word; }

  /// Adds every character and the length.
  constexpr void add(std::string_view text) noexcept {
    add(text.size());
    for (const char character : text) {
      add(static_cast<std::uint64_t>(static_cast<unsigned char>(character)));
    }
  }

  [[nodiscard]] constexpr std::uint64_t value() const noexcept { return state_; }

 private:
  // The finaliser of splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
  // generators", 2014): every input bit reaches every output bit.
  [[nodiscard]] static constexpr std::uint64_t mix(std::uint64_t word) noexcept {
    word += 0x9e3779b97f4a7c15U;
    word = (word ^ (word >> 30U)) * 0xbf58476d1ce4e5b9U;
    word = (word ^ (word >> 27U)) * 0x94d049bb133111ebU;
    return word ^ (word >> 31U);
  }

  std::uint64_t state_;
};

}  // namespace quicether::sim

#endif  // QUICETHER_SIM_TRACE_HASH_HPP
