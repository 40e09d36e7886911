#ifndef QUICETHER_SRC_CORE_QUIC_ENDPOINT_IMPL_HPP
#define QUICETHER_SRC_CORE_QUIC_ENDPOINT_IMPL_HPP

#include "core/quic/closed_connections.hpp"
#include "core/quic/connection_table.hpp"
#include "core/quic/ring_queue.hpp"
#include "core/quic/shared.hpp"
#include "core/quic/stateless.hpp"
#include "core/quic/timer_heap.hpp"

namespace quicether::quic {

/// Finds the connection a datagram belongs to, makes and ends connections, and lets those that
/// have something to send write in turn.
class Endpoint::Impl {
 public:
  Impl(EndpointConfig config,
       const crypto::KeyPair& key,
       const crypto::TlsCredentials& credentials,
       Random& random,
       UnixSeconds wall_clock);

  [[nodiscard]] result<ConnectionHandle> connect(Instant now, const ConnectOptions& options);
  void on_train(Instant now, const ReceivedTrain& train);
  void on_timeout(Instant now);
  [[nodiscard]] Instant next_timeout() const noexcept;
  [[nodiscard]] std::span<const OutgoingTrain> poll_transmit(Instant now);
  std::size_t send_datagrams(Instant now,
                             ConnectionHandle handle,
                             std::span<const OutgoingDatagram> datagrams);
  void close(Instant now,
             ConnectionHandle handle,
             std::uint64_t application_code,
             std::string_view reason);

  [[nodiscard]] Connection* find(ConnectionHandle handle) const noexcept {
    return table_.find(handle);
  }

  /// Lets a connection write at the next poll_transmit().
  void enqueue(Connection& connection);

  /// The clock never goes back for the protocol, whatever the caller says.
  [[nodiscard]] Instant advance(Instant now) noexcept;

  [[nodiscard]] Shared& shared() noexcept { return shared_; }

  [[nodiscard]] const Shared& shared() const noexcept { return shared_; }

  [[nodiscard]] std::size_t connection_count() const noexcept { return table_.size(); }

 private:
  void on_datagram(Instant now, const ReceivedTrain& train, ConstBytes packet);
  void deliver(Instant now, Connection& connection, const ReceivedTrain& train, ConstBytes packet);
  void on_unknown(Instant now,
                  const ReceivedTrain& train,
                  const ngtcp2_version_cid& ids,
                  ConstBytes packet);
  void accept(Instant now, const ReceivedTrain& train, ConstBytes packet);
  [[nodiscard]] bool is_full() const noexcept;
  [[nodiscard]] Connection* find_by_ids(const ngtcp2_version_cid& ids) const noexcept;
  [[nodiscard]] Connection* find_by_token(ConstBytes packet) const noexcept;
  void enqueue_again(Connection& connection);
  [[nodiscard]] Connection* next_in_turn() noexcept;
  void after_turn(std::uint64_t bytes) noexcept;
  void after(Connection& connection);
  void bury(Connection& connection);

  Shared shared_;
  StatelessReplies replies_;
  ConnectionTable table_{};
  ClosedConnections closed_{};
  TimerHeap timers_{};
  RingQueue<ConnectionHandle> queue_{};   ///< connections that may have something to write
  RingQueue<ConnectionHandle> greedy_{};  ///< those that had more to write than there was room for
  bool greedy_turn_ = false;              ///< the last one in turn was of these
  std::uint64_t priority_bytes_ = 0;      ///< that the others may send before the next of these
  UnixSeconds wall_clock_;
  std::optional<Instant> started_{};
  Instant now_{};
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_ENDPOINT_IMPL_HPP
