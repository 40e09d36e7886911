#include "mgmt/json_text.hpp"

#include <quicether/mgmt/text.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <cmath>

namespace quicether::mgmt {
namespace {

void append(std::string& out, const boost::json::value& value);

void append_list(std::string& out, const boost::json::array& list) {
  out += '[';
  for (const auto& part : list) {
    out += &part == list.data() ? "" : ",";
    append(out, part);
  }
  out += ']';
}

void append_table(std::string& out, const boost::json::object& table) {
  out += '{';
  for (const auto& entry : table) {
    out += &entry == table.begin() ? "" : ",";
    out += json_quote(entry.key()) + ':';
    append(out, entry.value());
  }
  out += '}';
}

// As short as it can be, and told from an integer by its point.
void append_number(std::string& out, double number) {
  const auto text = fmt::format("{}", number);
  const bool plain = text.find_first_of(".e") == std::string::npos;
  out += !std::isfinite(number) ? "null" : plain ? text + ".0" : text;
}

// Only values made by this program come here, so the recursion is as deep as its schema.
void append(std::string& out, const boost::json::value& value) {
  if (const auto* text = value.if_string()) {
    out += json_quote(*text);
  } else if (const auto* list = value.if_array()) {
    append_list(out, *list);
  } else if (const auto* table = value.if_object()) {
    append_table(out, *table);
  } else if (const auto* number = value.if_double()) {
    append_number(out, *number);
  } else {
    out += boost::json::serialize(value);
  }
}

}  // namespace

std::string json_text(const boost::json::value& value) {
  std::string out;
  append(out, value);
  return out;
}

}  // namespace quicether::mgmt
