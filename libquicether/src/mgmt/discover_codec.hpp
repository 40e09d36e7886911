#ifndef QUICETHER_SRC_MGMT_DISCOVER_CODEC_HPP
#define QUICETHER_SRC_MGMT_DISCOVER_CODEC_HPP

#include <quicether/base/error.hpp>
#include <quicether/discover.hpp>

#include <boost/json/value.hpp>

namespace quicether::mgmt {

[[nodiscard]] boost::json::value to_value(const FoundClaim& claim);
[[nodiscard]] boost::json::value to_value(const FoundSubnet& found);
[[nodiscard]] boost::json::value to_value(const FoundNode& found);

/// **Errors:** `malformed`.
[[nodiscard]] result<FoundSubnet> found_subnet_from(const boost::json::value& value);
[[nodiscard]] result<FoundNode> found_node_from(const boost::json::value& value);

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_DISCOVER_CODEC_HPP
