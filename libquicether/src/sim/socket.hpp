#ifndef QUICETHER_SRC_SIM_SOCKET_HPP
#define QUICETHER_SRC_SIM_SOCKET_HPP

#include "sim/host_state.hpp"
#include "sim/pending_wait.hpp"

#include <quicether/env/datagram_socket.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace quicether::sim::detail {

/// A DatagramSocket on a simulated host.
class Socket final : public DatagramSocket, private ProcessObject, private EventTarget {
 public:
  /// `bind` has its final port; `interface` is null unless the socket is bound to one.
  Socket(HostState& host,
         const SocketAddress& bind,
         const Interface* interface,
         const DatagramSocketOptions& options);
  ~Socket() override;

  [[nodiscard]] SocketAddress local_endpoint() const noexcept override { return bind_; }

  void wait_readable(WaitHandler handler) override;
  void wait_writable(WaitHandler handler) override;
  [[nodiscard]] std::size_t receive(std::span<ReceivedTrain> trains) noexcept override;
  [[nodiscard]] std::size_t send(std::span<const OutgoingTrain> trains) noexcept override;
  [[nodiscard]] result<IpAddress> source_address(
      const SocketAddress& remote) const noexcept override;

  void pin(std::span<const AddressPin> /*pins*/) override {}  // an interface's address is so anyway

  void close() noexcept override;

  [[nodiscard]] DatagramSocketStats stats() const noexcept override { return stats_; }

  [[nodiscard]] const SocketAddress& bind() const noexcept { return bind_; }

  [[nodiscard]] const Interface* interface() const noexcept { return interface_; }

  /// How well this socket fits a datagram to its port that came in through `in`: 0 not at all,
  /// else the socket with the highest number gets it.
  [[nodiscard]] unsigned match(const SocketAddress& destination,
                               const Interface* in) const noexcept;

  /// Takes an arrived packet; false when the buffer is full.
  [[nodiscard]] bool deliver(Packet& packet);

 private:
  enum class Sending : std::uint8_t { taken, blocked };

  [[nodiscard]] bool serves_family_of(const IpAddress& address) const noexcept;
  [[nodiscard]] std::optional<Route> route(const OutgoingTrain& train) const noexcept;
  [[nodiscard]] Sending send_train(const OutgoingTrain& train);
  void fill(ReceivedTrain& train, ByteVector& buffer);
  void discard_received() noexcept;
  void on_event(std::uint64_t argument) override;
  void on_killed() noexcept override;
  void on_resumed() noexcept override;

  SocketAddress bind_;
  const Interface* interface_;
  std::size_t receive_buffer_bytes_;
  std::size_t send_buffer_bytes_;
  bool open_ = true;
  std::deque<Packet*> received_;
  std::size_t received_bytes_ = 0;
  std::vector<ByteVector> buffers_;  // what the trains of the last receive() point to
  Interface* blocked_on_ = nullptr;  // whose queue filled the send buffer
  EventId writable_event_{};
  PendingWait readable_;
  PendingWait writable_;
  DatagramSocketStats stats_{};
};

}  // namespace quicether::sim::detail

#endif  // QUICETHER_SRC_SIM_SOCKET_HPP
