#include "core/dht/routing_table.hpp"

#include <quicether/base/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <vector>

using namespace quicether;
using namespace quicether::dht;
using namespace std::chrono_literals;

namespace {

const Limits kLimits;
constexpr Instant kNow{1h};

SocketAddress at(std::uint32_t subnet, std::uint8_t host = 1) {
  return {IpAddress::v4((20U << 24U) + (subnet << 8U) + host), 9000};
}

/// A table with self 0, and nodes that share exactly so many bits with it.
struct Table {
  SeededRandom random{1};
  RoutingTable table{Id{}, kLimits};
  std::uint32_t subnets = 0;

  NodeInfo make(std::size_t bits) { return {Id{}.random_sibling(bits, random), at(++subnets)}; }

  NodeInfo add(std::size_t bits, Instant now = kNow) {
    const auto node = make(bits);
    table.on_answer(now, node);
    return node;
  }

  std::vector<NodeInfo> fill(std::size_t bits) {
    std::vector<NodeInfo> nodes;
    while (nodes.size() < kLimits.bucket_size) {
      nodes.push_back(add(bits));
    }
    return nodes;
  }

  [[nodiscard]] bool has(const NodeInfo& node) const {
    const auto nodes = table.closest(node.id, 1);
    return !nodes.empty() && nodes.front() == node;
  }
};

}  // namespace

TEST_CASE("routing_table: keeps a full bucket's old contacts, newcomers wait", "[dht][table]") {
  Table t;
  const auto old = t.fill(0);

  const auto late = t.add(0);

  CHECK_FALSE(t.has(late));
  CHECK(t.table.spare_count() == 1);
  CHECK(std::ranges::all_of(old, [&](const auto& node) { return t.has(node); }));
  CHECK(t.table.size() == kLimits.bucket_size);
}

TEST_CASE("routing_table: a spare contact follows one that turns bad", "[dht][table]") {
  Table t;
  const auto old = t.fill(3);
  const auto late = t.add(3);

  CHECK_FALSE(t.table.on_failure(old[2]));
  CHECK(t.has(old[2]));
  const auto lost = t.table.on_failure(old[2]);

  REQUIRE(lost);
  CHECK(lost->node == old[2]);
  CHECK(t.has(late));
  CHECK_FALSE(t.has(old[2]));
}

TEST_CASE("routing_table: without a successor a bad contact stays a while, unnamed",
          "[dht][table]") {
  Table t;
  const auto node = t.add(5);

  CHECK_FALSE(t.table.on_failure(node));
  CHECK(t.has(node));
  CHECK_FALSE(t.table.on_failure(node));
  CHECK_FALSE(t.has(node));
  CHECK(t.table.size() == 1);
  t.table.on_answer(kNow + 1s, node);
  CHECK(t.has(node));

  for (int i = 0; i < 4; ++i) {
    CHECK_FALSE(t.table.on_failure(node));
  }
  CHECK(t.table.on_failure(node));
  CHECK(t.table.size() == 0);
}

TEST_CASE("routing_table: a newcomer replaces a bad contact at once", "[dht][table]") {
  Table t;
  const auto old = t.fill(0);
  (void)t.table.on_failure(old[0]);
  (void)t.table.on_failure(old[0]);

  const auto late = t.add(0);

  CHECK(t.has(late));
  CHECK(t.table.size() == kLimits.bucket_size);
}

TEST_CASE("routing_table: nobody takes over the id of a working contact", "[dht][table]") {
  Table t;
  const auto node = t.add(4);
  const NodeInfo thief{node.id, at(99)};

  t.table.on_answer(kNow, thief);
  CHECK(t.has(node));

  (void)t.table.on_failure(node);
  (void)t.table.on_failure(node);
  t.table.on_answer(kNow, thief);
  CHECK(t.has(thief));
  CHECK(t.table.size() == 1);
}

TEST_CASE("routing_table: a failure of another address with that id changes nothing",
          "[dht][table]") {
  Table t;
  const auto node = t.add(4);
  for (int i = 0; i < 9; ++i) {
    CHECK_FALSE(t.table.on_failure({node.id, at(99)}));
  }
  CHECK(t.has(node));
}

