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
[[nodiscard]] boost::json::value to_value(const MemberStatus& member);
[[nodiscard]] boost::json::value to_value(const NetworkStatus& network);
[[nodiscard]] boost::json::value to_value(const NamedNode& node);
[[nodiscard]] boost::json::value to_value(const NameAnswer& answer);
[[nodiscard]] boost::json::value to_value(const PingReply& reply);

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
[[nodiscard]] result<NetworkStatus> network_from(const boost::json::value& value);
[[nodiscard]] result<NamedNode> named_node_from(const boost::json::value& value);
[[nodiscard]] result<NameAnswer> name_answer_from(const boost::json::value& value);
[[nodiscard]] result<PingReply> ping_reply_from(const boost::json::value& value);

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_STATUS_CODEC_HPP
