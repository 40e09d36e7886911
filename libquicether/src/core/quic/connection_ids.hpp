#ifndef QUICETHER_SRC_CORE_QUIC_CONNECTION_IDS_HPP
#define QUICETHER_SRC_CORE_QUIC_CONNECTION_IDS_HPP

#include "core/quic/cid.hpp"

#include <quicether/core/quic/endpoint.hpp>

#include <ngtcp2/ngtcp2.h>

#include <compare>
#include <cstdint>
#include <map>
#include <unordered_map>

namespace quicether::quic {

/// A connection id that the peer chose: 0..20 bytes.
struct ForeignCid {
  std::array<std::uint8_t, NGTCP2_MAX_CIDLEN> bytes{};
  std::size_t size = 0;

  /// `from`: at most 20 bytes.
  [[nodiscard]] static ForeignCid of(ConstBytes from) noexcept;

  friend constexpr auto operator<=>(const ForeignCid&, const ForeignCid&) noexcept = default;
};

/// Which connection an id or a reset token belongs to. A null handle means none.
class ConnectionIds {
 public:
  /// `maker` gives the keyed function that tokens are stored under; it outlives this.
  explicit ConnectionIds(const CidMaker& maker) noexcept : maker_{maker} {}

  void add(const OwnCid& cid, ConnectionHandle connection) { own_[cid.key()] = connection; }

  void remove(const OwnCid& cid) noexcept { own_.erase(cid.key()); }

  [[nodiscard]] ConnectionHandle find(const OwnCid& cid) const noexcept;

  /// The id that a client chose for the server, until it learns the server's own.
  void add(const ForeignCid& cid, ConnectionHandle connection) {
    initial_.emplace(cid, connection);
  }

  void remove(const ForeignCid& cid) noexcept { initial_.erase(cid); }

  [[nodiscard]] ConnectionHandle find(const ForeignCid& cid) const noexcept;

  /// The token with which the peer may reset a connection.
  void add(const ResetToken& token, ConnectionHandle connection) {
    tokens_.emplace(hidden(token), connection);
  }

  void remove(const ResetToken& token) noexcept { tokens_.erase(hidden(token)); }

  [[nodiscard]] ConnectionHandle find(const ResetToken& token) const noexcept;

 private:
  // RFC 9000 section 10.3.1: comparing must not tell how much of a token was right. A keyed
  // function of it can be compared any way.
  [[nodiscard]] ResetToken hidden(const ResetToken& token) const noexcept {
    return maker_.reset_token(token);
  }

  const CidMaker& maker_;
  // Ids in own_ are random and chosen here, so a hash table cannot be driven into collisions; the
  // peer's choices live in ordered maps.
  std::unordered_map<std::uint64_t, ConnectionHandle> own_{};
  std::map<ForeignCid, ConnectionHandle> initial_{};
  std::map<ResetToken, ConnectionHandle> tokens_{};
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_CONNECTION_IDS_HPP
