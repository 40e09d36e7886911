#ifndef QUICETHER_BENCH_SCALE_BOND_SIM_BONDS_HPP
#define QUICETHER_BENCH_SCALE_BOND_SIM_BONDS_HPP

#include <quicether/base/time.hpp>
#include <quicether/sim/link.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace quicether::bench {

/// A link that loses everything in the last part of each period.
struct Flap {
  std::size_t link = 0;
  Duration period{};
  Duration silent{};

  [[nodiscard]] bool silent_at(Duration since_start) const noexcept {
    return since_start % period >= period - silent;
  }
};

/// One entry of bench/net/profiles.toml.
struct Bond {
  std::string name{};
  std::string title{};
  std::vector<sim::LinkModel> there{};
  std::vector<sim::LinkModel> back{};  ///< as many
  std::vector<Flap> flaps{};
  Duration warm{};
};

/// Throws std::invalid_argument, or what toml++ does.
[[nodiscard]] std::vector<Bond> load_bonds(const std::string& path);

}  // namespace quicether::bench

#endif  // QUICETHER_BENCH_SCALE_BOND_SIM_BONDS_HPP
