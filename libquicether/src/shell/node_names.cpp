#include "node_impl.hpp"

#include <quicether/core/crypto/node_address.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace quicether {

namespace {

/// Behind a name, before digits of the NodeId. No name has one.
constexpr char kQualifier = '~';

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Behind the name of a network: the domain of all.
constexpr std::string_view kDomain = ".qe";

bool same_name(std::string_view one, std::string_view other) {
  return std::ranges::equal(one, other, {}, lower, lower);
}

/// `text` without ".<network>.qe" at its end.
std::string_view without_domain(std::string_view text, std::string_view network) {
  const auto domain = fmt::format(".{}{}", network, kDomain);
  const bool whole =
      text.size() > domain.size() && same_name(text.substr(text.size() - domain.size()), domain);
  return whole ? text.substr(0, text.size() - domain.size()) : text;
}

}  // namespace

/// Everybody who has a name, in order of ids; a node with two names twice.
std::vector<NamedNode> Node::Impl::named_nodes() const {
  std::vector<NamedNode> nodes;
  for (const auto& peer : config_.peers) {
    if (!peer.name.empty() && peer.id) {
      nodes.push_back({*peer.id, peer.name, true});
    }
  }
  if (!config_.name.empty()) {
    nodes.push_back({identity_.node_id(), config_.name, true});
  }
  const auto add = [&](const NodeId& id, const std::string& name) {
    const bool known = std::ranges::any_of(
        nodes, [&](const NamedNode& one) { return one.id == id && same_name(one.name, name); });
    if (!name.empty() && !known) {
      nodes.push_back({id, name, false});
    }
  };
  if (membership_) {
    for (const auto& [id, member] : membership_->members()) {
      add(id, member.name);
    }
  }
  for (const auto& [index, claims] : addresses_.peers()) {
    if (const auto link = shards_.peer(index)) {
      add(link->id, claims.name);
    }
  }
  std::ranges::sort(
      nodes, {}, [](const NamedNode& one) { return std::pair{one.id, !one.configured}; });
  return nodes;
}

std::optional<NodeId> Node::Impl::node_of(const IpAddress& address) const {
  if (address == addresses_.own_v4().address || address == addresses_.own_v6().address) {
    return identity_.node_id();
  }
  for (const auto& [index, claims] : addresses_.peers()) {
    const auto link = shards_.peer(index);
    if (link && std::ranges::find(claims.addresses, address) != claims.addresses.end()) {
      return link->id;
    }
  }
  if (membership_) {
    for (const auto& [id, member] : membership_->members()) {
      if (crypto::overlay_address(member.key) == address) {
        return id;
      }
    }
  }
  return std::nullopt;
}

NameAnswer Node::Impl::resolve(std::string_view text) const {
  const auto nodes = named_nodes();
  NameAnswer answer;
  std::vector<NamedNode> found;
  std::optional<NodeId> id;
  if (const auto parsed = NodeId::parse(text)) {
    id = *parsed;
  } else if (const auto key = PublicKey::parse(text)) {
    id = crypto::node_id(*key);
  } else if (const auto address = IpAddress::parse(text)) {
    id = node_of(*address);
  } else {
    if (config_.network) {
      text = without_domain(text, config_.network->name);
    }
    const auto mark = text.find(kQualifier);
    const auto name = text.substr(0, mark);
    const auto digits = mark == std::string_view::npos ? std::string_view{} : text.substr(mark + 1);
    std::ranges::copy_if(nodes, std::back_inserter(found), [&](const NamedNode& one) {
      return same_name(one.name, name) && one.id.to_string().starts_with(digits);
    });
  }
  if (id) {
    const auto named = std::ranges::find(nodes, *id, &NamedNode::id);
    found.push_back(named == nodes.end() ? NamedNode{*id, {}, false} : *named);
  }
  // What this node's own configuration says cannot be taken over by what others call themselves.
  const auto own = std::ranges::find(found, true, &NamedNode::configured);
  const bool unique = std::ranges::count(found, true, &NamedNode::configured) == 1;
  if (unique && own != found.end()) {
    answer.node = *own;
    found.erase(own);
  } else if (found.size() == 1) {
    answer.node = found.front();
    found.clear();
  }
  answer.others = std::move(found);
  answer.self = answer.node && answer.node->id == identity_.node_id();
  return answer;
}

}  // namespace quicether
