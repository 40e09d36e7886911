#ifndef QUICETHER_CORE_NODE_SESSION_TABLE_HPP
#define QUICETHER_CORE_NODE_SESSION_TABLE_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/datagram.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/ids.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/base/random.hpp>
#include <quicether/base/shard.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/crypto/network_proof.hpp>
#include <quicether/core/node/invite_book.hpp>
#include <quicether/core/quic/endpoint.hpp>
#include <quicether/core/wire/control_message.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace quicether::node {

struct Acquaintance;
class Acquaintances;

/// Application error codes of CONNECTION_CLOSE. Source: docs/spec/control-stream.md.
enum class CloseCode : std::uint64_t {
  none = 0x0,
  not_admitted = 0x100,
  superseded = 0x101,
  protocol_error = 0x102,
  shutting_down = 0x103,
  incompatible_version = 0x104,
  to_self = 0x105,
  hello_timeout = 0x106,
  busy = 0x107,
  wrong_shard = 0x108,
  invite_unknown = 0x109,
  invite_expired = 0x10a,
  invite_used = 0x10b,
};

/// The `errc` that a peer's close code means to this side.
[[nodiscard]] errc to_errc(CloseCode code) noexcept;

/// Says who may be a peer. Called on the SessionTable's thread; must not re-enter it.
class AdmissionControl {
 public:
  /// An empty reason admits; anything else refuses and says why, as one clause.
  struct Verdict {
    bool admitted = false;
    std::string reason{};
  };

  AdmissionControl() = default;
  AdmissionControl(const AdmissionControl&) = delete;
  AdmissionControl& operator=(const AdmissionControl&) = delete;
  virtual ~AdmissionControl() = default;

  /// Judges a key that TLS has proven. `network_member`: the peer proved the network's secret.
  [[nodiscard]] virtual Verdict admit(const PublicKey& key,
                                      const NodeId& id,
                                      bool network_member) = 0;

  /// Judges an invite that the holder of `key` brings, and returns what it is good for.
  ///
  /// **Errors:** `invite_unknown`, `invite_expired`, `invite_used`, `refused_busy`. Unless it is
  /// overridden, every invite is unknown.
  [[nodiscard]] virtual result<wire::Grant> redeem(const PublicKey& key,
                                                   const wire::Redeem& invite,
                                                   crypto::ExporterView exporter);
};

struct SessionTableConfig {
  quic::EndpointConfig quic{};
  /// Told to every peer.
  std::uint64_t capabilities = wire::kCapabilityChunks | wire::kCapabilityHalves;
  /// Over how many shards a link may be spread, told to every peer: 1, or the shards of this node.
  std::uint8_t lanes = 1;
  /// Unset: no proof of membership is sent and none accepted.
  std::optional<crypto::NetworkKey> network_key{};
  Duration hello_timeout = std::chrono::seconds{10};
};

/// An invite to be redeemed; see InviteBook.
struct RedeemOptions {
  InviteToken token{};
};

struct DialOptions {
  SocketAddress remote{};
  SocketAddress local{};
  std::optional<NodeId> expected_id{};
  std::optional<PublicKey> expected_key{};
  std::uint8_t path_id = 0;
  /// Who probably answers, when that is not expected: chooses the lane.
  std::optional<NodeId> guess{};
  /// A further session beside the first: on which lane. Whose, is expected.
  LaneChoice lane{};
  /// Set: the session ends with a NetworkGranted, or without; it never comes up.
  std::optional<RedeemOptions> redeem{};
  /// Datagrams may leave with the first packets, when this node and the peer are configured for it
  /// and the peer is expected and was admitted before. Only for a session that would be the first
  /// of its link, with path id 0 and lane number 0.
  bool early_data = false;
};

/// What is known of a session once both sides admitted each other.
struct SessionInfo {
  SessionId session{};
  bool dialled_here = false;
  PublicKey peer{};
  NodeId peer_id{};
  std::uint64_t boot_id = 0;
  std::uint8_t path_id = 0;
  std::uint64_t capabilities = 0;
  std::uint8_t lane = 0;         ///< LaneChoice::number
  std::uint8_t peer_shards = 1;  ///< over which the peer spreads a link
  std::string group{};
  std::string cipher_suite{};
  bool post_quantum = false;
  bool resumed = false;
  bool early_data = false;  ///< up on what the peer said and proved the last time
};

struct SessionUp {
  SessionInfo info{};
};

/// A session or an attempt ended. The id is no longer valid.
struct SessionDown {
  SessionId session{};
  error_code reason{};
  std::string detail{};  ///< may hold text made by the peer
  bool was_up = false;
  std::optional<PublicKey> peer{};  ///< known once TLS was done
  SocketAddress remote{};
  bool dialled_here = false;
};

