#include <quicether/core/crypto/node_address.hpp>
#include <quicether/core/record/claim_lists.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

using namespace quicether;
using namespace std::chrono_literals;
using record::ClaimLists;
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
  Node(crypto::KeyPair self,
       Random& random,
       const NetworkRecords& records,
       const record::Topic& topic)
      : key{std::move(self)}, lists{{}, records, topic, key, random} {}

  crypto::KeyPair key;
  ClaimLists lists;
  std::set<PublicKey> heard{};
  std::set<PublicKey> left{};  ///< whose withdrawal was heard
};

/// Members that share a DHT. Requests of all nodes are answered in turn, one of each at a time, so
/// that they do get in each other's way.
struct World {
  explicit World(std::size_t count, record::Topic what = record::Topic::members())
      : topic{std::move(what)} {
    for (std::size_t i = 0; i < count; ++i) {
      add(key_pair(random));
    }
  }

  Node& add(crypto::KeyPair key) {
    nodes.push_back(std::make_unique<Node>(std::move(key), random, records, topic));
    nodes.back()->lists.look_again(now);
    return *nodes.back();
  }

  /// The node withdraws, and is gone when that is done. Returns its key.
  PublicKey leave(std::size_t index) {
    auto& lists = nodes[index]->lists;
    lists.withdraw(now);
    for (int i = 0; i < 60 && !lists.withdrawn(); ++i) {
      run(1s);
    }
    CHECK(lists.withdrawn());
    CHECK_FALSE(lists.listed());
    const auto key = nodes[index]->key.public_key();
    nodes.erase(nodes.begin() + static_cast<std::ptrdiff_t>(index));
    return key;
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
          (claim->is_withdrawal() ? node->left : node->heard).insert(claim->owner);
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
    const auto place = topic.list(list);
    const auto found = dht.items.find(records.salt(place));
    return found == dht.items.end()
               ? std::vector<record::Claim>{}
               : records.decode(place, found->second.value, unix_time()).value();
  }

  /// How many of them are withdrawals.
  [[nodiscard]] std::ptrdiff_t withdrawals(std::size_t list) const {
    return std::ranges::count_if(claims(list), &record::Claim::is_withdrawal);
  }

  SeededRandom random{7};
  NetworkRecords records{network_key()};
  record::Topic topic;
  FakeDht dht{};
  std::vector<std::unique_ptr<Node>> nodes{};
  Instant now{1s};
  bool reachable = true;
  std::size_t reads = 0;
};

}  // namespace

TEST_CASE("claim_lists: two members that begin together find each other", "[record][claims]") {
  World world{2};

  world.run(10s);

  CHECK(world.complete());
  CHECK(world.claims(0).size() == 2);
  CHECK(world.dht.refused == 1);  // of two at the same time, one was faster
}

TEST_CASE("claim_lists: the ninth member begins the lists behind the first", "[record][claims]") {
  World world{9};

  world.run(60s);

  CHECK(world.complete());
  CHECK(world.claims(0).size() == record::kClaimsMax);
  CHECK(world.claims(1).size() + world.claims(2).size() == 1);
}

TEST_CASE("claim_lists: a hundred members find a place and each other", "[record][claims]") {
  World world{100};

  world.run(30min);

  CHECK(world.complete());
}

