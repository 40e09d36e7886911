#include "mgmt/netcheck_codec.hpp"

#include "mgmt/json_object_reader.hpp"
#include "mgmt/json_text.hpp"

#include <quicether/mgmt/status_json.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace quicether::mgmt {
namespace {

boost::json::value optional_text(const std::optional<SocketAddress>& address) {
  return address ? boost::json::value(address->to_string()) : boost::json::value{};
}

boost::json::value to_value(const FamilyCheck& check) {
  return {{"family", check.family},
          {"local", optional_text(check.local)},
          {"external", optional_text(check.external)},
          {"mapping", check.mapping},
          {"reach", check.reach},
          {"dht_nodes", check.dht_nodes}};
}

boost::json::value to_value(const BootstrapCheck& check) {
  using std::chrono::microseconds;
  return {
      {"address", check.address.to_string()},
      {"rtt_us",
       check.rtt ? boost::json::value(std::chrono::duration_cast<microseconds>(*check.rtt).count())
                 : boost::json::value{}}};
}

template <typename Item>
boost::json::array list_of(const std::vector<Item>& items) {
  boost::json::array list;
  for (const auto& item : items) {
    list.push_back(to_value(item));
  }
  return list;
}

bool read_family(const boost::json::value& value, FamilyCheck& check) {
  JsonObjectReader reader{value};
  reader.read("family", check.family);
  reader.read("local", check.local);
  reader.read("external", check.external);
  reader.read("mapping", check.mapping);
  reader.read("reach", check.reach);
  reader.read("dht_nodes", check.dht_nodes);
  return reader.good();
}

bool read_bootstrap(const boost::json::value& value, BootstrapCheck& check) {
  JsonObjectReader reader{value};
  reader.read("address", check.address);
  std::optional<std::int64_t> microseconds;
  reader.read("rtt_us", microseconds);
  if (microseconds) {
    constexpr std::int64_t kLongest = INT64_MAX / 1000;  // in nanoseconds it still fits
    check.rtt = std::chrono::microseconds{std::clamp<std::int64_t>(*microseconds, 0, kLongest)};
  }
  return reader.good();
}

}  // namespace

boost::json::value to_value(const Netcheck& check) {
  return {{"discovery", check.discovery},
          {"families", list_of(check.families)},
          {"bootstrap", list_of(check.bootstrap)},
          {"tun_mtu", check.tun_mtu},
          {"datagram_payload_min", check.datagram_payload_min},
          {"udp_send_offload", check.udp_send_offload},
          {"udp_receive_offload", check.udp_receive_offload},
          {"tun_offload", check.tun_offload},
          {"verdict", check.verdict},
          {"advice", boost::json::array(check.advice.begin(), check.advice.end())}};
}

result<Netcheck> netcheck_from(const boost::json::value& value) {
  Netcheck check;
  JsonObjectReader reader{value};
  reader.read("discovery", check.discovery);
  reader.read_list("families", check.families, read_family);
  reader.read_list("bootstrap", check.bootstrap, read_bootstrap);
  reader.read("tun_mtu", check.tun_mtu);
  reader.read("datagram_payload_min", check.datagram_payload_min);
  reader.read("udp_send_offload", check.udp_send_offload);
  reader.read("udp_receive_offload", check.udp_receive_offload);
  reader.read("tun_offload", check.tun_offload);
  reader.read("verdict", check.verdict);
  reader.read("advice", check.advice);
  if (!reader.good()) {
    return errc::malformed;
  }
  return check;
}

std::string to_json(const Netcheck& check) {
  return json_text(to_value(check));
}

}  // namespace quicether::mgmt
