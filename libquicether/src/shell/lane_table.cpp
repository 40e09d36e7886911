#include "lane_table.hpp"

#include <quicether/base/assert.hpp>

#include <algorithm>

namespace quicether::detail {

namespace {

/// All fragments of a datagram, as policy::PacketFilter knows them together.
wire::FlowKey datagram_of(const wire::PacketInfo& info) noexcept {
  return {info.source,
          info.destination,
          static_cast<std::uint16_t>(info.fragment_id >> 16U),
          static_cast<std::uint16_t>(info.fragment_id),
          info.version == 4 ? info.protocol : std::uint8_t{0}};
}

/// The flow that a packet belongs to, or tells an error of.
wire::FlowKey flow_of(ConstBytes packet, const wire::PacketInfo& info) noexcept {
  if (wire::is_icmp_error(info)) {
    if (const auto quoted = wire::quoted_flow(packet, info)) {
      return *quoted;
    }
  }
  return wire::flow_key(info);
}

}  // namespace

void FragmentPlaces::note(const wire::PacketInfo& first, std::size_t shard) noexcept {
  const auto datagram = datagram_of(first);
  places_[slot_of(datagram)] = Place{datagram, static_cast<std::uint8_t>(shard)};
}

std::optional<std::size_t> FragmentPlaces::find(const wire::PacketInfo& later) const noexcept {
  const auto datagram = datagram_of(later);
  const auto& place = places_[slot_of(datagram)];
  return place && place->datagram == datagram ? std::optional<std::size_t>{place->shard}
                                              : std::nullopt;
}

void LaneTable::set(PeerIndex peer, std::size_t lanes, std::optional<PeerIndex> here) {
  QE_ASSERT(lanes >= 1 && lanes <= shard_.count);
  if (peer.value >= entries_.size()) {
    entries_.resize(peer.value + std::size_t{1});
  }
  entries_[peer.value] = {lanes, here};
  if (here) {
    const auto position = shard_.position_of(*here);
    peers_.resize(std::max(peers_.size(), position + 1));
    peers_[position] = peer;
  }
}

LaneTable::Judge LaneTable::judge_of(PeerIndex peer,
                                     ConstBytes packet,
                                     const wire::PacketInfo& info) noexcept {
  const std::size_t home = peer.value % shard_.count;
  const auto lanes = peer.value < entries_.size() ? entries_[peer.value].lanes : 1;
  if (lanes == 1) {
    return {home};
  }
  const auto shard_of = [&](const wire::FlowKey& flow) {
    return (home + wire::flow_lane(flow, lanes)) % shard_.count;
  };
  if (info.fragment == wire::Fragment::none) {
    return {shard_of(flow_of(packet, info))};
  }
  const auto desk = shard_of(wire::order_key(info));
  if (desk != shard_.index) {
    return {desk, false};
  }
  if (info.fragment == wire::Fragment::later) {
    return {fragments_.find(info).value_or(desk)};
  }
  const auto shard = shard_of(wire::flow_key(info));
  fragments_.note(info, shard);
  return {shard};
}

}  // namespace quicether::detail
