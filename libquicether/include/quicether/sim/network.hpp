#ifndef QUICETHER_SIM_NETWORK_HPP
#define QUICETHER_SIM_NETWORK_HPP

#include <quicether/base/time.hpp>
#include <quicether/sim/datagram_event.hpp>
#include <quicether/sim/link.hpp>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quicether::sim {

class Host;

namespace detail {
class Engine;
class HostState;
class Wire;
}  // namespace detail

/// A datagram between two hosts, in the hands of whoever sits there.
struct InterceptedDatagram {
  SocketAddress& source;
  SocketAddress& destination;
  ByteVector& payload;
  Ecn& ecn;
};

/// Hosts and what lies between them.
///
///     socket ──> egress link of the interface ──> path between the two hosts ──> ingress ──>
///     socket
///
/// All addresses reach each other. An egress link stands for the uplink of one interface, a path
/// for everything between two hosts; both start perfect. Datagrams between addresses of one host
/// use none of them.
class Network {
 public:
  explicit Network(detail::Engine& engine);
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  ~Network();

  /// Adds a host without interfaces. Names are unique; they seed the host's random streams.
  Host& add_host(std::string name);

  /// Adds a host with one interface "eth0" that has these addresses ("192.0.2.1/24").
  Host& add_host(std::string name, std::initializer_list<std::string_view> addresses);

  /// The host of this name, which exists.
  [[nodiscard]] Host& host(std::string_view name) noexcept;

  /// The host that has this address now; null when none has.
  [[nodiscard]] Host* owner(const IpAddress& address) noexcept;

  /// Sets what lies between two different hosts, both directions alike.
  void set_path(const Host& one, const Host& other, const LinkModel& model);

  /// Sets one direction.
  void set_path_one_way(const Host& from, const Host& to, const LinkModel& model);

  /// The path from one host to a different one, for its model and counters.
  [[nodiscard]] Link& path(const Host& from, const Host& to);

  /// Drops everything from one host to the other; call it both ways to cut them apart.
  void block(const Host& from, const Host& to);

  /// Cuts every host of `one` from every host of `other`, in both directions.
  void partition(std::initializer_list<const Host*> one, std::initializer_list<const Host*> other);

  /// Undoes every block() and partition().
  void heal() noexcept;

  /// Lets `interceptor` see, change and drop (by returning false) every datagram that has left its
  /// host's egress link, before it enters the path. Null takes it away. It may inject().
  void intercept(std::function<bool(InterceptedDatagram)> interceptor);

  /// Sends a datagram from nowhere, as an attacker between the hosts does: with any source, also a
  /// replayed one. It passes no interceptor and no path, only the receiver's ingress link.
  void inject(const SocketAddress& source, const SocketAddress& destination, ConstBytes payload);

  /// Calls `observer` for every DatagramEvent from now on. It must not touch the simulation.
  void observe(std::function<void(const DatagramEvent&)> observer);

 private:
  [[nodiscard]] detail::HostState& state_of(const Host& host) const noexcept;

  std::unique_ptr<detail::Wire> wire_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<detail::HostState*> states_;  // of hosts_, by index
};

}  // namespace quicether::sim

#endif  // QUICETHER_SIM_NETWORK_HPP
