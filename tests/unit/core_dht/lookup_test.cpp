#include "core/dht/lookup.hpp"

#include <quicether/base/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <set>
#include <vector>

using namespace quicether;
using namespace quicether::dht;

namespace {

/// A node whose distance to the target 0 is this number.
NodeInfo node(int distance) {
  Id id;
  store_be(Bytes{id.bytes}.subspan(18), static_cast<std::uint16_t>(distance));
  return {id,
          {IpAddress::v4((30U << 24U) + (static_cast<std::uint32_t>(distance) << 8U) + 1), 9000}};
}

LookupConfig config(std::size_t paths = 1) {
  return {.width = 4, .paths = paths, .flights = 3};
}

}  // namespace

TEST_CASE("lookup: asks the nearest first and no more than may fly", "[dht][lookup]") {
  Lookup lookup{Id{}, config()};
  for (const int distance : {50, 10, 40, 20, 30}) {
    lookup.add_seed(node(distance));
  }

  CHECK(lookup.next()->node == node(10));
  CHECK(lookup.next()->node == node(20));
  CHECK(lookup.next()->node == node(30));
  CHECK_FALSE(lookup.next());
  CHECK_FALSE(lookup.done());
  lookup.on_answer(node(20), {}, {});
  CHECK(lookup.next()->node == node(40));
}

TEST_CASE("lookup: follows what answers name, and ends at the nearest", "[dht][lookup]") {
  Lookup lookup{Id{}, config()};
  lookup.add_seed(node(1000));
  const std::vector<NodeInfo> near = {node(1), node(2), node(3), node(4), node(5)};

  REQUIRE(lookup.next());
  lookup.on_answer(node(1000), as_bytes("t"), near);
  std::set<NodeInfo> asked;
  while (const auto candidate = lookup.next()) {
    asked.insert(candidate->node);
    lookup.on_answer(candidate->node, {}, near);
  }

  CHECK(lookup.done());
  CHECK(asked == std::set<NodeInfo>(near.begin(), near.begin() + 4));
  CHECK(lookup.closest().front().node == node(1));
  CHECK(lookup.closest().size() == 4);
  CHECK(lookup.hops() == 2);
  CHECK(lookup.asked() == 5);
}

TEST_CASE("lookup: a dead node makes room for the next one", "[dht][lookup]") {
  Lookup lookup{Id{}, config()};
  for (int distance = 1; distance <= 6; ++distance) {
    lookup.add_seed(node(distance));
  }
  std::size_t dead = 0;
  while (const auto candidate = lookup.next()) {
    if (dead < 2) {
      ++dead;
      lookup.on_failed(candidate->node.address);
    } else {
      lookup.on_answer(candidate->node, {}, {});
    }
  }
  CHECK(lookup.done());
  CHECK(lookup.closest().front().node == node(3));
  CHECK(lookup.closest().size() == 4);
}

TEST_CASE("lookup: asks others instead of a slow node, and still takes its answer",
          "[dht][lookup]") {
  Lookup lookup{Id{}, config()};
  for (int distance = 1; distance <= 5; ++distance) {
    lookup.add_seed(node(distance));
  }
  for (int i = 0; i < 3; ++i) {
    REQUIRE(lookup.next());
  }
  lookup.on_slow(node(1).address);
  CHECK(lookup.next()->node == node(4));
  for (const int distance : {2, 3, 4}) {
    lookup.on_answer(node(distance), {}, {});
  }
  CHECK(lookup.next()->node == node(5));
  CHECK_FALSE(lookup.next());
  CHECK_FALSE(lookup.done());
  lookup.on_answer(node(1), {}, {});
  CHECK(lookup.closest().front().node == node(1));
  lookup.on_failed(node(5).address);
  CHECK(lookup.done());
}

TEST_CASE("lookup: does not wait for a slow node when enough answered", "[dht][lookup]") {
  Lookup lookup{Id{}, config()};
  for (int distance = 1; distance <= 5; ++distance) {
    lookup.add_seed(node(distance));
  }
  REQUIRE(lookup.next());
  lookup.on_slow(node(1).address);
  while (const auto candidate = lookup.next()) {
    lookup.on_answer(candidate->node, {}, {});
  }
  CHECK(lookup.done());
}

