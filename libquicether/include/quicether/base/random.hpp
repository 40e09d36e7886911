#ifndef QUICETHER_BASE_RANDOM_HPP
#define QUICETHER_BASE_RANDOM_HPP

#include <quicether/base/bytes.hpp>

#include <array>
#include <cstdint>

namespace quicether {

/// Source of random bytes, injected so that a simulation repeats exactly.
///
/// The system's implementation is cryptographically secure.
class Random {
 public:
  Random() = default;
  Random(const Random&) = delete;
  Random& operator=(const Random&) = delete;
  virtual ~Random() = default;

  /// Fills `out` with random bytes. Never fails.
  virtual void fill(Bytes out) noexcept = 0;

  /// Returns 64 random bits.
  [[nodiscard]] std::uint64_t next() noexcept {
    std::array<std::uint8_t, 8> bytes{};
    fill(bytes);
    return load_be<std::uint64_t>(bytes);
  }

  /// Returns a number in [0, bound). `bound` is at least 1. The bias is below bound / 2^64.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }
};

/// Deterministic generator for simulations and tests (splitmix64). Not secure.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) noexcept : state_{seed} {}

  void fill(Bytes out) noexcept override;

 private:
  std::uint64_t state_;
};

}  // namespace quicether

#endif  // QUICETHER_BASE_RANDOM_HPP
