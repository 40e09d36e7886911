#ifndef QUICETHER_SRC_SHELL_PATH_PLANNER_HPP
#define QUICETHER_SRC_SHELL_PATH_PLANNER_HPP

#include <quicether/core/path/link_table.hpp>
#include <quicether/core/path/multipath_config.hpp>
#include <quicether/core/path/path_plan.hpp>
#include <quicether/env/environment.hpp>
#include <quicether/transport.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace quicether::detail {

/// An uplink as the packet path and people know it.
struct UplinkInfo {
  std::uint32_t index = 0;
  std::string name{};
  double weight = 1.0;
};

/// Gives a LinkTable the paths of each link: watches which interfaces this host has, collects where
/// peers can be dialled, and lets path::plan_paths() decide.
///
/// Only the side that dialled a link's path 0 plans its paths, and only to a peer that takes them.
/// With neither `enabled` nor `accept` it does nothing.
class PathPlanner {
 public:
  /// All references outlive the planner.
  PathPlanner(Environment& environment,
              Transport& transport,
              path::LinkTable& links,
              const path::MultipathConfig& config);

  /// True when this node opens further paths.
  [[nodiscard]] bool plans_paths() const noexcept { return config_.enabled; }

  /// True when peers may.
  [[nodiscard]] bool takes_paths() const noexcept { return config_.takes_paths(); }

  /// Looks at the interfaces. Returns true when anything changed.
  bool read_interfaces();

  void add(path::TargetId target, path::PeerTarget wanted);
  void remove(path::TargetId target);
  void offer(path::TargetId target, const std::vector<SocketAddress>& addresses);

  void forget(PeerIndex peer) { peers_.erase(peer); }

  void on_session_up(PeerIndex peer, const node::SessionInfo& info);

  /// Returns the sessions to addresses that the peer announced before and does not any more.
  [[nodiscard]] std::vector<SessionId> on_announce(PeerIndex peer,
                                                   const std::vector<SocketAddress>& endpoints);

  /// The link to `peer` came up, went down, or has other sessions.
  void on_link_changed(PeerIndex peer);

  /// Plans what may have changed since the last call. True when there was something.
  bool plan();

  /// Plans all links again that are up, for attempts that failed meanwhile. To be called now and
  /// then.
  void plan_again();

  /// True when an attempt may be made: a peer must not have this node dial strangers all day.
  [[nodiscard]] bool may_dial(const path::Dial& dial);

  /// From where to dial; unspecified: the system chooses.
  [[nodiscard]] SocketAddress local_for(const SocketAddress& remote) const;

  /// True for a session that another one does not replace when its address is no longer the one
  /// that the system would choose.
  [[nodiscard]] bool is_pinned(SessionId session) const;

  /// Sessions of bundled links whose local address no interface has any more, or one that is down.
  [[nodiscard]] std::vector<SessionId> lost_sessions() const;

  /// The uplink that has a local address; null: none.
  [[nodiscard]] const UplinkInfo* uplink_of(const IpAddress& local) const;

  /// Where peers may dial this host's uplinks; one address of each and family.
  [[nodiscard]] std::vector<SocketAddress> endpoints() const;

 private:
  struct Entry {
    path::PeerTarget wanted{};
    std::vector<SocketAddress> offered{};
    std::vector<path::PlannedPath> plan{};
    bool plans = false;  ///< this side dialled path 0
    bool stale = true;
  };

  /// What is known of a peer that takes several paths, or said where it can be dialled.
  struct Peer {
    bool takes_paths = false;
    bool announces = false;  ///< said where it can be dialled, since the link is up
    std::vector<SocketAddress> announced{};
    std::set<SocketAddress> proved{};  ///< a session came up there
    Instant dials_since{};
    std::size_t dials = 0;  ///< to addresses that are not proved, since then
  };

  /// How often an interface came back.
  struct Returns {
    Instant since{};
    std::size_t count = 0;
  };

  void note_changes(const std::vector<HostInterface>& interfaces);
  void plan(path::TargetId target, Entry& entry);
  void plan_first(path::TargetId target, Entry& entry);
  void plan_more(path::TargetId target, Entry& entry, const path::LinkPeer& peer);
  void drop_redundant(const path::LinkPeer& peer);
  [[nodiscard]] std::vector<path::PathUse> uses_of(const path::LinkPeer& peer) const;
  [[nodiscard]] std::vector<SocketAddress> remotes_of(const Entry& entry,
                                                      PeerIndex peer,
                                                      const SocketAddress& first) const;
  [[nodiscard]] bool is_first_target(path::TargetId target, PeerIndex peer) const;
  [[nodiscard]] bool is_own(const IpAddress& address) const noexcept;
  [[nodiscard]] bool takes_paths(PeerIndex peer) const;

  Environment& environment_;
  Transport& transport_;
  path::LinkTable& links_;
  const path::MultipathConfig& config_;
  std::vector<HostInterface> interfaces_{};
  SocketAddress bound_{};
  std::vector<path::Uplink> uplinks_{};
  std::map<std::uint32_t, Returns> returns_{};  ///< by interface
  std::map<std::uint32_t, Instant> held_{};     ///< until when an interface is not used
  Instant quiet_until_{};
  std::map<std::uint32_t, UplinkInfo> infos_{};
  std::map<path::TargetId, Entry> entries_{};
  std::map<PeerIndex, Peer> peers_{};
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_PATH_PLANNER_HPP
