#ifndef QUICETHER_TRANSPORT_HPP
#define QUICETHER_TRANSPORT_HPP

#include <quicether/base/error.hpp>
#include <quicether/core/node/session_table.hpp>
#include <quicether/env/environment.hpp>
#include <quicether/identity.hpp>
#include <quicether/stream.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace quicether {

struct TransportConfig {
  DatagramSocketOptions socket{};
  node::SessionTableConfig sessions{};
};

/// Hears what happens to the sessions of a Transport, on its thread. Calls into the Transport are
/// allowed; destroying it is not.
class TransportObserver {
 public:
  TransportObserver() = default;
  TransportObserver(const TransportObserver&) = delete;
  TransportObserver& operator=(const TransportObserver&) = delete;
  virtual ~TransportObserver() = default;

  virtual void on_session_up(const node::SessionInfo& info) = 0;

  /// Also for attempts that never came up.
  virtual void on_session_down(const node::SessionDown& down) = 0;

  virtual void on_announce(SessionId session, const wire::Announce& announce) = 0;

  /// A batch of DATAGRAM payloads; writable, valid during the call.
  virtual void on_datagrams(std::span<const node::SessionDatagram> datagrams) = 0;

  /// What became of datagrams that were sent with tokens.
  virtual void on_datagram_fates(std::span<const node::SessionDatagramFate> fates) = 0;

  /// The socket has nothing more for now.
  virtual void on_datagrams_end() = 0;

  /// The peer opened a stream.
  virtual void on_stream(SessionId session, Stream stream) = 0;
};

/// Takes the DHT messages that arrive on the UDP port of a Transport, on its thread.
class DhtDatagramSink {
 public:
  DhtDatagramSink() = default;
  DhtDatagramSink(const DhtDatagramSink&) = delete;
  DhtDatagramSink& operator=(const DhtDatagramSink&) = delete;
  virtual ~DhtDatagramSink() = default;

  /// One UDP payload that begins like a bencoded message: any bytes, valid during the call.
  virtual void on_dht_datagram(const SocketAddress& from, ConstBytes datagram) = 0;
};

/// Sessions: authenticated, admitted QUIC connections on one UDP port.
///
/// Use it alone (async_connect, async_accept) or under a PathManager, which becomes its observer
/// and turns sessions into links. Threads: the Environment's executor, single-threaded.
/// Neither copyable nor movable.
class Transport {
 public:
  /// All references outlive the Transport.
  Transport(Environment& environment,
            const Identity& identity,
            TransportConfig config,
            node::AdmissionControl& admission);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// Closes without waiting.
  ~Transport();

  /// Binds the UDP port and starts to serve it. `port`: instead of the configured one, if not 0.
  ///
  /// **Errors:** `already_open` (also: port in use), those of open_datagram_socket().
  [[nodiscard]] result<void> open(std::uint16_t port = 0);

  [[nodiscard]] bool is_open() const noexcept;

  /// The bound UDP address with its real port. Unspecified before open().
  [[nodiscard]] SocketAddress local_endpoint() const noexcept;

  /// The local address that the system would use towards `remote` now.
  ///
  /// **Errors:** `not_open`, those of DatagramSocket::source_address().
  [[nodiscard]] result<IpAddress> source_address(const SocketAddress& remote) const;

  /// Routes all that happens to `observer`, or, with null, to async_accept() again.
  void set_observer(TransportObserver* observer) noexcept;

  /// Hands DHT messages to `sink` from now on; with null they are dropped, as without a Dht.
  void set_dht_sink(DhtDatagramSink* sink) noexcept;

  /// Sends datagrams that are not QUIC's from the UDP port; see DatagramSocket::send(). 0 when the
  /// Transport is not open.
  std::size_t send_raw(std::span<const OutgoingTrain> trains) noexcept;

  /// Starts a session; the observer hears of its end or success.
  ///
  /// **Errors:** `not_open`, `limit_reached`, `invalid_argument`, `unreachable`.
  [[nodiscard]] result<SessionId> dial(const node::DialOptions& options);

