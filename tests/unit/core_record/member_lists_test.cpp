#include <quicether/core/crypto/node_address.hpp>
#include <quicether/core/record/member_lists.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <vector>

using namespace quicether;
using namespace std::chrono_literals;
using record::MemberLists;
using record::NetworkRecords;
using record::StoredList;

namespace {

constexpr UnixSeconds kUnixStart = 1'800'000'000;

crypto::NetworkKey network_key() {
  static const auto kSecret = as_bytes("correct horse battery staple");
  return crypto::NetworkKey::derive("acme", kSecret).value();
}

crypto::KeyPair key_pair(Random& random) {
  std::array<std::uint8_t, crypto::kSeedBytes> seed{};
  random.fill(seed);
  return crypto::KeyPair::from_seed(seed);
}

/// What the DHT does with salted items: sequence numbers and compare-and-swap.
struct FakeDht {
  bool put(const record::WriteList& request) {
    ++puts;
    const auto known = items.find(request.salt);
    if (known != items.end()) {
      const auto& have = known->second;
      const bool same = have.value == request.value;
      if ((request.cas && *request.cas != have.seq) || request.seq < have.seq ||
          (request.seq == have.seq && !same)) {
        ++refused;
        return false;
      }
    }
    items[request.salt] = {request.value, request.seq};
    return true;
  }

  std::map<ByteVector, StoredList> items{};
  std::size_t puts = 0;
  std::size_t refused = 0;
};

struct Node {
  explicit Node(Random& random, const crypto::NetworkKey& network)
      : key{key_pair(random)}, lists{{}, NetworkRecords{network}, key, random} {}

  crypto::KeyPair key;
  MemberLists lists;
  std::set<PublicKey> heard{};
};

/// Members that share a DHT. Requests of all nodes are answered in turn, one of each at a time, so
/// that they do get in each other's way.
struct World {
  explicit World(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      add();
    }
  }

  Node& add() {
    nodes.push_back(std::make_unique<Node>(random, network));
    nodes.back()->lists.look_again(now);
    return *nodes.back();
  }

  void answer(Node& node, const record::ListRequest& request) {
    if (const auto* read = std::get_if<record::ReadList>(&request)) {
      ++reads;
      const auto found = dht.items.find(read->salt);
      node.lists.on_read(now,
                         read->list,
                         found == dht.items.end() ? std::nullopt : std::optional{found->second},
                         reachable);
    } else {
      node.lists.on_written(now, reachable && dht.put(std::get<record::WriteList>(request)));
    }
  }

  void step() {
    for (bool busy = true; busy;) {
      busy = false;
      for (auto& node : nodes) {
        node->lists.on_timeout(now, unix_time());
        if (const auto request = node->lists.poll_request()) {
          busy = true;
          answer(*node, *request);
        }
        while (const auto claim = node->lists.poll_claim()) {
          node->heard.insert(claim->owner);
        }
      }
    }
  }

  void run(Duration duration) {
    const auto end = now + duration;
    while (now < end) {
      step();
      auto next = end;
      for (const auto& node : nodes) {
        next = std::min(next, node->lists.next_timeout());
      }
      now = std::max(next, now + 1ms);
    }
  }

  [[nodiscard]] UnixSeconds unix_time() const {
    return kUnixStart + std::chrono::duration_cast<std::chrono::seconds>(now.since_start()).count();
  }

  [[nodiscard]] bool complete() const {
    return std::ranges::all_of(nodes, [&](const auto& node) {
      return node->lists.listed() && node->heard.size() >= nodes.size() - 1;
    });
  }

  [[nodiscard]] std::vector<record::Claim> claims(std::size_t list) const {
    const NetworkRecords records{network};
    const auto place = record::Place::members(list);
    const auto found = dht.items.find(records.salt(place));
    return found == dht.items.end()
               ? std::vector<record::Claim>{}
               : records.decode(place, found->second.value, unix_time()).value();
  }

  SeededRandom random{7};
  crypto::NetworkKey network = network_key();
  FakeDht dht{};
  std::vector<std::unique_ptr<Node>> nodes{};
  Instant now{1s};
  bool reachable = true;
  std::size_t reads = 0;
};

}  // namespace

