#include "dht_hostile.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace quicether;
using namespace std::chrono_literals;
using quicether::testing::Attacker;
using quicether::testing::Ring;
using quicether::testing::signed_item;
using quicether::testing::Tally;

namespace {

struct Record {
  dht::Item item;
  dht::Id target;
};

/// Items that random honest nodes signed and stored.
std::vector<Record> store_records(Ring& ring, std::size_t count, std::size_t honest) {
  std::vector<Record> records;
  for (std::size_t i = 0; i < count; ++i) {
    const auto key = crypto::KeyPair::generate(ring.random());
    auto item = signed_item(key, "i" + std::to_string(i) + "e", 1);
    const auto target = dht::target_of(item.view(), ring.crypto());
    REQUIRE(ring.put(ring.random().below(honest), {item}).replicas > 0);
    records.push_back({std::move(item), target});
  }
  return records;
}

/// T-D1: a share of all nodes is hostile from the start.
Tally with_random_adversaries(std::size_t count, std::size_t hostile_of_ten) {
  Ring ring{{.seed = 3}};
  ring.grow(count);
  ring.run_for(60s);
  Attacker attacker{ring};
  const auto honest = count - count * hostile_of_ten / 10;
  for (std::size_t i = honest; i < count; ++i) {
    attacker.take(i);
  }
  const auto records = store_records(ring, 100, honest);
  Tally tally;
  for (std::size_t i = 0; i < 1000; ++i) {
    const auto& record = records[ring.random().below(records.size())];
    const auto done =
        ring.get(ring.random().below(honest), {.target = record.target, .first = true});
    tally.add(done.item == record.item, done);
  }
  return tally;
}

/// T-D2 and T-D3: Sybils sit nearer to the target than any honest node, in so many subnets.
struct Eclipse {
  explicit Eclipse(std::size_t sybils, std::size_t subnets) {
    ring.grow(500);
    ring.run_for(60s);
    for (std::size_t i = 0; i < sybils; ++i) {
      auto id = target;
      dht::Id tail;
      ring.random().fill(tail.bytes);
      std::copy(tail.bytes.begin() + 8, tail.bytes.end(), id.bytes.begin() + 8);
      const auto subnet = (200U << 24U) + (static_cast<std::uint32_t>(i % subnets) << 8U);
      attacker.plant({IpAddress::v4(subnet + static_cast<std::uint32_t>(i)), 6881}, id);
    }
    for (std::size_t i = 0; i < 500; i += 3) {
      attacker.greet(i);
    }
    ring.run_for(30s);
  }

  Ring ring{{.seed = 5}};
  crypto::KeyPair key = crypto::KeyPair::generate(ring.random());
  dht::Item item = signed_item(key, "6:record", 1);
  dht::Id target = dht::target_of(item.view(), ring.crypto());
  Attacker attacker{ring};
};

/// A look-up in the salts that docs/spec/dht.md names for replicas, one after the other.
Tally look_for_replicas(Eclipse& eclipse, const std::vector<std::string>& salts) {
  for (const auto& salt : salts) {
    (void)eclipse.ring.put(7, {signed_item(eclipse.key, "6:record", 1, salt)});
  }
  Tally tally;
  for (std::size_t i = 0; i < 300; ++i) {
    const auto asker = eclipse.ring.random().below(500);
    dht::OperationDone all;
    for (const auto& salt : salts) {
      const ByteVector bytes{salt.begin(), salt.end()};
      const auto target =
          dht::mutable_target(eclipse.key.public_key(), bytes, eclipse.ring.crypto());
      const auto done =
          eclipse.ring.get(asker, {.target = target, .salt = bytes, .first = true, .widen = false});
      all.queries += done.queries;
      all.elapsed += done.elapsed;
      all.item = done.item;
      if (done.item) {
        break;
      }
    }
    tally.add(all.item.has_value(), all);
  }
  return tally;
}

}  // namespace

TEST_CASE("dht_adversary: three of ten nodes hostile (T-D1)", "[dht][sim]") {
  const auto tally = with_random_adversaries(1000, 3);
  INFO("found " << tally.share() << ", queries " << tally.queries_mean());
  CHECK(tally.share() >= 0.999);
  CHECK(tally.queries_mean() <= 8);
}

TEST_CASE("dht_adversary: half of the nodes hostile (T-D1)", "[dht][sim]") {
  const auto tally = with_random_adversaries(1000, 5);
  INFO("found " << tally.share() << ", queries " << tally.queries_mean());
  CHECK(tally.share() >= 0.99);
  CHECK(tally.queries_mean() <= 8);
}

TEST_CASE("dht_adversary: twenty Sybils of one and of five subnets (T-D2)", "[dht][sim]") {
  for (const std::size_t subnets : {1U, 5U}) {
    Eclipse eclipse{20, subnets};
    const auto tally = look_for_replicas(eclipse, {""});
    INFO(subnets << " subnets: found " << tally.share() << ", queries " << tally.queries_mean());
    CHECK(tally.share() == 1.0);
  }
}

