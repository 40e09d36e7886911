#include "mgmt/config_merge.hpp"
#include "mgmt/file_io.hpp"

#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <system_error>
#include <tuple>

namespace quicether::mgmt {
namespace {

constexpr std::size_t kNameBytesMax = 64;  // of an unknown name in a message

ConfigPlace place_in(const std::filesystem::path& path, TextPosition position) {
  return {fmt::format("{}:{}:{}", printable(path.string()), position.line, position.column),
          position};
}

// The part of a key's value that a problem is about.
TextPosition position_of(const TomlEntry& entry, const ValueProblem& problem) {
  const TomlEntry* current = &entry;
  const TomlNode* node = &entry.node;
  for (const auto& step : problem.path) {
    if (const auto* index = std::get_if<std::size_t>(&step)) {
      if (*index >= node->elements.size()) {
        break;  // a single item written without its list
      }
      node = &node->elements[*index];
    } else {
      current = node->find(std::get<std::string>(step));
      if (current == nullptr) {
        return node->begin;
      }
      node = &current->node;
    }
  }
  return problem.at_name ? current->position : node->begin;
}

std::vector<std::string_view> section_names() {
  std::set<std::string_view> names;
  for (const auto& spec : config_schema()) {
    names.insert(spec.section());
  }
  return {names.begin(), names.end()};
}

bool is_section(std::string_view name) {
  const auto names = section_names();
  return name != "peer" && std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string_view> keys_of(std::string_view section) {
  std::vector<std::string_view> keys;
  for (const auto& spec : config_schema()) {
    if (spec.section() == section) {
      keys.push_back(spec.key());
    }
  }
  return keys;
}

// The key of this name in any section.
const KeySpec* find_elsewhere(std::string_view name) {
  const auto schema = config_schema();
  const auto found = std::find_if(schema.begin(), schema.end(), [name](const KeySpec& spec) {
    return !spec.key().empty() && spec.key() == name;
  });
  return found == schema.end() ? nullptr : &*found;
}

std::string unknown_top_level(const TomlEntry& entry) {
  if (entry.name == "rules" || entry.name == "policy") {
    return "unknown section; rules belong into the file that security.policy_file names";
  }
  if (const auto* elsewhere = find_elsewhere(entry.name);
      elsewhere != nullptr && entry.node.kind != TomlNode::Kind::table) {
    return fmt::format("unknown key outside of a section; did you mean {}?", elsewhere->name);
  }
  const auto sections = section_names();
  const auto close = closest_match(entry.name, sections);
  return close.empty()
             ? fmt::format("unknown section, expected one of {}", fmt::join(sections, ", "))
             : fmt::format("unknown section; did you mean [{}]?", close);
}

std::string unknown_key(std::string_view section, std::string_view name) {
  if (section == "network" && name == "secret") {
    return "unknown key; a secret belongs into a file of its own: network.secret_file names it";
  }
  const auto keys = keys_of(section);
  if (const auto close = closest_match(name, keys); !close.empty()) {
    return fmt::format("unknown key; did you mean \"{}\"?", close);
  }
  if (const auto* elsewhere = find_elsewhere(name)) {
    return fmt::format("unknown key; did you mean {}?", elsewhere->name);
  }
  return fmt::format("unknown key, expected one of {}", fmt::join(keys, ", "));
}

}  // namespace

void ConfigMerge::add_file(const std::filesystem::path& path, bool must_exist) {
  auto text = read_file(path, kConfigFileBytesMax);
  if (text) {
    add_text(path, *text);
    return;
  }
  if (text.error() == boost::system::errc::no_such_file_or_directory && !must_exist) {
    return;
  }
  const auto why = text.error() == errc::too_large
                       ? fmt::format("larger than {} bytes", kConfigFileBytesMax)
                       : text.error().message();
  fail({printable(path.string()), {}}, {}, "cannot be read: " + why);
}

void ConfigMerge::add_text(const std::filesystem::path& path, std::string_view text) {
  if (text.size() > kConfigFileBytesMax) {
    fail({printable(path.string()), {}},
         {},
         fmt::format("larger than {} bytes", kConfigFileBytesMax));
    return;
  }
  loaded_.files.push_back(path);
  const auto root = parse_toml(text);
  if (!root) {
    fail(place_in(path, root.error().position),
         printable(root.error().key),
         "not valid TOML: " + printable(root.error().reason));
    return;
  }
  const auto first = static_cast<std::ptrdiff_t>(errors_.size());
  for (const auto& entry : root->entries) {
    add_top_level(path, entry);
  }
  std::sort(errors_.begin() + first, errors_.end(), [](const Found& left, const Found& right) {
    return std::tie(left.position, left.order) < std::tie(right.position, right.order);
  });
}

void ConfigMerge::add_top_level(const std::filesystem::path& path, const TomlEntry& entry) {
  const auto place = place_in(path, entry.position);
  if (entry.name == "peer") {
    add_entry(path, *find_key("peer"), entry);
    return;
  }
  if (!is_section(entry.name)) {
    fail(place, printable(entry.name, kNameBytesMax), unknown_top_level(entry));
    return;
  }
  if (entry.node.kind != TomlNode::Kind::table) {
    fail(place,
         entry.name,
         fmt::format(
             "found {}, expected a table: [{}]", describe_value(entry.node.to_json()), entry.name));
    return;
  }
  for (const auto& member : entry.node.entries) {
    const auto name = entry.name + '.' + member.name;
    if (const auto* spec = find_key(name)) {
      add_entry(path, *spec, member);
    } else {
      fail(place_in(path, member.position),
           entry.name + '.' + printable(member.name, kNameBytesMax),
           unknown_key(entry.name, member.name));
    }
  }
}

void ConfigMerge::add_entry(const std::filesystem::path& path,
                            const KeySpec& spec,
                            const TomlEntry& entry) {
  apply(spec, entry.node.to_json(), path.parent_path(), [&](const ValueProblem* problem) {
    return place_in(path, problem == nullptr ? entry.position : position_of(entry, *problem));
  });
}

}  // namespace quicether::mgmt
