#include "platform/linux/udp_socket.hpp"

#include <utility>

namespace quicether::linux_platform {

result<std::unique_ptr<UdpSocket>> UdpSocket::open(const boost::asio::any_io_executor& executor,
                                                   const DatagramSocketOptions& options,
                                                   bool offload,
                                                   EventSink& events) {
  auto bound = open_udp_socket(options, offload, events);
  if (bound.has_error()) {
    return bound.error();
  }
  WatchedDescriptor descriptor{executor};
  if (auto assigned = descriptor.assign(std::move(bound->fd)); assigned.has_error()) {
    return assigned.error();
  }
  return std::unique_ptr<UdpSocket>{
      new UdpSocket{std::move(descriptor), *bound, options.interface, events}};
}

UdpSocket::UdpSocket(WatchedDescriptor descriptor,
                     const BoundUdpSocket& bound,
                     std::string interface,
                     EventSink& events)
    : descriptor_{std::move(descriptor)},
      family_{bound.family},
      local_{bound.local},
      receive_offload_{bound.receive_offload},
      interface_{std::move(interface)},
      events_{events},
      receiver_{descriptor_.get(), local_.port},
      sender_{descriptor_.get(), family_, bound.segmentation_offload} {}

void UdpSocket::wait_readable(WaitHandler handler) {
  descriptor_.wait_readable(std::move(handler));
}

void UdpSocket::wait_writable(WaitHandler handler) {
  descriptor_.wait_writable(std::move(handler));
}

std::size_t UdpSocket::receive(std::span<ReceivedTrain> trains) noexcept {
  return descriptor_.is_open() ? receiver_.receive(trains) : 0;
}

std::size_t UdpSocket::send(std::span<const OutgoingTrain> trains) noexcept {
  if (!descriptor_.is_open()) {
    return trains.size();
  }
  const bool offload_before = sender_.segmentation_offload();
  const std::size_t taken = sender_.send(trains);
  if (offload_before && !sender_.segmentation_offload()) {
    events_.on_event({.target = "udp.segmentation_offload_refused",
                      .severity = Severity::warning,
                      .fields = {{"local", local_.to_string()}}});
  }
  return taken;
}

result<IpAddress> UdpSocket::source_address(const SocketAddress& remote) const noexcept {
  if (local_.address.is_unspecified()) {
    return choose_source_address(remote, family_, interface_);
  }
  if (local_.address.is_v4() != remote.address.is_v4()) {
    return errc::unreachable;
  }
  return local_.address;
}

void UdpSocket::close() noexcept {
  descriptor_.close();
}

DatagramSocketStats UdpSocket::stats() const noexcept {
  return {.datagrams_received = receiver_.stats().datagrams,
          .datagrams_sent = sender_.stats().datagrams,
          .bytes_received = receiver_.stats().bytes,
          .bytes_sent = sender_.stats().bytes,
          .send_errors = sender_.stats().errors,
          .segmentation_offload = sender_.segmentation_offload(),
          .receive_offload = receive_offload_};
}

}  // namespace quicether::linux_platform
