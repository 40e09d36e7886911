#ifndef QUICETHER_SRC_PLATFORM_LINUX_UDP_SOCKET_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_UDP_SOCKET_HPP

#include "platform/linux/udp_open.hpp"
#include "platform/linux/udp_receiver.hpp"
#include "platform/linux/udp_sender.hpp"
#include "platform/linux/watched_descriptor.hpp"

#include <quicether/base/event.hpp>
#include <quicether/env/datagram_socket.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <string>

namespace quicether::linux_platform {

/// The kernel's UDP socket, with GSO and GRO where they work.
class UdpSocket final : public DatagramSocket {
 public:
  /// Opens and binds; see open_udp_socket() for `offload` and the errors. `events` must outlive the
  /// socket.
  [[nodiscard]] static result<std::unique_ptr<UdpSocket>> open(
      const boost::asio::any_io_executor& executor,
      const DatagramSocketOptions& options,
      bool offload,
      EventSink& events);

  [[nodiscard]] SocketAddress local_endpoint() const noexcept override { return local_; }

  void wait_readable(WaitHandler handler) override;
  void wait_writable(WaitHandler handler) override;
  [[nodiscard]] std::size_t receive(std::span<ReceivedTrain> trains) noexcept override;
  [[nodiscard]] std::size_t send(std::span<const OutgoingTrain> trains) noexcept override;
  [[nodiscard]] result<IpAddress> source_address(
      const SocketAddress& remote) const noexcept override;

  void pin(std::span<const AddressPin> pins) override { sender_.pin(pins); }

  void close() noexcept override;
  [[nodiscard]] DatagramSocketStats stats() const noexcept override;

 private:
  UdpSocket(WatchedDescriptor descriptor,
            const BoundUdpSocket& bound,
            std::string interface,
            EventSink& events);

  WatchedDescriptor descriptor_;
  sa_family_t family_;
  SocketAddress local_;
  bool receive_offload_;
  std::string interface_;
  EventSink& events_;
  UdpReceiver receiver_;
  UdpSender sender_;
};

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_UDP_SOCKET_HPP
