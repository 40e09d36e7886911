#ifndef QUICETHER_CORE_ROUTE_FORWARDER_HPP
#define QUICETHER_CORE_ROUTE_FORWARDER_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/base/ids.hpp>
#include <quicether/core/route/lpm_table.hpp>
#include <quicether/core/wire/ip.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace quicether::route {

/// Where packets to a prefix go, and who may send from it: this node or a peer.
class Hop {
 public:
  /// This node.
  constexpr Hop() noexcept = default;

  constexpr explicit Hop(PeerIndex peer) noexcept : peer_{peer} {}

  [[nodiscard]] constexpr bool is_local() const noexcept { return !peer_.has_value(); }

  /// Requires !is_local().
  [[nodiscard]] constexpr PeerIndex peer() const noexcept { return *peer_; }

  friend constexpr auto operator<=>(const Hop&, const Hop&) noexcept = default;

 private:
  std::optional<PeerIndex> peer_{};
};

/// Why the Forwarder drops a packet, beyond the defects of wire::IpDefect.
enum class Drop : std::uint8_t {
  none,                 ///< it is not dropped
  defect,               ///< see Decision::defect
  ipv4_options,         ///< IPv4 options
  source_routed,        ///< IPv6 routing header (RFC 5095)
  martian_source,       ///< a source that is no single host anywhere: see is_martian(), multicast
  martian_destination,  ///< likewise a destination, but multicast
  multicast,            ///< multicast destination: the overlay is unicast
  source_not_owned,     ///< the inner source does not belong to the sender
  no_route,             ///< nobody owns the destination
  loop,                 ///< it would go back where it came from
  hop_limit,            ///< it may not be forwarded any further
};

inline constexpr std::size_t kDropCount = 11;

/// The counter's name: "no_route".
[[nodiscard]] std::string_view to_string(Drop drop) noexcept;

/// True for addresses that no packet between hosts may carry, multicast aside: unspecified,
/// loopback, link-local, 0.0.0.0/8, 240.0.0.0/4 with the broadcast address, and IPv6 addresses that
/// embed an IPv4 one (::/96, ::ffff:0:0/96), which a host might take for that.
///
/// **Source:** RFC 1122 section 3.2.1.3, RFC 3927, RFC 4291, RFC 6890.
[[nodiscard]] bool is_martian(const IpAddress& address) noexcept;

/// What to do with one packet.
struct Decision {
  Drop drop = Drop::none;
  wire::IpDefect defect = wire::IpDefect::truncated;  ///< with Drop::defect only
  wire::PacketInfo info{};                            ///< except with Drop::defect
  Hop to{};                                           ///< with Drop::none only
};

/// Decides for each packet whether it is well formed, whether its sender may use its source, and
/// where it goes. Policy is judged after it, by its caller.
///
/// One table says both who is sent a prefix and who may send from it (as WireGuard's cryptokey
/// routing does), so a source is owned by its longest prefix: a more specific prefix that moves to
/// another peer silences the first with the next packet. A sans-IO machine without time.
/// Movable.
class Forwarder {
 public:
  /// What this node itself answers for. Replaces what was set before. Local prefixes win over
  /// equal ones of peers.
  void set_local(const std::vector<IpAddress>& addresses, const std::vector<Prefix>& subnets);

  /// What belongs to a peer. Replaces what was set before. Of equal prefixes of two peers the one
  /// set last is in force, and when it goes the other again: who may have which is decided before.
  void set_peer(PeerIndex peer, const std::vector<Prefix>& prefixes);

  /// Where everything goes that no prefix matches.
  void set_default_gateway(std::optional<PeerIndex> peer) noexcept { default_gateway_ = peer; }

  /// Judges a packet that this node sends into the overlay: any bytes. **Allocation:** none.
  [[nodiscard]] Decision from_tun(ConstBytes packet) const noexcept;

  /// Judges a packet that `sender` sent: any bytes. **Allocation:** none.
  [[nodiscard]] Decision from_peer(PeerIndex sender, ConstBytes packet) const noexcept;

  /// Who owns the address; nobody, or whom the default gateway stands for: nothing.
  [[nodiscard]] std::optional<Hop> owner(const IpAddress& address) const noexcept;

  /// All routes, in LpmTable::for_each() order.
  [[nodiscard]] const LpmTable<Hop>& routes() const noexcept { return routes_; }

 private:
  [[nodiscard]] static Decision inspect(ConstBytes packet) noexcept;
  [[nodiscard]] std::optional<Hop> next_hop(const IpAddress& destination) const noexcept;
  void replace(const Hop& hop, std::vector<Prefix> prefixes);
  void claim(const Prefix& prefix, const Hop& hop);
  void release(const Prefix& prefix, const Hop& hop);

  LpmTable<Hop> routes_{};                        // the claims in force
  std::map<Prefix, std::vector<Hop>> claims_{};   // all; the last of a prefix is in force
  std::map<Hop, std::vector<Prefix>> claimed_{};  // by hop, in order
  std::optional<PeerIndex> default_gateway_{};
};

}  // namespace quicether::route

#endif  // QUICETHER_CORE_ROUTE_FORWARDER_HPP
