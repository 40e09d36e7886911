#ifndef QUICETHER_SRC_MGMT_TOML_TEXT_HPP
#define QUICETHER_SRC_MGMT_TOML_TEXT_HPP

#include <boost/json/value.hpp>

#include <string>

namespace quicether::mgmt {

/// Writes a value of the configuration as TOML, on one line. Not for null, which TOML has not.
[[nodiscard]] std::string toml_value(const boost::json::value& value);

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_TOML_TEXT_HPP
