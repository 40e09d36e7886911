#include "mgmt/toml_text.hpp"

#include "mgmt/json_text.hpp"

#include <quicether/mgmt/text.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

namespace quicether::mgmt {

// JSON spells texts, numbers and booleans as TOML does, and lists and tables nearly so.
std::string toml_value(const boost::json::value& value) {
  if (const auto* list = value.if_array()) {
    std::string text;
    for (const auto& part : *list) {
      text += (text.empty() ? "" : ", ") + toml_value(part);
    }
    return '[' + text + ']';
  }
  if (const auto* table = value.if_object()) {
    std::string text;
    for (const auto& entry : *table) {
      text += fmt::format("{}{} = {}",
                          text.empty() ? "" : ", ",
                          json_quote(entry.key()),
                          toml_value(entry.value()));
    }
    return "{ " + text + " }";
  }
  return json_text(value);
}

}  // namespace quicether::mgmt
