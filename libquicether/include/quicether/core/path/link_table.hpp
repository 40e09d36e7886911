#ifndef QUICETHER_CORE_PATH_LINK_TABLE_HPP
#define QUICETHER_CORE_PATH_LINK_TABLE_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/ids.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/base/random.hpp>
#include <quicether/base/shard.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/path/path_state.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace quicether::path {

/// Bounds and rhythms of a LinkTable.
struct LinkConfig {
  NodeId self{};
  Shard shard{};  ///< whose peers these are
  Duration redial_min = std::chrono::seconds{1};
  Duration redial_max = std::chrono::seconds{30};
  /// While someone wants to send to a peer, it is redialled every `redial_min`: a restarted peer
  /// must be back within 2 s (requirement B4).
  Duration demand_window = std::chrono::seconds{10};
  /// Delay between the alternative addresses of one peer (RFC 8305 section 5).
  Duration alternative_delay = std::chrono::milliseconds{250};
  Duration probe_timeout_min = std::chrono::milliseconds{500};
  std::size_t peers_max = 65536;
  std::size_t dials_per_path_max = 3;  ///< attempts that overlap while none has been answered
  /// A planned path that has no session is dialled this often at least. When it had one, it is
  /// dialled every `redial_min` for a while: most lines that fail are back soon.
  Duration path_redial_max = std::chrono::seconds{10};
  Duration path_return_window = std::chrono::seconds{60};
};

/// A peer that the operator or an embedder wants a link to.
struct PeerTarget {
  std::optional<NodeId> id{};     ///< unset: whoever answers at the address and is admitted
  std::optional<NodeId> guess{};  ///< who that was the last time
  std::optional<PublicKey> key{};
  std::vector<SocketAddress> addresses{};  ///< alternatives for path 0; empty: wait to be dialled
  LaneChoice lane{};                       ///< of a link whose first session another shard has
};

/// Names one attempt to open a session.
struct DialId {
  std::uint64_t value = 0;

  friend constexpr auto operator<=>(DialId, DialId) noexcept = default;
};

/// Names a PeerTarget in a LinkTable.
struct TargetId {
  std::uint64_t value = 0;

  friend constexpr auto operator<=>(TargetId, TargetId) noexcept = default;
};

/// The driver opens a session and reports on_session_up() or on_dial_failed().
struct Dial {
  DialId dial{};
  std::uint8_t path_id = 0;
  SocketAddress local{};  ///< unspecified: the system chooses
  SocketAddress remote{};
  std::optional<NodeId> expected_id{};
  std::optional<PublicKey> expected_key{};
  std::optional<NodeId> guess{};
  LaneChoice lane{};
  std::optional<PeerIndex> peer{};  ///< known from the target's id, or from an earlier session
};

/// The driver gives up an attempt that is no longer needed.
struct AbandonDial {
  DialId dial{};
};

/// The driver closes a session; on_session_down() may follow or not.
struct CloseSession {
  SessionId session{};
  errc reason = errc::superseded;
};

/// The driver makes the session send something that the peer must acknowledge.
struct ProbeSession {
  SessionId session{};
};

using Action = std::variant<Dial, AbandonDial, CloseSession, ProbeSession>;

/// The first session to a peer is up.
struct LinkUp {
  PeerIndex peer{};
};

/// The last session to a peer is gone.
struct LinkDown {
  PeerIndex peer{};
  error_code reason{};
};

/// The sessions that carry a link's packets changed while it stayed up.
struct LinkChanged {
  PeerIndex peer{};
};

/// Something is to be sent to a peer that is no target.
struct LinkWanted {
  PeerIndex peer{};
};

/// Whoever answers a target without an id belongs to another shard of this node.
struct TargetMisplaced {
  TargetId target{};
  NodeId id{};
};

using LinkEvent = std::variant<LinkUp, LinkDown, LinkChanged, LinkWanted, TargetMisplaced>;

