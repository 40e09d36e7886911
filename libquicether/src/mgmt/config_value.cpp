#include "mgmt/config_value.hpp"

#include <quicether/mgmt/text.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

namespace quicether::mgmt {
namespace {

constexpr std::size_t kShownBytesMax = 64;

std::string describe_number(double number) {
  auto text = fmt::format("{}", number);
  if (std::isfinite(number) && text.find_first_of(".e") == std::string::npos) {
    text += ".0";
  }
  return text;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    if (comma != std::string_view::npos && text.empty()) {
      parts.emplace_back();  // a comma at the end is followed by an empty part
    }
  }
  return parts;
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end) {
    return std::nullopt;
  }
  return number;
}

boost::json::value text_value(std::string_view text) {
  return boost::json::string{text};
}

boost::json::value integer_value(std::string_view text) {
  if (const auto number = parse_number<std::int64_t>(text)) {
    return *number;
  }
  return text_value(text);
}

boost::json::value boolean_value(std::string_view text) {
  if (text == "true" || text == "false") {
    return text == "true";
  }
  return text_value(text);
}

boost::json::value number_table_value(std::string_view text) {
  boost::json::object table;
  for (const auto part : split(text)) {
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) {
      return text_value(text);
    }
    const auto number = parse_number<double>(part.substr(equals + 1));
    table[part.substr(0, equals)] =
        number ? boost::json::value(*number) : text_value(part.substr(equals + 1));
  }
  return table;
}

boost::json::value peer_value(std::string_view text) {
  boost::json::object peer;
  const auto at = text.find('@');
  if (at != std::string_view::npos) {
    peer["id"] = text_value(text.substr(0, at));
  }
  const auto endpoint = at == std::string_view::npos ? text : text.substr(at + 1);
  peer["endpoints"] = boost::json::array{text_value(endpoint)};
  return peer;
}

boost::json::value list_value(std::string_view text,
                              boost::json::value (*part_value)(std::string_view)) {
  boost::json::array list;
  for (const auto part : split(text)) {
    list.push_back(part_value(part));
  }
  return list;
}

}  // namespace

ValueInput ValueInput::part(ValueStep step, const boost::json::value& value) const {
  ValueInput input{value, *base_, *problems_};
  input.path_ = path_;
  input.path_.push_back(std::move(step));
  return input;
}

bool ValueInput::expected(std::string_view expected) const {
  return report(false, fmt::format("found {}, expected {}", describe_value(*value_), expected));
}

bool ValueInput::wrong(std::string text) const {
  return report(false, std::move(text));
}

bool ValueInput::wrong_name(std::string text) const {
  return report(true, std::move(text));
}

bool ValueInput::report(bool at_name, std::string text) const {
  problems_->push_back({path_, at_name, std::move(text)});
  return false;
}

std::string describe_value(const boost::json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "a date or time";
    case boost::json::kind::bool_:
      return value.get_bool() ? "true" : "false";
    case boost::json::kind::int64:
      return fmt::format("{}", value.get_int64());
    case boost::json::kind::uint64:
      return fmt::format("{}", value.get_uint64());
    case boost::json::kind::double_:
      return describe_number(value.get_double());
    case boost::json::kind::string:
      return quote(std::string_view{value.get_string()}, kShownBytesMax);
    case boost::json::kind::array:
      return "a list";
    case boost::json::kind::object:
      return "a table";
  }
  return {};
}

boost::json::value value_from_text(ValueShape shape, std::string_view text) {
  switch (shape) {
    case ValueShape::text:
      return text_value(text);
    case ValueShape::integer:
      return integer_value(text);
    case ValueShape::boolean:
      return boolean_value(text);
    case ValueShape::text_list:
      return list_value(text, text_value);
    case ValueShape::integer_list:
      return list_value(text, integer_value);
    case ValueShape::number_table:
      return number_table_value(text);
    case ValueShape::peer_list:
      return list_value(text, peer_value);
  }
  return {};
}

}  // namespace quicether::mgmt
