#ifndef QUICETHER_CORE_QUIC_ENDPOINT_HPP
#define QUICETHER_CORE_QUIC_ENDPOINT_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/datagram.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/base/random.hpp>
#include <quicether/base/shard.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/queue/outgoing_datagram.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace quicether::crypto {
class KeyPair;
struct TlsCredentials;
}  // namespace quicether::crypto

namespace quicether::quic {

/// Names one connection of an Endpoint for as long as the Endpoint lives; never reused.
struct ConnectionHandle {
  std::uint64_t value = 0;

  friend constexpr auto operator<=>(ConnectionHandle, ConnectionHandle) noexcept = default;
};

/// A QUIC stream id (RFC 9000 section 2.1).
using StreamId = std::int64_t;

enum class Role : std::uint8_t { client, server };

enum class CongestionControl : std::uint8_t { cubic, bbr };

/// Who controls the rate of DATAGRAM frames.
enum class DatagramControl : std::uint8_t {
  connection,  ///< CongestionControl, as for streams
  /// The flows inside (RFC 9484 section 10), as long as most datagrams arrive. Streams are
  /// controlled all the same. A build with an ngtcp2 without our patch treats it as `connection`.
  application,
};

/// Bounds of an Endpoint. Reaching one is an error and a counter, never unbounded memory.
struct Limits {
  std::size_t connections_max = 16384;
  std::size_t handshakes_max = 1024;         ///< inbound connections not yet established
  std::size_t handshakes_before_retry = 64;  ///< above it newcomers prove their address (Retry)
  std::size_t streams_max = 256;  ///< bidirectional, open at once, per connection and side
  std::size_t stream_receive_bytes = 256U << 10U;  ///< flow-control window per stream
  std::size_t connection_receive_bytes = 4U << 20U;
  std::size_t stream_send_bytes = 256U << 10U;   ///< unacknowledged and unsent, per stream
  std::size_t datagram_queue_bytes = 1U << 20U;  ///< memory of what waits to be sent, each
  std::size_t events_max = 65536;
  std::size_t stateless_replies_per_second = 100;  ///< resets and version negotiation, together
};

struct EndpointConfig {
  std::string alpn = "qether/1";
  Duration handshake_timeout = std::chrono::seconds{10};
  Duration idle_timeout = std::chrono::seconds{30};
  Duration keep_alive = std::chrono::seconds{15};  ///< zero: none
  CongestionControl congestion_control = CongestionControl::bbr;
  DatagramControl datagram_control = DatagramControl::application;
  bool require_post_quantum = false;             ///< offer and accept X25519MLKEM768 only
  std::uint64_t key_update_packets = 1U << 22U;  ///< packets sent before the keys are renewed
  std::vector<std::uint16_t> mtu_probes = {1452, 1437, 1406, 1342, 1252};  ///< UDP payload bytes
  bool resumption = true;
  /// Datagrams may go in the first flight of a resumed connection (0-RTT): as a client they are
  /// offered if ConnectOptions say so, as a server they are accepted. A server takes each ticket
  /// once, so a recorded flight that is sent again delivers nothing; but who holds one back can
  /// deliver it later, within a minute, unless the client came through with the same ticket first.
  bool early_data = false;
  Shard shard{};  ///< which connection ids lead here, when several endpoints share a port
  Limits limits{};
};

struct ConnectOptions {
  SocketAddress remote{};
  SocketAddress local{};                    ///< unspecified: the system chooses
  std::optional<NodeId> expected_id{};      ///< refuse any other peer with `wrong_node_id`
  std::optional<PublicKey> expected_key{};  ///< likewise, stronger
  std::optional<std::uint8_t> lane{};       ///< see lane_between(); unset: random
  bool early_data = false;                  ///< offer it, if EndpointConfig and the ticket allow
};

/// A resumed client sent datagrams in its first flight and this server takes them. Comes before
/// HandshakeCompleted, which may never follow, and before the first of them is received. From now
/// on send_datagrams() writes to the client; streams wait for the handshake.
struct EarlyDataAccepted {
  PublicKey peer{};  ///< proved by the ticket
  std::string group{};
  std::string cipher_suite{};
  bool post_quantum = false;
};

/// TLS is done on this side and the peer's key is known.
struct HandshakeCompleted {
  Role role = Role::client;
  PublicKey peer{};
  std::string group{};         ///< IANA name of the key exchange group: "X25519MLKEM768"
  std::string cipher_suite{};  ///< IANA name: "TLS_AES_128_GCM_SHA256"
  bool post_quantum = false;
  bool resumed = false;
  bool early_data = false;  ///< it was accepted
  /// 32 bytes of keying material (RFC 8446 section 7.5), equal on both sides, to bind proofs to.
  std::array<std::uint8_t, 32> exporter{};
};

/// The connection is gone; its handle is no longer valid after this event.
struct ConnectionClosed {
  error_code reason{};                 ///< why, as an `errc`
  std::uint64_t application_code = 0;  ///< of an APPLICATION_CLOSE, by either side; else 0
  std::string detail{};                ///< for a person: reason phrase or TLS alert; peer-made text
  bool handshake_completed = false;
  SocketAddress remote{};  ///< at which the peer was last
};

/// The remote or local address of the connection changed (RFC 9000 section 9).
struct PathChanged {
  SocketAddress local{};
  SocketAddress remote{};
};

/// The peer opened a bidirectional stream.
struct StreamOpened {
  StreamId stream = 0;
};

/// read_stream() has something: data, the end, or a reset. Comes again only after a read_stream():
/// read until `would_block`.
struct StreamReadable {
  StreamId stream = 0;
};

/// write_stream() takes bytes again after it took fewer than offered.
struct StreamWritable {
  StreamId stream = 0;
};

using EventBody = std::variant<HandshakeCompleted,
                               EarlyDataAccepted,
                               ConnectionClosed,
                               PathChanged,
                               StreamOpened,
                               StreamReadable,
                               StreamWritable>;

struct Event {
  ConnectionHandle connection{};
  EventBody body{};
};

/// The payload of one DATAGRAM frame (RFC 9221).
struct ReceivedDatagram {
  ConnectionHandle connection{};
  Bytes payload{};  ///< in the Endpoint's own buffer, writable
};

using queue::OutgoingDatagram;

/// What became of a datagram that was sent with a token.
struct DatagramFate {
  ConnectionHandle connection{};
  std::uint32_t token = 0;
  bool delivered = false;  ///< acknowledged; else taken for lost, which may be wrong
};

struct ConnectionStats {
  Role role = Role::client;
  SocketAddress local{};
  SocketAddress remote{};
  Duration smoothed_rtt{};
  Duration min_rtt{};
  Duration pto{};                       ///< current probe timeout, RFC 9002 section 6.2.1
  std::uint64_t congestion_window = 0;  ///< bytes
  std::uint64_t bytes_in_flight = 0;
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t packets_lost = 0;       ///< those that bore datagrams, or ended streams' data
  std::uint64_t bytes_sent = 0;         ///< UDP payload
  std::uint64_t bytes_received = 0;     ///< UDP payload
  std::uint64_t datagrams_dropped = 0;  ///< waited too long, were too many, or too large
  std::uint64_t key_updates = 0;
  std::size_t datagram_payload_max = 0;  ///< largest DATAGRAM payload that fits a packet now
  bool path_mtu_settled = false;         ///< path MTU discovery has nothing left to try
  Instant last_received{};               ///< of a genuine packet; forgeries do not count
};

/// Counters of the whole Endpoint.
struct EndpointStats {
  std::uint64_t datagrams_ignored = 0;     ///< neither QUIC nor known: counted and dropped
  std::uint64_t dht_messages_ignored = 0;  ///< first bytes "d<digit>:" (design: shared port)
  std::uint64_t retries_sent = 0;
  std::uint64_t version_negotiations_sent = 0;
  std::uint64_t stateless_resets_sent = 0;
  std::uint64_t stateless_resets_received = 0;
  std::uint64_t handshakes_completed = 0;
  std::uint64_t handshakes_failed = 0;
  std::uint64_t handshakes_resumed = 0;
  std::uint64_t tickets_refused = 0;             ///< that clients showed: used, too old or forged
  std::uint64_t early_data_accepted = 0;         ///< connections of either role
  std::uint64_t early_data_rejected = 0;         ///< offered, and refused by the server
  std::uint64_t connections_refused = 0;         ///< a limit was reached
  std::uint64_t received_datagrams_dropped = 0;  ///< the receive buffer was full
};

/// All QUIC connections of one node on one UDP port: a sans-IO machine over ngtcp2.
///
///   on_train / on_timeout / calls ──> state ──> poll_transmit, poll_event, received_datagrams
///
/// After every call that takes `now`, the driver: takes received_datagrams(), drains poll_event(),
/// sends poll_transmit() and re-arms its one timer with next_timeout(). Nothing calls out.
/// Connection ids: 8 bytes, never starting with a digit and a colon (a bencoded DHT message).
/// Neither copyable nor movable. Threads: one at a time.
class Endpoint {
 public:
  /// `key` and `random` outlive the Endpoint. Stateless-reset keys derive from `key`, so that a
  /// restarted node resets its old connections; `wall_clock` is the certificate check's time.
  /// Throws boost::system::system_error: `invalid_argument` for a configuration that cannot work,
  /// `unsupported` when post-quantum is required and the TLS library lacks it.
  Endpoint(EndpointConfig config,
           const crypto::KeyPair& key,
           Random& random,
           UnixSeconds wall_clock);