TEST_CASE("member_lists: two members that begin together find each other", "[record][members]") {
  World world{2};

  world.run(10s);

  CHECK(world.complete());
  CHECK(world.claims(0).size() == 2);
  CHECK(world.dht.refused == 1);  // of two at the same time, one was faster
}

TEST_CASE("member_lists: the ninth member begins the lists behind the first", "[record][members]") {
  World world{9};

  world.run(60s);

  CHECK(world.complete());
  CHECK(world.claims(0).size() == record::kClaimsMax);
  CHECK(world.claims(1).size() + world.claims(2).size() == 1);
}

TEST_CASE("member_lists: a hundred members find a place and each other", "[record][members]") {
  World world{100};

  world.run(30min);

  CHECK(world.complete());
}

TEST_CASE("member_lists: when nothing changes, rounds become rare", "[record][members]") {
  World world{2};
  world.run(1h);
  const auto reads = world.reads;
  const auto puts = world.dht.puts;

  world.run(1h);

  // Every five to seven and a half minutes each; stored again every half an hour or a round later.
  CHECK(world.reads - reads <= 24);
  CHECK(world.reads - reads >= 14);
  CHECK(world.dht.puts - puts >= 2);
  CHECK(world.dht.puts - puts <= 4);
}

TEST_CASE("member_lists: a claim is renewed in time and one that is not disappears",
          "[record][members]") {
  World world{2};
  world.run(1min);
  const auto gone = world.nodes.back()->key.public_key();
  world.nodes.pop_back();

  world.run(25h);

  const auto claims = world.claims(0);
  REQUIRE(claims.size() == 1);
  CHECK(claims[0].owner != gone);
  CHECK(claims[0].made_at > kUnixStart + 11 * 3600);
}

TEST_CASE("member_lists: a member moves up into a place that has become free",
          "[record][members]") {
  World world{9};
  world.run(1min);
  const auto first = world.claims(0)[0].owner;
  std::erase_if(world.nodes, [&](const auto& node) { return node->key.public_key() == first; });

  world.run(26h);

  CHECK(world.claims(0).size() == 8);
  CHECK(world.claims(1).empty());
  CHECK(world.claims(2).empty());
}

TEST_CASE("member_lists: a claim that somebody left out is put back", "[record][members]") {
  World world{2};
  world.run(1min);
  const NetworkRecords records{world.network};
  const auto place = record::Place::members(0);
  auto& item = world.dht.items.at(records.salt(place));
  item = {records.encode(place, {}, world.random), item.seq + 1};

  world.run(10min);

  CHECK(world.claims(0).size() == 2);
}

TEST_CASE("member_lists: what is not a list is overwritten", "[record][members]") {
  World world{1};
  const NetworkRecords records{world.network};
  world.dht.items[records.salt(record::Place::members(0))] = {{'3', ':', 'a', 'b', 'c'}, 5};

  world.run(10s);

  CHECK(world.claims(0).size() == 1);
}

TEST_CASE("member_lists: nothing is written while nobody answers", "[record][members]") {
  World world{1};
  world.reachable = false;
  world.run(1h);
  CHECK(world.dht.puts == 0);
  CHECK_FALSE(world.nodes[0]->lists.listed());
  world.reachable = true;
  world.nodes[0]->lists.look_again(world.now);

  world.run(10s);

  CHECK(world.nodes[0]->lists.listed());
}

TEST_CASE("member_lists: no more members than the bound are remembered", "[record][members]") {
  World world{6};
  SeededRandom random{9};
  record::MemberListsConfig config;
  config.members_max = 3;
  const auto key = key_pair(random);
  MemberLists lists{config, NetworkRecords{world.network}, key, random};
  world.run(1min);
  const NetworkRecords records{world.network};

  lists.on_timeout(world.now, world.unix_time());
  REQUIRE(lists.poll_request().has_value());
  lists.on_read(world.now, 0, world.dht.items.at(records.salt(record::Place::members(0))), true);

  std::size_t heard = 0;
  while (lists.poll_claim()) {
    ++heard;
  }
  CHECK(heard == 3);
}