/// What on_session_up() is told.
struct SessionUp {
  SessionId session{};
  std::optional<DialId> dial{};  ///< set when this node dialled it
  NodeId id{};
  PublicKey key{};
  std::uint64_t boot_id = 0;  ///< random per start of the peer's process
  std::uint8_t path_id = 0;
};

/// A session of a link, newest last among those of its path.
struct LinkSession {
  SessionId session{};
  std::uint8_t path_id = 0;
  bool dialled_here = false;
  std::uint64_t boot_id = 0;
  Instant up_since{};
  std::optional<Instant> probed_at{};
  Duration patience{};                   ///< with the answer to the probe
  bool suspect = false;                  ///< see LinkTable::on_path_suspect()
  std::optional<AddressPair> dialled{};  ///< over which pair, when a path of this side's plan

  [[nodiscard]] PathState state() const noexcept {
    return suspect ? PathState::suspect : probed_at ? PathState::probing : PathState::active;
  }
};

/// A path of a link that has been planned, and has no session now.
struct WaitingPath {
  std::uint8_t path_id = 0;
  PathState state = PathState::probing;  ///< or `failed`
  AddressPair pair{};                    ///< dialled last, or to be dialled first
};

/// A peer as the table knows it.
struct LinkPeer {
  PeerIndex index{};
  NodeId id{};
  std::optional<PublicKey> key{};
  std::vector<LinkSession> sessions{};  ///< in order of path_id, then age
  std::optional<Instant> up_since{};
  error_code last_error{};
  std::string last_detail{};
  Instant last_demand{};
  bool ever_demanded = false;
  bool met = false;  ///< had a session, since LinkTable::forget()
};

/// Decides which sessions a node keeps to each peer: dials, redials, and settles duplicates.
///
/// Per path of a peer:
///
///     idle ──dial──> dialling ──up──> up ──last session down──> dialling …
///
/// Packets go over the newest session of a path. Duplicates:
/// - the peer restarted (another boot id): older sessions are closed at once;
/// - the same side dialled both: that side closes the older one, for it dials again only when it
///   lost the first;
/// - both sides dialled: the session dialled by the smaller NodeId survives, and only the node with
///   the smaller NodeId closes the other, after it has heard that the survivor is alive. So a
///   session that one side lost unnoticed never wins over a working one.
///
/// A target has path 0, and more when add_path() or set_path() give them: each is dialled for
/// itself.
///
/// A sans-IO machine: after each call the driver drains poll_action() and poll_event() and re-arms
/// its timer with next_timeout(). Neither copyable nor movable. Source: ADR 0004.
class LinkTable {
 public:
  LinkTable(const LinkConfig& config, Random& random);
  LinkTable(const LinkTable&) = delete;
  LinkTable& operator=(const LinkTable&) = delete;
  ~LinkTable() = default;

  /// Wants a link and dials it until remove_target().
  ///
  /// **Errors:** `limit_reached`; `to_self` when the id is this node's own.
  [[nodiscard]] result<TargetId> add_target(Instant now, PeerTarget target);

  /// Adds a path with an address pair of its own to a target. `path_id`: 1..kPathsMax - 1.
  ///
  /// **Errors:** `not_found`, `invalid_argument`, `already_open` (the path id is taken).
  [[nodiscard]] result<void> add_path(Instant now,
                                      TargetId target,
                                      std::uint8_t path_id,
                                      const SocketAddress& local,
                                      const SocketAddress& remote);

  /// Sets over which pairs a path of a target is dialled, in turn, while it has no session; they
  /// replace those of an earlier call and the target's addresses. Without any it is not dialled.
  /// Nothing happens when they are as before. `path_id` below kPathsMax; unknown targets are
  /// ignored.
  void set_path(Instant now, TargetId target, std::uint8_t path_id, std::vector<AddressPair> pairs);

  /// Undoes set_path() for the paths whose bit is not set in `kept`. Sessions stay.
  void keep_paths(Instant now, TargetId target, std::uint32_t kept);

