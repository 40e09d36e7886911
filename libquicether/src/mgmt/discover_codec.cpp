#include "mgmt/discover_codec.hpp"

#include "mgmt/json_object_reader.hpp"
#include "mgmt/json_text.hpp"
#include "mgmt/status_codec.hpp"

#include <quicether/mgmt/status_json.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace quicether::mgmt {
namespace {

bool read_claim(const boost::json::value& value, FoundClaim& claim) {
  JsonObjectReader reader{value};
  reader.read("id", claim.id);
  reader.read("key", claim.key);
  reader.read("name", claim.name);
  reader.read("made_at", claim.made_at);
  reader.read("until", claim.until);
  reader.read("entitled", claim.entitled);
  return reader.good();
}

}  // namespace

boost::json::value to_value(const FoundClaim& claim) {
  return {{"id", claim.id.to_string()},
          {"key", claim.key.to_string()},
          {"name", claim.name},
          {"made_at", claim.made_at},
          {"until", claim.until},
          {"entitled", claim.entitled}};
}

boost::json::value to_value(const FoundSubnet& found) {
  return {{"subnet", found.subnet.to_string()},
          {"owners", to_list(std::span{found.owners})},
          {"gateways", to_list(std::span{found.gateways})}};
}

boost::json::value to_value(const FoundNode& found) {
  boost::json::array endpoints;
  for (const auto& endpoint : found.endpoints) {
    endpoints.emplace_back(endpoint.to_string());
  }
  return {{"id", found.id.to_string()},
          {"key", found.key.to_string()},
          {"name", found.name},
          {"version", found.version},
          {"gateway", found.gateway},
          {"endpoints", std::move(endpoints)},
          {"gateways", to_list(std::span{found.gateways})}};
}

result<FoundSubnet> found_subnet_from(const boost::json::value& value) {
  FoundSubnet found;
  JsonObjectReader reader{value};
  reader.read("subnet", found.subnet);
  reader.read_list("owners", found.owners, read_claim);
  reader.read_list("gateways", found.gateways, read_claim);
  return reader.good() ? result<FoundSubnet>{std::move(found)} : errc::malformed;
}

result<FoundNode> found_node_from(const boost::json::value& value) {
  FoundNode found;
  JsonObjectReader reader{value};
  reader.read("id", found.id);
  reader.read("key", found.key);
  reader.read("name", found.name);
  reader.read("version", found.version);
  reader.read("gateway", found.gateway);
  reader.read("endpoints", found.endpoints);
  reader.read_list("gateways", found.gateways, read_claim);
  return reader.good() ? result<FoundNode>{std::move(found)} : errc::malformed;
}

std::string to_json(const FoundSubnet& found) {
  return json_text(to_value(found));
}

std::string to_json(const FoundNode& found) {
  return json_text(to_value(found));
}

}  // namespace quicether::mgmt
