#ifndef QUICETHER_PATH_MANAGER_HPP
#define QUICETHER_PATH_MANAGER_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/ids.hpp>
#include <quicether/core/path/link_table.hpp>
#include <quicether/core/path/multipath_config.hpp>
#include <quicether/core/path/scheduler.hpp>
#include <quicether/core/wire/control_message.hpp>
#include <quicether/core/wire/offload.hpp>
#include <quicether/env/environment.hpp>
#include <quicether/link.hpp>
#include <quicether/status.hpp>
#include <quicether/transport.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace quicether {

struct PathManagerConfig {
  path::LinkConfig links{};  ///< `self` is filled in
  /// Makes the scheduler of each link; unset: the path with the lowest RTT.
  std::function<std::unique_ptr<path::PathScheduler>()> make_scheduler{};
  /// How often the local address towards each peer is looked up again, beside at once when the
  /// host's network changes (roaming).
  Duration address_check = std::chrono::seconds{1};
  /// Super-packets go as chunks to peers that take them, instead of packet by packet.
  bool chunks = true;
  path::MultipathConfig multipath{};  ///< peers are told by TransportConfig::sessions.capabilities
  /// A link to a peer that has several shards as well is spread over them: see Shards. Not together
  /// with `multipath.enabled`. Peers are told by TransportConfig::sessions.lanes.
  bool lanes = true;
};

/// What a link's newest session says of further ones, of other shards.
struct LaneOffer {
  std::uint8_t peer_shards = 1;  ///< over which the peer spreads the link
  bool dialled_here = false;
  SocketAddress remote{};

  friend bool operator==(const LaneOffer&, const LaneOffer&) = default;
};

/// Takes IP packets that arrive over links.
class PacketSink {
 public:
  PacketSink() = default;
  PacketSink(const PacketSink&) = delete;
  PacketSink& operator=(const PacketSink&) = delete;
  virtual ~PacketSink() = default;

  /// A batch of packets and super-packets of one peer: any bytes; writable, valid during the call.
  virtual void on_packets(PeerIndex peer, std::span<const wire::IpPacket> packets) = 0;
};

/// Hears of links, on the PathManager's thread.
class LinkObserver {
 public:
  LinkObserver() = default;
  LinkObserver(const LinkObserver&) = delete;
  LinkObserver& operator=(const LinkObserver&) = delete;
  virtual ~LinkObserver() = default;

  virtual void on_link_up(PeerIndex peer) = 0;
  virtual void on_link_down(PeerIndex peer, error_code reason) = 0;
  virtual void on_announce(PeerIndex peer, const wire::Announce& announce) = 0;

  /// Something is to be sent to a peer that was not added.
  virtual void on_link_wanted(PeerIndex peer) = 0;

  /// PathManager::endpoints() changed.
  virtual void on_endpoints_changed() {}

  /// Whoever answers at the addresses of a target without an id belongs to another shard.
  virtual void on_target_misplaced(path::TargetId target, const NodeId& id) = 0;

  /// The link is up, or has a newer session, and the peer has or had several shards.
  virtual void on_lanes(PeerIndex /*peer*/, const LaneOffer& /*offer*/) {}
};

/// Why PathManager::send_packets() did not take a packet, and how large one may be.
struct LinkCapacity {
  bool up = false;
  std::size_t packet_bytes_max = 0;  ///< largest IP packet that fits one datagram now
  std::size_t halved_bytes_max = 0;  ///< largest that goes as two; 0: not to this peer
  bool chunks = false;   ///< TCP super-packets go whole, whatever the size of their packets
  bool settled = false;  ///< path MTU discovery is done: the figure will not grow soon
};

struct OpenOptions {
  Duration timeout = std::chrono::seconds{10};
};

struct PingOptions {
  Duration timeout = std::chrono::seconds{2};
};

/// Links: keeps the wanted sessions to each peer up, and moves packets over the best of them.
///
/// Observes the Transport. Threads: the Environment's. Neither copyable nor movable.
class PathManager {
 public:
  /// `environment` and `transport` outlive the PathManager.
  PathManager(Environment& environment,
              Transport& transport,
              const Identity& identity,
              PathManagerConfig config);
  PathManager(const PathManager&) = delete;
  PathManager& operator=(const PathManager&) = delete;
  ~PathManager();

  void set_packet_sink(PacketSink* sink) noexcept;
  void set_link_observer(LinkObserver* observer) noexcept;

  /// Wants a link to a peer and keeps it up; see path::LinkTable::add_target().
  ///
  /// **Errors:** `limit_reached`, `to_self`.
  [[nodiscard]] result<path::TargetId> add_peer(path::PeerTarget target);

  /// Adds a second static path; see path::LinkTable::add_path().
  ///
  /// **Errors:** also `unsupported` with `multipath.enabled`: then the paths are planned.
  [[nodiscard]] result<void> add_path(path::TargetId target,
                                      std::uint8_t path_id,
                                      const SocketAddress& local,
                                      const SocketAddress& remote);

