// A link that is spread over the shards of both nodes, on real threads and sockets, with TUNs that
// are vectors.

#include "queue_tun.hpp"
#include "support/packets.hpp"
#include "unit/platform/platform_support.hpp"

#include <quicether/core/wire/ip.hpp>
#include <quicether/node.hpp>
#include <quicether/system_environment.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quicether {
namespace {

constexpr std::uint16_t kFlows = 64;
constexpr std::uint16_t kFirstPort = 20'000;
constexpr std::uint16_t kService = 7;
constexpr int kRounds = 60'000;  ///< of a millisecond or more: longer than any machine needs

/// A machine whose node has several shards.
struct Machine {
  Machine(boost::asio::io_context& io, std::size_t shards)
      : real{system_environment(io.get_executor(), options_of(shards))},
        environment{*real},
        identity{Identity::generate(real->random())} {}

  SystemOptions options_of(std::size_t shards) {
    SystemOptions options;
    options.events = &events;
    options.shards = shards;
    return options;
  }

  /// The default policy: this node may start flows, its peers may not.
  [[nodiscard]] NodeConfig config(const Machine& other, std::vector<SocketAddress> addresses) {
    NodeConfig config;
    config.transport.socket.bind = {IpAddress::v4({127, 0, 0, 1}), 0};
    config.tun = true;
    config.paths.lanes = lanes;
    config.peers = {{.id = other.identity.node_id(),
                     .key = other.identity.public_key(),
                     .addresses = std::move(addresses)}};
    if (open) {
      config.rules = std::vector<policy::Rule>{{.action = policy::Action::allow}};
    }
    return config;
  }

  void start(const Machine& other, std::vector<SocketAddress> addresses) {
    node = std::make_unique<Node>(environment, identity, config(other, std::move(addresses)));
    REQUIRE(node->start().has_value());
  }

  [[nodiscard]] std::size_t shards() const { return environment.shard_count(); }

  [[nodiscard]] IpAddress overlay() const { return identity.overlay_address(); }

  void put(std::size_t queue, ByteVector packet) {
    environment.run_on_shard(
        queue, [&] { test::QueueTun::put(environment.packets(queue), std::move(packet)); });
  }

  /// What the node wrote to one of its queues.
  [[nodiscard]] std::vector<ByteVector> written(std::size_t queue) {
    std::vector<ByteVector> copy;
    environment.run_on_shard(queue, [&] { copy = environment.packets(queue).written; });
    return copy;
  }

  [[nodiscard]] std::size_t written() {
    std::size_t count = 0;
    for (std::size_t queue = 0; queue < shards(); ++queue) {
      count += written(queue).size();
    }
    return count;
  }

  [[nodiscard]] std::uint64_t counter(std::string_view name) const {
    const auto status = node->status();
    const auto found = std::ranges::find(
        status.counters, name, [](const auto& one) -> const auto& { return one.first; });
    REQUIRE(found != status.counters.end());
    return found->second;
  }

  /// What is not zero of it, for a failure.
  [[nodiscard]] std::string state() const {
    std::string text;
    for (const auto& [name, value] : node ? node->status().counters : NodeStatus{}.counters) {
      text += value == 0 ? "" : name + "=" + std::to_string(value) + " ";
    }
    return text;
  }

  /// The lanes that are up to the only peer, once that has said which addresses it has.
  [[nodiscard]] std::set<int> lanes_up() const {
    std::set<int> up;
    for (const auto& peer : node->peers()) {
      for (const auto& path :
           peer.overlay_addresses.empty() ? std::vector<PathStatus>{} : peer.paths) {
        up.insert(path.lane);
      }
    }
    return up;
  }

  test::EventLog events{};
  std::unique_ptr<Environment> real;
  test::QueueTunEnvironment environment;
  Identity identity;
  bool lanes = true;
  bool open = false;  ///< allows everything
  std::unique_ptr<Node> node{};
};

/// Two of them. Alice dials; bob lets everything in.
struct Pair {
  Pair(std::size_t alice_shards, std::size_t bob_shards)
      : alice{io, alice_shards}, bob{io, bob_shards} {
    bob.open = true;
  }

  ~Pair() {
    stop(alice);
    stop(bob);
  }

  void start() {
    bob.start(alice, {});
    alice.start(bob, {bob.node->transport().local_endpoint()});
  }

  /// Runs this thread's handlers while others work, until `done`.
  void wait(const std::function<bool()>& done) {
    for (int round = 0; !done(); ++round) {
      if (round == kRounds) {
        CAPTURE(alice.state(), bob.state());
        FAIL("not done");
      }
      io.run_for(std::chrono::milliseconds{1});
    }
  }

  /// Waits until both see these lanes.
  void wait_for_lanes(const std::set<int>& lanes) {
    wait([&] { return alice.lanes_up() == lanes && bob.lanes_up() == lanes; });
  }

