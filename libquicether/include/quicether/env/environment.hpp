#ifndef QUICETHER_ENV_ENVIRONMENT_HPP
#define QUICETHER_ENV_ENVIRONMENT_HPP

#include <quicether/base/assert.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/event.hpp>
#include <quicether/base/random.hpp>
#include <quicether/base/time.hpp>
#include <quicether/env/datagram_socket.hpp>
#include <quicether/env/host_interface.hpp>
#include <quicether/env/lan_socket.hpp>
#include <quicether/env/network_watch.hpp>
#include <quicether/env/store.hpp>
#include <quicether/env/timer.hpp>
#include <quicether/env/tun_device.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace quicether {

/// Everything the library takes from the outside world: executor, clock, timers, sockets, TUN,
/// randomness, state, events.
///
/// `system_environment()` is the real one, `sim::Host` one in virtual time. Objects that it makes
/// must not outlive it. Threads: all calls on the executor's thread.
class Environment {
 public:
  Environment() = default;
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  virtual ~Environment() = default;

  [[nodiscard]] virtual boost::asio::any_io_executor get_executor() noexcept = 0;

  /// The monotonic clock.
  [[nodiscard]] virtual Instant now() const noexcept = 0;

  /// The wall clock, for certificates and logs.
  [[nodiscard]] virtual UnixSeconds unix_time() const noexcept = 0;

  [[nodiscard]] virtual Random& random() noexcept = 0;

  [[nodiscard]] virtual Store& store() noexcept = 0;

  [[nodiscard]] virtual EventSink& events() noexcept = 0;

  [[nodiscard]] virtual std::unique_ptr<Timer> make_timer() = 0;

  /// Binds a UDP socket.
  ///
  /// **Errors:** `already_open` (address in use), `invalid_argument` (no such address or
  /// interface), `permission_denied`, `unsupported` (no such family), `io_failure`.
  [[nodiscard]] virtual result<std::unique_ptr<DatagramSocket>> open_datagram_socket(
      const DatagramSocketOptions& options) = 0;

  /// Joins a multicast group on the links of this host.
  ///
  /// **Errors:** `unsupported` (none in this environment), `already_open`, `permission_denied`,
  /// `io_failure`.
  [[nodiscard]] virtual result<std::unique_ptr<LanSocket>> open_lan_socket(
      const LanSocketOptions& options) = 0;

  /// Creates a TUN interface, sets MTU and addresses and brings it up.
  ///
  /// **Errors:** `already_open` (name in use), `permission_denied`, `invalid_argument`,
  /// `unsupported` (no TUN in this environment), `io_failure`.
  [[nodiscard]] virtual result<std::unique_ptr<TunDevice>> open_tun(const TunOptions& options) = 0;

  /// The network interfaces of this host and their addresses, as they are now; NetworkWatch tells
  /// when to look again. Empty when the system does not tell.
  [[nodiscard]] virtual std::vector<HostInterface> interfaces() = 0;

  /// Starts to watch the host's network.
  ///
  /// **Errors:** `unsupported` (nothing can be watched here), `permission_denied`, `io_failure`.
  [[nodiscard]] virtual result<std::unique_ptr<NetworkWatch>> watch_network() = 0;

  /// How many shards share the work of a node; 1: all of it happens on the executor.
  [[nodiscard]] virtual std::size_t shard_count() const noexcept { return 1; }

  /// The environment of a shard, for objects that live on its thread: 0 is this one. The Store is
  /// common to all; what another shard tells its EventSink arrives on this environment's thread.
  /// `index`: below shard_count().
  [[nodiscard]] virtual Environment& shard(std::size_t index) noexcept {
    QE_ASSERT(index == 0);
    return *this;
  }

  /// Runs `job` on a shard's thread and waits until it is done. Threads: this environment's; a job
  /// must not wait for that in its turn.
  virtual void run_on_shard(std::size_t index, const std::function<void()>& job) {
    QE_ASSERT(index == 0);
    job();
  }
};

}  // namespace quicether

#endif  // QUICETHER_ENV_ENVIRONMENT_HPP
