#ifndef QUICETHER_TESTS_SIM_MEMBERS_HPP
#define QUICETHER_TESTS_SIM_MEMBERS_HPP

#include "mesh.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace quicether::testing {

inline constexpr const char* kMembersSecret = "correct horse battery staple";

/// Nodes of one network, each in a network of its own; all but the first know the first one's
/// address, and of the others nothing.
struct Members {
  Members(sim::Simulation& world, std::size_t count) : simulation{world} {
    sim::LinkModel line;
    line.delay = std::chrono::milliseconds{10};
    for (std::uint8_t i = 0; i < count; ++i) {
      const auto address = IpAddress::v4({20, static_cast<std::uint8_t>(i + 1), 0, 1});
      nodes.push_back(std::make_unique<MeshNode>(world, "n" + std::to_string(int{i}), address));
      for (std::size_t other = 0; other < i; ++other) {
        world.network().set_path(*nodes[other]->host, *nodes[i]->host, line);
      }
      nodes[i]->network_secret = kMembersSecret;
      nodes[i]->discovery.emplace();
      if (i > 0) {
        nodes[i]->discovery->dht.bootstrap = {nodes[0]->underlay};
      }
    }
  }

  void start_all() {
    for (auto& node : nodes) {
      node->start({});
    }
  }

  void connect_all() {
    start_all();
    REQUIRE(simulation.run_until([&] { return all_connected(); }, std::chrono::seconds{30}));
  }

  [[nodiscard]] bool all_connected(std::size_t first = 0) const {
    return testing::all_connected(MeshNodes{nodes}.subspan(first));
  }

  MeshNode& operator[](std::size_t index) { return *nodes[index]; }

  sim::Simulation& simulation;
  std::vector<std::unique_ptr<MeshNode>> nodes{};
};

}  // namespace quicether::testing

#endif  // QUICETHER_TESTS_SIM_MEMBERS_HPP
