#include "support/dht_ring.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <map>

using namespace quicether;
using namespace std::chrono_literals;
using quicether::testing::Ring;

namespace {

/// Puts a node behind a translator. It lets in datagrams from addresses that the node sent to in
/// the last two minutes or, as one for "full cones" or with a forwarded port does, all of them.
struct Translator {
  Translator(Ring& the_ring, std::size_t index, bool open) : ring{the_ring} {
    auto& slot = ring[index];
    slot.translated = IpAddress::v4({192, 168, 1, 5});
    ring.observer = [this, &slot](const SocketAddress& from, const SocketAddress& to, ConstBytes) {
      if (from == slot.address) {
        sent[to.address] = ring.now();
      }
    };
    slot.hostile = [this, open](Ring::Slot&, const SocketAddress& from, ConstBytes) {
      const auto known = sent.find(from.address);
      return !open && (known == sent.end() || ring.now() - known->second >= 2min);
    };
  }

  Ring& ring;
  std::map<IpAddress, Instant> sent{};
};

/// A ring of 300 nodes and one more behind a translator, which has found its place.
struct World {
  explicit World(bool open) {
    ring.grow(300);
    ring.run_for(1min);
    index = ring.add();
    translator.emplace(ring, index, open);
    ring.start(index, ring.some_addresses(3, 300));
    ring.run_for(2min);
  }

  Ring ring{{.seed = 5}};
  std::size_t index = 0;
  std::optional<Translator> translator{};
};

/// How many others would name the node to somebody.
std::size_t known_by(Ring& ring, std::size_t index) {
  const auto id = ring.node(index).id(dht::Family::v4);
  std::size_t count = 0;
  for (std::size_t i = 0; i < index; ++i) {
    const auto nearest = ring.node(i).closest(dht::Family::v4, id, 1);
    count += !nearest.empty() && nearest.front().id == id ? 1U : 0U;
  }
  return count;
}

}  // namespace

TEST_CASE("dht: a node that its translator hides becomes read-only, and works", "[sim][dht]") {
  World world{false};
  auto& ring = world.ring;
  REQUIRE(ring[world.index].external.has_value());
  CHECK(ring.node(world.index).reach(dht::Family::v4) == dht::Reach::trial);
  CHECK(known_by(ring, world.index) > 0);
  ring.run_for(6min);
  CHECK(ring[world.index].modes == std::vector{true});
  CHECK(ring.node(world.index).reach(dht::Family::v4) == dht::Reach::unreachable);

  // The others forget it.
  ring.run_for(1h);
  CHECK(known_by(ring, world.index) == 0);

  const auto key = crypto::KeyPair::generate(ring.random());
  const auto item = testing::signed_item(key, "5:hello", 1);
  CHECK(ring.put(world.index, {.item = item}).error == error_code{});
  dht::GetRequest request;
  request.target = dht::mutable_target(key.public_key(), {}, ring.crypto());
  CHECK(ring.get(world.index, request).item == item);
}

TEST_CASE("dht: a node that its translator lets be reached serves", "[sim][dht]") {
  World world{true};
  world.ring.run_for(1h);
  CHECK(world.ring[world.index].modes.empty());
  CHECK(world.ring.node(world.index).reach(dht::Family::v4) == dht::Reach::translated);
  CHECK(known_by(world.ring, world.index) > 0);
}

TEST_CASE("dht: a read-only node whose port is forwarded serves again", "[sim][dht]") {
  World world{false};
  world.ring.run_for(20min);
  REQUIRE(world.ring.node(world.index).read_only(dht::Family::v4));
  world.ring[world.index].hostile = {};
  world.ring.run_for(3h);
  CHECK_FALSE(world.ring.node(world.index).read_only(dht::Family::v4));
  CHECK(world.ring[world.index].modes.back() == false);
}

TEST_CASE("dht: nodes that see each other as they are serve, in rings of any size", "[sim][dht]") {
  for (const std::size_t count : {2U, 5U, 40U}) {
    Ring ring{{.seed = 9}};
    ring.grow(count);
    ring.run_for(3h);
    for (std::size_t i = 0; i < count; ++i) {
      CHECK_FALSE(ring.node(i).read_only(dht::Family::v4));
      CHECK(ring[i].modes.empty());
    }
  }
}
