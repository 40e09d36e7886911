#include "mgmt/peers_codec.hpp"

#include "mgmt/config_codecs.hpp"

#include <quicether/core/crypto/node_address.hpp>

#include <boost/json/object.hpp>

#include <map>

namespace quicether::mgmt {
namespace {

constexpr TextRule kEndpointRule{nullptr,
                                 "\"HOST:PORT\" such as \"home.example.com:9000\"",
                                 "\"HOST:PORT\" such as \"home.example.com:9000\""};
using EndpointsCodec = OneOrListCodec<ParsedCodec<HostPort, kEndpointRule>>;
using SubnetsCodec = ListCodec<PrefixCodec>;

constexpr std::array<std::string_view, 4> kPeerKeys{"id", "name", "endpoints", "subnets"};

bool read_id(const ValueInput& input, PeerEntry& out) {
  const auto* text = input.text();
  if (text != nullptr) {
    if (const auto id = NodeId::parse(*text)) {
      out.id = *id;
      return true;
    }
    if (const auto key = PublicKey::parse(*text)) {
      out.key = *key;
      return true;
    }
  }
  return input.expected("a NodeId (40 hex digits) or a public key (64 hex digits)");
}

// A name that reads as a NodeId could not be told from one in a policy or in peers.allowed.
bool read_name(const ValueInput& input, PeerEntry& out) {
  const auto* text = input.text();
  if (text == nullptr || !policy::is_node_name(*text) || NodeIdPrefix::parse(*text)) {
    return input.expected("a name of 1 to 63 of A-Z a-z 0-9 . _ - that does not read as a NodeId");
  }
  out.name = std::string{std::string_view{*text}};
  return true;
}

bool read_member(std::string_view name, const ValueInput& input, PeerEntry& out) {
  if (name == "id") {
    return read_id(input, out);
  }
  if (name == "name") {
    return read_name(input, out);
  }
  if (name == "endpoints") {
    return EndpointsCodec::read(input, out.endpoints);
  }
  if (name == "subnets") {
    return SubnetsCodec::read(input, out.subnets);
  }
  const auto close = closest_match(name, kPeerKeys);
  return input.wrong_name(close.empty()
                              ? "unknown key, expected one of id, name, endpoints, subnets"
                              : fmt::format("unknown key; did you mean \"{}\"?", close));
}

bool read_peer(const ValueInput& input, PeerEntry& out) {
  const auto* table = input.value().if_object();
  if (table == nullptr) {
    return input.expected("a [[peer]] table");
  }
  bool good = true;
  for (const auto& member : *table) {
    const std::string name{std::string_view{member.key()}};
    good = read_member(name, input.part(name, member.value()), out) && good;
  }
  if (!good) {
    return false;
  }
  const bool pinned = out.id || out.key;
  if (!pinned && out.endpoints.empty()) {
    return input.wrong("found neither \"id\" nor \"endpoints\", expected one of them or both");
  }
  if (!pinned && !out.subnets.empty()) {
    return input.wrong(
        "found \"subnets\" without \"id\": only a known key can be entitled to them");
  }
  return true;
}

// What makes two entries of different sources the same peer.
std::string identity_of(const PeerEntry& peer) {
  const auto id = pinned_id(peer);
  return id ? id->to_string() : boost::json::serialize(EndpointsCodec::write(peer.endpoints));
}

boost::json::value write_peer(const PeerEntry& peer) {
  boost::json::object table;
  if (peer.key) {
    table["id"] = peer.key->to_string();
  } else if (peer.id) {
    table["id"] = peer.id->to_string();
  }
  if (!peer.name.empty()) {
    table["name"] = peer.name;
  }
  if (!peer.endpoints.empty()) {
    table["endpoints"] = EndpointsCodec::write(peer.endpoints);
  }
  if (!peer.subnets.empty()) {
    table["subnets"] = SubnetsCodec::write(peer.subnets);
  }
  return table;
}

}  // namespace

bool PeersCodec::read(const ValueInput& input, Value& out) {
  const auto* list = input.value().if_array();
  if (list == nullptr) {
    return input.expected(one());
  }
  out.clear();
  std::map<NodeId, std::size_t> ids;
  std::map<std::string, std::size_t> names;
  bool good = true;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto part = input.part(i, (*list)[i]);
    PeerEntry peer;
    if (!read_peer(part, peer)) {
      good = false;
      continue;
    }
    const auto id = pinned_id(peer);
    if (id && !ids.try_emplace(*id, i).second) {
      good = part.wrong(fmt::format("found the id of peer {} again", ids[*id] + 1));
    } else if (!peer.name.empty() && !names.try_emplace(peer.name, i).second) {
      good = part.wrong(fmt::format("found the name of peer {} again", names[peer.name] + 1));
    }
    out.push_back(std::move(peer));
  }
  return good;
}

boost::json::value PeersCodec::write(const Value& value) {
  boost::json::array list;
  for (const auto& peer : value) {
    list.push_back(write_peer(peer));
  }
  return list;
}

std::optional<NodeId> pinned_id(const PeerEntry& entry) {
  return entry.key ? crypto::node_id(*entry.key) : entry.id;
}

void merge_peers(std::vector<PeerEntry>& peers, std::vector<PeerEntry> later) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < peers.size(); ++i) {
    places[identity_of(peers[i])] = i;
  }
  for (auto& entry : later) {
    const auto [place, added] = places.try_emplace(identity_of(entry), peers.size());
    if (added) {
      peers.push_back(std::move(entry));
    } else {
      peers[place->second] = std::move(entry);
    }
  }
}

}  // namespace quicether::mgmt
