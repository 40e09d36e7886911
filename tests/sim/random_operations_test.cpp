#include "mesh.hpp"

#include <chrono>

using namespace quicether;
using namespace quicether::testing;
using namespace std::chrono_literals;

namespace {

enum class Operation { kill, restart, cut, heal, impair, pause, resume, roam, send, count };

/// A mesh to which things happen at random.
class Chaos {
 public:
  explicit Chaos(sim::Simulation& simulation, std::size_t nodes)
      : simulation_{simulation},
        mesh_{simulation, nodes},
        random_{simulation.make_random("chaos")} {
    for (auto& node : mesh_.nodes) {
      node->underlay.address = IpAddress{};  // they roam
    }
    std::vector<std::vector<NodePeer>> wanted(nodes);
    for (std::size_t i = 0; i < nodes; ++i) {
      for (std::size_t j = 0; j < nodes; ++j) {
        if (i != j) {
          wanted[i].push_back(mesh_[j].as_peer(false));
          wanted[i].back().addresses = {{home(j), 9000}};
        }
      }
      mesh_[i].start(std::move(wanted[i]));
    }
  }

  [[nodiscard]] Mesh& mesh() noexcept { return mesh_; }

  void step() {
    auto& node = mesh_[random_.below(mesh_.nodes.size())];
    auto& other = mesh_[random_.below(mesh_.nodes.size())];
    switch (static_cast<Operation>(random_.below(static_cast<std::uint64_t>(Operation::count)))) {
      case Operation::kill:
        if (node.node) {
          resume(node);
          node.kill();
        }
        break;
      case Operation::restart:
        restart(node);
        break;
      case Operation::cut:
        if (&node != &other) {
          simulation_.network().block(*node.host, *other.host);
        }
        break;
      case Operation::heal:
        simulation_.network().heal();
        break;
      case Operation::impair:
        if (&node != &other) {
          sim::LinkModel model;
          model.delay = Duration{random_.below(100'000'000)};
          model.jitter = Duration{random_.below(10'000'000)};
          model.loss = static_cast<double>(random_.below(30)) / 100;
          model.duplication = static_cast<double>(random_.below(5)) / 100;
          model.reorder = static_cast<double>(random_.below(5)) / 100;
          model.corruption = static_cast<double>(random_.below(3)) / 100;
          simulation_.network().set_path(*node.host, *other.host, model);
        }
        break;
      case Operation::pause:
        if (node.node) {
          node.host->pause();
        }
        break;
      case Operation::resume:
        resume(node);
        break;
      case Operation::roam:
        roam(node, IpAddress::v4({198, 51, 100, next_address_++}));
        break;
      case Operation::send:
      case Operation::count:
        if (node.node && other.node && node.host->running() && &node != &other) {
          node.send(other.overlay(), "chaos");
        }
        break;
    }
    simulation_.run_for(Duration{random_.below(2'000'000'000)});
  }

  /// Ends all faults: every node runs, at home, on perfect links.
  void calm() {
    simulation_.network().heal();
    for (std::size_t i = 0; i < mesh_.nodes.size(); ++i) {
      resume(mesh_[i]);
      restart(mesh_[i]);
      roam(mesh_[i], home(i));
      for (std::size_t j = 0; j < i; ++j) {
        simulation_.network().set_path(*mesh_[i].host, *mesh_[j].host, sim::LinkModel{});
      }
    }
  }

 private:
  static IpAddress home(std::size_t index) {
    return IpAddress::v4({192, 0, 2, static_cast<std::uint8_t>(index + 1)});
  }

  static void restart(MeshNode& node) {
    if (!node.node) {
      node.restart();
    }
  }

  static void resume(MeshNode& node) {
    if (node.node) {
      node.host->resume();
    }
  }

  static void roam(MeshNode& node, const IpAddress& address) {
    node.host->interface().set_addresses({{address, 24}});
  }

  sim::Simulation& simulation_;
  Mesh mesh_;
  SeededRandom random_;
  std::uint8_t next_address_ = 1;
};

}  // namespace

TEST_CASE("random operations: when the faults end, everybody reaches everybody again",
          "[sim][chaos]") {
  simulate(200, [](sim::Simulation& simulation) {
    Chaos chaos{simulation, 3};
    for (int i = 0; i < 30; ++i) {
      chaos.step();
    }
    chaos.calm();

    auto& mesh = chaos.mesh();
    const auto all_answer = [&] {
      for (auto& from : mesh.nodes) {
        for (auto& to : mesh.nodes) {
          if (from != to && from->connected(*to)) {
            from->send(to->overlay(), "ping");
          }
        }
      }
      simulation.run_for(500ms);
      return std::ranges::all_of(mesh.nodes,
                                 [&](const auto& node) { return node->count("pong") >= 2; });
    };
    for (auto& node : mesh.nodes) {
      node->received.clear();
    }
    // An idle timeout, in case a side lost a session without noticing, and a redial.
    REQUIRE(simulation.run_until([&] { return mesh.all_connected(); }, 70s));
    bool answered = false;
    for (int i = 0; i < 80 && !answered; ++i) {
      answered = all_answer();
    }
    CHECK(answered);

    simulation.run_for(60s);
    for (auto& one : mesh.nodes) {
      for (auto& other : mesh.nodes) {
        if (one != other) {
          CHECK(one->peer(*other)->paths.size() == 1);
        }
      }
    }
  });
}

TEST_CASE("random operations: the same seed gives the same trace", "[sim][chaos]") {
  const auto run = [](std::uint64_t seed) {
    sim::Simulation simulation{seed};
    Chaos chaos{simulation, 3};
    for (int i = 0; i < 20; ++i) {
      chaos.step();
    }
    return simulation.trace_hash();
  };

  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CHECK(run(seed) == run(seed));
  }
  CHECK(run(1) != run(2));
}