  void stop(Machine& machine) {
    if (machine.node) {
      bool stopped = false;
      machine.node->async_stop([&](error_code) { stopped = true; });
      wait([&] { return stopped; });
      machine.node.reset();
    }
  }

  [[nodiscard]] ByteVector request(std::uint16_t flow) const {
    return test::udp_packet(alice.overlay(),
                            bob.overlay(),
                            as_bytes("request"),
                            static_cast<std::uint16_t>(kFirstPort + flow),
                            kService);
  }

  [[nodiscard]] ByteVector reply(std::uint16_t flow) const {
    return test::udp_packet(bob.overlay(),
                            alice.overlay(),
                            as_bytes("reply"),
                            kService,
                            static_cast<std::uint16_t>(kFirstPort + flow));
  }

  /// One packet of each flow from one of alice's queues, and waits for them at bob's.
  void send_requests(std::size_t queue) {
    const auto before = bob.written();
    for (std::uint16_t flow = 0; flow < kFlows; ++flow) {
      alice.put(queue, request(flow));
    }
    wait([&] { return bob.written() == before + kFlows; });
  }

  boost::asio::io_context io{1};

  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  Machine alice;
  Machine bob;
};

std::size_t lane_of(const Pair& pair, std::uint16_t flow, std::size_t lanes) {
  const auto info = wire::parse_packet(pair.request(flow));
  REQUIRE(info.has_value());
  return wire::flow_lane(wire::flow_key(*info), lanes);
}

}  // namespace

TEST_CASE("lanes: a link has a session on as many shards as both nodes have", "[shell][lane]") {
  const bool more_at_bob = GENERATE(true, false);
  Pair pair{more_at_bob ? 2U : 3U, more_at_bob ? 3U : 2U};
  pair.start();
  pair.wait_for_lanes({0, 1});

  CHECK(pair.alice.node->status().peers_connected == 1);
  CHECK(pair.alice.node->status().paths_active == 1);
  CHECK(pair.alice.node->peers().size() == 1);
  CHECK(pair.bob.node->peers().size() == 1);
  CHECK(pair.bob.counter("quic.handshakes_completed") == 2);
  CHECK(pair.alice.events.count("link.up") == 1);
}

TEST_CASE("lanes: there is one where either node has one shard, or wants one", "[shell][lane]") {
  const auto shards = GENERATE(std::pair{1U, 3U}, std::pair{3U, 1U}, std::pair{2U, 2U});
  Pair pair{shards.first, shards.second};
  pair.bob.lanes = shards.first != shards.second;
  pair.start();
  pair.wait_for_lanes({0});
  pair.send_requests(0);
  CHECK(pair.bob.counter("quic.handshakes_completed") == 1);
}

TEST_CASE("lanes: flows are spread, and answers find what the policy knows of them",
          "[shell][lane]") {
  Pair pair{2, 3};
  pair.start();
  pair.wait_for_lanes({0, 1});
  for (std::size_t queue = 0; queue < pair.alice.shards(); ++queue) {
    pair.send_requests(queue);
  }

  // Both nodes chose the same lane for each flow: at the receiver nothing had to change shards.
  CHECK(pair.bob.counter("router.handed_over") == 0);
  std::size_t first_lane = 0;
  for (std::uint16_t flow = 0; flow < kFlows; ++flow) {
    first_lane += lane_of(pair, flow, 2) == 0 ? 1U : 0U;
  }
  CHECK(first_lane > kFlows / 4);
  CHECK(first_lane < kFlows * 3 / 4);
  std::multiset<std::size_t> written;
  for (std::size_t queue = 0; queue < pair.bob.shards(); ++queue) {
    written.insert(pair.bob.written(queue).size());
  }
  CHECK(written == std::multiset<std::size_t>{0,
                                              std::min(2 * first_lane, 2 * (kFlows - first_lane)),
                                              std::max(2 * first_lane, 2 * (kFlows - first_lane))});

  // Alice lets nothing in but answers.
  for (std::uint16_t flow = 0; flow < kFlows; ++flow) {
    pair.bob.put(flow % pair.bob.shards(), pair.reply(flow));
  }
  pair.wait([&] { return pair.alice.written() == kFlows; });
  CHECK(pair.alice.counter("policy.allowed.reply") == kFlows);
  CHECK(pair.alice.counter("policy.denied.no_rule") == 0);
  for (std::size_t queue = 0; queue < pair.bob.shards(); ++queue) {
    pair.bob.put(queue, pair.reply(kFlows + 1));  // to nothing that alice said
  }
  pair.wait([&] { return pair.alice.counter("policy.denied.no_rule") == pair.bob.shards(); });
}

