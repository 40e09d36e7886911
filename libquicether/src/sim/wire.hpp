#ifndef QUICETHER_SRC_SIM_WIRE_HPP
#define QUICETHER_SRC_SIM_WIRE_HPP

#include "sim/engine.hpp"
#include "sim/packet.hpp"

#include <quicether/base/address.hpp>
#include <quicether/sim/datagram_event.hpp>
#include <quicether/sim/link.hpp>
#include <quicether/sim/network.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace quicether::sim::detail {

/// Carries datagrams from socket to socket, through the links and between the hosts.
class Wire final : public EventTarget {
 public:
  explicit Wire(Engine& engine) : engine_{engine} {}

  [[nodiscard]] Engine& engine() noexcept { return engine_; }

  /// Gives an address, which is free, to an interface.
  void assign(const IpAddress& address, HostState& host, Interface& interface);
  void unassign(const IpAddress& address) noexcept;

  /// The host that has an address; null when none has.
  [[nodiscard]] HostState* owner(const IpAddress& address) noexcept;

  /// All addresses of this network, in order.
  [[nodiscard]] std::vector<IpAddress> addresses_in(const Prefix& network) const;

  /// The path from one host to a different one, made when first asked for.
  [[nodiscard]] Link& path(const HostState& from, const HostState& to);
  void block(const HostState& from, const HostState& to);
  void heal() noexcept;

  void observe(std::function<void(const DatagramEvent&)> observer);
  void intercept(std::function<bool(InterceptedDatagram)> interceptor);
  void inject(const SocketAddress& source, const SocketAddress& destination, ConstBytes payload);

  /// Puts a datagram on its way; `out` is null within one host.
  void send(HostState& from,
            Interface* out,
            const SocketAddress& source,
            const SocketAddress& destination,
            ConstBytes payload,
            Ecn ecn);

  /// Tells observers of a datagram that the sender's system did not take.
  void refuse(const SocketAddress& source,
              const SocketAddress& destination,
              ConstBytes payload,
              Ecn ecn);

  /// Frees a packet that waited in a socket.
  void release(Packet& packet) noexcept { pool_.give_back(packet); }

  void on_event(std::uint64_t argument) override;

 private:
  struct Owner {
    HostState* host;
    Interface* interface;
  };

  struct Path {
    explicit Path(std::uint64_t seed) : link{LinkModel{}, seed} {}

    Link link;
    bool blocked = false;
  };

  using Pair = std::pair<std::size_t, std::size_t>;  // indices of hosts

  [[nodiscard]] Path& path_state(const HostState& from, const HostState& to);
  [[nodiscard]] bool enter(Packet& packet, Link& link, Packet::Stage next);
  [[nodiscard]] Packet& new_packet(const SocketAddress& source,
                                   const SocketAddress& destination,
                                   ConstBytes payload);
  [[nodiscard]] bool find_receiver(Packet& packet);
  void cross(Packet& packet);
  void enter_ingress(Packet& packet);
  void arrive(Packet& packet);
  void drop(Packet& packet, Fate fate);
  void report_too_large(Packet& packet, std::size_t mtu);
  void schedule(Packet& packet, Instant time);
  void tell(const DatagramEvent& event);
  void tell(const Packet& packet, Fate fate);

  Engine& engine_;
  PacketPool pool_;
  std::map<IpAddress, Owner> owners_;
  std::map<Pair, Path> paths_;
  std::vector<std::function<void(const DatagramEvent&)>> observers_;
  std::function<bool(InterceptedDatagram)> interceptor_;
  std::uint64_t next_id_ = 0;
};

}  // namespace quicether::sim::detail

#endif  // QUICETHER_SRC_SIM_WIRE_HPP
