#include "packet_ring.hpp"

#include <quicether/base/assert.hpp>

#include <bit>
#include <cstring>

namespace quicether::detail {

namespace {

constexpr std::size_t kBytesMin = 128U << 10U;

}  // namespace

/// What precedes the bytes of a packet. One of length kSkip says that the rest of the ring, up to
/// its end, is unused: packets lie in one piece.
struct PacketRing::Record {
  static constexpr std::uint32_t kSkip = 0xffff'ffff;

  std::uint32_t bytes = 0;
  std::uint32_t to = 0;
  std::uint32_t sender = 0;
  bool has_sender = false;
  bool placed = false;
  Errand errand = Errand::from_tun;
  wire::Offload offload{};

  /// With what follows, so that every record begins where one may.
  [[nodiscard]] static constexpr std::size_t size(std::size_t packet_bytes) noexcept {
    constexpr std::size_t kUnit = alignof(std::uint64_t);
    return (sizeof(Record) + packet_bytes + kUnit - 1) / kUnit * kUnit;
  }
};

PacketRing::PacketRing(std::size_t bytes)
    : size_{bytes}, bytes_{std::make_unique_for_overwrite<std::uint8_t[]>(bytes)} {
  QE_ASSERT(std::has_single_bit(bytes) && bytes >= kBytesMin);
}

bool PacketRing::push(const Parcel& parcel) noexcept {
  const auto packet = parcel.packet.bytes;
  const auto needed = Record::size(packet.size());
  auto position = written_.load(std::memory_order_relaxed);
  const auto to_end = size_ - (position & (size_ - 1));
  const auto skipped = needed > to_end ? to_end : 0;
  const auto used = position - read_.load(std::memory_order_acquire);
  if (size_ - used < needed + skipped) {
    return false;
  }
  if (skipped >= sizeof(Record)) {
    const Record skip{.bytes = Record::kSkip};
    std::memcpy(at(position), &skip, sizeof skip);
  }
  position += skipped;
  const Record record{.bytes = static_cast<std::uint32_t>(packet.size()),
                      .to = parcel.to.value,
                      .sender = parcel.sender.value_or(PeerIndex{}).value,
                      .has_sender = parcel.sender.has_value(),
                      .placed = parcel.placed,
                      .errand = parcel.errand,
                      .offload = parcel.packet.offload};
  std::memcpy(at(position), &record, sizeof record);
  copy_bytes(packet, Bytes{at(position) + sizeof record, packet.size()});
  written_.store(position + needed, std::memory_order_release);
  return true;
}

std::optional<Parcel> PacketRing::next() noexcept {
  const auto written = written_.load(std::memory_order_acquire);
  Record record;
  while (next_ != written) {
    const auto to_end = size_ - (next_ & (size_ - 1));
    if (to_end >= sizeof record) {
      std::memcpy(&record, at(next_), sizeof record);
      if (record.bytes != Record::kSkip) {
        break;
      }
    }
    next_ += to_end;
  }
  if (next_ == written) {
    return std::nullopt;
  }
  Parcel parcel;
  parcel.errand = record.errand;
  parcel.to = {record.to};
  if (record.has_sender) {
    parcel.sender = PeerIndex{record.sender};
  }
  parcel.placed = record.placed;
  parcel.packet = {Bytes{at(next_) + sizeof record, record.bytes}, record.offload};
  next_ += Record::size(record.bytes);
  return parcel;
}

}  // namespace quicether::detail
