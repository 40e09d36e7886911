#include "core/quic/connection_table.hpp"

#include <quicether/base/assert.hpp>

namespace quicether::quic {
namespace {

ConnectionHandle make_handle(std::uint32_t slot, std::uint32_t uses) noexcept {
  return {(std::uint64_t{uses} << 32U) | slot};
}

}  // namespace

ConnectionHandle ConnectionTable::next_handle() const noexcept {
  if (free_.empty()) {
    return make_handle(static_cast<std::uint32_t>(slots_.size()), 1);
  }
  const auto slot = free_.back();
  return make_handle(slot, slots_[slot].uses + 1);
}

Connection& ConnectionTable::put(std::unique_ptr<Connection> connection) {
  QE_ASSERT(connection->handle() == next_handle());
  const auto slot = slot_of(connection->handle());
  if (free_.empty()) {
    slots_.emplace_back();
  } else {
    free_.pop_back();
  }
  ++slots_[slot].uses;
  ++size_;
  slots_[slot].connection = std::move(connection);
  return *slots_[slot].connection;
}

Connection* ConnectionTable::find(ConnectionHandle handle) const noexcept {
  const auto slot = slot_of(handle);
  if (slot >= slots_.size() || make_handle(slot, slots_[slot].uses) != handle) {
    return nullptr;
  }
  return slots_[slot].connection.get();
}

void ConnectionTable::erase(ConnectionHandle handle) noexcept {
  QE_ASSERT(find(handle) != nullptr);
  const auto slot = slot_of(handle);
  slots_[slot].connection.reset();
  --size_;
  // A slot that was used 2^32 times is left alone, so that no handle repeats.
  if (slots_[slot].uses != UINT32_MAX) {
    free_.push_back(slot);
  }
}

}  // namespace quicether::quic