struct PeerAnnounced {
  SessionId session{};
  wire::Announce announce{};
};

/// The peer took the invite; SessionDown follows.
struct NetworkGranted {
  SessionId session{};
  wire::Grant grant{};
};

struct SessionPathChanged {
  SessionId session{};
  SocketAddress local{};
  SocketAddress remote{};
};

struct SessionStreamOpened {
  SessionId session{};
  quic::StreamId stream = 0;
};

struct SessionStreamReadable {
  SessionId session{};
  quic::StreamId stream = 0;
};

struct SessionStreamWritable {
  SessionId session{};
  quic::StreamId stream = 0;
};

using SessionEvent = std::variant<SessionUp,
                                  SessionDown,
                                  PeerAnnounced,
                                  NetworkGranted,
                                  SessionPathChanged,
                                  SessionStreamOpened,
                                  SessionStreamReadable,
                                  SessionStreamWritable>;

/// A DATAGRAM payload of an admitted peer.
struct SessionDatagram {
  SessionId session{};
  Bytes payload{};
};

/// What became of a datagram that was sent with a token; see quic::DatagramFate.
struct SessionDatagramFate {
  SessionId session{};
  std::uint32_t token = 0;
  bool delivered = false;
};

struct SessionTableStats {
  std::uint64_t refused = 0;  ///< peers that this side did not admit
  std::uint64_t protocol_errors = 0;
  std::uint64_t hello_timeouts = 0;
  std::uint64_t invites_redeemed = 0;
  std::uint64_t invites_refused = 0;
  std::uint64_t datagrams_early = 0;  ///< arrived before admission: dropped
  std::uint64_t sessions_early = 0;   ///< up before their HELLO
};

/// All sessions of a node: QUIC connections on which both sides said HELLO and admitted each other.
///
///     dialled:  handshake ──> send HELLO ──> HELLO received, admitted ──> up
///     accepted: handshake ──> HELLO received, admitted ──> send HELLO ──> up
///
/// With early data (ADR 25) a peer that was admitted before is taken for what it was: the accepted
/// session is up with its first packets, the dialled one with the end of the handshake. The HELLOs
/// that follow must agree, else the session ends.
///
/// Stream 0, opened by the dialling side, is the control stream. A node learns a peer's HELLO,
/// ANNOUNCE, streams and datagrams only as an admitted peer of it. Same driving rules as
/// quic::Endpoint, which it owns. Source: docs/spec/control-stream.md.
class SessionTable {
 public:
  /// `key`, `random` and `admission` outlive the table.
  SessionTable(SessionTableConfig config,
               const crypto::KeyPair& key,
               Random& random,
               AdmissionControl& admission,
               UnixSeconds wall_clock);
  SessionTable(const SessionTable&) = delete;
  SessionTable& operator=(const SessionTable&) = delete;
  ~SessionTable();

  /// Starts a session; SessionUp or SessionDown follows.
  ///
  /// **Errors:** those of quic::Endpoint::connect().
  [[nodiscard]] result<SessionId> dial(Instant now, const DialOptions& options);

  /// Ends a session or an attempt and tells the peer why. SessionDown with `reason` follows.
  /// Unknown ids are ignored.
  void close(Instant now, SessionId session, CloseCode code, errc reason, std::string_view detail);

  /// What this node tells every admitted peer, now and whenever it changes.
  void announce(const wire::Announce& announce);

  /// Joins another network, or with nothing leaves it. Sessions that are up stay, without proof of
  /// membership in the new one: call readmit() to end those that were admitted for nothing else.
  void set_network_key(std::optional<crypto::NetworkKey> key);

  /// Asks the AdmissionControl again for every session and closes those it no longer admits.
  void readmit(Instant now);

  void on_train(Instant now, const ReceivedTrain& train);
  void on_timeout(Instant now);
  [[nodiscard]] Instant next_timeout() const noexcept;
  [[nodiscard]] std::span<const OutgoingTrain> poll_transmit(Instant now);
  void consume_transmit(std::size_t count) noexcept;
  [[nodiscard]] std::optional<SessionEvent> poll_event();

  /// DATAGRAM payloads of admitted peers since clear_received(). Valid until it or on_train().
  [[nodiscard]] std::span<const SessionDatagram> received_datagrams() const noexcept;
  void clear_received() noexcept;

  /// See quic::Endpoint::datagram_fates(); taken out.
  [[nodiscard]] std::span<const SessionDatagramFate> take_fates();

