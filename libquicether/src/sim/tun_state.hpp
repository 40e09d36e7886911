#ifndef QUICETHER_SRC_SIM_TUN_STATE_HPP
#define QUICETHER_SRC_SIM_TUN_STATE_HPP

#include "sim/host_state.hpp"
#include "sim/pending_wait.hpp"

#include <quicether/sim/tun.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace quicether::sim::detail {

/// A packet on its way to the library.
struct TunPacket {
  ByteVector bytes{};
  wire::Offload offload{};
};

/// The insides of a Tun.
struct TunState final : ProcessObject {
  TunState(Tun& device, HostState& on, const TunOptions& options);
  ~TunState() override = default;

  /// Takes the interface out of the host. Waits stay outstanding.
  void remove() noexcept;

  [[nodiscard]] bool serves() const noexcept { return open && alive(); }

  [[nodiscard]] bool may_tell() const noexcept { return open && active(); }

  void on_killed() noexcept override { remove(); }

  void on_resumed() noexcept override;

  Tun& self;
  std::string name;
  std::uint32_t mtu;
  std::vector<InterfaceAddress> addresses;
  std::set<Prefix> routes{};
  std::deque<TunPacket> to_library{};
  std::vector<TunPacket> being_read{};  // what the views of the last read() point to
  std::vector<ByteVector> written{};
  wire::Splitter splitter{};
  std::function<void(ConstBytes)> receiver{};
  PendingWait readable;
  TunStats stats{};
  bool open = true;     // false once the interface is gone, by close() or with its process
  bool closed = false;  // by close()
};

}  // namespace quicether::sim::detail

#endif  // QUICETHER_SRC_SIM_TUN_STATE_HPP
