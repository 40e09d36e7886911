#include "platform/linux/udp_receiver.hpp"

#include <algorithm>
#include <cerrno>

namespace quicether::linux_platform {

UdpReceiver::UdpReceiver(int fd, std::uint16_t port)
    : fd_{fd},
      port_{port},
      // Not initialised on purpose: pages that no datagram reaches are never mapped.
      buffer_{std::make_unique_for_overwrite<std::uint8_t[]>(kSlots * kSlotBytes)} {
  for (std::size_t i = 0; i < kSlots; ++i) {
    slots_[i].data = {.iov_base = buffer_.get() + i * kSlotBytes, .iov_len = kSlotBytes};
    msghdr& message = messages_[i].msg_hdr;
    message.msg_name = &slots_[i].remote;
    message.msg_iov = &slots_[i].data;
    message.msg_iovlen = 1;
    message.msg_control = slots_[i].control.bytes.data();
  }
}

std::size_t UdpReceiver::receive(std::span<ReceivedTrain> trains) noexcept {
  const std::size_t wanted = std::min(trains.size(), kSlots);
  for (std::size_t i = 0; i < wanted; ++i) {
    messages_[i].msg_hdr.msg_namelen = sizeof(NativeAddress);
    messages_[i].msg_hdr.msg_controllen = sizeof(ControlBuffer);
  }
  int received = 0;
  do {
    received = ::recvmmsg(fd_, messages_.data(), static_cast<unsigned>(wanted), 0, nullptr);
  } while (received < 0 && errno == EINTR);

  std::size_t filled = 0;
  for (std::size_t i = 0; received > 0 && i < static_cast<std::size_t>(received); ++i) {
    filled += read_message(i, trains[filled]) ? 1U : 0U;
  }
  return filled;
}

/// Returns false for what is no use to anyone: an empty datagram, or one without a local address.
bool UdpReceiver::read_message(std::size_t index, ReceivedTrain& train) noexcept {
  msghdr& message = messages_[index].msg_hdr;
  const IncomingControl control = read_control(message);
  const Bytes bytes{buffer_.get() + index * kSlotBytes, messages_[index].msg_len};
  const std::size_t segment_bytes =
      control.segment_bytes == 0 ? bytes.size() : std::min(control.segment_bytes, bytes.size());
  if (bytes.empty() || control.local.is_unspecified()) {
    return false;
  }
  train.bytes = bytes;
  train.segment_bytes = segment_bytes;
  train.local = {.address = control.local, .port = port_};
  train.remote = read_native(slots_[index].remote);
  train.ecn = control.ecn;
  stats_.datagrams += (bytes.size() + segment_bytes - 1) / segment_bytes;
  stats_.bytes += bytes.size();
  return true;
}

}  // namespace quicether::linux_platform
