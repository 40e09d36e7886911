#ifndef QUICETHER_SRC_CORE_QUIC_CLOSED_CONNECTIONS_HPP
#define QUICETHER_SRC_CORE_QUIC_CLOSED_CONNECTIONS_HPP

#include "core/quic/cid.hpp"
#include "core/quic/transmit_queue.hpp"

#include <quicether/base/time.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace quicether::quic {

/// What is left of connections in their closing or draining period (RFC 9000 section 10.2): a few
/// hundred bytes instead of ngtcp2's and TLS's state.
///
/// Bounded: a new one takes the place of the one that would have ended first.
class ClosedConnections {
 public:
  static constexpr std::size_t kMax = 4096;

  /// Remembers a connection until `until`. `packet` is its CONNECTION_CLOSE; empty when draining.
  void add(std::span<const OwnCid> cids, Instant until, Route route, ByteVector packet);

  /// True when the id belonged to such a connection; the packet then is dealt with. The answer, if
  /// one is due, goes to `transmit`.
  [[nodiscard]] bool on_packet(const OwnCid& cid, TransmitQueue& transmit);

  void on_timeout(Instant now);

  [[nodiscard]] Instant next_timeout() const noexcept {
    return deadlines_.empty() ? Instant::never() : deadlines_.begin()->first;
  }

 private:
  struct Closed {
    std::vector<OwnCid> cids{};
    Route route{};
    ByteVector packet{};
    std::uint64_t received = 0;
  };

  void drop_first();

  std::uint64_t next_number_ = 0;
  std::map<std::uint64_t, Closed> closed_{};
  std::set<std::pair<Instant, std::uint64_t>> deadlines_{};
  std::unordered_map<std::uint64_t, std::uint64_t> by_cid_{};
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_CLOSED_CONNECTIONS_HPP
