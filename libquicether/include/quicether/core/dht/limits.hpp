#ifndef QUICETHER_CORE_DHT_LIMITS_HPP
#define QUICETHER_CORE_DHT_LIMITS_HPP

#include <quicether/base/time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace quicether::dht {

/// How much may pass: on average, and at once. `per_second` 0: nothing.
struct Rate {
  std::uint32_t per_second = 1;
  std::uint32_t burst = 1;
};

/// Bounds of a Node. Reaching one is an error or a counter, never unbounded memory or traffic.
struct Limits {
  // Routing table.
  std::size_t bucket_size = 8;  ///< Kademlia's k, as the mainline DHT has it (BEP 5)
  /// Contacts per /24 or /64; the figures of Ethereum's discovery (go-ethereum, p2p/discover).
  std::size_t per_subnet_in_bucket = 2;
  std::size_t per_subnet_in_table = 10;
  std::size_t lost_max = 16;  ///< vanished contacts that are asked again, per family

  // Others' queries.
  Rate queries_per_source{25, 50};
  Rate queries_per_subnet{100, 200};  ///< a /24 or /64
  Rate queries_total{5000, 10000};
  /// Answers to strangers beyond what they sent (they may be forged): one each, out of this.
  Rate loan_bytes_per_second{16384, 65536};
  Rate pings_to_strangers{5, 20};
  std::size_t sources_max = 4096;               ///< addresses remembered
  std::uint8_t unanswered_max = 3;              ///< queries to an address that never answered, then
  Duration silence = std::chrono::minutes{10};  ///< it is left alone so long

  // Storage for others.
  std::size_t items_max = 4096;
  std::size_t item_bytes_max = 4U << 20U;  ///< of values, salts and bookkeeping
  std::size_t items_per_subnet = 64;
  Duration item_lifetime = std::chrono::hours{2};  ///< BEP 44
  std::size_t swarms_max = 1024;                   ///< info-hashes with peers
  std::size_t peers_per_swarm = 64;
  std::size_t swarms_per_subnet = 64;
  Duration peer_lifetime = std::chrono::minutes{45};

  // Own work.
  std::size_t operations_max = 256;
  std::size_t queries_max = 2048;  ///< without an answer
  std::size_t outbox_max = 4096;   ///< messages that the driver has not yet taken
  std::size_t events_max = 4096;
  std::size_t published_max = 256;
};

}  // namespace quicether::dht

#endif  // QUICETHER_CORE_DHT_LIMITS_HPP
