#include "mgmt/status_codec.hpp"

#include "mgmt/json_object_reader.hpp"
#include "mgmt/json_text.hpp"

#include <quicether/mgmt/status_json.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace quicether::mgmt {
namespace {

// Times are whole microseconds on the wire: JSON numbers above 2^53 are not portable.
std::int64_t to_us(Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

void read_us(JsonObjectReader& reader, std::string_view name, Duration& out) {
  std::int64_t count = 0;
  reader.read(name, count);
  constexpr std::int64_t kLongest = INT64_MAX / 1000;  // in nanoseconds it still fits
  out = std::chrono::microseconds{std::clamp<std::int64_t>(count, -kLongest, kLongest)};
}

template <typename T>
boost::json::value optional_text(const std::optional<T>& value) {
  return value ? boost::json::value(value->to_string()) : boost::json::value{};
}

template <typename T>
boost::json::array text_list(const std::vector<T>& values) {
  boost::json::array list;
  for (const auto& value : values) {
    list.emplace_back(value.to_string());
  }
  return list;
}

bool read_path(const boost::json::value& value, PathStatus& path) {
  JsonObjectReader reader{value};
  std::string state;
  reader.read("path_id", path.path_id);
  reader.read("lane", path.lane);
  reader.read("interface", path.interface);
  reader.read("local", path.local);
  reader.read("remote", path.remote);
  reader.read("state", state);
  read_us(reader, "rtt_us", path.rtt);
  reader.read("bandwidth_bps", path.bandwidth_bps);
  reader.read("packets_sent", path.packets_sent);
  reader.read("packets_received", path.packets_received);
  reader.read("packets_lost", path.packets_lost);
  reader.read("bytes_sent", path.bytes_sent);
  reader.read("bytes_received", path.bytes_received);
  reader.read("datagram_payload_max", path.datagram_payload_max);
  const auto known = path::parse_path_state(state);
  path.state = known.value_or(path.state);
  return reader.good() && known.has_value();
}

bool read_peer(const boost::json::value& value, PeerStatus& peer) {
  JsonObjectReader reader{value};
  reader.read("id", peer.id);
  reader.read("key", peer.key);
  reader.read("name", peer.name);
  reader.read("state", peer.state);
  reader.read("detail", peer.detail);
  reader.read("gateway", peer.gateway);
  reader.read("overlay_addresses", peer.overlay_addresses);
  reader.read("subnets", peer.subnets);
  reader.read("key_exchange", peer.key_exchange);
  reader.read("post_quantum", peer.post_quantum);
  reader.read("cipher_suite", peer.cipher_suite);
  const auto* connected = reader.find("connected_us");
  if (connected != nullptr && !connected->is_null()) {
    read_us(reader, "connected_us", peer.connected_for.emplace());
  }
  reader.read_list("paths", peer.paths, read_path);
  return reader.good();
}

bool read_route(const boost::json::value& value, RouteStatus& route) {
  JsonObjectReader reader{value};
  reader.read("destination", route.destination);
  reader.read("next_hop", route.next_hop);
  reader.read("next_hop_name", route.next_hop_name);
  reader.read("kind", route.kind);
  return reader.good();
}

bool read_discovery(const boost::json::value& value, DiscoveryStatus& discovery) {
  JsonObjectReader reader{value};
  reader.read("dht_nodes", discovery.dht_nodes);
  reader.read("dht_mode", discovery.dht_mode);
  reader.read("external_addresses", discovery.external);
  reader.read("published_endpoints", discovery.published);
  return reader.good();
}

bool read_counters(const boost::json::value* value, NodeStatus& status) {
  const auto* object = value == nullptr ? nullptr : value->if_object();
  if (object == nullptr) {
    return false;
  }
  for (const auto& entry : *object) {
    boost::system::error_code wrong;
    const auto count = entry.value().to_number<std::uint64_t>(wrong);
    if (wrong) {
      return false;
    }
    status.counters.emplace_back(std::string_view{entry.key()}, count);
  }
  return true;
}

template <typename T, typename ReadItem>
result<std::vector<T>> list_from(const boost::json::value& value, ReadItem read_item) {
  const auto* list = value.if_array();
  if (list == nullptr) {
    return errc::malformed;
  }
  std::vector<T> items;
  for (const auto& item : *list) {
    if (!read_item(item, items.emplace_back())) {
      return errc::malformed;
    }
  }
  return items;
}

result<boost::json::value> parse(std::string_view text) {
  boost::system::error_code wrong;
  auto value = boost::json::parse(text, wrong);
  if (wrong) {
    return errc::malformed;
  }
  return value;
}

}  // namespace

boost::json::value to_value(const DiscoveryStatus& discovery) {
  return {{"dht_nodes", discovery.dht_nodes},
          {"dht_mode", discovery.dht_mode},
          {"external_addresses", text_list(discovery.external)},
          {"published_endpoints", text_list(discovery.published)}};
}

boost::json::value to_value(const NodeStatus& status) {
  boost::json::object counters;
  for (const auto& [name, count] : status.counters) {
    counters[name] = count;
  }
  return {{"id", status.id.to_string()},
          {"key", status.key.to_string()},
          {"name", status.name},
          {"network", status.network ? boost::json::value(*status.network) : boost::json::value{}},
          {"version", status.version},
          {"tun_name", status.tun_name},
          {"tun_mtu", status.tun_mtu},
          {"shards", status.shards},
          {"overlay_addresses", text_list(status.overlay_addresses)},
          {"listen", text_list(status.listen)},
          {"peers_connected", status.peers_connected},
          {"paths_active", status.paths_active},
          {"uptime_us", to_us(status.uptime)},
          {"discovery", status.discovery ? to_value(*status.discovery) : boost::json::value{}},
          {"policy_source", status.policy_source},
          {"policy_rules", status.policy_rules},
          {"warnings", boost::json::array(status.warnings.begin(), status.warnings.end())},
          {"counters", std::move(counters)}};
}

boost::json::value to_value(const PathStatus& path) {
  return {{"path_id", path.path_id},
          {"lane", path.lane},
          {"interface", path.interface},
          {"local", path.local.to_string()},
          {"remote", path.remote.to_string()},
          {"state", path::to_string(path.state)},
          {"rtt_us", to_us(path.rtt)},
          {"bandwidth_bps",
           path.bandwidth_bps ? boost::json::value(*path.bandwidth_bps) : boost::json::value{}},
          {"packets_sent", path.packets_sent},
          {"packets_received", path.packets_received},
          {"packets_lost", path.packets_lost},
          {"bytes_sent", path.bytes_sent},
          {"bytes_received", path.bytes_received},
          {"datagram_payload_max", path.datagram_payload_max}};
}

boost::json::value to_value(const PeerStatus& peer) {
  return {
      {"id", peer.id.to_string()},
      {"key", optional_text(peer.key)},
      {"name", peer.name},
      {"state", peer.state},
      {"detail", peer.detail},
      {"gateway", peer.gateway},
      {"overlay_addresses", text_list(peer.overlay_addresses)},
      {"subnets", text_list(peer.subnets)},
      {"key_exchange", peer.key_exchange},
      {"post_quantum", peer.post_quantum},
      {"cipher_suite", peer.cipher_suite},
      {"connected_us",
       peer.connected_for ? boost::json::value(to_us(*peer.connected_for)) : boost::json::value{}},
      {"paths", to_list(std::span{peer.paths})}};
}

boost::json::value to_value(const RouteStatus& route) {
  return {{"destination", route.destination.to_string()},
          {"next_hop", optional_text(route.next_hop)},
          {"next_hop_name", route.next_hop_name},
          {"kind", route.kind}};
}

result<NodeStatus> node_status_from(const boost::json::value& value) {
  NodeStatus status;
  JsonObjectReader reader{value};
  reader.read("id", status.id);
  reader.read("key", status.key);
  reader.read("name", status.name);
  reader.read("network", status.network);
  reader.read("version", status.version);
  reader.read("tun_name", status.tun_name);
  reader.read("tun_mtu", status.tun_mtu);
  reader.read("shards", status.shards);
  reader.read("overlay_addresses", status.overlay_addresses);
  reader.read("listen", status.listen);
  reader.read("peers_connected", status.peers_connected);
  reader.read("paths_active", status.paths_active);
  read_us(reader, "uptime_us", status.uptime);
  const auto* discovery = reader.find("discovery");
  if (discovery != nullptr && !discovery->is_null() &&
      !read_discovery(*discovery, status.discovery.emplace())) {
    return errc::malformed;
  }
  reader.read("policy_source", status.policy_source);
  reader.read("policy_rules", status.policy_rules);
  reader.read("warnings", status.warnings);
  if (!read_counters(reader.find("counters"), status) || !reader.good()) {
    return errc::malformed;
  }
  return status;
}

result<std::vector<PeerStatus>> peers_from(const boost::json::value& value) {
  return list_from<PeerStatus>(value, read_peer);
}

result<std::vector<RouteStatus>> routes_from(const boost::json::value& value) {
  return list_from<RouteStatus>(value, read_route);
}

std::string to_json(const NodeStatus& status) {
  return json_text(to_value(status));
}

std::string to_json(std::span<const PeerStatus> peers) {
  return json_text(to_list(peers));
}

std::string to_json(std::span<const RouteStatus> routes) {
  return json_text(to_list(routes));
}

result<NodeStatus> node_status_from_json(std::string_view text) {
  const auto value = parse(text);
  return value ? node_status_from(*value) : result<NodeStatus>{value.error()};
}

result<std::vector<PeerStatus>> peers_from_json(std::string_view text) {
  const auto value = parse(text);
  return value ? peers_from(*value) : result<std::vector<PeerStatus>>{value.error()};
}

result<std::vector<RouteStatus>> routes_from_json(std::string_view text) {
  const auto value = parse(text);
  return value ? routes_from(*value) : result<std::vector<RouteStatus>>{value.error()};
}

}  // namespace quicether::mgmt
