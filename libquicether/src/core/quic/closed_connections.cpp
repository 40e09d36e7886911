#include "core/quic/closed_connections.hpp"

#include <algorithm>
#include <bit>

namespace quicether::quic {

void ClosedConnections::add(std::span<const OwnCid> cids,
                            Instant until,
                            Route route,
                            ByteVector packet) {
  while (closed_.size() >= kMax) {
    drop_first();
  }
  const auto number = next_number_++;
  for (const auto& cid : cids) {
    by_cid_[cid.key()] = number;
  }
  deadlines_.emplace(until, number);
  closed_.emplace(number, Closed{{cids.begin(), cids.end()}, route, std::move(packet)});
}

bool ClosedConnections::on_packet(const OwnCid& cid, TransmitQueue& transmit) {
  const auto found = by_cid_.find(cid.key());
  if (found == by_cid_.end()) {
    return false;
  }
  auto& closed = closed_.at(found->second);
  ++closed.received;
  // Answers to the 1st, 2nd, 4th, 8th packet only (RFC 9000 section 10.2.1).
  if (closed.packet.empty() || !std::has_single_bit(closed.received)) {
    return true;
  }
  const auto out = transmit.prepare(closed.packet.size());
  if (!out.empty()) {
    std::ranges::copy(closed.packet, out.begin());
    transmit.commit(closed.route, closed.packet.size());
  }
  return true;
}

void ClosedConnections::on_timeout(Instant now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    drop_first();
  }
}

void ClosedConnections::drop_first() {
  const auto number = deadlines_.begin()->second;
  deadlines_.erase(deadlines_.begin());
  const auto found = closed_.find(number);
  for (const auto& cid : found->second.cids) {
    by_cid_.erase(cid.key());
  }
  closed_.erase(found);
}

}  // namespace quicether::quic
