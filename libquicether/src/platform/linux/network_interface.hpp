#ifndef QUICETHER_SRC_PLATFORM_LINUX_NETWORK_INTERFACE_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_NETWORK_INTERFACE_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/event.hpp>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>

struct nl_sock;

namespace quicether::linux_platform {

/// Configures one network interface through rtnetlink.
///
/// Every call waits for the kernel's answer, some microseconds. What the kernel refuses becomes an
/// error and an event "tun.refused" that says what it was and why. Errors of all calls:
/// `permission_denied` (CAP_NET_ADMIN is missing), `unsupported` (IPv6 is off), `invalid_argument`,
/// `io_failure`. Moves, does not copy.
class NetworkInterface {
 public:
  /// `events` must outlive the object.
  [[nodiscard]] static result<NetworkInterface> open(const std::string& name, EventSink& events);

  /// Sets what an overlay interface needs before it is up: no link-local address of its own making,
  /// and no super-packets of more than `segments_max` packets.
  [[nodiscard]] result<void> prepare(std::uint32_t segments_max);

  [[nodiscard]] result<void> set_mtu(std::uint32_t mtu);

  /// Adds an address, without duplicate address detection: nobody else is on this link.
  [[nodiscard]] result<void> add_address(const InterfaceAddress& address);

  [[nodiscard]] result<void> bring_up();

  /// Routes `destination` through this interface. No error when that is so already.
  ///
  /// **Errors:** also `already_open` when another route to it has the same metric: it stays.
  [[nodiscard]] result<void> add_route(const Prefix& destination);

  /// Takes back what add_route() did. No error when there is nothing to take back.
  [[nodiscard]] result<void> remove_route(const Prefix& destination);

 private:
  struct CloseSocket {
    void operator()(nl_sock* socket) const noexcept;
  };

  class Request;

  NetworkInterface(std::string name,
                   int index,
                   std::unique_ptr<nl_sock, CloseSocket> socket,
                   EventSink& events) noexcept;

  [[nodiscard]] int exchange_route(int type, int flags, const Prefix& destination) noexcept;
  [[nodiscard]] result<void> finish(std::string_view what, int code);

  std::string name_;
  int index_;
  std::unique_ptr<nl_sock, CloseSocket> socket_;
  EventSink* events_;
  std::set<Prefix> routes_{};  ///< what add_route() and the interface's own addresses installed
};

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_NETWORK_INTERFACE_HPP
