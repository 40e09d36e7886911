#ifndef QUICETHER_ENV_TUN_DEVICE_HPP
#define QUICETHER_ENV_TUN_DEVICE_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/shard.hpp>
#include <quicether/core/wire/offload.hpp>

#include <boost/asio/any_completion_handler.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace quicether {

struct TunOptions {
  std::string name = "quicether0";  ///< at most 15 bytes
  std::uint32_t mtu = 1400;         ///< 1280..65535 bytes of IP packet
  std::vector<InterfaceAddress> addresses{};
  /// The shards of a node each open a queue of the interface: the first makes the interface, the
  /// others name it. A flow's packets come out of the queue that its last packet was written to.
  Shard shard{};
};

/// Counters since the device was opened. A super-packet counts as the packets it stands for.
struct TunStats {
  std::uint64_t packets_read = 0;
  std::uint64_t packets_written = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t read_errors = 0;   ///< packets dropped: malformed offload, or above the MTU
  std::uint64_t write_errors = 0;  ///< packets that the system refused
  bool offload = false;            ///< super-packets cross the device in one call
};

/// A layer-3 virtual interface that moves batches of whole IP packets and super-packets.
///
/// Threads: one at a time.
class TunDevice {
 public:
  using WaitHandler = boost::asio::any_completion_handler<void(error_code)>;

  TunDevice() = default;
  TunDevice(const TunDevice&) = delete;
  TunDevice& operator=(const TunDevice&) = delete;
  virtual ~TunDevice() = default;

  /// The interface's real name.
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;

  /// Largest IP packet in bytes.
  [[nodiscard]] virtual std::uint32_t mtu() const noexcept = 0;

  /// Calls `handler` once when read() may have something. At most one wait is outstanding;
  /// close() or destruction completes it with `errc::cancelled`; when somebody else removed the
  /// interface, that is `errc::not_open`. The handler is posted.
  virtual void wait_readable(WaitHandler handler) = 0;

  /// Reads without blocking into the device's own buffers.
  ///
  /// Fills the front of `packets` (writable views, valid until the next read()) and returns how
  /// many; 0 when nothing is there. Ordinary packets have at most `mtu` bytes and right checksums;
  /// super-packets are such that wire::plan_segments() takes them, into packets of at most `mtu`
  /// bytes. **Allocation:** none.
  [[nodiscard]] virtual std::size_t read(std::span<wire::IpPacket> packets) noexcept = 0;

  /// True when the last read() took all that was there.
  [[nodiscard]] virtual bool drained() const noexcept = 0;

  /// Hands packets and super-packets to the system. They may be modified (checksums) and need not
  /// outlive the call.
  ///
  /// A packet that the system refuses is dropped and counted. **Allocation:** none.
  virtual void write(std::span<const wire::IpPacket> packets) noexcept = 0;

  /// Installs a route to `destination` through this device. Installing it twice is no error.
  ///
  /// Routes vanish with the device, and with the process, also after SIGKILL.
  /// **Errors:** `already_open` (another interface has this route: it stays), `unsupported` (the
  /// system has no such family), `permission_denied`, `not_open`, `io_failure`.
  [[nodiscard]] virtual result<void> add_route(const Prefix& destination) = 0;

  /// Removes a route that add_route() installed. Removing an absent one is no error.
  ///
  /// **Errors:** `permission_denied`, `io_failure`.
  [[nodiscard]] virtual result<void> remove_route(const Prefix& destination) = 0;

  /// Replaces the MTU.
  ///
  /// **Errors:** `invalid_argument`, `permission_denied`, `not_open`, `io_failure`.
  [[nodiscard]] virtual result<void> set_mtu(std::uint32_t mtu) = 0;

  /// Completes an outstanding wait with `errc::cancelled` and removes the interface. Idempotent.
  virtual void close() noexcept = 0;

  [[nodiscard]] virtual TunStats stats() const noexcept = 0;
};

}  // namespace quicether

#endif  // QUICETHER_ENV_TUN_DEVICE_HPP