  /// Likewise, but shows other credentials than the self-signed certificate of `key`.
  Endpoint(EndpointConfig config,
           const crypto::KeyPair& key,
           const crypto::TlsCredentials& credentials,
           Random& random,
           UnixSeconds wall_clock);
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;
  ~Endpoint();

  /// Starts a handshake. Its end is a HandshakeCompleted or ConnectionClosed event.
  ///
  /// **Errors:** `limit_reached`, `invalid_argument` (unspecified remote).
  [[nodiscard]] result<ConnectionHandle> connect(Instant now, const ConnectOptions& options);

  /// Takes a train of UDP datagrams from the network: any bytes.
  void on_train(Instant now, const ReceivedTrain& train);

  /// Acts on deadlines that have passed.
  void on_timeout(Instant now);

  /// The next deadline; Instant::never() when there is none.
  [[nodiscard]] Instant next_timeout() const noexcept;

  /// Trains to put on the wire, oldest first. They stay, and are returned again, until
  /// consume_transmit(); the span is valid until the next call of any non-const function.
  [[nodiscard]] std::span<const OutgoingTrain> poll_transmit(Instant now);

  /// Drops the first `count` trains of the last poll_transmit(): the socket took them.
  void consume_transmit(std::size_t count) noexcept;

  /// The next event, oldest first.
  [[nodiscard]] std::optional<Event> poll_event();

