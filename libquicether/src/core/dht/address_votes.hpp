#ifndef QUICETHER_SRC_CORE_DHT_ADDRESS_VOTES_HPP
#define QUICETHER_SRC_CORE_DHT_ADDRESS_VOTES_HPP

#include <quicether/base/address.hpp>

#include <deque>
#include <optional>
#include <utility>

namespace quicether::dht {

/// What others say our address is. Each network has one vote, the latest ones count, and a
/// majority decides: one liar changes nothing.
class AddressVotes {
 public:
  /// `voter` sees us at `seen`. Returns true when the result changed.
  bool add(const IpAddress& voter, const SocketAddress& seen);

  /// Our address as most see it; port 0 when they see different ones.
  [[nodiscard]] const std::optional<SocketAddress>& result() const noexcept { return result_; }

 private:
  [[nodiscard]] std::optional<SocketAddress> count() const;

  std::deque<std::pair<IpAddress, SocketAddress>> votes_{};  ///< oldest first
  std::optional<SocketAddress> result_{};
};

}  // namespace quicether::dht

#endif  // QUICETHER_SRC_CORE_DHT_ADDRESS_VOTES_HPP