TEST_CASE("routing_table: caps the contacts of a subnet, but not of a local one", "[dht][table]") {
  Table t;
  for (std::uint8_t host = 1; host < 9; ++host) {
    t.table.on_answer(kNow, {Id{}.random_sibling(0, t.random), at(1000, host)});
  }
  CHECK(t.table.size() == kLimits.per_subnet_in_bucket);

  for (std::uint8_t host = 10; host < 60; ++host) {
    t.table.on_answer(kNow, {Id{}.random_sibling(host / 2U, t.random), at(1000, host)});
  }
  CHECK(t.table.size() == kLimits.per_subnet_in_table);
  CHECK_FALSE(t.table.wants({Id{}.random_sibling(90, t.random), at(1000, 200)}));

  RoutingTable local{Id{}, kLimits};
  for (std::uint8_t host = 1; host < 9; ++host) {
    const auto lan = SocketAddress{IpAddress::v4({192, 168, 0, host}), 9000};
    local.on_answer(kNow, {Id{}.random_sibling(0, t.random), lan});
  }
  CHECK(local.size() == 8);
}

TEST_CASE("routing_table: names the nearest contacts in order", "[dht][table]") {
  Table t;
  std::vector<NodeInfo> all;
  for (std::size_t bits = 0; bits < 12; ++bits) {
    for (int i = 0; i < 5; ++i) {
      all.push_back(t.add(bits));
    }
  }
  for (int i = 0; i < 200; ++i) {
    const auto target =
        i < 20 ? Id{}.random_sibling(static_cast<std::size_t>(i), t.random) : Id::random(t.random);
    std::ranges::sort(all,
                      [&](const auto& a, const auto& b) { return closer(a.id, b.id, target); });

    const auto found = t.table.closest(target, 8);

    CHECK(found == std::vector(all.begin(), all.begin() + 8));
  }
  CHECK(t.table.closest(Id{}, 1000).size() == all.size());
}

TEST_CASE("routing_table: sorts its contacts anew under another id", "[dht][table]") {
  Table t;
  const auto far = t.add(0);
  const auto near = t.add(20);
  const auto self = far.id.random_sibling(10, t.random);

  t.table.set_self(self);

  CHECK(t.table.self() == self);
  CHECK(t.table.closest(self, 1).front() == far);
  CHECK(t.has(near));
}

TEST_CASE("routing_table: forgets a contact whose address has another id now", "[dht][table]") {
  Table t;
  const auto old = t.fill(2);
  const auto late = t.add(2);
  t.table.remove(old[1]);
  CHECK_FALSE(t.has(old[1]));
  CHECK(t.has(late));
  t.table.remove({old[2].id, at(999)});
  CHECK(t.has(old[2]));
}

TEST_CASE("routing_table: never holds itself", "[dht][table]") {
  Table t;
  t.table.on_answer(kNow, {Id{}, at(1)});
  CHECK(t.table.size() == 0);
  CHECK_FALSE(t.table.wants({Id{}, at(1)}));
}

TEST_CASE("routing_table: the contact silent longest is checked first, once", "[dht][table]") {
  Table t;
  const auto first = t.add(1, kNow);
  const auto second = t.add(2, kNow + 1min);

  CHECK_FALSE(t.table.stalest(kNow + 5min, 15min, 45s));
  CHECK(t.table.stalest(kNow + 17min, 15min, 45s) == first);
  t.table.on_asked(kNow + 17min, first);
  CHECK(t.table.stalest(kNow + 17min, 15min, 45s) == second);
}

TEST_CASE("routing_table: a bad contact without a successor is checked sooner", "[dht][table]") {
  Table t;
  const auto contact = t.add(1, kNow);
  t.table.on_asked(kNow, contact);
  (void)t.table.on_failure(contact);
  CHECK_FALSE(t.table.stalest(kNow + 1min, 15min, 45s));
  (void)t.table.on_failure(contact);
  CHECK_FALSE(t.table.stalest(kNow + 30s, 15min, 45s));
  CHECK(t.table.stalest(kNow + 1min, 15min, 45s) == contact);
}
