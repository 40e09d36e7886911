// Links of several paths to whose interfaces, lines, peers and processes things happen at random.

#include "multi_node.hpp"

#include <quicether/core/path/scheduler.hpp>

#include <chrono>
#include <map>
#include <string>

using namespace quicether;
using namespace quicether::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::uint8_t kInterfaces = 3;

enum class Operation {
  unplug,
  plug,
  silence,
  impair,
  clear,
  move,
  forget,
  remember,
  kill,
  restart,
  send,
  count
};

/// Two hosts with a path over each of their networks.
class Storm {
 public:
  explicit Storm(sim::Simulation& simulation)
      : one{simulation, "one", 1, kInterfaces},
        other{simulation, "other", 2, kInterfaces},
        simulation_{simulation},
        random_{simulation.make_random("storm")} {
    sim::LinkModel link;
    link.delay = 5ms;
    simulation.network().set_path(*one.host, *other.host, link);
    for (auto* node : {&one, &other}) {
      node->adjust = [plain = node->adjust](NodeConfig& config) {
        plain(config);
        config.transport.sessions.quic.key_update_packets = 200;
      };
    }
    one.start({other.as_peer()});
    other.start({one.as_peer()});
  }

  void step() {
    auto& node = random_.below(2) == 0 ? one : other;
    auto& peer = &node == &one ? other : one;
    const auto network = static_cast<std::uint8_t>(random_.below(kInterfaces));
    auto& interface = node.host->interface("eth" + std::to_string(network));
    switch (static_cast<Operation>(random_.below(static_cast<std::uint64_t>(Operation::count)))) {
      case Operation::unplug:
        interface.set_up(false);
        break;
      case Operation::plug:
        interface.set_up(true);
        break;
      case Operation::silence: {
        sim::LinkModel dead;
        dead.up = false;
        interface.set_links(dead);
        break;
      }
      case Operation::impair:
        interface.set_links(random_model());
        break;
      case Operation::clear:
        interface.set_links({});
        break;
      case Operation::move:
        interface.set_addresses({{MultiNode::address(network, next_address_++), 24}});
        break;
      case Operation::forget:
        reload(node, {});
        break;
      case Operation::remember:
        reload(node, {peer.as_peer()});
        break;
      case Operation::kill:
        if (node.node && random_.below(4) == 0) {
          node.kill();
        }
        break;
      case Operation::restart:
        restart(node);
        break;
      case Operation::send:
      case Operation::count:
        break;
    }
    send(Duration{static_cast<Duration::rep>(random_.below(1'000'000'000))});
    check();
  }

  /// Ends all faults: both run at home, on perfect lines, and know each other.
  void calm() {
    for (auto* node : {&one, &other}) {
      for (std::uint8_t network = 0; network < kInterfaces; ++network) {
        auto& interface = node->host->interface("eth" + std::to_string(network));
        interface.set_up(true);
        interface.set_links({});
        interface.set_addresses({{MultiNode::address(network, node->number), 24}});
      }
      restart(*node);
    }
    reload(one, {other.as_peer()});
    reload(other, {one.as_peer()});
  }

  MultiNode one;
  MultiNode other;

 private:
  [[nodiscard]] sim::LinkModel random_model() {
    const auto percent = [&](std::uint64_t most) {
      return static_cast<double>(random_.below(most)) / 100;
    };
    sim::LinkModel model;
    model.rate_bits_per_second = 1'000'000 + random_.below(20'000'000);
    model.queue_bytes = 30'000;
    model.delay = Duration{static_cast<Duration::rep>(random_.below(100'000'000))};
    model.jitter = Duration{static_cast<Duration::rep>(random_.below(10'000'000))};
    model.loss = percent(30);
    model.duplication = percent(5);
    model.reorder = percent(5);
    model.corruption = percent(3);
    return model;
  }

  static void restart(MultiNode& node) {
    if (!node.node) {
      node.restart();
    }
  }

  static void reload(MultiNode& node, std::vector<NodePeer> peers) {
    if (node.node) {
      node.reload(std::move(peers));
    }
  }

  /// For so long, packets in both directions, each with a number of its own.
  void send(Duration time) {
    const auto end = simulation_.now() + time;
    while (simulation_.now() < end) {
      for (auto* node : {&one, &other}) {
        auto& peer = node == &one ? other : one;
        if (node->node && peer.node) {
          node->send(peer.overlay(), "n" + std::to_string(next_number_++));
        }
      }
      simulation_.run_for(5ms);
    }
  }

  /// What holds at any time.
  void check() {
    for (auto* node : {&one, &other}) {
      std::map<std::string, int> copies;
      for (const auto& text : node->received) {
        REQUIRE(text.front() == 'n');
        REQUIRE(std::stoull(text.substr(1)) < next_number_);
        INFO("packet " << text);
        // One that was repeated, of which an end that lost its numbers has both.
        REQUIRE(++copies[text] <= 2);
      }
      const auto& peer = node == &one ? other : one;
      if (node->node) {
        REQUIRE(node->paths(peer).size() <= path::kPathsMax);
      }
    }
  }

  sim::Simulation& simulation_;
  SeededRandom random_;
  std::uint8_t next_address_ = 3;
  std::uint64_t next_number_ = 0;
};

}  // namespace

TEST_CASE("random paths: when the faults end, all paths are back and carry",
          "[sim][multipath][chaos]") {
  simulate(30, [](sim::Simulation& simulation) {
    Storm storm{simulation};
    for (int i = 0; i < 40; ++i) {
      storm.step();
    }
    storm.calm();

    auto& one = storm.one;
    auto& other = storm.other;
    // An idle timeout, in case a side lost a session without noticing, and a redial.
    REQUIRE(simulation.run_until(
        [&] {
          return one.has_paths(other, kInterfaces) && other.has_paths(one, kInterfaces) &&
                 one.interfaces(other).size() == kInterfaces;
        },
        70s));
    for (auto* node : {&one, &other}) {
      auto& peer = node == &one ? other : one;
      node->received.clear();
      for (int i = 0; i < 50; ++i) {
        node->send(peer.overlay(), "ping");
        simulation.run_for(10ms);
      }
      simulation.run_for(1s);
      CHECK(node->count("pong") == 50);
    }
    CHECK(one.has_paths(other, kInterfaces));
  });
}

TEST_CASE("random paths: the same seed gives the same trace", "[sim][multipath][chaos]") {
  const auto run = [](std::uint64_t seed) {
    sim::Simulation simulation{seed};
    Storm storm{simulation};
    for (int i = 0; i < 20; ++i) {
      storm.step();
    }
    return simulation.trace_hash();
  };

  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CHECK(run(seed) == run(seed));
  }
  CHECK(run(1) != run(2));
}
