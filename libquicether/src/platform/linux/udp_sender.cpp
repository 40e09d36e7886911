#include "platform/linux/udp_sender.hpp"

#include <quicether/base/assert.hpp>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace quicether::linux_platform {

namespace {

constexpr std::size_t kNoTrain = std::numeric_limits<std::size_t>::max();

std::size_t datagrams_in(std::size_t bytes, std::size_t segment_bytes) noexcept {
  return segment_bytes == 0 ? 1 : (bytes + segment_bytes - 1) / segment_bytes;
}

}  // namespace

std::size_t UdpSender::send(std::span<const OutgoingTrain> trains) noexcept {
  apart_ = kNoTrain;
  Position at;
  while (at.train < trains.size()) {
    const std::size_t filled = fill(trains, at);
    if (filled == 0) {
      at = on_refused(EAFNOSUPPORT);
      continue;
    }
    const int sent = ::sendmmsg(fd_, messages_.data(), static_cast<unsigned>(filled), 0);
    if (sent > 0) {
      on_sent(static_cast<std::size_t>(sent));
      at = slots_[static_cast<std::size_t>(sent) - 1].to;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (at.offset != 0) {
        const OutgoingTrain& train = trains[at.train];
        stats_.errors += datagrams_in(train.bytes.size() - at.offset, train.segment_bytes);
        ++at.train;
      }
      break;
    } else if (errno != EINTR) {
      at = on_refused(errno);
    }
  }
  return at.train;
}

/// Prepares messages from `at` on; returns 0 when the first cannot leave through this socket.
std::size_t UdpSender::fill(std::span<const OutgoingTrain> trains, Position at) noexcept {
  std::size_t filled = 0;
  while (filled < kBatch && at.train < trains.size()) {
    const bool possible = write_message(filled, trains[at.train], at);
    if (!possible) {
      break;
    }
    at = slots_[filled].to;
    ++filled;
  }
  return filled;
}

bool UdpSender::write_message(std::size_t index, const OutgoingTrain& train, Position at) noexcept {
  QE_DASSERT(!train.bytes.empty() && train.bytes.size() <= kTrainBytesMax);
  QE_DASSERT(datagrams_in(train.bytes.size(), train.segment_bytes) <= kTrainSegmentsMax);

  Slot& slot = slots_[index];
  const ConstBytes rest = train.bytes.subspan(at.offset);
  const bool several = train.segment_bytes != 0 && train.segment_bytes < rest.size();
  const bool whole = segmentation_offload_ && at.train != apart_;
  const ConstBytes data = several && !whole ? rest.first(train.segment_bytes) : rest;
  slot.from = at;
  slot.to = data.size() < rest.size()
                ? Position{.train = at.train, .offset = at.offset + data.size()}
                : Position{.train = at.train + 1, .offset = 0};
  slot.datagrams = datagrams_in(data.size(), train.segment_bytes);

  const socklen_t remote_bytes = write_native(train.remote, family_, slot.remote);
  const bool local_fits = train.local.address.is_unspecified() ||
                          train.local.address.is_v4() == train.remote.address.is_v4();
  if (remote_bytes == 0 || !local_fits) {
    return false;
  }
  // The system only reads through these pointers.
  slot.data = {.iov_base = const_cast<std::uint8_t*>(data.data()), .iov_len = data.size()};
  msghdr& message = messages_[index].msg_hdr;
  message.msg_name = &slot.remote;
  message.msg_namelen = remote_bytes;
  message.msg_iov = &slot.data;
  message.msg_iovlen = 1;
  write_control({.local = train.local.address,
                 .interface = interface_for(train),
                 .remote_is_v4 = train.remote.address.is_v4(),
                 .ecn = train.ecn,
                 .segment_bytes = slot.datagrams > 1 ? train.segment_bytes : 0},
                family_,
                slot.control,
                message);
  return true;
}

/// The interface that has the train's local address; 0: none is pinned, or the train stays here.
std::uint32_t UdpSender::interface_for(const OutgoingTrain& train) const noexcept {
  std::uint32_t interface = 0;
  for (const auto& pin : pins_) {
    if (pin.address == train.remote.address) {
      return 0;
    }
    interface = pin.address == train.local.address ? pin.interface : interface;
  }
  return interface;
}

void UdpSender::on_sent(std::size_t messages) noexcept {
  for (const Slot& slot : std::span{slots_}.first(messages)) {
    stats_.datagrams += slot.datagrams;
    stats_.bytes += slot.data.iov_len;
    if (slot.from.train == apart_ && slot.from.offset == 0) {
      segmentation_offload_ = false;
    }
  }
}

/// Deals with the refusal of the first message; returns where to go on.
UdpSender::Position UdpSender::on_refused(int error) noexcept {
  const Slot& slot = slots_.front();
  if (slot.datagrams > 1 && (error == EIO || error == EINVAL)) {
    apart_ = slot.from.train;
    return slot.from;
  }
  stats_.errors += slot.datagrams;
  return slot.to;
}

}  // namespace quicether::linux_platform
