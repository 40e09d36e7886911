#ifndef QUICETHER_SRC_MGMT_STATUS_CODEC_HPP
#define QUICETHER_SRC_MGMT_STATUS_CODEC_HPP

#include <quicether/base/error.hpp>
#include <quicether/status.hpp>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <span>
#include <vector>

namespace quicether::mgmt {

[[nodiscard]] boost::json::value to_value(const NodeStatus& status);
[[nodiscard]] boost::json::value to_value(const PathStatus& path);
[[nodiscard]] boost::json::value to_value(const PeerStatus& peer);
[[nodiscard]] boost::json::value to_value(const RouteStatus& route);

/// The items of a list, each as to_value() writes it.
template <typename Item>
[[nodiscard]] boost::json::array to_list(std::span<const Item> items) {
  boost::json::array list;
  list.reserve(items.size());
  for (const auto& item : items) {
    list.push_back(to_value(item));
  }
  return list;
}

/// **Errors:** `malformed`.
[[nodiscard]] result<NodeStatus> node_status_from(const boost::json::value& value);
[[nodiscard]] result<std::vector<PeerStatus>> peers_from(const boost::json::value& value);
[[nodiscard]] result<std::vector<RouteStatus>> routes_from(const boost::json::value& value);

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_STATUS_CODEC_HPP
