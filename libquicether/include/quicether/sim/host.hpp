#ifndef QUICETHER_SIM_HOST_HPP
#define QUICETHER_SIM_HOST_HPP

#include <quicether/env/environment.hpp>
#include <quicether/sim/event_recorder.hpp>
#include <quicether/sim/interface.hpp>
#include <quicether/sim/memory_store.hpp>
#include <quicether/sim/tun.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quicether::sim {

namespace detail {
class HostState;
}

/// A simulated machine with one process on it: an Environment in virtual time.
///
///            kill()                restart()
///   running ────────> killed ───────────────> running (new process, same store)
///      │  pause()             resume()
///      └────────> paused ─────────────> running
///
/// Network::add_host() makes hosts; they live as long as the simulation.
class Host final : public Environment {
 public:
  /// Where unix_time() starts: 2026-01-01T00:00:00Z.
  static constexpr UnixSeconds kUnixStart = 1'767'225'600;

  explicit Host(std::unique_ptr<detail::HostState> state);
  ~Host() override;

  // Environment.
  [[nodiscard]] boost::asio::any_io_executor get_executor() noexcept override;
  [[nodiscard]] Instant now() const noexcept override;
  [[nodiscard]] UnixSeconds unix_time() const noexcept override;
  [[nodiscard]] Random& random() noexcept override;
  [[nodiscard]] Store& store() noexcept override;
  [[nodiscard]] EventSink& events() noexcept override;
  [[nodiscard]] std::unique_ptr<Timer> make_timer() override;
  [[nodiscard]] result<std::unique_ptr<DatagramSocket>> open_datagram_socket(
      const DatagramSocketOptions& options) override;
  [[nodiscard]] result<std::unique_ptr<LanSocket>> open_lan_socket(
      const LanSocketOptions& options) override;
  [[nodiscard]] result<std::unique_ptr<TunDevice>> open_tun(const TunOptions& options) override;
  [[nodiscard]] std::vector<HostInterface> interfaces() override;
  [[nodiscard]] result<std::unique_ptr<NetworkWatch>> watch_network() override;

  [[nodiscard]] const std::string& name() const noexcept;

  /// Adds an interface. Its name is unique on the host.
  Interface& add_interface(const InterfaceOptions& options);

  /// The interface of this name, which exists.
  [[nodiscard]] Interface& interface(std::string_view name = "eth0") noexcept;

  /// The store with its faults and contents.
  [[nodiscard]] MemoryStore& memory_store() noexcept;

  /// The events that were reported through events().
  [[nodiscard]] EventRecorder& recorded() noexcept;

  /// The open TUN interface of this name; null when there is none.
  [[nodiscard]] Tun* tun(std::string_view name = "quicether0") noexcept;

  /// Steps the wall clock; the monotonic one goes on.
  void step_wall_clock(std::int64_t seconds) noexcept;

  /// Ends the process as SIGKILL does: ports are closed without a word, TUN interfaces and routes
  /// vanish, no timer fires any more, the store keeps what it has.
  ///
  /// The objects that ran on this Environment remain for the test to destroy; until then they hear
  /// nothing, what they send goes nowhere, and what they save fails. Cancelling and closing them
  /// works.
  void kill() noexcept;

  /// Starts a new process on a killed host. Destroy the objects of the old one first.
  void restart() noexcept;

  /// Stops the process as SIGSTOP does: sockets go on filling up, nothing is told and no timer
  /// fires. Handlers that were posted already still run.
  void pause() noexcept;

  /// Lets a paused process go on: timers that are due fire, waiting readers are told.
  void resume() noexcept;

  [[nodiscard]] bool running() const noexcept;

 private:
  std::unique_ptr<detail::HostState> state_;
  std::int64_t wall_clock_step_ = 0;
};

}  // namespace quicether::sim

#endif  // QUICETHER_SIM_HOST_HPP