TEST_CASE("lanes: the packets of a flow keep their order", "[shell][lane]") {
  constexpr std::uint8_t kPackets = 200;
  Pair pair{2, 2};
  pair.start();
  pair.wait_for_lanes({0, 1});
  for (std::uint8_t number = 0; number < kPackets; ++number) {
    for (std::uint16_t flow = 0; flow < 4; ++flow) {
      const std::array payload{number};
      pair.alice.put(flow % 2U,
                     test::udp_packet(pair.alice.overlay(),
                                      pair.bob.overlay(),
                                      payload,
                                      static_cast<std::uint16_t>(kFirstPort + flow),
                                      kService));
    }
  }
  pair.wait([&] { return pair.bob.written() == 4 * kPackets; });

  std::map<std::uint16_t, int> last;
  for (std::size_t queue = 0; queue < 2; ++queue) {
    for (const auto& packet : pair.bob.written(queue)) {
      const auto info = wire::parse_packet(packet);
      REQUIRE(info.has_value());
      const auto [seen, fresh] = last.try_emplace(info->source_port, -1);
      CHECK(packet.back() == seen->second + 1);
      seen->second = packet.back();
    }
  }
  CHECK(last.size() == 4);
}

TEST_CASE("lanes: answers in fragments, and errors, find their flow too", "[shell][lane]") {
  Pair pair{2, 2};
  pair.start();
  pair.wait_for_lanes({0, 1});
  pair.send_requests(0);

  for (std::uint16_t flow = 0; flow < kFlows; ++flow) {
    const auto whole = test::udp_packet(pair.bob.overlay(),
                                        pair.alice.overlay(),
                                        test::counting_bytes(400),
                                        kService,
                                        static_cast<std::uint16_t>(kFirstPort + flow));
    for (const std::size_t offset : {0U, 208U}) {
      auto body = test::fragment_header(17, offset, offset == 0, flow);
      test::append(body, ConstBytes{whole}.subspan(40 + offset, offset == 0 ? 208 : 200));
      pair.bob.put(0, test::ip_packet(pair.bob.overlay(), pair.alice.overlay(), 44, body));
    }
    pair.bob.put(
        1,
        test::icmp_packet(pair.bob.overlay(), pair.alice.overlay(), 1, 4, 0, pair.request(flow)));
  }
  pair.wait([&] { return pair.alice.written() == 3U * kFlows; });
  CHECK(pair.alice.counter("policy.allowed.reply") == kFlows);
  CHECK(pair.alice.counter("policy.allowed.fragment") == kFlows);
  CHECK(pair.alice.counter("policy.allowed.related") == kFlows);
}

TEST_CASE("lanes: who is put out is put out of all lanes", "[shell][lane]") {
  Pair pair{3, 3};
  pair.start();
  pair.wait_for_lanes({0, 1, 2});
  pair.send_requests(0);
  const auto before = pair.bob.written();

  const auto allowed = pair.bob.config(pair.alice, {});
  auto without = pair.bob.config(pair.alice, {});
  without.peers.clear();
  REQUIRE(pair.bob.node->reload(without).has_value());
  // Not one packet more: what a session brought before it ended was judged then.
  for (std::uint16_t flow = 0; flow < kFlows; ++flow) {
    pair.alice.put(0, pair.request(flow));
  }
  pair.wait_for_lanes({});
  CHECK(pair.bob.written() == before);

  REQUIRE(pair.bob.node->reload(allowed).has_value());
  pair.wait_for_lanes({0, 1, 2});
  pair.send_requests(0);
}

TEST_CASE("lanes: a rule that is taken back stops the flows of all lanes", "[shell][lane]") {
  Pair pair{2, 2};
  pair.start();
  pair.wait_for_lanes({0, 1});
  pair.send_requests(0);
  const auto before = pair.bob.written();

  auto closed = pair.bob.config(pair.alice, {});
  closed.rules = std::vector<policy::Rule>{};
  REQUIRE(pair.bob.node->reload(closed).has_value());
  for (std::uint16_t flow = 0; flow < kFlows; ++flow) {
    pair.alice.put(0, pair.request(flow));
  }
  pair.wait([&] { return pair.bob.counter("policy.denied.no_rule") == std::uint64_t{kFlows}; });
  CHECK(pair.bob.written() == before);
}

TEST_CASE("lanes: a peer that comes back with fewer shards is served on those", "[shell][lane]") {
  Pair pair{3, 3};
  pair.start();
  pair.wait_for_lanes({0, 1, 2});
  pair.send_requests(0);

  pair.stop(pair.alice);
  pair.alice.lanes = false;
  pair.alice.start(pair.bob, {pair.bob.node->transport().local_endpoint()});
  pair.wait_for_lanes({0});
  pair.send_requests(1);
  for (std::uint16_t flow = 0; flow < kFlows; ++flow) {
    pair.bob.put(0, pair.reply(flow));
  }
  pair.wait([&] { return pair.alice.written() == kFlows; });
}

}  // namespace quicether
