#ifndef QUICETHER_SRC_CORE_DHT_PEER_STORE_HPP
#define QUICETHER_SRC_CORE_DHT_PEER_STORE_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/random.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/dht/id.hpp>
#include <quicether/core/dht/krpc.hpp>
#include <quicether/core/dht/limits.hpp>

#include <cstddef>
#include <map>
#include <vector>

namespace quicether::dht {

/// Peers that announced themselves under info-hashes (BEP 5), in bounded memory.
class PeerStore {
 public:
  explicit PeerStore(const Limits& limits) : limits_{limits} {}

  /// Returns false when there is no room: swarms are never displaced, peers by fresher ones.
  bool announce(Instant now, const Id& info_hash, const SocketAddress& peer);

  /// A random choice of up to `count` peers of one family.
  [[nodiscard]] std::vector<SocketAddress> sample(const Id& info_hash,
                                                  Family family,
                                                  std::size_t count,
                                                  Random& random) const;

  void expire(Instant now);

  [[nodiscard]] std::size_t swarm_count() const noexcept { return swarms_.size(); }

 private:
  struct Swarm {
    std::map<SocketAddress, Instant> peers{};
    IpAddress founder{};  ///< the subnet that it counts against
  };

  void erase(std::map<Id, Swarm>::iterator place);

  const Limits& limits_;
  std::map<Id, Swarm> swarms_{};
  std::map<IpAddress, std::size_t> per_subnet_{};
};

}  // namespace quicether::dht

#endif  // QUICETHER_SRC_CORE_DHT_PEER_STORE_HPP
