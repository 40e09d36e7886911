#ifndef QUICETHER_SRC_SIM_HOST_STATE_HPP
#define QUICETHER_SRC_SIM_HOST_STATE_HPP

#include "sim/wire.hpp"

#include <quicether/sim/event_recorder.hpp>
#include <quicether/sim/host.hpp>
#include <quicether/sim/interface.hpp>
#include <quicether/sim/memory_store.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quicether::sim::detail {

class HostNetworkWatch;
class HostState;
class Socket;
struct TunState;

/// A timer, socket or TUN interface: part of the process that runs on a host when it is made.
class ProcessObject {
 public:
  explicit ProcessObject(HostState& host);
  ProcessObject(const ProcessObject&) = delete;
  ProcessObject& operator=(const ProcessObject&) = delete;

  /// The process was killed. Waits stay outstanding.
  virtual void on_killed() noexcept = 0;

  /// The process goes on after a pause.
  virtual void on_resumed() noexcept = 0;

 protected:
  virtual ~ProcessObject();

  [[nodiscard]] HostState& host() const noexcept { return host_; }

  /// False when the process of this object was killed.
  [[nodiscard]] bool alive() const noexcept;

  /// True when the process is there and not paused.
  [[nodiscard]] bool active() const noexcept;

 private:
  friend class HostState;

  HostState& host_;
  std::uint64_t process_;
  std::size_t index_ = 0;  // in HostState::objects_
};

/// How a datagram leaves a host.
struct Route {
  Interface* out = nullptr;  ///< null: to the host itself
  IpAddress source{};
};

/// The insides of a Host.
class HostState {
 public:
  HostState(std::string name, Wire& wire, std::size_t index);
  HostState(const HostState&) = delete;
  HostState& operator=(const HostState&) = delete;

  /// Says whose insides these are, before anything else happens.
  void set_self(Host& self) noexcept { self_ = &self; }

  [[nodiscard]] Host& self() noexcept { return *self_; }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  [[nodiscard]] std::size_t index() const noexcept { return index_; }

  [[nodiscard]] Wire& wire() noexcept { return wire_; }

  [[nodiscard]] Engine& engine() noexcept { return wire_.engine(); }

  // Network.
  Interface& add_interface(const InterfaceOptions& options);
  [[nodiscard]] Interface* find_interface(std::string_view name) noexcept;
  [[nodiscard]] bool owns(const IpAddress& address) const noexcept;

  [[nodiscard]] const std::vector<std::unique_ptr<Interface>>& interfaces() const noexcept {
    return interfaces_;
  }

  /// Where a datagram to `remote` goes; `source` unspecified and `interface` null let the host
  /// choose. The host is its own loopback.
  [[nodiscard]] std::optional<Route> route(const IpAddress& remote,
                                           const IpAddress& source,
                                           const Interface* interface) const noexcept;

  [[nodiscard]] std::size_t path_mtu(const IpAddress& remote) const noexcept;
  void learn_path_mtu(const IpAddress& remote, std::size_t mtu);

  void forget_path_mtus() noexcept { path_mtus_.clear(); }

  void add_watch(HostNetworkWatch& watch);
  void remove_watch(HostNetworkWatch& watch) noexcept;

  /// Tells those who watch.
  void on_network_changed() noexcept;

  // Sockets.
  void add_socket(Socket& socket);
  void remove_socket(Socket& socket) noexcept;
  [[nodiscard]] bool in_use(const SocketAddress& bind, const Interface* interface) const noexcept;

  /// A free port for `address`; 0 when all are taken.
  [[nodiscard]] std::uint16_t free_port(const IpAddress& address,
                                        const Interface* interface) noexcept;

  /// Puts an arrived packet into the socket it is for, or says why not; then it is still the
  /// caller's.
  [[nodiscard]] Fate deliver(Packet& packet);

  // TUN interfaces.
  void add_tun(TunState& tun);
  void remove_tun(TunState& tun) noexcept;
  [[nodiscard]] TunState* find_tun(std::string_view name) noexcept;

  // Process.
  void kill() noexcept;
  void restart() noexcept;
  void set_paused(bool paused) noexcept;

  [[nodiscard]] bool killed() const noexcept { return killed_; }

  [[nodiscard]] bool paused() const noexcept { return paused_; }

  [[nodiscard]] std::uint64_t process() const noexcept { return process_; }

  void add_object(ProcessObject& object);
  void remove_object(ProcessObject& object) noexcept;

  [[nodiscard]] SeededRandom& random() noexcept { return random_; }

  [[nodiscard]] MemoryStore& store() noexcept { return store_; }

  [[nodiscard]] EventRecorder& recorder() noexcept { return recorder_; }

 private:
  [[nodiscard]] std::optional<Route> route_out(const IpAddress& remote,
                                               const IpAddress& source,
                                               const Interface* interface) const noexcept;

  Host* self_ = nullptr;
  std::string name_;
  Wire& wire_;
  std::size_t index_;
  SeededRandom random_;
  MemoryStore store_;
  EventRecorder recorder_;
  std::vector<std::unique_ptr<Interface>> interfaces_;
  std::multimap<std::uint16_t, Socket*> sockets_;  // by port, then as they were opened
  std::vector<TunState*> tuns_;
  std::vector<HostNetworkWatch*> watches_;
  std::vector<ProcessObject*> objects_;
  std::map<IpAddress, std::size_t> path_mtus_;
  std::uint16_t next_port_;
  std::uint64_t process_ = 0;
  bool killed_ = false;
  bool paused_ = false;
};

}  // namespace quicether::sim::detail

#endif  // QUICETHER_SRC_SIM_HOST_STATE_HPP
