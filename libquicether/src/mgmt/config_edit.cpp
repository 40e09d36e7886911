#include "mgmt/config_schema.hpp"
#include "mgmt/file_io.hpp"
#include "mgmt/toml_document.hpp"
#include "mgmt/toml_text.hpp"
#include "mgmt/utf8.hpp"

#include <quicether/mgmt/config_edit.hpp>
#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <system_error>

namespace quicether::mgmt {
namespace {

using TextResult = boost::system::result<std::string, ConfigErrors>;

ConfigErrors one_error(std::string where, std::string_view key, std::string problem) {
  return {{{std::move(where), std::string{key}, std::move(problem)}}, false};
}

std::size_t offset_of_line(std::string_view text, std::uint32_t line) {
  std::size_t offset = 0;
  for (std::uint32_t number = 1; number < line; ++number) {
    const auto end = text.find('\n', offset);
    if (end == std::string_view::npos) {
      return text.size();
    }
    offset = end + 1;
  }
  return offset;
}

// Columns count characters, offsets bytes.
std::size_t offset_of(std::string_view text, TextPosition position) {
  auto offset = offset_of_line(text, position.line);
  for (std::uint32_t column = 1; column < position.column && offset < text.size(); ++column) {
    offset += first_character(text.substr(offset)).bytes;
  }
  return offset;
}

std::string replace_value(std::string_view text, const TomlNode& node, std::string_view value) {
  const auto begin = offset_of(text, node.begin);
  const auto end = offset_of(text, node.end);
  return fmt::format("{}{}{}", text.substr(0, begin), value, text.substr(end));
}

// Behind the line of the section's header, if it has one of its own.
std::optional<std::string> insert_below_header(std::string_view text,
                                               const TomlEntry& section,
                                               std::string_view line) {
  const auto begin = offset_of_line(text, section.position.line);
  if (!text.substr(begin).starts_with('[' + section.name + ']')) {
    return std::nullopt;
  }
  const auto end = text.find('\n', begin);
  if (end == std::string_view::npos) {
    return fmt::format("{}\n{}\n", text, line);
  }
  return fmt::format("{}{}\n{}", text.substr(0, end + 1), line, text.substr(end + 1));
}

std::string append_section(std::string_view text, std::string_view section, std::string_view line) {
  const std::string_view gap = text.empty() ? "" : text.ends_with('\n') ? "\n" : "\n\n";
  return fmt::format("{}{}[{}]\n{}\n", text, gap, section, line);
}

std::string edited(std::string_view text,
                   const TomlNode& root,
                   const KeySpec& spec,
                   std::string_view value) {
  const auto line = fmt::format("{} = {}", spec.key(), value);
  const auto* section = root.find(spec.section());
  if (section == nullptr) {
    return append_section(text, spec.section(), line);
  }
  if (const auto* entry = section->node.find(spec.key())) {
    return replace_value(text, entry->node, value);
  }
  return insert_below_header(text, *section, line)
      .value_or(append_section(text, spec.section(), line));
}

TextResult check_value(const std::filesystem::path& name,
                       const KeySpec& spec,
                       const boost::json::value& value) {
  Config scratch;
  std::vector<ValueProblem> problems;
  if (!spec.read(ValueInput{value, name.parent_path(), problems}, scratch)) {
    return one_error("value", spec.name, problems.front().text);
  }
  return toml_value(value);
}

// What the key is in a text, to see that an edit did what it should and nothing else.
std::optional<boost::json::value> value_in(std::string_view text, const KeySpec& spec) {
  const auto root = parse_toml(text);
  const auto* section = root ? root->find(spec.section()) : nullptr;
  const auto* entry = section == nullptr ? nullptr : section->node.find(spec.key());
  return entry == nullptr ? std::nullopt : std::optional{entry->node.to_json()};
}

}  // namespace

TextResult edit_config_text(const std::filesystem::path& name,
                            std::string_view text,
                            std::string_view key,
                            std::string_view value) {
  const auto where = printable(name.string());
  const auto* spec = find_key(key);
  if (spec == nullptr) {
    const auto keys = config_keys();
    const auto close = closest_match(key, keys);
    return one_error(
        "key",
        printable(key, 64),
        close.empty() ? "unknown key" : fmt::format("unknown key; did you mean {}?", close));
  }
  if (spec->key().empty()) {
    return one_error(where, key, "has to be edited by hand: these are tables");
  }
  const auto json = value_from_text(spec->shape, value);
  auto written = check_value(name, *spec, json);
  if (!written) {
    return written;
  }
  if (const auto before = load_config_text(name, text); !before) {
    return before.error();
  }
  auto result = edited(text, *parse_toml(text), *spec, *written);
  if (value_in(result, *spec) != json) {
    return one_error(where, key, "has to be edited by hand: it is written in an unusual form");
  }
  if (const auto after = load_config_text(name, result); !after) {
    return after.error();
  }
  return result;
}

boost::system::result<void, ConfigErrors> edit_config_file(const std::filesystem::path& file,
                                                           std::string_view key,
                                                           std::string_view value) {
  const auto where = printable(file.string());
  auto text = read_file(file, kConfigFileBytesMax);
  if (!text && text.error() == boost::system::errc::no_such_file_or_directory) {
    std::error_code failed;
    std::filesystem::create_directories(file.parent_path(), failed);
    text = std::string{};
  }
  if (!text) {
    return one_error(where, {}, "cannot be read: " + text.error().message());
  }
  const auto result = edit_config_text(file, *text, key, value);
  if (!result) {
    return result.error();
  }
  if (const auto written = replace_file(file, *result); !written) {
    return one_error(where, {}, "cannot be written: " + written.error().message());
  }
  return {};
}

}  // namespace quicether::mgmt
