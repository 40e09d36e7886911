#include <quicether/base/assert.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/core/wire/half.hpp>
#include <quicether/core/wire/ip.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

// Halves from a hostile peer: each input is a row of bodies, two bytes of length before each. What
// comes out is as long as its header says, and what is cut from it comes together again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quicether;
  using Taken = wire::HalfJoiner::Taken;
  wire::HalfJoiner joiner;
  ConstBytes rest{data, size};
  while (rest.size() >= 2) {
    const auto length = std::min<std::size_t>(load_be<std::uint16_t>(rest), rest.size() - 2);
    const auto body = rest.subspan(2, length);
    rest = rest.subspan(2 + length);
    if (joiner.take(body) != Taken::whole) {
      continue;
    }
    const ByteVector packet{joiner.packet().begin(), joiner.packet().end()};
    QE_ASSERT(packet.size() <= 2 * wire::kHalfBytesMax);
    const auto info = wire::parse_packet(packet);
    QE_ASSERT(info || (info.error() != wire::IpDefect::trailing_bytes &&
                       info.error() != wire::IpDefect::bad_version));
    wire::HalfJoiner other;
    for (const auto& half : wire::cut_in_halves(packet, 1)) {
      ByteVector again{half.head.begin() + 1, half.head.end()};
      again.insert(again.end(), half.part.begin(), half.part.end());
      const auto taken = other.take(again);
      QE_ASSERT(taken != Taken::refused);
      QE_ASSERT(taken == Taken::waiting || std::ranges::equal(other.packet(), packet));
    }
    QE_ASSERT(std::ranges::equal(joiner.packet(), packet));
  }
  return 0;
}
