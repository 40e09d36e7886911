#ifndef QUICETHER_ENV_DATAGRAM_SOCKET_HPP
#define QUICETHER_ENV_DATAGRAM_SOCKET_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/datagram.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/shard.hpp>

#include <boost/asio/any_completion_handler.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace quicether {

struct DatagramSocketOptions {
  SocketAddress bind{};     ///< [::] binds both families; port 0 takes a free one
  std::string interface{};  ///< non-empty: bind to this network interface
  std::size_t receive_buffer_bytes = 4U << 20U;  ///< wanted; the system may grant less
  std::size_t send_buffer_bytes = 4U << 20U;
  /// The sockets of a node's shards share the port; each gets the datagrams with its lanes. They
  /// are opened in the order of their indices.
  Shard shard{};
};

/// An address of this host, and the interface that has it.
struct AddressPin {
  IpAddress address{};
  std::uint32_t interface = 0;  ///< HostInterface::index

  friend bool operator==(const AddressPin&, const AddressPin&) = default;
};

/// Counters since the socket was opened.
struct DatagramSocketStats {
  std::uint64_t datagrams_received = 0;
  std::uint64_t datagrams_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t send_errors = 0;      ///< datagrams the system refused: dropped like lost ones
  bool segmentation_offload = false;  ///< trains leave in one call (UDP_SEGMENT)
  bool receive_offload = false;       ///< trains arrive in one call (UDP_GRO)
};

/// A bound UDP socket that moves batches. Sets "don't fragment".
///
/// Threads: one at a time. A simulated network offers the same interface.
class DatagramSocket {
 public:
  using WaitHandler = boost::asio::any_completion_handler<void(error_code)>;

  DatagramSocket() = default;
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;
  virtual ~DatagramSocket() = default;

  /// The bound address with its real port.
  [[nodiscard]] virtual SocketAddress local_endpoint() const noexcept = 0;

  /// Calls `handler` once when receive() may have something. At most one wait is outstanding;
  /// close() or destruction completes it with `errc::cancelled`. The handler is posted.
  virtual void wait_readable(WaitHandler handler) = 0;

  /// Calls `handler` once when send() may take more. Same rules.
  virtual void wait_writable(WaitHandler handler) = 0;

  /// Receives without blocking into the socket's own buffers.
  ///
  /// Fills the front of `trains` and returns how many; 0 when nothing is there. Earlier trains
  /// become invalid. **Allocation:** none.
  [[nodiscard]] virtual std::size_t receive(std::span<ReceivedTrain> trains) noexcept = 0;

  /// Sends without blocking.
  ///
  /// Returns how many trains of the front were taken; fewer than all means "wait_writable". A
  /// train that the system refuses (no route, too large) counts as taken and as a send error:
  /// to the sender it is a lost packet. **Allocation:** none.
  [[nodiscard]] virtual std::size_t send(std::span<const OutgoingTrain> trains) noexcept = 0;

  /// The local address that the system would use towards `remote` now.
  ///
  /// **Errors:** `unreachable`, `io_failure` (no descriptor left).
  [[nodiscard]] virtual result<IpAddress> source_address(
      const SocketAddress& remote) const noexcept = 0;

  /// From now on, trains from one of these addresses leave through its interface, by the routes of
  /// that interface alone; all others, and those to one of the addresses, as the system chooses.
  /// Replaces what was pinned before.
  virtual void pin(std::span<const AddressPin> pins) = 0;

  /// Completes outstanding waits with `errc::cancelled` and frees the port. Idempotent.
  virtual void close() noexcept = 0;

  [[nodiscard]] virtual DatagramSocketStats stats() const noexcept = 0;
};

}  // namespace quicether

#endif  // QUICETHER_ENV_DATAGRAM_SOCKET_HPP
