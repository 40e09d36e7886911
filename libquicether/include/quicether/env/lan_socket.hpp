#ifndef QUICETHER_ENV_LAN_SOCKET_HPP
#define QUICETHER_ENV_LAN_SOCKET_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>

#include <boost/asio/any_completion_handler.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace quicether {

struct LanSocketOptions {
  IpAddress group_v4{};
  IpAddress group_v6{};
  std::uint16_t port = 0;
  IpAddress source{};  ///< send from this address only; unspecified: from every one
};

/// A datagram from a neighbour.
struct LanDatagram {
  SocketAddress remote{};
  ConstBytes bytes{};
};

/// Speaks to whoever listens on the links of this host, by multicast.
///
/// A *network* is a global or private address of an interface that can multicast, with its prefix;
/// loopback and point-to-point interfaces have none. Networks that appear later are joined by the
/// next send(). Threads: one at a time.
class LanSocket {
 public:
  using WaitHandler = boost::asio::any_completion_handler<void(error_code)>;

  LanSocket() = default;
  LanSocket(const LanSocket&) = delete;
  LanSocket& operator=(const LanSocket&) = delete;
  virtual ~LanSocket() = default;

  /// Calls `handler` once when receive() may have something. At most one wait is outstanding;
  /// close() or destruction completes it with `errc::cancelled`. The handler is posted.
  virtual void wait_readable(WaitHandler handler) = 0;

  /// The next datagram that was sent to the group and came from a network of this host, perhaps by
  /// this host itself. Others are dropped. The view is valid until the next call; longer datagrams
  /// than 1500 bytes are cut.
  [[nodiscard]] virtual std::optional<LanDatagram> receive() noexcept = 0;

  /// Sends one datagram in each network, which does not leave the link. Returns in how many.
  virtual std::size_t send(ConstBytes bytes) noexcept = 0;

  /// Completes an outstanding wait with `errc::cancelled` and frees the port. Idempotent.
  virtual void close() noexcept = 0;
};

}  // namespace quicether

#endif  // QUICETHER_ENV_LAN_SOCKET_HPP
