#ifndef QUICETHER_SIM_DATAGRAM_EVENT_HPP
#define QUICETHER_SIM_DATAGRAM_EVENT_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/base/datagram.hpp>
#include <quicether/base/time.hpp>

#include <cstdint>
#include <string_view>

namespace quicether::sim {

/// What became of a datagram. Each one is `sent` once and then has exactly one other fate, except
/// that a `refused` one was never sent.
enum class Fate : std::uint8_t {
  sent,         ///< left its socket
  delivered,    ///< waits in the receiver's socket
  refused,      ///< the sender's system did not take it: no route, too large, bad address
  lost,         ///< random loss of a link
  queue_full,   ///< a link's queue had no room
  too_large,    ///< larger than a link's MTU
  link_down,    ///< a link is down
  blocked,      ///< the network is partitioned between the two hosts
  no_route,     ///< nobody has the destination address
  no_socket,    ///< nobody listens on the port
  buffer_full,  ///< the receiver's socket buffer had no room
  intercepted,  ///< the interceptor of the network dropped it
};

/// The enumerator's name.
[[nodiscard]] std::string_view to_string(Fate fate) noexcept;

/// One step in the life of one datagram, as an observer of the network sees it.
struct DatagramEvent {
  Instant time{};
  std::uint64_t id = 0;  ///< joins the events of one datagram; a duplicate has an id of its own
  SocketAddress source{};
  SocketAddress destination{};
  ConstBytes payload{};  ///< UDP payload; valid during the call
  Ecn ecn = Ecn::not_ect;
  Fate fate = Fate::sent;
  bool corrupted = false;  ///< a link changed a byte of the payload
  bool duplicate = false;  ///< a copy that a link made; it has no `sent` event
};

}  // namespace quicether::sim

#endif  // QUICETHER_SIM_DATAGRAM_EVENT_HPP
