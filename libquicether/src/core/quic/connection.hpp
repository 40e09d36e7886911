#ifndef QUICETHER_SRC_CORE_QUIC_CONNECTION_HPP
#define QUICETHER_SRC_CORE_QUIC_CONNECTION_HPP

#include "core/queue/fair_queue.hpp"
#include "core/quic/black_hole.hpp"
#include "core/quic/circuit_breaker.hpp"
#include "core/quic/close_reason.hpp"
#include "core/quic/datagram_feed.hpp"
#include "core/quic/mtu_watch.hpp"
#include "core/quic/native_path.hpp"
#include "core/quic/shared.hpp"
#include "core/quic/streams.hpp"
#include "core/quic/tls_glue.hpp"

#include <quicether/core/crypto/tls.hpp>
#include <quicether/core/quic/endpoint.hpp>

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace quicether::quic {

/// A client's first packet, when it may become a connection.
struct Newcomer {
  ngtcp2_pkt_hd header{};
  ngtcp2_cid original_dcid{};   ///< before Retry, if there was one
  bool address_proven = false;  ///< the header carries a valid token of a Retry
  SocketAddress local{};
  SocketAddress remote{};
};

/// How a connection ended, and what is still owed to the peer.
struct Ending {
  enum class Kind : std::uint8_t {
    forget,       ///< nothing follows
    drain,        ///< be silent while packets of the peer may arrive
    close,        ///< answer them with `packet`
    retry,        ///< forget, and ask the client to prove its address
    never_began,  ///< forget, and tell nobody: no packet was genuine
  };

  Kind kind = Kind::forget;
  CloseReason reason{};
  ByteVector packet{};
  Route route{};
  Duration period{};  ///< of closing or draining (RFC 9000 section 10.2)
};

/// How far early data is.
enum class EarlyData : std::uint8_t {
  none,      ///< not offered
  offered,   ///< by this client; the server has not answered
  accepted,  ///< by the server
  rejected,  ///< by the server
};

/// A datagram that a client sent as early data and that the server has not answered.
struct EarlyDatagram {
  std::uint64_t id = 0;
  std::uint32_t flow = 0;
  bool more = false;
  ByteVector payload{};
};

/// Why a callback made ngtcp2 fail.
struct Refusal {
  CloseReason reason{};
  ngtcp2_ccerr report{};  ///< what the peer is told
};

/// One ngtcp2 connection with its TLS session, streams and waiting datagrams.
///
///     dial/accept ──> handshake ──> established ──> ended
///                         └───────────────────────────^
///
/// Datagrams may go before it is established, see connection_early.cpp; streams may not.
/// Writes packets into Shared::transmit and events into Shared::events; calls nothing else. Once
/// ended() is set, the owner takes it and destroys the connection; no other function may follow.
class Connection {
 public:
  /// A connection that this side begins.
  Connection(Shared& shared, ConnectionHandle handle, Instant now, const ConnectOptions& options);

  /// A connection that a client began. Its first packet is still to be given to on_packet().
  Connection(Shared& shared, ConnectionHandle handle, Instant now, const Newcomer& newcomer);

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Takes one UDP datagram; `train` tells where it came from.
  void on_packet(Instant now, const ReceivedTrain& train, ConstBytes packet);

  /// Takes note that the peer has forgotten the connection.
  void on_stateless_reset() { end(Ending::Kind::drain, {errc::stateless_reset, 0, {}}); }

  void on_timeout(Instant now);

  /// Writes packets until nothing is left, something blocks or `packets_max` are written.
  /// Returns true when it could go on at once.
  bool flush(Instant now, std::size_t packets_max);

  /// See Endpoint::send_datagrams(). Without `may_write` it is not its turn: all of them wait.
  /// Afterwards goes_on() is as the return value of flush().
  std::size_t send_datagrams(Instant now,
                             std::span<const OutgoingDatagram> datagrams,
                             bool may_write);

  [[nodiscard]] bool goes_on() const noexcept { return goes_on_; }

  [[nodiscard]] result<StreamId> open_stream();
  [[nodiscard]] result<std::size_t> write_stream(StreamId id, ConstBytes bytes, bool finish);
  [[nodiscard]] result<std::size_t> read_stream(StreamId id, Bytes out);
  void reset_stream(StreamId id, std::uint64_t application_code);

  /// Ends the connection with APPLICATION_CLOSE.
  void close(Instant now, std::uint64_t application_code, std::string_view reason);

  [[nodiscard]] result<void> migrate(Instant now, const SocketAddress& local);

  void ping() noexcept { ping_wanted_ = true; }

  [[nodiscard]] ConnectionStats stats() const;

  /// When on_timeout() is due.
  [[nodiscard]] Instant deadline() const noexcept { return deadline_; }

  [[nodiscard]] std::optional<Ending>& ended() noexcept { return ended_; }

  [[nodiscard]] Role role() const noexcept { return role_; }

  [[nodiscard]] SocketAddress remote() const noexcept;

  [[nodiscard]] bool established() const noexcept { return established_; }

  /// See Endpoint::takes_early_data().
  [[nodiscard]] bool takes_early_data() const noexcept;

  [[nodiscard]] ConnectionHandle handle() const noexcept { return handle_; }

  /// The ids by which packets of this connection are known.
  [[nodiscard]] std::span<const OwnCid> own_cids() const noexcept { return own_cids_; }

  /// True while the owner has it in its queue of connections to flush.
  bool queued = false;

 private:
  friend struct ConnectionCallbacks;

  struct ConnectionDeleter {
    void operator()(ngtcp2_conn* connection) const noexcept { ngtcp2_conn_del(connection); }
  };

  using NativeConnection = std::unique_ptr<ngtcp2_conn, ConnectionDeleter>;

  // connection.cpp
  Connection(Shared& shared,
             ConnectionHandle handle,
             Role role,
             Instant now,
             const NativePath& path,
             const crypto::TlsExpectation& expectation);
  void begin_client(const NativePath& path, const ConnectOptions& options);
  void begin_server(const Newcomer& newcomer, const NativePath& path);
  [[nodiscard]] ngtcp2_settings make_settings() const;
  [[nodiscard]] ngtcp2_transport_params make_parameters() const;
  [[nodiscard]] OwnCid add_own_cid();
  const NativePath& path_of(const ReceivedTrain& train);
  void note_local_address(const ReceivedTrain& train);
  void fail(Instant now, int error);
  void refuse_peer();
  void end_with_packet(Instant now, const ngtcp2_ccerr& error, CloseReason reason);
  void end(Ending::Kind kind, CloseReason reason);
  [[nodiscard]] Duration closing_period() const noexcept;

  // connection_write.cpp
  [[nodiscard]] bool write_packets(Instant now, DatagramFeed& feed, std::size_t packets_max);
  [[nodiscard]] ngtcp2_ssize write_packet(Instant now, Bytes out, DatagramFeed& feed);
  [[nodiscard]] ngtcp2_ssize write_stream_frame(Instant now, Bytes out, Stream& stream);
  [[nodiscard]] ngtcp2_ssize write_datagram_frame(Instant now,
                                                  Bytes out,
                                                  DatagramFeed& feed,
                                                  const OutgoingDatagram& datagram);
  [[nodiscard]] ngtcp2_ssize write_rest(Instant now, Bytes out);
  [[nodiscard]] Stream* next_stream() noexcept;

  [[nodiscard]] bool uncontrolled() const noexcept {
    return datagram_flags_ != NGTCP2_WRITE_DATAGRAM_FLAG_NONE;
  }

  void choose_datagram_control(Instant now) noexcept;
  [[nodiscard]] std::optional<OutgoingDatagram> next_datagram(DatagramFeed& feed) noexcept;
  void on_written(Instant now, std::size_t bytes);
  void after_burst(Instant now, bool data_waits);
  void renew_keys(Instant now);
  void arm(Instant now, ngtcp2_tstamp expiry) noexcept;
  [[nodiscard]] std::size_t packet_bytes_max() const noexcept;
  [[nodiscard]] std::size_t path_bytes_max() const noexcept;
  [[nodiscard]] std::size_t datagram_payload_max() const noexcept;

  // connection_early.cpp
  [[nodiscard]] bool sends_datagrams() const noexcept;
  void offer_early_data();
  void on_first_flight() noexcept;
  [[nodiscard]] bool has_room_for_early_data() const noexcept;
  void note_early_datagram(std::uint64_t id, const OutgoingDatagram& datagram);
  void resend_early_data();
  void on_early_data_rejected();
  void settle_early_data();
  void expect_early_data();
  [[nodiscard]] bool on_read_key(ngtcp2_encryption_level level);
  [[nodiscard]] bool accept_early_data();

  // connection_streams.cpp
  [[nodiscard]] bool on_stream_opened(StreamId id);
  void on_stream_data(StreamId id, ConstBytes bytes, bool end);
  void on_stream_acknowledged(StreamId id, std::uint64_t offset);
  void on_stream_reset(StreamId id);
  void on_stream_closed(StreamId id);
  void on_stream_stopped(Stream& stream);
  void tell_readable(Stream& stream);
  void forget_if_done(Stream& stream);

  // connection_callbacks.cpp
  [[nodiscard]] bool on_handshake_completed();
  void on_datagram(ConstBytes payload);
  void on_datagram_acknowledged(std::uint64_t id) noexcept;
  void on_datagram_lost(std::uint64_t id) noexcept;
  void report_fate(std::uint64_t id, bool delivered);
  void on_path_validation(const ngtcp2_path& path, bool succeeded);
  [[nodiscard]] bool on_new_cid(ngtcp2_cid& cid, Bytes token, std::size_t size);
  void on_cid_retired(ConstBytes retired);
  void on_peer_token(std::span<const std::uint8_t, NGTCP2_STATELESS_RESET_TOKENLEN> bytes,
                     bool active);

  Shared& shared_;
  const ConnectionHandle handle_;
  const Role role_;
  ngtcp2_crypto_conn_ref connection_reference_{};
  crypto::TlsSession tls_;
  NativeConnection native_{};
  Streams streams_;
  queue::FairQueue waiting_;
  MtuWatch mtu_watch_;
  BlackHole black_hole_{};
  CircuitBreaker breaker_{};

  Instant now_{};
  Instant deadline_ = Instant::never();
  Instant expired_at_ = Instant::never();  ///< the last time that on_timeout() was called with
  std::optional<Ending> ended_{};
  std::optional<Refusal> refusal_{};
  EarlyData early_data_ = EarlyData::none;
  bool early_key_known_ = false;  ///< TLS of this client has offered early data
  bool early_data_lost_ = false;  ///< to a Retry, in the packet being read
  bool established_ = false;
  bool confirmed_ = false;  ///< both sides are known to be done with the handshake
  bool reset_received_ = false;
  bool ping_wanted_ = false;
  bool migrating_ = false;
  bool stream_turn_ = false;
  bool streams_blocked_ = false;  ///< by congestion control, in the burst being written
  std::uint32_t datagram_flags_ = NGTCP2_WRITE_DATAGRAM_FLAG_NONE;  ///< of the burst being written
  bool probing_ = false;             ///< the peer is silent and a timeout was acted on
  bool goes_on_ = false;             ///< send_datagrams() was stopped by lack of room only
  std::size_t datagram_max_ = 0;     ///< datagram_payload_max() of the burst being written
  std::size_t packet_room_ = 0;      ///< left for datagrams in the packet being written, about
  std::uint64_t packet_serial_ = 0;  ///< of the packet being written; names its datagrams

  std::vector<EarlyDatagram> early_datagrams_{};  ///< at most an initial congestion window
  std::vector<OwnCid> own_cids_{};
  std::optional<ForeignCid> initial_cid_{};
  std::vector<ResetToken> reset_tokens_{};

  bool any_local_ = false;        ///< dialled without a local address: whichever is right
  IpAddress migration_target_{};  ///< local address being validated
  SocketAddress local_seen_{};    ///< local address that packets arrived at
  SocketAddress train_local_{};   ///< addresses that train_path_ was made of
  SocketAddress train_remote_{};
  NativePath train_path_{};
  NativePath written_path_{};  ///< where the last packet went
  Route written_route_{};
  NativePath out_path_{};  ///< filled in by ngtcp2
  ngtcp2_pkt_info out_info_{};

  std::uint64_t packets_sent_ = 0;
  std::uint64_t packets_received_ = 0;
  std::uint64_t packets_lost_ = 0;
  std::uint64_t last_lost_packet_ = 0;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_received_ = 0;
  std::uint64_t datagrams_dropped_ = 0;  ///< too large
  std::uint64_t keys_renewed_at_ = 0;    ///< packets_sent_ then
  std::uint64_t keys_renewed_ = 0;       ///< by this side
  std::uint64_t keys_derived_ = 0;       ///< by either side, one ahead of use
  Instant last_received_{};
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_CONNECTION_HPP
