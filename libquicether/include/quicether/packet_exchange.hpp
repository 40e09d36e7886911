#ifndef QUICETHER_PACKET_EXCHANGE_HPP
#define QUICETHER_PACKET_EXCHANGE_HPP

#include <quicether/base/shard.hpp>

#include <cstddef>
#include <memory>

namespace quicether {

/// Where the Routers of a node's shards hand each other the packets for peers of another shard, in
/// batches and without locks: see Router::join().
///
/// Outlives the Routers. Threads: any, once constructed.
class PacketExchange {
 public:
  /// `shards`: 1..kShardsMax. **Allocation:** 1 MiB of address space for each ordered pair.
  explicit PacketExchange(std::size_t shards);
  PacketExchange(const PacketExchange&) = delete;
  PacketExchange& operator=(const PacketExchange&) = delete;
  ~PacketExchange();

 private:
  friend class Router;

  class Impl;

  std::unique_ptr<Impl> impl_;
};

}  // namespace quicether

#endif  // QUICETHER_PACKET_EXCHANGE_HPP