TEST_CASE("dht_adversary: a hundred Sybils of twenty subnets (T-D3)", "[dht][sim]") {
  Eclipse eclipse{100, 20};
  const auto plain = look_for_replicas(eclipse, {""});
  const auto salted = look_for_replicas(eclipse, {"", "~1", "~2"});
  INFO("plain " << plain.share() << ", salted " << salted.share() << ", queries "
                << salted.queries_mean());
  CHECK(salted.share() >= 0.99);
  CHECK(salted.queries_mean() <= 30);
}

TEST_CASE("dht_adversary: false records are never believed (T-D4)", "[dht][sim]") {
  Ring ring{{.seed = 8}};
  ring.grow(300);
  ring.run_for(60s);
  Attacker attacker{ring};
  for (std::size_t i = 240; i < 300; ++i) {
    attacker.take(i);
  }
  const auto thief = crypto::KeyPair::generate(ring.random());
  attacker.lie = signed_item(thief, "5:false", 99);
  const auto records = store_records(ring, 50, 240);
  Tally tally;
  std::size_t false_ones = 0;
  for (std::size_t i = 0; i < 500; ++i) {
    const auto& record = records[ring.random().below(records.size())];
    const auto done = ring.get(ring.random().below(240), {.target = record.target});
    tally.add(done.item == record.item, done);
    false_ones += done.item && done.item != record.item ? 1U : 0U;
  }
  INFO("found " << tally.share() << ", queries " << tally.queries_mean());
  CHECK(false_ones == 0);
  CHECK(tally.share() >= 0.99);
}

TEST_CASE("dht_adversary: old versions of a record do not hide the new one (T-D4)", "[dht][sim]") {
  Ring ring{{.seed = 9}};
  ring.grow(300);
  ring.run_for(60s);
  Attacker attacker{ring};
  for (std::size_t i = 240; i < 300; ++i) {
    attacker.take(i);
  }
  std::vector<Record> records;
  for (std::size_t i = 0; i < 30; ++i) {
    const auto key = crypto::KeyPair::generate(ring.random());
    auto item = signed_item(key, "3:new", 2);
    const auto target = dht::target_of(item.view(), ring.crypto());
    attacker.stale.emplace(target, signed_item(key, "3:old", 1));
    REQUIRE(ring.put(ring.random().below(240), {item}).replicas > 0);
    records.push_back({std::move(item), target});
  }
  Tally tally;
  for (std::size_t i = 0; i < 300; ++i) {
    const auto& record = records[i % records.size()];
    const auto done = ring.get(ring.random().below(240), {.target = record.target});
    tally.add(done.item == record.item, done);
  }
  INFO("found " << tally.share() << ", queries " << tally.queries_mean());
  CHECK(tally.share() >= 0.99);
}

TEST_CASE("dht_adversary: rejoins through cached nodes past hostile bootstraps (T-D13)",
          "[dht][sim]") {
  Ring ring{{.seed = 13}};
  ring.grow(200);
  ring.run_for(60s);
  Attacker attacker{ring};
  std::vector<SocketAddress> bootstraps;
  for (std::size_t i = 190; i < 200; ++i) {
    attacker.take(i);
    bootstraps.push_back(ring[i].address);
  }
  const auto records = store_records(ring, 20, 190);
  std::size_t rejoined = 0;
  for (std::size_t i = 20; i < 70; ++i) {
    const auto cached = ring.node(i).export_nodes(64);
    ring.stop(i);
    ring.run_for(5s);
    ring.start(i, bootstraps, cached, {});
    ring.run_for(30s);
    bool all = true;
    for (const auto& record : records) {
      all = all && ring.get(i, {.target = record.target, .first = true}).item == record.item;
    }
    rejoined += all ? 1U : 0U;
  }
  CHECK(rejoined == 50);
}

TEST_CASE("dht_adversary: a victim named by liars is asked thrice at most", "[dht][sim]") {
  Ring ring{{.seed = 17}};
  ring.grow(50);
  ring.run_for(30s);
  Attacker attacker{ring};
  for (std::size_t i = 40; i < 50; ++i) {
    attacker.take(i);
  }
  const auto victim = SocketAddress::parse("150.1.2.3:53").value();
  const auto lan = SocketAddress::parse("192.168.1.1:80").value();
  for (std::size_t i = 0; i < 50; ++i) {
    // A member that is nearer than all others to whatever is looked for, and is not there.
    attacker.plant({victim.address, static_cast<std::uint16_t>(53 + i)},
                   dht::Id::random(ring.random()));
    ring.stop(ring.size() - 1);
  }
  attacker.plant(lan, dht::Id::random(ring.random()));
  ring.stop(ring.size() - 1);
  std::size_t shots = 0;
  std::size_t lan_shots = 0;
  const auto& asker = ring[0].address;
  ring.observer = [&](const SocketAddress& from, const SocketAddress& to, ConstBytes) {
    shots += from == asker && to.address == victim.address ? 1U : 0U;
    lan_shots += to.address == lan.address ? 1U : 0U;
  };
  for (int i = 0; i < 60; ++i) {
    (void)ring.find_node(0, dht::Id::random(ring.random()));
  }
  INFO("shots " << shots);
  CHECK(shots > 0);
  CHECK(shots <= 3);
  CHECK(lan_shots == 0);
}