TEST_CASE("lookup: what one path hears stays its own", "[dht][lookup]") {
  Lookup lookup{Id{}, {.width = 2, .paths = 2, .flights = 2}};
  lookup.add_seed(node(1000));  // path 0
  lookup.add_seed(node(2000));  // path 1
  const auto liar = lookup.next()->node;
  const auto honest = lookup.next()->node;
  // The liar names many that are nearer than all honest nodes, and answer.
  const std::vector<NodeInfo> lies = {node(1), node(2), node(3), node(4)};

  lookup.on_answer(liar, {}, lies);
  lookup.on_answer(honest, {}, std::vector{node(500)});
  std::set<NodeInfo> asked;
  while (const auto candidate = lookup.next()) {
    asked.insert(candidate->node);
    lookup.on_answer(candidate->node, {}, {});
  }

  CHECK(asked == std::set{node(1), node(2), node(500)});
}

TEST_CASE("lookup: believes one node per subnet, local ones excepted", "[dht][lookup]") {
  Lookup lookup{Id{}, config()};
  lookup.add_seed(node(1000));
  REQUIRE(lookup.next());
  std::vector<NodeInfo> named;
  for (std::uint8_t host = 1; host <= 4; ++host) {
    auto one = node(host);
    one.address.address = IpAddress::v4({203, 0, 113, host});
    named.push_back(one);
    auto local = node(10 + host);
    local.address.address = IpAddress::v4({10, 0, 0, host});
    named.push_back(local);
  }
  lookup.on_answer(node(1000), {}, named);
  std::size_t from_subnet = 0;
  std::size_t from_lan = 0;
  while (const auto candidate = lookup.next()) {
    (candidate->node.address.address.bytes()[0] == 203 ? from_subnet : from_lan) += 1;
    lookup.on_answer(candidate->node, {}, {});
  }
  CHECK(from_subnet == 1);
  CHECK(from_lan == 3);  // of four: the width
}

TEST_CASE("lookup: a node is where its own answer puts it, not where others did", "[dht][lookup]") {
  Lookup lookup{Id{}, config()};
  lookup.add_seed(node(7));
  REQUIRE(lookup.next());
  lookup.on_answer({node(1000).id, node(7).address}, {}, std::vector{node(20)});
  CHECK(lookup.next()->node == node(20));
  lookup.on_answer(node(20), {}, {});
  CHECK(lookup.closest().front().node == node(20));
  CHECK(lookup.closest().back().node.id == node(1000).id);
}

TEST_CASE("lookup: bootstrap addresses are asked last and get their id from the answer",
          "[dht][lookup]") {
  Lookup lookup{Id{}, config()};
  lookup.add_seed(node(7).address);
  lookup.add_seed(node(60000));
  CHECK(lookup.next()->node == node(60000));
  CHECK(lookup.next()->node.address == node(7).address);
  lookup.on_answer(node(7), {}, {});
  CHECK(lookup.closest().front().node == node(7));
}

TEST_CASE("lookup: memory stays bounded whatever is named", "[dht][lookup]") {
  SeededRandom random{4};
  Lookup lookup{Id{}, {.width = 8, .paths = 2, .flights = 4, .candidates_max = 40}};
  lookup.add_seed(node(60000));
  std::size_t rounds = 0;
  while (const auto candidate = lookup.next()) {
    if (++rounds == 5000) {
      break;
    }
    std::vector<NodeInfo> named;
    for (int i = 0; i < 16; ++i) {
      named.push_back({Id::random(random),
                       {IpAddress::v4(static_cast<std::uint32_t>(random.next()) | 0x10000000U),
                        static_cast<std::uint16_t>(1 + random.below(60000))}});
    }
    lookup.on_answer(candidate->node, {}, named);
  }
  CHECK(rounds < 5000);
  CHECK(lookup.done());
}
