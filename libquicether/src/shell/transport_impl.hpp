#ifndef QUICETHER_SRC_SHELL_TRANSPORT_IMPL_HPP
#define QUICETHER_SRC_SHELL_TRANSPORT_IMPL_HPP

#include "stream_state.hpp"
#include "waiter.hpp"

#include <quicether/transport.hpp>

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace quicether {

/// Drives one SessionTable with one socket and one timer: no protocol decision is made here.
class Transport::Impl final : public detail::StreamHost,
                              public std::enable_shared_from_this<Transport::Impl> {
 public:
  Impl(Environment& environment,
       const Identity& identity,
       TransportConfig config,
       node::AdmissionControl& admission);

  [[nodiscard]] result<void> open(std::uint16_t port);
  void shut() noexcept;

  void set_observer(TransportObserver* observer) noexcept { observer_ = observer; }

  void set_dht_sink(DhtDatagramSink* sink) noexcept { dht_sink_ = sink; }

  [[nodiscard]] bool is_open() const noexcept { return socket_ != nullptr; }

  [[nodiscard]] DatagramSocket* socket() const noexcept { return socket_.get(); }

  [[nodiscard]] node::SessionTable& sessions() noexcept { return sessions_; }

  [[nodiscard]] Environment& environment() noexcept { return environment_; }

  [[nodiscard]] result<SessionId> dial(const node::DialOptions& options);
  void connect(const node::DialOptions& options, SessionHandler handler);
  void redeem(const node::DialOptions& options, GrantHandler handler);
  void accept(SessionHandler handler);
  void accept_stream(SessionId session, StreamHandler handler);
  [[nodiscard]] result<Stream> open_stream(SessionId session);
  void close(CloseHandler handler);
  void check_local_addresses(const std::function<bool(SessionId)>& stays,
                             const std::function<bool(SessionId)>& dialable);
  void pin(std::span<const AddressPin> pins);

  /// Drains events and sends what is pending, now or at the end of the executor's turn.
  void run_turn();
  void schedule_turn();
  void flush();

  result<std::size_t> read_stream(SessionId session, quic::StreamId stream, Bytes out) override;
  result<std::size_t> write_stream(SessionId session,
                                   quic::StreamId stream,
                                   ConstBytes bytes,
                                   bool finish) override;
  void drop_stream(SessionId session, quic::StreamId stream, bool reset) override;

 private:
  using StreamKey = std::pair<SessionId, quic::StreamId>;

  /// A session that no observer watches: what waits for async_accept_stream().
  struct Inbox {
    std::deque<Stream> streams{};
    detail::Waiter<Stream> waiter{};
  };

  void wait_readable();
  void on_readable();
  [[nodiscard]] bool deliver_dht(const ReceivedTrain& train);
  void wait_writable();
  void arm_timer();
  void drain_events();
  void deliver_datagrams();
  void handle(const node::SessionUp& up);
  void handle(const node::SessionDown& down);
  void handle(const node::PeerAnnounced& announced);
  void handle(const node::NetworkGranted& granted);
  void handle(const node::SessionPathChanged& changed);
  void handle(const node::SessionStreamOpened& opened);
  void handle(const node::SessionStreamReadable& readable);
  void handle(const node::SessionStreamWritable& writable);
  void log_down(const node::SessionDown& down);
  [[nodiscard]] bool has_address(const IpAddress& address) const;
  [[nodiscard]] Stream make_stream(SessionId session, quic::StreamId stream);
  void cancel_waiters() noexcept;

  Environment& environment_;
  TransportConfig config_;
  node::SessionTable sessions_;
  std::unique_ptr<DatagramSocket> socket_{};
  std::vector<AddressPin> pins_{};
  std::unique_ptr<Timer> timer_;
  Instant armed_ = Instant::never();
  bool turn_scheduled_ = false;
  bool waiting_writable_ = false;
  TransportObserver* observer_ = nullptr;
  DhtDatagramSink* dht_sink_ = nullptr;
  std::array<ReceivedTrain, 16> trains_{};
  std::map<SessionId, detail::Waiter<SessionId>> connecting_{};
  std::map<SessionId, detail::Waiter<wire::Grant>> redeeming_{};
  std::deque<SessionId> accepted_{};
  detail::Waiter<SessionId> acceptor_{};
  std::map<SessionId, Inbox> inboxes_{};
  std::map<SessionId, SocketAddress> up_{};  ///< sessions that are up, with their remote address
  std::map<StreamKey, std::weak_ptr<detail::StreamState>> streams_{};
  detail::Waiter<> closer_{};
};

}  // namespace quicether

#endif  // QUICETHER_SRC_SHELL_TRANSPORT_IMPL_HPP
