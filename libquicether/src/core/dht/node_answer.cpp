#include "address_rules.hpp"
#include "node_impl.hpp"

#include <algorithm>
#include <array>

namespace quicether::dht {

namespace {

/// Peers per answer: with eight nodes they fit a message. IPv6 ones are three times as long.
constexpr std::array<std::size_t, 2> kPeersPerAnswer = {50, 16};

}  // namespace

void Node::Impl::handle(Instant now,
                        const SocketAddress& from,
                        const Query& query,
                        std::size_t bytes) {
  ++stats_.queries_received;
  auto& to = side(family_of(from.address));
  if (!sources_.asked_lately(now, from.address)) {
    to.reach.on_stranger(now, from.address);
    judge_reach(now, to);
  }
  if (read_only(to.family)) {
    ++stats_.dropped_read_only;
    return;
  }
  // In this order: one source above its own rate does not eat everybody's.
  if (!sources_.admit(now, from.address, bytes) ||
      !all_queries_.take(now, config_.limits.queries_total)) {
    ++stats_.dropped_rate;
    return;
  }
  asked_bytes_ = bytes;
  answer(now, from, query);
  if (!query.read_only) {
    hear_of(now, {query.id, from});
  }
}

void Node::Impl::hear_of(Instant now, const NodeInfo& node) {
  auto& table = side(family_of(node.address.address)).table;
  if (usable(node) && table.wants(node) && !sources_.silent(now, node.address.address) &&
      strangers_.take(now, config_.limits.pings_to_strangers)) {
    ping_node(now, node);
  }
}

void Node::Impl::answer(Instant now, const SocketAddress& from, const Query& query) {
  const bool search = query.method == Method::find_node || query.method == Method::get ||
                      query.method == Method::get_peers || query.method == Method::unknown;
  if (query.method == Method::ping) {
    Response response;
    response.transaction = query.transaction;
    send_answer(now, from, response, {});
  } else if (search && query.target) {
    answer_search(now, from, query);  // unknown methods with a target, too: BEP 5's own advice
  } else if (query.method == Method::put) {
    answer_put(now, from, query);
  } else if (query.method == Method::announce_peer && query.target) {
    answer_announce(now, from, query);
  } else {
    const bool unknown = query.method == Method::unknown;
    send_error(now,
               from,
               query.transaction,
               unknown ? KrpcError::method_unknown : KrpcError::protocol,
               unknown ? "Method Unknown" : "Missing Argument");
  }
}

ByteVector Node::Impl::compact_closest(Family family,
                                       const Id& target,
                                       const SocketAddress& asker) const {
  ByteVector compact;
  const auto count = config_.limits.bucket_size;
  auto nodes = side(family).table.closest(target, count + 1);
  std::erase_if(nodes, [&](const NodeInfo& node) { return node.address == asker; });
  for (std::size_t i = 0; i < std::min(count, nodes.size()); ++i) {
    append_compact(compact, nodes[i]);
  }
  return compact;
}

void Node::Impl::answer_search(Instant now, const SocketAddress& from, const Query& query) {
  const auto& target = *query.target;
  if (tokens_.valid(query.token, from.address, target)) {
    sources_.on_verified(now, from.address);  // a repeated query, see docs/spec/dht.md
  }
  const auto token = tokens_.make(from.address, target);
  const auto family = family_of(from.address);
  const bool unsaid = !query.want.v4 && !query.want.v6;
  ByteVector nodes;
  ByteVector nodes6;
  if (query.want.v4 || (unsaid && family == Family::v4)) {
    nodes = compact_closest(Family::v4, target, from);
  }
  if (query.want.v6 || (unsaid && family == Family::v6)) {
    nodes6 = compact_closest(Family::v6, target, from);
  }
  Response response;
  response.transaction = query.transaction;
  response.nodes = nodes;
  response.nodes6 = nodes6;
  response.token = token;
  std::vector<SocketAddress> peers;
  if (query.method == Method::get_peers) {
    const auto count = kPeersPerAnswer[static_cast<std::size_t>(family)];
    peers = peers_.sample(target, family, count, random_);
  } else if (const auto* item = query.method == Method::get ? items_.find(target) : nullptr) {
    const bool known_there = query.seq && (!item->author || item->author->seq <= *query.seq);
    if (!known_there) {
      response.item = {item->value, {}, item->author};
    }
    if (item->author) {
      response.seq = item->author->seq;
    }
  }
  send_answer(now, from, response, peers);
}

std::size_t Node::Impl::answer_room(Instant now, const IpAddress& to) {
  // An answer that is no longer than its query amplifies nothing, whoever the asker is.
  return std::min(std::max(sources_.allowance(now, to), asked_bytes_), kMessageBytesMax);
}

void Node::Impl::send_answer(Instant now,
                             const SocketAddress& to,
                             Response response,
                             std::span<const SocketAddress> peers) {
  response.id = side(family_of(to.address)).table.self();
  response.your_address = to;
  response.version = kClientVersion;
  const auto room = answer_room(now, to.address);
  std::array<std::uint8_t, kMessageBytesMax> buffer{};
  const auto fits = [&] { return encode(response, peers, Bytes{buffer}.first(room)); };
  auto bytes = fits();
  if (bytes.empty()) {
    // What the asker did not ask in goes first, then everything but the token, with which it may
    // ask again.
    (to.address.is_v6() ? response.nodes : response.nodes6) = {};
    bytes = fits();
  }
  if (bytes.empty()) {
    ++stats_.answers_trimmed;
    response.nodes = {};
    response.nodes6 = {};
    response.item = {};
    response.seq.reset();
    peers = {};
    response.version = {};
    bytes = fits();
  }
  if (bytes.empty()) {
    // A sign of life, which is shorter than any query.
    response.token = {};
    response.your_address.reset();
    bytes = fits();
  }
  if (!bytes.empty()) {
    sources_.on_answered(now, to.address, bytes.size());
    send(to, bytes);
  }
}

void Node::Impl::send_error(Instant now,
                            const SocketAddress& to,
                            ConstBytes transaction,
                            KrpcError code,
                            std::string_view text) {
  const auto room = answer_room(now, to.address);
  std::array<std::uint8_t, kMessageBytesMax> buffer{};
  const ErrorReply error{transaction, static_cast<std::int64_t>(code), text};
  const auto bytes = encode(error, Bytes{buffer}.first(room));
  if (bytes.empty()) {
    ++stats_.answers_trimmed;
    return;
  }
  ++stats_.errors_sent;
  sources_.on_answered(now, to.address, bytes.size());
  send(to, bytes);
}

void Node::Impl::answer_put(Instant now, const SocketAddress& from, const Query& query) {
  const auto refuse = [&](KrpcError code, std::string_view text) {
    ++stats_.items_refused;
    send_error(now, from, query.transaction, code, text);
  };
  const auto& item = query.item;
  if (item.value.empty() || query.partial_author) {
    return refuse(KrpcError::protocol, "Incomplete Item");
  }
  // The token before the signature: only one of them is cheap to check.
  const auto target = target_of(item, crypto_);
  if (!tokens_.valid(query.token, from.address, target)) {
    return refuse(KrpcError::protocol, "Bad Token");
  }
  sources_.on_verified(now, from.address);
  if (const auto fault = check_item(item, crypto_); fault != KrpcError::none) {
    return refuse(fault, "Invalid Item");
  }
  const auto& self = side(family_of(from.address)).table.self();
  const auto stored = items_.put(now, target, item, query.cas, from.address, self);
  if (stored != KrpcError::none) {
    return refuse(stored, "Not Stored");
  }
  Response response;
  response.transaction = query.transaction;
  send_answer(now, from, response, {});
}

void Node::Impl::answer_announce(Instant now, const SocketAddress& from, const Query& query) {
  const auto refuse = [&](KrpcError code, std::string_view text) {
    send_error(now, from, query.transaction, code, text);
  };
  const auto port = query.implied_port ? from.port : query.port.value_or(0);
  if (port == 0) {
    return refuse(KrpcError::protocol, "Bad Port");
  }
  if (!tokens_.valid(query.token, from.address, *query.target)) {
    return refuse(KrpcError::protocol, "Bad Token");
  }
  sources_.on_verified(now, from.address);
  if (!peers_.announce(now, *query.target, {from.address, port})) {
    return refuse(KrpcError::server, "Not Stored");
  }
  Response response;
  response.transaction = query.transaction;
  send_answer(now, from, response, {});
}

}  // namespace quicether::dht
