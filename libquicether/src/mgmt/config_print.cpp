#include "mgmt/config_schema.hpp"
#include "mgmt/json_text.hpp"
#include "mgmt/toml_text.hpp"

#include <quicether/mgmt/config_loader.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

namespace quicether::mgmt {
namespace {

std::string peer_tables(const boost::json::value& peers) {
  std::string text;
  for (const auto& peer : peers.get_array()) {
    text += "\n[[peer]]\n";
    for (const auto& entry : peer.get_object()) {
      text += fmt::format("{} = {}\n", std::string_view{entry.key()}, toml_value(entry.value()));
    }
  }
  return text;
}

std::string origin_comment(const LoadedConfig& loaded, std::string_view key) {
  const auto origin = loaded.origins.find(std::string{key});
  return "  # " + (origin == loaded.origins.end() ? "default" : origin->second);
}

bool is_unset(const boost::json::value& value) {
  return value.is_null() || (value.is_array() && value.get_array().empty()) ||
         (value.is_object() && value.get_object().empty());
}

}  // namespace

std::vector<std::string_view> config_keys() {
  std::vector<std::string_view> names;
  for (const auto& spec : config_schema()) {
    names.push_back(spec.name);
  }
  return names;
}

result<std::string> config_value_json(const Config& config, std::string_view key) {
  const auto* spec = find_key(key);
  if (spec == nullptr) {
    return errc::not_found;
  }
  return json_text(spec->write(config));
}

std::string config_json(const Config& config) {
  boost::json::object sections;
  for (const auto& spec : config_schema()) {
    if (spec.key().empty()) {
      sections[spec.name] = spec.write(config);
      continue;
    }
    auto& section = sections[spec.section()];
    if (!section.is_object()) {
      section.emplace_object();
    }
    section.get_object()[spec.key()] = spec.write(config);
  }
  return json_text(sections);
}

std::string config_toml(const LoadedConfig& loaded, bool origins) {
  std::string text;
  std::string peers;
  std::string_view section;
  for (const auto& spec : config_schema()) {
    const auto value = spec.write(loaded.config);
    if (spec.key().empty()) {
      peers = peer_tables(value);  // last, or the keys behind would belong to a peer
      continue;
    }
    if (spec.section() != section) {
      section = spec.section();
      text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", section);
    }
    const auto comment = origins ? origin_comment(loaded, spec.name) : std::string{};
    text += is_unset(value) ? fmt::format("# {} is not set\n", spec.key())
                            : fmt::format("{} = {}{}\n", spec.key(), toml_value(value), comment);
  }
  return text + peers;
}

ConfigChanges compare_configs(const Config& before, const Config& after) {
  ConfigChanges changes;
  for (const auto& spec : config_schema()) {
    // The secret is compared too, though nothing writes it.
    const bool secret =
        spec.name == "network.secret_file" && before.network.secret != after.network.secret;
    if (secret || spec.write(before) != spec.write(after)) {
      (spec.live ? changes.live : changes.restart).emplace_back(spec.name);
    }
  }
  return changes;
}

}  // namespace quicether::mgmt
