#ifndef QUICETHER_SRC_CORE_QUIC_DATAGRAM_FEED_HPP
#define QUICETHER_SRC_CORE_QUIC_DATAGRAM_FEED_HPP

#include "core/quic/datagram_queue.hpp"

#include <span>

namespace quicether::quic {

/// DATAGRAM payloads in sending order: those that waited, then the caller's.
class DatagramFeed {
 public:
  DatagramFeed(DatagramQueue& waiting, std::span<const OutgoingDatagram> fresh) noexcept
      : waiting_{waiting}, fresh_{fresh} {}

  [[nodiscard]] bool empty() const noexcept { return waiting_.empty() && fresh_.empty(); }

  /// Requires !empty().
  [[nodiscard]] OutgoingDatagram front() const noexcept {
    return waiting_.empty() ? fresh_.front() : OutgoingDatagram{{}, waiting_.front()};
  }

  /// Bytes of the payload after front(), as far as known: a waiting one is taken to be as large
  /// as the one before it. None: there is no other, or it does not matter.
  [[nodiscard]] bool has_second_of(std::size_t bytes_max) const noexcept {
    if (!waiting_.empty()) {
      return waiting_.has_second() && waiting_.front().size() <= bytes_max;
    }
    return fresh_.size() > 1 && fresh_[1].header.size() + fresh_[1].body.size() <= bytes_max;
  }

  void pop() noexcept {
    if (waiting_.empty()) {
      fresh_ = fresh_.subspan(1);
    } else {
      waiting_.pop();
    }
  }

  /// The caller's payloads that are left.
  [[nodiscard]] std::span<const OutgoingDatagram> fresh() const noexcept { return fresh_; }

 private:
  DatagramQueue& waiting_;
  std::span<const OutgoingDatagram> fresh_;
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_DATAGRAM_FEED_HPP
