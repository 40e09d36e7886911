#ifndef QUICETHER_SIM_INTERFACE_HPP
#define QUICETHER_SIM_INTERFACE_HPP

#include <quicether/base/address.hpp>
#include <quicether/sim/link.hpp>

#include <string>
#include <vector>

namespace quicether::sim {

class Host;

namespace detail {
class HostState;
}

struct InterfaceOptions {
  std::string name = "eth0";
  std::vector<InterfaceAddress> addresses{};  ///< unique in the network
  LinkModel egress{};
  LinkModel ingress{};
};

/// A network interface of a simulated host: its addresses, which may change at any time, and the
/// links to and from the network.
class Interface {
 public:
  /// Host::add_interface() makes them.
  Interface(detail::HostState& host, const InterfaceOptions& options);
  Interface(const Interface&) = delete;
  Interface& operator=(const Interface&) = delete;
  ~Interface() = default;

  [[nodiscard]] Host& host() const noexcept;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  [[nodiscard]] const std::vector<InterfaceAddress>& addresses() const noexcept {
    return addresses_;
  }

  [[nodiscard]] bool has(const IpAddress& address) const noexcept;

  /// Roams: what is on its way to a removed address is lost, sockets stay as they are.
  void set_addresses(std::vector<InterfaceAddress> addresses);

  [[nodiscard]] bool up() const noexcept { return up_; }

  /// Pulls or plugs the cable. The host knows: it no longer routes through an interface that is
  /// down. For a silent failure set `LinkModel::up`.
  void set_up(bool up) noexcept;

  /// Sets both directions alike.
  void set_links(const LinkModel& model) noexcept;

  [[nodiscard]] Link& egress() noexcept { return egress_; }

  [[nodiscard]] Link& ingress() noexcept { return ingress_; }

 private:
  detail::HostState& host_;
  std::string name_;
  std::vector<InterfaceAddress> addresses_{};
  bool up_ = true;
  Link egress_;
  Link ingress_;
};

}  // namespace quicether::sim

#endif  // QUICETHER_SIM_INTERFACE_HPP
