#ifndef QUICETHER_SRC_CORE_QUIC_CONNECTION_TABLE_HPP
#define QUICETHER_SRC_CORE_QUIC_CONNECTION_TABLE_HPP

#include "core/quic/connection.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace quicether::quic {

/// Owns the connections. A handle is a slot number and how often the slot was used before, so that
/// finding one is an index and no handle comes twice.
class ConnectionTable {
 public:
  /// The handle that the next put() has to bear.
  [[nodiscard]] ConnectionHandle next_handle() const noexcept;

  Connection& put(std::unique_ptr<Connection> connection);

  [[nodiscard]] Connection* find(ConnectionHandle handle) const noexcept;

  [[nodiscard]] Connection* at(std::uint32_t slot) const noexcept {
    return slots_[slot].connection.get();
  }

  void erase(ConnectionHandle handle) noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  [[nodiscard]] static std::uint32_t slot_of(ConnectionHandle handle) noexcept {
    return static_cast<std::uint32_t>(handle.value);
  }

 private:
  struct Slot {
    std::unique_ptr<Connection> connection{};
    std::uint32_t uses = 0;
  };

  std::vector<Slot> slots_{};
  std::vector<std::uint32_t> free_{};
  std::size_t size_ = 0;
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_CONNECTION_TABLE_HPP
