#ifndef QUICETHER_SRC_SIM_NETWORK_WATCH_HPP
#define QUICETHER_SRC_SIM_NETWORK_WATCH_HPP

#include "sim/host_state.hpp"
#include "sim/pending_wait.hpp"

#include <quicether/env/network_watch.hpp>

namespace quicether::sim::detail {

/// Hears of what tests do to the addresses of a host.
class HostNetworkWatch final : public NetworkWatch, private ProcessObject {
 public:
  explicit HostNetworkWatch(HostState& host);
  ~HostNetworkWatch() override;

  void async_wait(WaitHandler handler) override;

  /// The network changed.
  void on_change() noexcept;

 private:
  void on_killed() noexcept override {}

  void on_resumed() noexcept override;

  PendingWait wait_;
  bool changed_ = false;  // while nobody waited, or the process was paused
};

}  // namespace quicether::sim::detail

#endif  // QUICETHER_SRC_SIM_NETWORK_WATCH_HPP