  /// True for a session that is being dialled and takes datagrams all the same.
  [[nodiscard]] bool takes_early_data(SessionId session) const noexcept;

  /// See quic::Endpoint::send_datagrams(). 0 unless the session is up or takes_early_data().
  std::size_t send_datagrams(Instant now,
                             SessionId session,
                             std::span<const quic::OutgoingDatagram> datagrams);

  /// See quic::Endpoint. Only sessions that are up have streams; the control stream is hidden.
  [[nodiscard]] result<quic::StreamId> open_stream(SessionId session);
  [[nodiscard]] result<std::size_t> write_stream(SessionId session,
                                                 quic::StreamId stream,
                                                 ConstBytes bytes,
                                                 bool finish);
  [[nodiscard]] result<std::size_t> read_stream(SessionId session,
                                                quic::StreamId stream,
                                                Bytes out);
  void reset_stream(SessionId session, quic::StreamId stream, std::uint64_t code);

  /// See quic::Endpoint::migrate().
  [[nodiscard]] result<void> migrate(Instant now, SessionId session, const SocketAddress& local);

  void ping(SessionId session);

  /// **Errors:** `no_session`.
  [[nodiscard]] result<quic::ConnectionStats> stats(SessionId session) const;

  [[nodiscard]] const quic::EndpointStats& quic_stats() const noexcept;

  [[nodiscard]] const SessionTableStats& stats() const noexcept { return stats_; }

  [[nodiscard]] std::uint64_t boot_id() const noexcept { return boot_id_; }

 private:
  enum class Stage : std::uint8_t { handshake, hello, up };

  struct Session {
    SessionInfo info{};
    Stage stage = Stage::handshake;
    std::array<std::uint8_t, 32> exporter{};
    wire::ControlDecoder decoder{};
    ByteVector outbox{};  ///< control bytes that the stream did not take yet
    Instant deadline = Instant::never();
    bool network_member = false;
    bool provisional = false;  ///< up, but the peer's HELLO of this session is still to come
    std::optional<InviteToken> redeem{};  ///< dialled to redeem this
    bool redeemed = false;                ///< the peer came to redeem an invite, and did
    std::optional<errc> own_reason{};     ///< set when this side closes: what SessionDown names
    std::string own_detail{};
  };

  void take_events(Instant now);
  void update_hello_deadline() noexcept;
  void handle(Instant now, quic::Event& event);
  void on_handshake(Instant now,
                    Session& session,
                    SessionId id,
                    const quic::HandshakeCompleted& done);
  void on_early_data(Instant now, SessionId id, const quic::EarlyDataAccepted& accepted);
  void on_closed(SessionId id, const quic::ConnectionClosed& closed);
  void on_stream_opened(Instant now, SessionId id, quic::StreamId stream);
  void read_control(Instant now, SessionId id);
  void on_control_bytes(Instant now, Session& session, ConstBytes bytes);
  void on_message(Instant now, Session& session, const wire::ControlMessage& message);
  void on_hello(Instant now, Session& session, const wire::Hello& hello);
  [[nodiscard]] bool agrees(const Session& session, const wire::Hello& hello) const noexcept;
  [[nodiscard]] const Acquaintance* welcome(const NodeId& peer);
  void come_up_early(Session& session, const Acquaintance& known);
  void on_redeem(Instant now, Session& session, const wire::Redeem& redeem);
  void on_grant(Instant now, Session& session, const wire::Grant& grant);
  [[nodiscard]] bool is_on_its_lane(Instant now, Session& session);
  [[nodiscard]] bool admit(Instant now, Session& session);
  void refuse(Instant now, Session& session, CloseCode code, errc reason, std::string_view detail);
  void send_hello(Session& session);
  void send_announce(Session& session);
  void send(Session& session, const wire::ControlMessage& message);
  void flush_control(Session& session);
  [[nodiscard]] Session* find(SessionId id) noexcept;
  [[nodiscard]] const Session* find_up(SessionId id) const noexcept;

  SessionTableConfig config_;
  const crypto::KeyPair& key_;
  AdmissionControl& admission_;
  quic::Endpoint endpoint_;
  std::uint64_t boot_id_;
  wire::Announce announce_{};
  std::map<SessionId, Session> sessions_;
  std::unique_ptr<Acquaintances> acquaintances_;
  std::size_t waiting_for_hello_ = 0;
  Instant hello_deadline_ = Instant::never();
  std::deque<SessionEvent> events_;
  std::vector<SessionDatagram> received_;
  std::vector<SessionDatagramFate> fates_;
  SessionTableStats stats_{};
};

}  // namespace quicether::node

#endif  // QUICETHER_CORE_NODE_SESSION_TABLE_HPP
