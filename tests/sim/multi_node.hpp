#ifndef QUICETHER_TESTS_SIM_MULTI_NODE_HPP
#define QUICETHER_TESTS_SIM_MULTI_NODE_HPP

#include "mesh.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace quicether::testing {

using Texts = std::set<std::string>;

/// A node on a host with several interfaces, eth0, eth1 …, each in a network of its own: a node
/// with `number` 7 has 10.0.0.7/24, 10.0.1.7/24 … The port is bound on all of them.
struct MultiNode : MeshNode {
  MultiNode(sim::Simulation& simulation,
            const std::string& name,
            std::uint8_t number_on_its_networks,
            std::uint8_t interfaces)
      : MeshNode{simulation, name, address(0, number_on_its_networks)},
        number{number_on_its_networks} {
    for (std::uint8_t i = 1; i < interfaces; ++i) {
      add(i);
    }
    adjust = [this](NodeConfig& config) {
      config.transport.socket.bind = {IpAddress::v6({}), 9000};
      config.paths.multipath.enabled = enabled;
      config.paths.multipath.accept = accept;
      config.paths.multipath.interfaces = chosen;
    };
  }

  void add(std::uint8_t network) {
    sim::InterfaceOptions interface;
    interface.name = "eth" + std::to_string(network);
    interface.addresses = {{address(network, number), 24}};
    host->add_interface(interface);
  }

  [[nodiscard]] static IpAddress address(std::uint8_t network, std::uint8_t host_number) {
    return IpAddress::v4({10, 0, network, host_number});
  }

  [[nodiscard]] std::vector<PathStatus> paths(const MeshNode& other) const {
    const auto status = peer(other);
    return status ? status->paths : std::vector<PathStatus>{};
  }

  /// Where the active paths to another node run, as "eth0 10.0.0.2".
  [[nodiscard]] Texts active(const MeshNode& other) const {
    Texts texts;
    for (const auto& one : paths(other)) {
      if (one.state == path::PathState::active) {
        texts.insert(one.interface + " " + one.remote.address.to_string());
      }
    }
    return texts;
  }

  /// Those of the active paths.
  [[nodiscard]] Texts interfaces(const MeshNode& other) const {
    Texts names;
    for (const auto& one : paths(other)) {
      if (one.state == path::PathState::active) {
        names.insert(one.interface);
      }
    }
    return names;
  }

  [[nodiscard]] bool has_paths(const MeshNode& other, std::size_t count) const {
    return active(other).size() == count && paths(other).size() == count;
  }

  std::uint8_t number;
  bool enabled = true;
  bool accept = false;
  std::vector<std::string> chosen{};
};

}  // namespace quicether::testing

#endif  // QUICETHER_TESTS_SIM_MULTI_NODE_HPP
