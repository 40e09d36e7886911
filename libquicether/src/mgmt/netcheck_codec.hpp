#ifndef QUICETHER_SRC_MGMT_NETCHECK_CODEC_HPP
#define QUICETHER_SRC_MGMT_NETCHECK_CODEC_HPP

#include <quicether/base/error.hpp>
#include <quicether/netcheck.hpp>

#include <boost/json/value.hpp>

namespace quicether::mgmt {

[[nodiscard]] boost::json::value to_value(const Netcheck& check);

/// **Errors:** `malformed`.
[[nodiscard]] result<Netcheck> netcheck_from(const boost::json::value& value);

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_NETCHECK_CODEC_HPP
