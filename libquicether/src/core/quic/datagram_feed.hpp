#ifndef QUICETHER_SRC_CORE_QUIC_DATAGRAM_FEED_HPP
#define QUICETHER_SRC_CORE_QUIC_DATAGRAM_FEED_HPP

#include "core/queue/fair_queue.hpp"

#include <quicether/core/quic/endpoint.hpp>

#include <optional>
#include <span>

namespace quicether::quic {

/// DATAGRAM payloads in sending order at one instant: those that waited, then the caller's.
class DatagramFeed {
 public:
  DatagramFeed(Instant now,
               queue::FairQueue& waiting,
               std::span<const OutgoingDatagram> fresh) noexcept
      : now_{now}, waiting_{waiting}, fresh_{fresh} {}

  /// The next one; unset at the end. The same until pop().
  [[nodiscard]] std::optional<OutgoingDatagram> front() noexcept {
    if (const auto* const waiting = waiting_.front(now_)) {
      return OutgoingDatagram{{}, waiting->payload(), waiting->flow, false, waiting->token};
    }
    return fresh_.empty() ? std::nullopt : std::optional{fresh_.front()};
  }

  /// Whether there is one after front() of at most so many bytes, as far as known: if it waits, it
  /// is taken to be as large as the one before it. Requires front().
  [[nodiscard]] bool has_second_of(std::size_t bytes_max) noexcept {
    if (const auto* const waiting = waiting_.front(now_)) {
      return waiting_.size() > 1 && waiting->bytes <= bytes_max;
    }
    return fresh_.size() > 1 && fresh_[1].header.size() + fresh_[1].body.size() <= bytes_max;
  }

  /// Requires front().
  void pop() noexcept {
    if (waiting_.front(now_) == nullptr) {
      fresh_ = fresh_.subspan(1);
    } else {
      waiting_.pop();
    }
  }

  /// The caller's payloads that are left.
  [[nodiscard]] std::span<const OutgoingDatagram> fresh() const noexcept { return fresh_; }

 private:
  Instant now_;
  queue::FairQueue& waiting_;
  std::span<const OutgoingDatagram> fresh_;
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_DATAGRAM_FEED_HPP
