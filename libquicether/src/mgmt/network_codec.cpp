#include "mgmt/json_object_reader.hpp"
#include "mgmt/json_text.hpp"
#include "mgmt/status_codec.hpp"

#include <quicether/mgmt/status_json.hpp>

#include <boost/json/object.hpp>

#include <chrono>

namespace quicether::mgmt {
namespace {

bool read_member(const boost::json::value& value, MemberStatus& member) {
  JsonObjectReader reader{value};
  reader.read("id", member.id);
  reader.read("key", member.key);
  reader.read("name", member.name);
  reader.read("connected", member.connected);
  reader.read("until", member.until);
  return reader.good();
}

bool read_named_node(const boost::json::value& value, NamedNode& node) {
  JsonObjectReader reader{value};
  reader.read("id", node.id);
  reader.read("name", node.name);
  reader.read("configured", node.configured);
  return reader.good();
}

}  // namespace

boost::json::value to_value(const MemberStatus& member) {
  return {{"id", member.id.to_string()},
          {"key", member.key.to_string()},
          {"name", member.name},
          {"connected", member.connected},
          {"until", member.until}};
}

boost::json::value to_value(const NetworkStatus& network) {
  return {{"name", network.name},
          {"problem", network.problem},
          {"listed", network.listed},
          {"invites", network.invites},
          {"members", to_list(std::span{network.members})}};
}

boost::json::value to_value(const NamedNode& node) {
  return {{"id", node.id.to_string()}, {"name", node.name}, {"configured", node.configured}};
}

boost::json::value to_value(const NameAnswer& answer) {
  return {{"node", answer.node ? to_value(*answer.node) : boost::json::value{}},
          {"self", answer.self},
          {"others", to_list(std::span{answer.others})}};
}

boost::json::value to_value(const PingReply& reply) {
  const auto rtt = std::chrono::duration_cast<std::chrono::microseconds>(reply.rtt);
  return {{"rtt_us", rtt.count()}, {"remote", reply.remote.to_string()}};
}

result<NetworkStatus> network_from(const boost::json::value& value) {
  NetworkStatus network;
  JsonObjectReader reader{value};
  reader.read("name", network.name);
  reader.read("problem", network.problem);
  reader.read("listed", network.listed);
  reader.read("invites", network.invites);
  reader.read_list("members", network.members, read_member);
  return reader.good() ? result<NetworkStatus>{std::move(network)} : errc::malformed;
}

result<NamedNode> named_node_from(const boost::json::value& value) {
  NamedNode node;
  return read_named_node(value, node) ? result<NamedNode>{std::move(node)} : errc::malformed;
}

result<NameAnswer> name_answer_from(const boost::json::value& value) {
  NameAnswer answer;
  JsonObjectReader reader{value};
  const auto* node = reader.find("node");
  const bool read =
      node == nullptr || node->is_null() || read_named_node(*node, answer.node.emplace());
  reader.read("self", answer.self);
  reader.read_list("others", answer.others, read_named_node);
  return read && reader.good() ? result<NameAnswer>{std::move(answer)} : errc::malformed;
}

result<PingReply> ping_reply_from(const boost::json::value& value) {
  PingReply reply;
  std::int64_t rtt_us = 0;
  JsonObjectReader reader{value};
  reader.read("rtt_us", rtt_us);
  reader.read("remote", reply.remote);
  constexpr std::int64_t kLongest = INT64_MAX / 1000;  // in nanoseconds it still fits
  if (!reader.good() || rtt_us < 0 || rtt_us > kLongest) {
    return errc::malformed;
  }
  reply.rtt = std::chrono::microseconds{rtt_us};
  return reply;
}

std::string to_json(const NetworkStatus& network) {
  return json_text(to_value(network));
}

std::string to_json(const NameAnswer& answer) {
  return json_text(to_value(answer));
}

}  // namespace quicether::mgmt
