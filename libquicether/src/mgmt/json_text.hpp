#ifndef QUICETHER_SRC_MGMT_JSON_TEXT_HPP
#define QUICETHER_SRC_MGMT_JSON_TEXT_HPP

#include <boost/json/value.hpp>

#include <string>

namespace quicether::mgmt {

/// Serializes on one line, safe for a terminal and always valid UTF-8: see json_quote().
[[nodiscard]] std::string json_text(const boost::json::value& value);

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_JSON_TEXT_HPP