TEST_CASE("claim_lists: when nothing changes, rounds become rare", "[record][claims]") {
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

TEST_CASE("claim_lists: a claim is renewed in time and one that is not disappears",
          "[record][claims]") {
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

TEST_CASE("claim_lists: a member moves up into a place that has become free", "[record][claims]") {
  World world{9};
  world.run(1min);
  const auto first = world.claims(0)[0].owner;
  std::erase_if(world.nodes, [&](const auto& node) { return node->key.public_key() == first; });

  world.run(26h);

  CHECK(world.claims(0).size() == 8);
  CHECK(world.claims(1).empty());
  CHECK(world.claims(2).empty());
}

TEST_CASE("claim_lists: a claim that somebody left out is put back", "[record][claims]") {
  World world{2};
  world.run(1min);
  const auto place = world.topic.list(0);
  auto& item = world.dht.items.at(world.records.salt(place));
  item = {world.records.encode(place, {}, world.random), item.seq + 1};

  world.run(10min);

  CHECK(world.claims(0).size() == 2);
}

TEST_CASE("claim_lists: what is not a list is overwritten", "[record][claims]") {
  World world{1};
  world.dht.items[world.records.salt(world.topic.list(0))] = {{'3', ':', 'a', 'b', 'c'}, 5};

  world.run(10s);

  CHECK(world.claims(0).size() == 1);
}

TEST_CASE("claim_lists: nothing is written while nobody answers", "[record][claims]") {
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

TEST_CASE("claim_lists: no more members than the bound are remembered", "[record][claims]") {
  World world{6};
  SeededRandom random{9};
  record::ClaimListsConfig config;
  config.owners_max = 3;
  const auto key = key_pair(random);
  ClaimLists lists{config, world.records, world.topic, key, random};
  world.run(1min);

  lists.on_timeout(world.now, world.unix_time());
  REQUIRE(lists.poll_request().has_value());
  lists.on_read(world.now, 0, world.dht.items.at(world.records.salt(world.topic.list(0))), true);

  std::size_t heard = 0;
  while (lists.poll_claim()) {
    ++heard;
  }
  CHECK(heard == 3);
}

TEST_CASE("claim_lists: a subnet has a list of its own, and more when it is full",
          "[record][claims]") {
  World world{9, record::Topic::subnet(Prefix::parse("10.0.0.0/8").value())};

  world.run(1min);

  CHECK(world.complete());
  CHECK(world.claims(0).size() == record::kClaimsMax);
  CHECK(world.claims(1).size() + world.claims(2).size() == 1);
  CHECK(world.dht.items.size() == 2);
}

TEST_CASE("claim_lists: who leaves puts a withdrawal in the place of its claim, which others hear",
          "[record][claims]") {
  World world{3};
  world.run(1min);
  CHECK_FALSE(world.nodes[1]->lists.withdrawn());

  const auto gone = world.leave(1);
  world.run(10min);

  CHECK(world.claims(0).size() == 3);
  CHECK(world.withdrawals(0) == 1);
  for (const auto& node : world.nodes) {
    CHECK(node->left == std::set{gone});
  }
  world.run(25h);
  CHECK(world.claims(0).size() == 2);
  CHECK(world.withdrawals(0) == 0);
}

TEST_CASE("claim_lists: a withdrawal is heard by who was away, and outlives an older claim",
          "[record][claims]") {
  World world{2};
  world.run(1min);
  const auto place = world.topic.list(0);
  const auto before = world.claims(0);
  const auto gone = world.leave(1);

  auto& late = world.add(key_pair(world.random));
  world.run(10s);
  CHECK(late.left == std::set{gone});

  // Somebody writes the list as it was.
  auto& item = world.dht.items.at(world.records.salt(place));
  auto claims = world.claims(0);
  for (const auto& claim : before) {
    CHECK_FALSE(record::add_claim(claims, claim));
  }
  item = {world.records.encode(place, before, world.random), item.seq + 1};
  world.run(30min);
  CHECK(late.heard.count(gone) == 0);
}

TEST_CASE("claim_lists: who is in a list behind the first withdraws, too", "[record][claims]") {
  World world{9};
  world.run(1min);
  const std::size_t list = world.claims(1).empty() ? 2 : 1;
  REQUIRE(world.claims(list).size() == 1);
  const auto node = std::ranges::find_if(world.nodes, [&](const auto& one) {
    return one->key.public_key() == world.claims(list)[0].owner;
  });

  (void)world.leave(static_cast<std::size_t>(node - world.nodes.begin()));

  CHECK(world.withdrawals(list) == 1);
  CHECK(world.withdrawals(0) == 0);
  CHECK(world.claims(0).size() == record::kClaimsMax);
}

TEST_CASE("claim_lists: a withdrawal makes room for a claim", "[record][claims]") {
  World world{8};
  world.run(1min);
  (void)world.leave(3);
  REQUIRE(world.withdrawals(0) == 1);

  const auto newcomer = world.add(key_pair(world.random)).key.public_key();
  world.run(1min);

  CHECK(world.complete());
  CHECK(world.withdrawals(0) == 0);
  CHECK(world.dht.items.size() == 1);
  CHECK(std::ranges::count(world.claims(0), newcomer, &record::Claim::owner) == 1);
}

TEST_CASE("claim_lists: who comes back within the same second is listed again",
          "[record][claims]") {
  World world{2};
  world.run(1min);
  world.nodes[1]->lists.withdraw(world.now);
  world.step();
  REQUIRE(world.withdrawals(0) == 1);
  auto key = std::move(world.nodes[1]->key);
  const auto self = key.public_key();
  world.nodes.pop_back();

  world.add(std::move(key));
  world.step();

  CHECK(world.withdrawals(0) == 0);
  const auto claims = world.claims(0);
  CHECK(std::ranges::count(claims, self, &record::Claim::owner) == 1);
  world.run(1min);
  CHECK(world.complete());
}

TEST_CASE("claim_lists: a reader finds all claims of a topic", "[record][claims]") {
  World world{20};
  world.run(5min);
  record::ListReader reader{world.records, world.topic};
  std::set<PublicKey> owners;

  reader.begin(world.unix_time());
  while (const auto request = reader.poll_request()) {
    const auto found = world.dht.items.find(request->salt);
    const auto* list =
        reader.on_read(request->list,
                       found == world.dht.items.end() ? std::nullopt : std::optional{found->second},
                       true);
    REQUIRE(list != nullptr);
    for (const auto& claim : list->claims) {
      owners.insert(claim.owner);
    }
  }

  CHECK(reader.done());
  CHECK_FALSE(reader.failed());
  CHECK(owners.size() == 20);
  CHECK(reader.on_read(0, std::nullopt, true) == nullptr);  // nobody asked

  reader.begin(world.unix_time());
  REQUIRE(reader.poll_request().has_value());
  CHECK(reader.on_read(0, std::nullopt, false)->claims.empty());
  CHECK(reader.done());
  CHECK(reader.failed());
}
