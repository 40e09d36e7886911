#include "mgmt/config_merge.hpp"

#include "mgmt/peers_codec.hpp"

#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <system_error>
#include <utility>

namespace quicether::mgmt {
namespace {

constexpr std::string_view kPrefix = "QUICETHER_";

// "NETWORK_MTU" for "network.mtu".
std::string variable_suffix(const KeySpec& spec) {
  std::string name{spec.name};
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  });
  return name;
}

const std::map<std::string, const KeySpec*, std::less<>>& variables() {
  static const auto kVariables = [] {
    std::map<std::string, const KeySpec*, std::less<>> variables;
    for (const auto& spec : config_schema()) {
      variables[variable_suffix(spec)] = &spec;
    }
    return variables;
  }();
  return kVariables;
}

std::string_view closest_variable(std::string_view suffix) {
  std::vector<std::string_view> names;
  for (const auto& [name, spec] : variables()) {
    names.push_back(name);
  }
  return closest_match(suffix, names);
}

std::filesystem::path current_folder() {
  std::error_code ignored;  // a folder that was removed: relative paths stay as they are
  return std::filesystem::current_path(ignored);
}

bool is_list(ValueShape shape) noexcept {
  return shape == ValueShape::text_list || shape == ValueShape::integer_list ||
         shape == ValueShape::number_table || shape == ValueShape::peer_list;
}

// "peer.endpoints" for a part of "peer".
std::string name_of_part(std::string_view key, const ValueProblem& problem) {
  std::string name{key};
  for (const auto& step : problem.path) {
    if (const auto* member = std::get_if<std::string>(&step)) {
      name += '.' + printable(*member, 64);
    }
  }
  return name;
}

}  // namespace

std::string Diagnostic::to_string() const {
  return key.empty() ? fmt::format("{}: {}", where, problem)
                     : fmt::format("{}: {}: {}", where, key, problem);
}

std::string ConfigErrors::to_string() const {
  std::string text;
  for (const auto& error : errors) {
    text += error.to_string() + '\n';
  }
  return text;
}

void ConfigMerge::apply(const KeySpec& spec,
                        const boost::json::value& value,
                        const std::filesystem::path& base,
                        const Locate& locate) {
  std::vector<ValueProblem> problems;
  const ValueInput input{value, base, problems};
  Config only_peers;  // peers add up, everything else is replaced
  const bool peers = spec.name == "peer";
  if (spec.read(input, peers ? only_peers : loaded_.config)) {
    loaded_.origins[std::string{spec.name}] = locate(nullptr).where;
  }
  if (peers) {
    merge_peers(loaded_.config.peer, std::move(only_peers.peer));
  }
  for (auto& problem : problems) {
    fail(locate(&problem), name_of_part(spec.name, problem), std::move(problem.text));
  }
}

void ConfigMerge::add_variable(std::string_view name, std::string_view value) {
  if (!name.starts_with(kPrefix) || name == "QUICETHER_CONFIG") {
    return;
  }
  const auto where = "environment " + printable(name, 128);
  const auto suffix = name.substr(kPrefix.size());
  const auto variable = variables().find(suffix);
  if (variable != variables().end()) {
    const auto& spec = *variable->second;
    apply(spec, value_from_text(spec.shape, value), current_folder(), [&](const ValueProblem*) {
      return ConfigPlace{where, {}};
    });
    return;
  }
  // Other programs may use the prefix, a typing error must not pass: tell them by likeness.
  const auto close = closest_variable(suffix);
  if (close.empty()) {
    loaded_.warnings.push_back({where, {}, "no setting has this name: ignored"});
  } else {
    fail({where, {}}, {}, fmt::format("unknown setting; did you mean {}{}?", kPrefix, close));
  }
}

void ConfigMerge::add_flags(const ParsedFlags& flags) {
  std::map<std::string_view, std::vector<std::string_view>> texts;
  for (const auto& [flag, text] : flags.values) {
    texts[flag].push_back(text);
  }
  for (const auto& flag : config_flags()) {
    const auto given = texts.find(flag.name);
    const auto* spec = find_key(flag.key);
    if (given == texts.end() || spec == nullptr) {
      continue;
    }
    if (given->second.size() > 1 && !is_list(spec->shape)) {
      fail({fmt::format("flag --{}", flag.name), {}}, flag.key, "given twice, expected once");
      continue;
    }
    add_flag(*spec, flag.name, fmt::format("{}", fmt::join(given->second, ",")));
    if (flag.name == "multipath") {
      add_flag(*find_key("multipath.enabled"), flag.name, "true");
    }
  }
}

void ConfigMerge::add_flag(const KeySpec& spec, std::string_view flag, std::string_view text) {
  apply(spec, value_from_text(spec.shape, text), current_folder(), [flag](const ValueProblem*) {
    return ConfigPlace{fmt::format("flag --{}", flag), {}};
  });
}

void ConfigMerge::fail(ConfigPlace place, std::string_view key, std::string problem) {
  errors_.push_back({place.position,
                     errors_.size(),
                     {std::move(place.where), std::string{key}, std::move(problem)}});
}

void ConfigMerge::fail_key(std::string_view key, std::string problem) {
  fail({origin_of(key), {}}, key, std::move(problem));
}

void ConfigMerge::warn_key(std::string_view key, std::string problem) {
  loaded_.warnings.push_back({origin_of(key), std::string{key}, std::move(problem)});
}

bool ConfigMerge::has_origin(std::string_view key) const {
  return loaded_.origins.contains(std::string{key});
}

std::string ConfigMerge::origin_of(std::string_view key) const {
  const auto origin = loaded_.origins.find(std::string{key});
  return origin == loaded_.origins.end() ? "default" : origin->second;
}

}  // namespace quicether::mgmt
