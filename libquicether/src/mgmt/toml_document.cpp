#include "mgmt/toml_document.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>

// The parser reports errors by value, and is compiled in here: Debian's shared one throws. This is
// the only file that includes it.
#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace quicether::mgmt {
namespace {

TextPosition to_position(const toml::source_position& position) noexcept {
  return {static_cast<std::uint32_t>(position.line), static_cast<std::uint32_t>(position.column)};
}

TomlNode convert(const toml::node& node);

void convert_table(const toml::table& table, TomlNode& out) {
  out.kind = TomlNode::Kind::table;
  for (const auto& [key, child] : table) {
    out.entries.push_back(
        {std::string{key.str()}, to_position(key.source().begin), convert(child)});
  }
  std::sort(out.entries.begin(), out.entries.end(), [](const auto& left, const auto& right) {
    return left.position < right.position;
  });
}

void convert_array(const toml::array& array, TomlNode& out) {
  out.kind = TomlNode::Kind::list;
  for (const auto& child : array) {
    out.elements.push_back(convert(child));
  }
}

// Recursion is bounded by the parser's own limit on nesting (TOML_MAX_NESTED_VALUES, 256).
TomlNode convert(const toml::node& node) {
  TomlNode out;
  out.begin = to_position(node.source().begin);
  out.end = to_position(node.source().end);
  if (const auto* table = node.as_table()) {
    convert_table(*table, out);
  } else if (const auto* array = node.as_array()) {
    convert_array(*array, out);
  } else if (const auto* text = node.as_string()) {
    out.scalar = boost::json::string{text->get()};
  } else if (const auto* integer = node.as_integer()) {
    out.scalar = integer->get();
  } else if (const auto* number = node.as_floating_point()) {
    out.scalar = number->get();
  } else if (const auto* boolean = node.as_boolean()) {
    out.scalar = boolean->get();
  }
  return out;
}

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kBlank = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

bool is_bare_key(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

std::string_view section_of(std::string_view line) noexcept {
  if (line.empty() || line.front() != '[') {
    return {};
  }
  const auto name = line.substr(std::min(line.find_first_not_of('['), line.size()));
  return trimmed(name.substr(0, name.find(']')));
}

// A parser that fails has no tree to ask for the key, so this reads the lines up to the error the
// way a person would.
std::string guess_key(std::string_view text, std::uint32_t error_line) {
  std::string_view section;
  std::string_view key;
  for (std::uint32_t number = 1; number <= error_line && !text.empty(); ++number) {
    const auto length = std::min(text.find('\n'), text.size());
    const auto line = trimmed(text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
    const auto name = trimmed(line.substr(0, line.find('=')));
    if (const auto found = section_of(line); is_bare_key(found)) {
      section = found;
      key = {};
    } else if (line.find('=') != std::string_view::npos && is_bare_key(name)) {
      key = name;
    }
  }
  std::string whole{section};
  if (!section.empty() && !key.empty()) {
    whole += '.';
  }
  return whole.append(key);
}

}  // namespace

const TomlEntry* TomlNode::find(std::string_view name) const noexcept {
  const auto entry = std::find_if(
      entries.begin(), entries.end(), [name](const TomlEntry& e) { return e.name == name; });
  return entry == entries.end() ? nullptr : &*entry;
}

boost::json::value TomlNode::to_json() const {
  if (kind == Kind::scalar) {
    return scalar;
  }
  if (kind == Kind::list) {
    boost::json::array list;
    for (const auto& element : elements) {
      list.push_back(element.to_json());
    }
    return list;
  }
  boost::json::object table;
  for (const auto& entry : entries) {
    table.emplace(entry.name, entry.node.to_json());
  }
  return table;
}

boost::system::result<TomlNode, TomlError> parse_toml(std::string_view text) {
  const auto parsed = toml::parse(text, std::string_view{});
  if (!parsed) {
    const auto position = to_position(parsed.error().source().begin);
    return TomlError{
        position, guess_key(text, position.line), std::string{parsed.error().description()}};
  }
  return convert(parsed.table());
}

}  // namespace quicether::mgmt
