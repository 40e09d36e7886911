#include <quicether/base/assert.hpp>
#include <quicether/core/wire/bonded.hpp>
#include <quicether/core/wire/datagram.hpp>

namespace quicether::wire {

namespace {

constexpr std::uint16_t kMore = 0x8000;
constexpr std::uint16_t kAtOnce = 0x4000;

}  // namespace

void write_bonded_head(const BondedHead& head, Bytes datagram) noexcept {
  QE_DASSERT(head.flow < kBondedFlows && datagram.size() >= kBondedHeadBytes);
  const auto word = static_cast<std::uint16_t>(head.flow | (head.more ? kMore : 0U) |
                                               (head.at_once ? kAtOnce : 0U));
  datagram[0] = kContextBonded;
  store_be(datagram.subspan(1), word);
  store_be(datagram.subspan(3), head.sequence);
}

result<Bonded> parse_bonded(Bytes body) noexcept {
  constexpr std::size_t kFields = kBondedHeadBytes - 1;
  if (body.size() < kFields) {
    return errc::truncated;
  }
  const auto word = load_be<std::uint16_t>(body);
  Bonded bonded;
  bonded.head.flow = word % kBondedFlows;
  bonded.head.sequence = load_be<std::uint32_t>(body.subspan(2));
  bonded.head.more = (word & kMore) != 0;
  bonded.head.at_once = (word & kAtOnce) != 0;
  bonded.payload = body.subspan(kFields);
  return bonded;
}

}  // namespace quicether::wire
