#include "core/quic/connection_ids.hpp"

#include <quicether/base/assert.hpp>

#include <algorithm>

namespace quicether::quic {

ForeignCid ForeignCid::of(ConstBytes from) noexcept {
  QE_ASSERT(from.size() <= NGTCP2_MAX_CIDLEN);
  ForeignCid cid;
  std::ranges::copy(from, cid.bytes.begin());
  cid.size = from.size();
  return cid;
}

ConnectionHandle ConnectionIds::find(const OwnCid& cid) const noexcept {
  const auto found = own_.find(cid.key());
  return found == own_.end() ? ConnectionHandle{} : found->second;
}

ConnectionHandle ConnectionIds::find(const ForeignCid& cid) const noexcept {
  const auto found = initial_.find(cid);
  return found == initial_.end() ? ConnectionHandle{} : found->second;
}

ConnectionHandle ConnectionIds::find(const ResetToken& token) const noexcept {
  const auto found = tokens_.find(hidden(token));
  return found == tokens_.end() ? ConnectionHandle{} : found->second;
}

}  // namespace quicether::quic
