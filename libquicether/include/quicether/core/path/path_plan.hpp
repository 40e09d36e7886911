#ifndef QUICETHER_CORE_PATH_PATH_PLAN_HPP
#define QUICETHER_CORE_PATH_PATH_PLAN_HPP

#include <quicether/base/address.hpp>
#include <quicether/core/path/path_state.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace quicether::path {

/// Most pairs in one planned path: a list of a peer must not keep a path busy for minutes.
inline constexpr std::size_t kPairsMax = 16;

/// An interface of this host over which peers may be reached.
struct Uplink {
  std::uint32_t index = 0;                    ///< HostInterface::index
  std::vector<InterfaceAddress> addresses{};  ///< only those that sessions may use
};

/// A path of a link that has a session.
struct PathUse {
  std::uint8_t path_id = 0;
  bool dialled_here = false;
  IpAddress local{};
  SocketAddress remote{};
};

/// A path that this side keeps up: the pairs are alternatives, the best first.
struct PlannedPath {
  std::uint8_t path_id = 0;
  std::uint32_t uplink = 0;  ///< for whose sake there is this path; 0: for its remote address's
  bool failed = false;       ///< all pairs were dialled, and none answered
  std::vector<AddressPair> pairs{};

  friend bool operator==(const PlannedPath&, const PlannedPath&) = default;
};

/// The uplink that has an address; null: none.
[[nodiscard]] const Uplink* find_uplink(std::span<const Uplink> uplinks,
                                        const IpAddress& address) noexcept;

/// Which paths the side that dials them keeps to a peer: one through each uplink, and one to each
/// of the peer's addresses that would have none, as long as there are path ids.
///
/// An uplink's path goes to a peer's address in a network of its own, else to the peer's addresses
/// in turn, so that two uplinks begin with different ones. Of the peer's addresses only those of
/// the first one's family ask for a path of their own: the other family most probably runs over the
/// same lines. What has a session stays as it is, whoever dialled it; a path that has none keeps
/// its id and pairs while they make sense.
///
/// `remotes`: the peer's addresses, without repetition, the one of the first path first. `up`: the
/// link's sessions, at most one for each path id. `before`: the last plan, with `failed` as it is
/// now. Returns the new plan in order of path ids.
[[nodiscard]] std::vector<PlannedPath> plan_paths(std::span<const Uplink> uplinks,
                                                  std::span<const SocketAddress> remotes,
                                                  std::span<const PathUse> up,
                                                  std::span<const PlannedPath> before);

/// A path that has become superfluous, if there is one: others run over the same uplink, and others
/// to the same address of the peer. It comes of plans that were made while less was known. Rather
/// one that leaves its uplink's own networks, and of those the one with the highest path id.
[[nodiscard]] std::optional<std::uint8_t> redundant_path(std::span<const Uplink> uplinks,
                                                         std::span<const PathUse> up);

/// The pairs over which a link that is down is dialled: from where the system would send to each
/// address, then through the other uplinks.
///
/// `choices`: for each of `remotes`, the address that the system would send from; unspecified when
/// it has no route.
[[nodiscard]] std::vector<AddressPair> first_pairs(std::span<const Uplink> uplinks,
                                                   std::span<const SocketAddress> remotes,
                                                   std::span<const IpAddress> choices);

/// The address from which an uplink sends to `remote`: one in its network, else the first of its
/// family. Unspecified when there is none.
[[nodiscard]] IpAddress local_address(const Uplink& uplink, const IpAddress& remote) noexcept;

}  // namespace quicether::path

#endif  // QUICETHER_CORE_PATH_PATH_PLAN_HPP
