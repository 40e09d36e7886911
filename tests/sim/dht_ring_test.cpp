#include "support/dht_ring.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <vector>

using namespace quicether;
using namespace std::chrono_literals;
using quicether::testing::Ring;
using quicether::testing::RingConfig;
using quicether::testing::signed_item;

namespace {

/// The node nearest to a target, as an onlooker sees it.
dht::Id nearest(Ring& ring, const dht::Id& target) {
  dht::Id best = ring.node(0).id(dht::Family::v4);
  for (std::size_t i = 1; i < ring.size(); ++i) {
    const auto& id = ring.node(i).id(dht::Family::v4);
    best = dht::closer(id, best, target) ? id : best;
  }
  return best;
}

}  // namespace

TEST_CASE("dht_ring: look-ups find the nearest node in few hops", "[dht][sim]") {
  const auto count = testing::nodes_to_run(1000);
  Ring ring{{.seed = 1}};
  ring.grow(count);
  ring.run_for(60s);

  const std::size_t tries = 1000;
  std::size_t right = 0;
  std::vector<std::size_t> hops;
  std::vector<std::size_t> queries;
  for (std::size_t i = 0; i < tries; ++i) {
    const auto target = dht::Id::random(ring.random());
    const auto asker = ring.random().below(count);
    const auto done = ring.find_node(asker, target);
    const auto best = nearest(ring, target);
    const bool found = !done.nodes.empty() && done.nodes.front().id == best;
    right += found || best == ring.node(asker).id(dht::Family::v4) ? 1U : 0U;
    hops.push_back(done.hops);
    queries.push_back(done.queries);
  }
  std::ranges::sort(hops);
  std::ranges::sort(queries);

  INFO("hops median " << hops[tries / 2] << ", most " << hops.back() << "; queries median "
                      << queries[tries / 2] << "; right " << right);
  CHECK(hops[tries / 2] <= 5);
  CHECK(right >= tries * 999 / 1000);
}
