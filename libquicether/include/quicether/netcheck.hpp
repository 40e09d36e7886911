#ifndef QUICETHER_NETCHECK_HPP
#define QUICETHER_NETCHECK_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quicether {

/// What a node knows of its reachability in one family.
struct FamilyCheck {
  std::string family{};                     ///< "ipv4", "ipv6"
  std::optional<SocketAddress> local{};     ///< the system sends from here; none: not known
  std::optional<SocketAddress> external{};  ///< as others see it; port 0: each sees another one
  /// "none" (others see the local address), "endpoint-independent" (they all see the same one),
  /// "endpoint-dependent" (each sees another port), "unknown".
  std::string mapping = "unknown";
  /// Whether strangers get through: "direct", "translated", "trial", "unreachable", "unknown".
  std::string reach = "unknown";
  std::size_t dht_nodes = 0;

  friend bool operator==(const FamilyCheck&, const FamilyCheck&) = default;
};

/// A bootstrap node as it was found at the last attempt.
struct BootstrapCheck {
  SocketAddress address{};
  std::optional<Duration> rtt{};  ///< none: no answer, or not asked yet

  friend bool operator==(const BootstrapCheck&, const BootstrapCheck&) = default;
};

/// What a node knows of the network under it, and what that means.
struct Netcheck {
  bool discovery = false;               ///< on
  std::vector<FamilyCheck> families{};  ///< those that the port serves
  std::vector<BootstrapCheck> bootstrap{};
  std::uint32_t tun_mtu = 0;             ///< 0: no TUN
  std::size_t datagram_payload_min = 0;  ///< of the active paths, in bytes; 0: none is active
  bool udp_send_offload = false;
  bool udp_receive_offload = false;
  bool tun_offload = false;
  /// "offline", "alone", "reachable", "deciding", "behind-nat", "symmetric-nat", "unknown",
  /// "discovery-off".
  std::string verdict{};
  std::vector<std::string> advice{};  ///< sentences, for people

  friend bool operator==(const Netcheck&, const Netcheck&) = default;
};

/// Fills in verdict and advice from the rest.
void judge(Netcheck& check);

}  // namespace quicether

#endif  // QUICETHER_NETCHECK_HPP
