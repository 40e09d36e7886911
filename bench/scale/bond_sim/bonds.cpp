#include "bonds.hpp"

#include "profile.hpp"

#include <toml++/toml.h>

#include <chrono>
#include <stdexcept>

namespace quicether::bench {
namespace {

Duration seconds(double value) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>{value});
}

std::vector<sim::LinkModel> links(const toml::array& texts) {
  std::vector<sim::LinkModel> found;
  for (const auto& text : texts) {
    found.push_back(parse_profile(text.value<std::string>().value()));
  }
  return found;
}

Bond bond(const toml::table& entry) {
  Bond found;
  found.name = entry["name"].value<std::string>().value();
  found.title = entry["title"].value<std::string>().value();
  found.there = links(*entry["links"].as_array());
  const auto* back = entry["back"].as_array();
  found.back = back != nullptr ? links(*back) : found.there;
  found.warm = seconds(entry["warm"].value_or(3.0));
  if (found.back.size() != found.there.size()) {
    throw std::invalid_argument{found.name + ": as many links back as there are needed"};
  }
  if (const auto* flaps = entry["flaps"].as_array()) {
    for (const auto& flap : *flaps) {
      const auto& table = *flap.as_table();
      found.flaps.push_back({table["link"].value<std::size_t>().value(),
                             seconds(table["period"].value<double>().value()),
                             seconds(table["silent"].value<double>().value())});
    }
  }
  return found;
}

}  // namespace

std::vector<Bond> load_bonds(const std::string& path) {
  const auto file = toml::parse_file(path);
  std::vector<Bond> bonds;
  for (const auto& entry : *file["bond"].as_array()) {
    bonds.push_back(bond(*entry.as_table()));
  }
  return bonds;
}

}  // namespace quicether::bench
