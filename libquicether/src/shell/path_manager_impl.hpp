#ifndef QUICETHER_SRC_SHELL_PATH_MANAGER_IMPL_HPP
#define QUICETHER_SRC_SHELL_PATH_MANAGER_IMPL_HPP

#include "link_bond.hpp"
#include "link_host.hpp"
#include "packet_receiver.hpp"
#include "packet_sender.hpp"
#include "path_planner.hpp"
#include "waiter.hpp"

#include <quicether/core/wire/datagram.hpp>
#include <quicether/path_manager.hpp>

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quicether {

/// Drives one LinkTable, and holds per peer what its packets and its embedder need.
class PathManager::Impl final : public TransportObserver,
                                public detail::LinkHost,
                                public std::enable_shared_from_this<PathManager::Impl> {
 public:
  Impl(Environment& environment,
       Transport& transport,
       const Identity& identity,
       PathManagerConfig config);
  ~Impl() override;

  void start();

  void set_packet_sink(PacketSink* sink) noexcept { receiver_.set_sink(sink); }

  void set_link_observer(LinkObserver* observer) noexcept { observer_ = observer; }

  [[nodiscard]] path::LinkTable& links() noexcept { return links_; }

  [[nodiscard]] detail::PathPlanner& planner() noexcept { return planner_; }

  [[nodiscard]] Environment& environment() noexcept { return environment_; }

  [[nodiscard]] Transport& transport() noexcept { return transport_; }

  void open(const NodeId& peer, const OpenOptions& options, LinkHandler handler);
  void ping(const NodeId& peer, const PingOptions& options, PingHandler handler);
  void accept(LinkHandler handler);
  std::size_t send_packets(PeerIndex peer, std::span<const wire::IpPacket> packets);
  [[nodiscard]] LinkCapacity capacity(PeerIndex peer);
  [[nodiscard]] std::vector<PeerStatus> status() const;

  [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> counters() const;

  /// Carries out what the LinkTable decided and re-arms the timer.
  void turn();

  // TransportObserver
  void on_session_up(const node::SessionInfo& info) override;
  void on_session_down(const node::SessionDown& down) override;
  void on_announce(SessionId session, const wire::Announce& announce) override;
  void on_datagrams(std::span<const node::SessionDatagram> datagrams) override;

  void on_datagram_fates(std::span<const node::SessionDatagramFate> fates) override;

  void on_datagrams_end() override { receiver_.end_turn(); }

  void on_stream(SessionId session, Stream stream) override;

  // LinkHost
  const path::LinkPeer* link_peer(PeerIndex peer) const noexcept override;
  result<Stream> open_stream(PeerIndex peer) override;
  void accept_stream(PeerIndex peer, StreamHandler handler) override;
  result<std::size_t> send_datagrams(PeerIndex peer,
                                     std::span<const ConstBytes> datagrams) override;
  void receive_datagram(PeerIndex peer, DatagramHandler handler) override;
  std::size_t datagram_bytes_max(PeerIndex peer) override;

 private:
  struct Opening {
    NodeId peer{};
    std::unique_ptr<Timer> timer{};
    detail::Waiter<Link> waiter{};
  };

  /// A ping that waits for its answer, or for a link before.
  struct Pinging {
    NodeId peer{};
    std::optional<Instant> sent{};
    std::unique_ptr<Timer> timer{};
    detail::Waiter<PingReply> waiter{};
  };

  /// What a path lost of what it was given, over the last while.
  struct PathLoss {
    SessionId session{};
    Instant since{};
    std::uint64_t sent = 0;  ///< packets, when the while began
    std::uint64_t lost = 0;
    bool loses = false;
  };

  /// What belongs to one link beside its sessions. Its place never changes.
  struct LinkState {
    std::array<path::PathView, path::kPathsMax> views{};
    std::array<PacketSender::Path, path::kPathsMax> outlets{};  ///< of the views
    std::array<PathLoss, path::kPathsMax> losses{};             ///< likewise
    std::size_t view_count = 0;
    std::unique_ptr<detail::LinkBond> bond{};  ///< once it had several paths
    PacketSender::Path bonded_outlet{};
    bool settled = false;
    Instant refreshed{};
    Instant heard{};    ///< the last datagram came
    bool asked = true;  ///< since then, for a sign of life
    std::deque<Stream> streams{};
    std::deque<ByteVector> datagrams{};
    detail::Waiter<Stream> stream_waiter{};
    detail::Waiter<ByteVector> datagram_waiter{};
    std::map<SessionId, node::SessionInfo> infos{};
    std::uint64_t capabilities = 0;    ///< of the peer, as last heard
    std::optional<SessionId> early{};  ///< being dialled, and may take packets all the same
    LaneOffer told{};                  ///< to the observer
  };

  void carry_out(const path::Action& action);
  void handle(const path::LinkEvent& event);
  void handle(const path::LinkUp& up);
  void handle(const path::LinkDown& down);
  void handle(const path::LinkChanged& changed);
  void handle(const path::LinkWanted& wanted);
  void handle(const path::TargetMisplaced& misplaced);
  [[nodiscard]] bool is_lane(PeerIndex peer) const noexcept;
  void offer_lanes(PeerIndex peer);
  void watch_network();
  void on_network_event();
  void look_at_interfaces();
  void arm_timer();
  void on_timer();
  [[nodiscard]] bool dialable(SessionId session) const;
  void ask_quiet_peers();
  void check_dials();
  LinkState& state(PeerIndex peer);
  void refresh(PeerIndex peer, LinkState& link);
  [[nodiscard]] bool may_begin_early(const path::Dial& dial) const noexcept;
  void add_early_view(LinkState& link);
  void refresh_if_stale(PeerIndex peer, LinkState& link);
  void take_packet(PeerIndex peer, SessionId session, const wire::Datagram& datagram);

  // path_manager_bond.cpp
  [[nodiscard]] std::unique_ptr<path::PathScheduler> make_scheduler() const;
  void report_states(LinkState& link);
  void add_measured(PathStatus& status, PeerIndex peer, SessionId session) const;

  [[nodiscard]] detail::LinkBond& bond(PeerIndex peer, LinkState& link);
  void refresh_bond(PeerIndex peer, LinkState& link);
  void suspect(PeerIndex peer, const std::vector<SessionId>& withdrawn);
  void transmit(PeerIndex peer);
  void arm_bond_timer(PeerIndex peer, detail::LinkBond& bond);
  void on_bond_timer(PeerIndex peer);
  void on_bonded(PeerIndex peer, SessionId session, Bytes body);
  void give_out(PeerIndex peer);

  void watch_loss(PathLoss& loss, SessionId session, const quic::ConnectionStats& stats);
  void complete_opening(std::uint64_t id, error_code error, Link link);
  void deliver_message(PeerIndex peer, ConstBytes message);
  void send_ping(std::uint64_t number);
  void send_echo(SessionId session, std::uint8_t context, ConstBytes body);
  void on_echo(const path::LinkPeer& peer, SessionId session, ConstBytes body);
  void complete_ping(std::uint64_t number, error_code error, const PingReply& reply);
  [[nodiscard]] error_code why_no_link(const NodeId& peer) const;
  [[nodiscard]] PathStatus path_status(const path::LinkSession& session) const;
  void add_paths(PeerStatus& status, const path::LinkPeer& peer) const;

  Environment& environment_;
  Transport& transport_;
  PathManagerConfig config_;
  path::LinkTable links_;
  detail::PathPlanner planner_;
  PacketSender sender_;
  PacketReceiver receiver_{};
  LinkObserver* observer_ = nullptr;
  std::unique_ptr<Timer> timer_;
  Instant armed_ = Instant::never();
  Instant next_address_check_{};
  Instant next_interface_look_{};
  std::unique_ptr<NetworkWatch> watch_{};
  std::deque<LinkState> states_{};
  std::map<path::DialId, SessionId> dials_{};
  std::map<SessionId, path::DialId> dialled_{};
  std::map<std::uint64_t, Opening> openings_{};
  std::uint64_t next_opening_ = 1;
  std::map<std::uint64_t, Pinging> pings_{};
  detail::Waiter<Link> acceptor_{};
  std::deque<PeerIndex> accepted_{};
};

}  // namespace quicether

#endif  // QUICETHER_SRC_SHELL_PATH_MANAGER_IMPL_HPP