  /// The network of this host changed: planned paths without a session are dialled now.
  void on_network_changed(Instant now);

  /// Marks a session on which too little is heard, or takes the mark away. Unknown ids are ignored.
  void on_path_suspect(SessionId session, bool suspect);

  /// Nothing has been heard on a session for long. Unless it is the last of its link it is closed,
  /// and its path dialled again where this side planned it. Returns whether it was closed.
  bool on_path_silent(Instant now, SessionId session);

  /// As on_path_silent(), for a session whose local address is gone or whose interface is down.
  bool on_path_lost(Instant now, SessionId session);

  /// As on_path_silent(), for a session that others make superfluous.
  bool on_path_redundant(Instant now, SessionId session);

  /// Addresses where the peer may be: each is dialled once, soon, unless a session comes up before.
  /// They replace those of an earlier call. Unknown targets are ignored.
  void offer_addresses(Instant now, TargetId target, std::vector<SocketAddress> addresses);

  /// Stops dialling. Sessions that are up stay. Unknown ids are ignored.
  void remove_target(TargetId target);

  /// Someone wants to send to the peer: redial soon when its link is down. LinkWanted when it is no
  /// target, once per `redial_min`.
  void on_demand(Instant now, PeerIndex peer);

  void on_session_up(Instant now, const SessionUp& session);

  void on_session_down(Instant now, SessionId session, error_code reason, std::string_view detail);

  /// The attempt ended without a session.
  void on_dial_failed(Instant now, DialId dial, error_code reason, std::string_view detail);

  /// The attempt found `id`, but not on the lane between the two: it is dialled anew on that. A
  /// further lane that the peer does not take has failed.
  void on_dial_misplaced(Instant now, DialId dial, const NodeId& id);

  /// The attempt got an answer from the network: it is worth waiting for.
  void on_dial_heard(DialId dial);

  /// The attempt sends packets with its first flight: before it is answered here, the other side
  /// may have a session.
  void on_dial_early(DialId dial);

  /// The probe that was asked for has left. The peer has so long to answer, and at least
  /// LinkConfig::probe_timeout_min.
  void on_probe_sent(SessionId session, Duration patience);

  /// The peer was heard on a session at `heard`. Settles duplicates that wait for it.
  void on_session_heard(SessionId session, Instant heard);

  void on_timeout(Instant now);

  [[nodiscard]] Instant next_timeout() const noexcept;

  [[nodiscard]] std::optional<Action> poll_action();

  [[nodiscard]] std::optional<LinkEvent> poll_event();

  /// Attempts that have not been heard of yet, for the driver to check.
  [[nodiscard]] std::vector<DialId> unheard_dials() const;

  /// Sessions whose life is in question: the driver reports on_session_heard().
  [[nodiscard]] std::vector<SessionId> probed_sessions() const;

  /// The peer, or null. Valid until the next non-const call.
  [[nodiscard]] const LinkPeer* find(PeerIndex peer) const noexcept;
  [[nodiscard]] const LinkPeer* find(const NodeId& id) const noexcept;
  [[nodiscard]] const LinkPeer* find(SessionId session) const noexcept;

  /// True for a peer whose first session is another shard's: what is here is a further lane to it.
  [[nodiscard]] bool is_lane(const LinkPeer& peer) const noexcept {
    return !config_.shard.has_lane(lane_between(config_.self, peer.id));
  }

  /// Makes sure that the peer has an index.
  ///
  /// **Errors:** `limit_reached`.
  [[nodiscard]] result<PeerIndex> intern(const NodeId& id);

  /// Nobody cares any more for a peer that is no target. Its index stays, and a session that is up.
  void forget(PeerIndex peer);

  /// False for a peer that has nothing but its index: no target, and no session since forget().
  [[nodiscard]] bool is_known(const LinkPeer& peer) const noexcept;

