#include "core/dht/peer_store.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <vector>

using namespace quicether;
using namespace quicether::dht;
using namespace std::chrono_literals;

namespace {

constexpr Instant kNow{1h};

SocketAddress peer(std::uint32_t number, std::uint16_t port = 1000) {
  return {IpAddress::v4((40U << 24U) + number), port};
}

Id hash(std::uint8_t first) {
  Id id;
  id.bytes[0] = first;
  return id;
}

}  // namespace

TEST_CASE("peer_store: gives back what was announced, by family", "[dht][peers]") {
  const Limits limits;
  SeededRandom random{1};
  PeerStore store{limits};
  const auto v6 = SocketAddress::parse("[2001:db8::1]:7").value();

  CHECK(store.announce(kNow, hash(1), peer(1)));
  CHECK(store.announce(kNow, hash(1), peer(1)));
  CHECK(store.announce(kNow, hash(1), v6));

  CHECK(store.sample(hash(1), Family::v4, 8, random) == std::vector{peer(1)});
  CHECK(store.sample(hash(1), Family::v6, 8, random) == std::vector{v6});
  CHECK(store.sample(hash(2), Family::v4, 8, random).empty());
}

TEST_CASE("peer_store: forgets peers that do not come back", "[dht][peers]") {
  const Limits limits;
  SeededRandom random{1};
  PeerStore store{limits};
  (void)store.announce(kNow, hash(1), peer(1));
  (void)store.announce(kNow + 30min, hash(1), peer(2));

  store.expire(kNow + 60min);
  CHECK(store.sample(hash(1), Family::v4, 8, random) == std::vector{peer(2)});
  store.expire(kNow + 90min);
  CHECK(store.swarm_count() == 0);
}

TEST_CASE("peer_store: is bounded in peers, in swarms, and per subnet", "[dht][peers]") {
  const Limits limits;
  SeededRandom random{1};
  PeerStore store{limits};
  for (std::uint32_t i = 0; i < 500; ++i) {
    CHECK(store.announce(kNow + std::chrono::seconds{i}, hash(1), peer(i)));
  }
  const auto all = store.sample(hash(1), Family::v4, 1000, random);
  CHECK(all.size() == limits.peers_per_swarm);
  CHECK(std::ranges::find(all, peer(499)) != all.end());

  std::size_t taken = 0;
  for (int i = 0; i < 200; ++i) {
    Id id = hash(2);
    id.bytes[1] = static_cast<std::uint8_t>(i);
    taken += store.announce(kNow, id, peer(0x10000)) ? 1U : 0U;
  }
  CHECK(taken == limits.swarms_per_subnet);
}
