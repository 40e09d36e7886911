#include "claim_look_up.hpp"
#include "node_impl.hpp"

#include <quicether/core/crypto/node_address.hpp>
#include <quicether/core/record/node_record.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace quicether {

namespace {

result<FoundNode> read_record(const dht::OperationDone& done) {
  if (!done.item || !done.item->author) {
    return errc::not_found;
  }
  // That its key hashes to the NodeId, and the signature, the Dht has checked.
  const auto record = record::decode_node_record(done.item->value);
  if (!record) {
    return record.error();
  }
  FoundNode found;
  found.key = done.item->author->key;
  found.id = crypto::node_id(found.key);
  found.version = done.item->author->seq;
  found.gateway = (record->capabilities & record::kCapabilityGateway) != 0;
  found.endpoints = record->endpoints;
  return found;
}

std::string name_of(const std::vector<NamedNode>& nodes, const NodeId& id) {
  const auto named = std::ranges::find(nodes, id, &NamedNode::id);
  return named == nodes.end() ? std::string{} : named->name;
}

/// Completes a search that cannot begin.
template <typename Found>
void decline(Environment& environment,
             boost::asio::any_completion_handler<void(error_code, Found)> handler) {
  boost::asio::post(environment.get_executor(),
                    boost::asio::append(std::move(handler), error_code{errc::not_open}, Found{}));
}

}  // namespace

/// `subnet`: what the claims are about; none: a node.
std::vector<FoundClaim> Node::Impl::found_claims(const std::vector<record::Claim>& claims,
                                                 const std::optional<Prefix>& subnet) const {
  const auto nodes = named_nodes();
  std::vector<FoundClaim> all;
  for (const auto& claim : claims) {
    auto& found = all.emplace_back();
    found.id = crypto::node_id(claim.owner);
    found.key = claim.owner;
    found.name = name_of(nodes, found.id);
    found.made_at = claim.made_at;
    found.until = claim.made_at + UnixSeconds{claim.lifetime};
    const auto* peer = configured(found.id, claim.owner);
    found.entitled = subnet && peer != nullptr &&
                     std::ranges::any_of(peer->subnets,
                                         [&](const Prefix& one) { return one.contains(*subnet); });
  }
  return all;
}

void Node::Impl::discover(const NodeId& id, FoundNodeHandler handler) {
  if (!discovery_) {
    decline(environment_, std::move(handler));
    return;
  }
  // While the Discovery is there, so is this object.
  const std::weak_ptr weak{discovery_};
  auto on_record = [this, weak, handler = std::move(handler)](
                       error_code error, const dht::OperationDone& done) mutable {
    auto found = read_record(done);
    if (error || !found || weak.expired()) {
      const auto reason = error ? error : found ? error_code{errc::cancelled} : found.error();
      std::move(handler)(reason, FoundNode{});
      return;
    }
    found->name = name_of(named_nodes(), found->id);
    if (!lists_) {
      std::move(handler)(error_code{}, std::move(*found));
      return;
    }
    auto on_gateways = [this, weak, found = std::move(*found), handler = std::move(handler)](
                           error_code, const std::vector<record::Claim>& claims) mutable {
      // The record is an answer with or without them.
      if (!weak.expired()) {
        found.gateways = found_claims(claims, std::nullopt);
      }
      std::move(handler)(error_code{}, std::move(found));
    };
    detail::ClaimLookUp::start(lists_,
                               record::Topic::gateway(found->id),
                               environment_.unix_time(),
                               std::move(on_gateways));
  };
  const dht::GetRequest request{.target = dht::Id::of(id)};
  discovery_->dht().async_get(request, std::move(on_record));
}

void Node::Impl::discover(const Prefix& subnet, FoundSubnetHandler handler) {
  if (!lists_) {
    decline(environment_, std::move(handler));
    return;
  }
  const std::weak_ptr weak{discovery_};
  auto on_owners = [this, weak, lists = lists_, subnet, handler = std::move(handler)](
                       error_code error, const std::vector<record::Claim>& owners) mutable {
    if (error || weak.expired()) {
      std::move(handler)(error ? error : error_code{errc::cancelled}, FoundSubnet{});
      return;
    }
    FoundSubnet found;
    found.subnet = subnet;
    found.owners = found_claims(owners, subnet);
    auto on_gateways = [this, weak, found = std::move(found), handler = std::move(handler)](
                           error_code missed, const std::vector<record::Claim>& gateways) mutable {
      if (!weak.expired()) {
        found.gateways = found_claims(gateways, found.subnet);
      }
      std::move(handler)(missed, std::move(found));
    };
    detail::ClaimLookUp::start(
        lists, record::Topic::gateway(subnet), environment_.unix_time(), std::move(on_gateways));
  };
  detail::ClaimLookUp::start(
      lists_, record::Topic::subnet(subnet), environment_.unix_time(), std::move(on_owners));
}

}  // namespace quicether