  /// Peers in index order.
  [[nodiscard]] const std::deque<LinkPeer>& peers() const noexcept { return peers_; }

  /// Whose sessions a target's attempts become; none before that is known.
  [[nodiscard]] std::optional<PeerIndex> peer_of(TargetId target) const noexcept;

  /// Where a peer is dialled when it has no session: what its targets were given, and what is
  /// planned.
  [[nodiscard]] std::vector<SocketAddress> addresses_of(PeerIndex peer) const;

  /// The planned paths of a peer that have no session, in order of path ids.
  [[nodiscard]] std::vector<WaitingPath> waiting_paths(PeerIndex peer) const;

  /// True while an attempt to reach the peer is under way.
  [[nodiscard]] bool dialling(const NodeId& id) const noexcept;

 private:
  struct Attempt {
    DialId dial{};
    AddressPair pair{};
    bool heard = false;
    bool early = false;  ///< see on_dial_early()
  };

  /// Dial state of one path of a target.
  struct Slot {
    std::uint8_t path_id = 0;
    std::vector<AddressPair> pairs{};
    std::size_t next_pair = 0;
    std::size_t rounds = 0;         ///< how often all pairs were dialled, since there was a session
    bool planned = false;           ///< by set_path()
    std::optional<Instant> lost{};  ///< when it last had a session
    std::deque<SocketAddress> offered{};  ///< to be dialled once, before the others
    std::size_t offered_count = 0;        ///< before the first of them was dialled
    Duration backoff{};
    Instant next_attempt{};
    std::vector<Attempt> attempts{};
  };

  struct Target {
    PeerTarget wanted{};
    std::optional<PeerIndex> peer{};
    std::vector<Slot> slots{};
  };

  [[nodiscard]] LinkPeer* mutable_peer(PeerIndex peer) noexcept;
  [[nodiscard]] bool satisfied(const Target& target, const Slot& slot) const noexcept;
  [[nodiscard]] bool in_demand(const Target& target, Instant now) const noexcept;
  [[nodiscard]] static bool unanswered(const Slot& slot) noexcept;
  [[nodiscard]] static bool may_be_up(const Slot& slot) noexcept;
  [[nodiscard]] bool may_attempt(const Slot& slot) const noexcept;
  void attempt(Instant now, Target& target, Slot& slot);
  [[nodiscard]] AddressPair take_pair(Instant now, const Target& target, Slot& slot);
  [[nodiscard]] Duration redial_pause(Instant now, const Target& target, Slot& slot) const;
  [[nodiscard]] static std::vector<AddressPair> pairs_of(const PeerTarget& wanted);
  void abandon_unanswered(Slot& slot);
  void abandon_attempts(Slot& slot, std::optional<DialId> except);
  void redial_at(Instant when, const LinkPeer& peer, std::uint8_t path_id);
  bool give_up(Instant now, SessionId session, errc reason);
  void settle_duplicates(Instant now, LinkPeer& peer, std::uint8_t path_id);
  void settle_crossed(Instant now,
                      LinkPeer& peer,
                      const LinkSession& older,
                      const LinkSession& newer);
  void close(LinkPeer& peer, SessionId session, errc reason);
  void tell_lost(LinkPeer& peer, error_code reason);
  bool erase_session(LinkPeer& peer, SessionId session);
  [[nodiscard]] Slot* find_slot(DialId dial, Target** owner) noexcept;

  LinkConfig config_;
  Random& random_;
  std::deque<LinkPeer> peers_;
  std::map<NodeId, PeerIndex> by_id_;
  std::map<SessionId, PeerIndex> by_session_;
  std::map<TargetId, Target> targets_;
  std::uint64_t next_target_ = 1;
  std::uint64_t next_dial_ = 1;
  std::deque<Action> actions_;
  std::deque<LinkEvent> events_;
};

}  // namespace quicether::path

#endif  // QUICETHER_CORE_PATH_LINK_TABLE_HPP
