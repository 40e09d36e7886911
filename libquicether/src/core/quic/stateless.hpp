#ifndef QUICETHER_SRC_CORE_QUIC_STATELESS_HPP
#define QUICETHER_SRC_CORE_QUIC_STATELESS_HPP

#include "core/quic/connection.hpp"
#include "core/quic/shared.hpp"

#include <quicether/base/datagram.hpp>

#include <ngtcp2/ngtcp2.h>

#include <array>
#include <optional>

namespace quicether::quic {

/// Answers that need no connection: Retry, Version Negotiation, stateless reset, refusal.
///
/// All but Retry share a budget per second; none is larger than what it answers.
class StatelessReplies {
 public:
  explicit StatelessReplies(Shared& shared);

  /// Offers version 1 to a packet of an unknown version.
  void negotiate_version(Instant now, const ReceivedTrain& from, const ngtcp2_version_cid& ids);

  /// Resets a connection that this node does not know (any more).
  void reset(Instant now, const ReceivedTrain& from, ConstBytes packet);

  /// Refuses a client: CONNECTION_CLOSE with a transport error in an Initial packet.
  void refuse(Instant now,
              const ReceivedTrain& from,
              const ngtcp2_pkt_hd& header,
              std::uint64_t transport_error);

  /// Asks a client to come back with a token that only its address can have got.
  void retry(Instant now,
             const SocketAddress& local,
             const SocketAddress& remote,
             const ngtcp2_pkt_hd& header);

  enum class Token : std::uint8_t { absent, valid, invalid };

  /// Judges the token of an Initial packet; a valid one tells the original connection id.
  [[nodiscard]] Token check_token(Instant now,
                                  const ReceivedTrain& from,
                                  const ngtcp2_pkt_hd& header,
                                  ngtcp2_cid& original_dcid) const;

 private:
  [[nodiscard]] bool spend(Instant now) noexcept;
  void send(const ReceivedTrain& from, std::span<const std::uint8_t> packet);

  Shared& shared_;
  std::array<std::uint8_t, 32> token_secret_{};
  double budget_;
  Instant counted_{};
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_STATELESS_HPP