  /// Dials and waits until the session is up. Signature: void(error_code, SessionId).
  ///
  /// **Errors:** those of dial() and every reason in SessionDown (`timed_out`, `wrong_node_id`, …).
  /// **Cancellation:** terminal; the attempt is closed.
  template <boost::asio::completion_token_for<void(error_code, SessionId)> Token>
  auto async_connect(const node::DialOptions& options, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, SessionId)>(
        [](auto handler, Transport* self, const node::DialOptions& wanted) {
          self->start_connect(wanted, SessionHandler{std::move(handler)});
        },
        token,
        this,
        options);
  }

  /// Dials a member of a network and redeems an invite; `options.redeem` is set. Signature:
  /// void(error_code, wire::Grant).
  ///
  /// **Errors:** those of async_connect(), `invite_unknown`, `invite_expired`, `invite_used`.
  /// **Cancellation:** terminal; the inviter may have given the invite to this node by then.
  template <boost::asio::completion_token_for<void(error_code, wire::Grant)> Token>
  auto async_redeem(const node::DialOptions& options, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, wire::Grant)>(
        [](auto handler, Transport* self, const node::DialOptions& wanted) {
          self->start_redeem(wanted, GrantHandler{std::move(handler)});
        },
        token,
        this,
        options);
  }

  /// Waits for a session that a peer dialled. Signature: void(error_code, SessionId).
  ///
  /// Not with an observer. **Errors:** `not_open`, `cancelled`. **Cancellation:** terminal.
  template <boost::asio::completion_token_for<void(error_code, SessionId)> Token>
  auto async_accept(Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, SessionId)>(
        [](auto handler, Transport* self) {
          self->start_accept(SessionHandler{std::move(handler)});
        },
        token,
        this);
  }

  /// Opens a stream on a session.
  ///
  /// **Errors:** `no_session`, `limit_reached`.
  [[nodiscard]] result<Stream> open_stream(SessionId session);

  /// Waits for a stream that the peer opens. Signature: void(error_code, Stream).
  ///
  /// Not with an observer. **Errors:** `no_session`, `cancelled`. **Cancellation:** terminal.
  template <boost::asio::completion_token_for<void(error_code, Stream)> Token>
  auto async_accept_stream(SessionId session, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, Stream)>(
        [](auto handler, Transport* self, SessionId from) {
          self->start_accept_stream(from, StreamHandler{std::move(handler)});
        },
        token,
        this,
        session);
  }

  /// See node::SessionTable::takes_early_data().
  [[nodiscard]] bool takes_early_data(SessionId session) const noexcept;

  /// Sends DATAGRAM payloads; see quic::Endpoint::send_datagrams(). Call flush() after the last
  /// batch of a turn.
  std::size_t send_datagrams(SessionId session,
                             std::span<const quic::OutgoingDatagram> datagrams) noexcept;

  /// Hands what is pending to the socket now instead of at the end of the executor's turn.
  void flush();

  /// Closes one session and tells the peer the reason. Unknown ids are ignored.
  void close_session(SessionId session, errc reason, std::string_view detail = {});

  /// What every admitted peer is told, now and after each change.
  void announce(const wire::Announce& announce);

  /// See node::SessionTable::set_network_key().
  void set_network_key(std::optional<crypto::NetworkKey> key);

  /// Asks the AdmissionControl again for every session.
  void readmit();

  /// Makes a session send something that must be acknowledged.
  void ping(SessionId session);

  /// See DatagramSocket::pin(); also for the socket that open() makes later.
  void pin(std::span<const AddressPin> pins);

  /// Moves sessions whose local address no longer is the one towards their peer (roaming), but not
  /// those that `stays` says to leave where they are.
  ///
  /// Sessions that this side dialled move. Those that the peer dialled cannot (RFC 9000 section 9):
  /// they are asked for a sign of life, and closed with `unreachable` after 3 s without one. They,
  /// and sessions to an address to which there is no way any more, are closed at once when the host
  /// has lost their local address, or the way, and `dialable` says that their peer can be dialled
  /// all the same.
  void check_local_addresses(const std::function<bool(SessionId)>& stays = {},
                             const std::function<bool(SessionId)>& dialable = {});

  /// **Errors:** `no_session`.
  [[nodiscard]] result<quic::ConnectionStats> stats(SessionId session) const;

  [[nodiscard]] quic::EndpointStats quic_stats() const noexcept;
  [[nodiscard]] node::SessionTableStats session_stats() const noexcept;
  [[nodiscard]] DatagramSocketStats socket_stats() const noexcept;

  /// Closes all sessions with `shutting_down`, then the socket. Signature: void(error_code).
  ///
  /// Returns when the close frames have left. **Cancellation:** none.
  template <boost::asio::completion_token_for<void(error_code)> Token>
  auto async_close(Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code)>(
        [](auto handler, Transport* self) { self->start_close(CloseHandler{std::move(handler)}); },
        token,
        this);
  }

 private:
  using SessionHandler = boost::asio::any_completion_handler<void(error_code, SessionId)>;
  using GrantHandler = boost::asio::any_completion_handler<void(error_code, wire::Grant)>;
  using StreamHandler = boost::asio::any_completion_handler<void(error_code, Stream)>;
  using CloseHandler = boost::asio::any_completion_handler<void(error_code)>;

  class Impl;

  void start_connect(const node::DialOptions& options, SessionHandler handler);
  void start_redeem(const node::DialOptions& options, GrantHandler handler);
  void start_accept(SessionHandler handler);
  void start_accept_stream(SessionId session, StreamHandler handler);
  void start_close(CloseHandler handler);

  std::shared_ptr<Impl> impl_;
};

}  // namespace quicether

#endif  // QUICETHER_TRANSPORT_HPP
