#include "core/wire/ip_layout.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/core/wire/datagram.hpp>
#include <quicether/core/wire/half.hpp>

#include <algorithm>

namespace quicether::wire {

namespace {

// Place and number, which follow the context id.
constexpr std::size_t kFields = kHalfHeadBytes - 1;

constexpr std::uint8_t kBothPlaces = 0b11;

// The length that an IP header claims; 0 when there is none.
std::size_t claimed_bytes(ConstBytes packet) noexcept {
  const unsigned version = packet.empty() ? 0U : packet[0] >> 4U;
  if (version == 4 && packet.size() >= kIpv4HeaderBytes) {
    return read<std::uint16_t>(packet, 2);
  }
  if (version == 6 && packet.size() >= kIpv6HeaderBytes) {
    return kIpv6HeaderBytes + read<std::uint16_t>(packet, 4);
  }
  return 0;
}

}  // namespace

std::array<Half, 2> cut_in_halves(ConstBytes packet, std::uint16_t number) noexcept {
  QE_DASSERT(packet.size() >= 2);
  const auto second = packet.size() / 2;
  std::array<Half, 2> halves;
  for (std::uint8_t place = 0; place < 2; ++place) {
    auto& half = halves[place];
    half.head = {kContextHalf, place};
    write(Bytes{half.head}, 2, number);
    half.part = place == 0 ? packet.first(packet.size() - second) : packet.last(second);
  }
  return halves;
}

HalfJoiner::Taken HalfJoiner::take(ConstBytes body) {
  if (body.size() <= kFields || body[0] > 1 || body.size() - kFields > kHalfBytesMax) {
    return Taken::refused;
  }
  const bool second = body[0] == 1;
  const auto place = static_cast<std::uint8_t>(second ? 0b10U : 0b01U);
  const auto number = read<std::uint16_t>(body, 1);
  const auto part = body.subspan(kFields);
  const auto found = std::ranges::find_if(
      entries_, [&](const Entry& entry) { return entry.places != 0 && entry.number == number; });
  auto& entry = found == entries_.end() ? begin(number) : *found;
  if ((entry.places & place) != 0) {
    return Taken::refused;
  }
  entry.places |= place;
  entry.bytes.insert(second ? entry.bytes.end() : entry.bytes.begin(), part.begin(), part.end());
  if (entry.places != kBothPlaces) {
    return Taken::waiting;
  }
  completed_ = static_cast<std::size_t>(&entry - entries_.data());
  return claimed_bytes(entry.bytes) == entry.bytes.size() ? Taken::whole : Taken::refused;
}

// A completed packet keeps its entry as long as others, so that duplicates are known.
HalfJoiner::Entry& HalfJoiner::begin(std::uint16_t number) noexcept {
  auto& entry = entries_[next_];
  next_ = (next_ + 1) % kOpenMax;
  entry.bytes.clear();
  entry.number = number;
  entry.places = 0;
  return entry;
}

}  // namespace quicether::wire
