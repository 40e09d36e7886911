#include <quicether/base/random.hpp>

namespace quicether {

void SeededRandom::fill(Bytes out) noexcept {
  std::size_t filled = 0;
  while (filled < out.size()) {
    // splitmix64, Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014.
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t word = state_;
    word = (word ^ (word >> 30U)) * 0xbf58476d1ce4e5b9U;
    word = (word ^ (word >> 27U)) * 0x94d049bb133111ebU;
    word ^= word >> 31U;
    for (std::size_t i = 0; i < 8 && filled < out.size(); ++i, ++filled) {
      out[filled] = static_cast<std::uint8_t>(word >> (8U * i));
    }
  }
}

}  // namespace quicether