  /// DATAGRAM payloads that arrived since clear_received(). Valid until it or the next on_train().
  [[nodiscard]] std::span<const ReceivedDatagram> received_datagrams() noexcept;

  void clear_received() noexcept;

  /// What became of datagrams with tokens since clear_fates(), oldest first. Those that waited too
  /// long or were too large are not reported, and none is after its connection has ended.
  [[nodiscard]] std::span<const DatagramFate> datagram_fates() const noexcept;

  void clear_fates() noexcept;

  /// Sends DATAGRAM payloads. They need not outlive the call: each is encrypted at once when the
  /// congestion window and the socket allow, else waits within `datagram_queue_bytes` for its
  /// flow's turn (RFC 8290), and is dropped when the queue of its flow stays too long.
  ///
  /// Returns how many were taken: all, or 0 for an unknown connection. A payload larger than
  /// `datagram_payload_max` counts as taken and dropped. **Allocation:** none in steady state.
  std::size_t send_datagrams(Instant now,
                             ConnectionHandle connection,
                             std::span<const OutgoingDatagram> datagrams);

  /// True for a connection that this side dialled, that offers early data, and whose handshake is
  /// not complete: send_datagrams() writes in 0-RTT packets, under congestion control. What does
  /// not fit waits. What the server refuses is reported lost and not sent again.
  [[nodiscard]] bool takes_early_data(ConnectionHandle connection) const noexcept;

  /// Opens a bidirectional stream.
  ///
  /// It counts against the limits until both directions have ended and read_stream() has told so,
  /// or reset_stream() was called.
  /// **Errors:** `no_session`, `limit_reached` (the peer allows no more now).
  [[nodiscard]] result<StreamId> open_stream(ConnectionHandle connection);

  /// Appends to a stream; `finish` ends it after `bytes` when all were taken.
  ///
  /// Returns how many were taken, possibly 0; StreamWritable follows when fewer than offered.
  /// **Errors:** `no_session`, `not_found`, `stream_reset`, `invalid_argument` (already finished).
  [[nodiscard]] result<std::size_t> write_stream(ConnectionHandle connection,
                                                 StreamId stream,
                                                 ConstBytes bytes,
                                                 bool finish);

  /// Takes received bytes in order and returns flow-control credit to the peer.
  ///
  /// **Errors:** `would_block`, `end_of_stream`, `stream_reset`, `no_session`, `not_found`.
  [[nodiscard]] result<std::size_t> read_stream(ConnectionHandle connection,
                                                StreamId stream,
                                                Bytes out);

  /// Resets the sending and stops the receiving direction. Unknown streams are ignored.
  void reset_stream(ConnectionHandle connection, StreamId stream, std::uint64_t application_code);

  /// Closes with APPLICATION_CLOSE. A ConnectionClosed event with `closed_locally` follows at once;
  /// the closing period (RFC 9000 section 10.2) is served in the background.
  void close(Instant now,
             ConnectionHandle connection,
             std::uint64_t application_code,
             std::string_view reason);

  /// Moves a connection that this side dialled to another local address, validating it first.
  ///
  /// PathChanged follows when it works; when not, nothing changes. Another address takes the place
  /// of one that is being validated. Moving to where it is does nothing. **Errors:** `no_session`,
  /// `unsupported` (server side, or the peer forbids it), `would_block` (this address is being
  /// validated, or the handshake is not confirmed yet), `invalid_argument` (unspecified, or of the
  /// other address family).
  [[nodiscard]] result<void> migrate(Instant now,
                                     ConnectionHandle connection,
                                     const SocketAddress& local);

  /// Sends a PING soon, to learn whether the peer still answers. Unknown handles are ignored.
  void ping(ConnectionHandle connection);

  /// **Errors:** `no_session`.
  [[nodiscard]] result<ConnectionStats> stats(ConnectionHandle connection) const;

  [[nodiscard]] const EndpointStats& stats() const noexcept;

  [[nodiscard]] std::size_t connection_count() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quicether::quic

#endif  // QUICETHER_CORE_QUIC_ENDPOINT_HPP