  /// Dials each of these addresses once; see path::LinkTable::offer_addresses().
  void offer_addresses(path::TargetId target, std::vector<SocketAddress> addresses);

  /// Stops dialling; sessions that are up stay.
  void remove_peer(path::TargetId target);

  /// Waits until the link to a peer is up. Signature: void(error_code, Link).
  ///
  /// The peer must be dialled (add_peer) or dial us.
  /// **Errors:** `timed_out`, `wrong_node_id`, `not_admitted`, `not_admitted_by_peer` and other
  /// reasons why the last attempt failed; `no_address` when nobody is known to dial within the
  /// timeout; `cancelled`. **Cancellation:** terminal; the target stays wanted.
  template <boost::asio::completion_token_for<void(error_code, Link)> Token>
  auto async_open(const NodeId& peer, const OpenOptions& options, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, Link)>(
        [](auto handler, PathManager* self, const NodeId& id, const OpenOptions& how) {
          self->start_open(id, how, LinkHandler{std::move(handler)});
        },
        token,
        this,
        peer,
        options);
  }

  /// Waits for the next link that comes up. Signature: void(error_code, Link).
  ///
  /// **Errors:** `already_open`, `cancelled`. **Cancellation:** terminal.
  template <boost::asio::completion_token_for<void(error_code, Link)> Token>
  auto async_accept(Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, Link)>(
        [](auto handler, PathManager* self) {
          self->start_accept(LinkHandler{std::move(handler)});
        },
        token,
        this);
  }

  /// Waits for the answer to a few bytes that go through the peer's newest session, once the link
  /// is up. The time without a link is not part of the RTT. Signature: void(error_code, PingReply).
  ///
  /// The peer must be dialled (add_peer) or dial us.
  /// **Errors:** `timed_out`, the reason why the last attempt to connect failed, `no_address`,
  /// `limit_reached`. **Cancellation:** none.
  template <boost::asio::completion_token_for<void(error_code, PingReply)> Token>
  auto async_ping(const NodeId& peer, const PingOptions& options, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, PingReply)>(
        [](auto handler, PathManager* self, const NodeId& id, const PingOptions& how) {
          self->start_ping(id, how, PingHandler{std::move(handler)});
        },
        token,
        this,
        peer,
        options);
  }

  /// The link to a peer that is known, up or not.
  [[nodiscard]] std::optional<Link> find(const NodeId& peer);

  /// Sends packets and super-packets to a peer. They need not outlive the call, which may complete
  /// their checksums in place. Call flush() after a turn's last. Packets of the same `flow` keep
  /// their order and may wait for each other; flows get equal shares of a line that is full.
  ///
  /// Returns how many of the front were taken: all, or 0 when the link is down (redial follows).
  /// A packet above capacity().packet_bytes_max goes in two datagrams if the peer takes halves; one
  /// that is larger than that counts as taken and is dropped.
  std::size_t send_packets(PeerIndex peer, std::span<const wire::IpPacket> packets);

  void flush();

  /// Where peers may dial this host, one address of each interface and family; none unless several
  /// paths are taken.
  [[nodiscard]] std::vector<SocketAddress> endpoints() const;

  /// Every counter by its dotted name, in name order.
  [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> counters() const;

  [[nodiscard]] LinkCapacity capacity(PeerIndex peer);

  /// The index of a peer for the packet path; makes one when needed.
  ///
  /// **Errors:** `limit_reached`.
  [[nodiscard]] result<PeerIndex> intern(const NodeId& peer);

  /// What is known of a peer that nobody wants any more is worth nothing; see
  /// path::LinkTable::forget().
  void forget(PeerIndex peer);

  /// True for a peer whose first session is another shard's; see path::LinkTable::is_lane(). The
  /// LinkObserver hears nothing of it. False for unknown ones.
  [[nodiscard]] bool is_lane(PeerIndex peer) const noexcept;

  [[nodiscard]] const path::LinkPeer* peer(PeerIndex peer) const noexcept;
  [[nodiscard]] const path::LinkPeer* peer(const NodeId& peer) const noexcept;

  /// All peers of path::LinkTable::is_known(); see PeerStatus. `name`, `subnets` and
  /// `overlay_addresses` stay empty.
  [[nodiscard]] std::vector<PeerStatus> status() const;

  [[nodiscard]] boost::asio::any_io_executor get_executor() noexcept;

 private:
  using LinkHandler = boost::asio::any_completion_handler<void(error_code, Link)>;

  using PingHandler = boost::asio::any_completion_handler<void(error_code, PingReply)>;

  class Impl;

  void start_ping(const NodeId& peer, const PingOptions& options, PingHandler handler);
  void start_open(const NodeId& peer, const OpenOptions& options, LinkHandler handler);
  void start_accept(LinkHandler handler);

  std::shared_ptr<Impl> impl_;
};

}  // namespace quicether

#endif  // QUICETHER_PATH_MANAGER_HPP
