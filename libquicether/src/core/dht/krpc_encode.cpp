#include <quicether/base/assert.hpp>
#include <quicether/core/dht/bencode_writer.hpp>
#include <quicether/core/dht/krpc.hpp>

#include <algorithm>

namespace quicether::dht {

namespace {

std::string_view name_of(Method method) noexcept {
  switch (method) {
    case Method::ping:
      return "ping";
    case Method::find_node:
      return "find_node";
    case Method::get_peers:
      return "get_peers";
    case Method::announce_peer:
      return "announce_peer";
    case Method::get:
      return "get";
    case Method::put:
      return "put";
    case Method::unknown:
      break;
  }
  return "";
}

bool by_info_hash(Method method) noexcept {
  return method == Method::get_peers || method == Method::announce_peer;
}

// Keys in ascending order, as everywhere below.
void write_arguments(BencodeWriter& out, const Query& query) noexcept {
  const auto& author = query.item.author;
  out.open_dictionary();
  if (query.cas) {
    out.key("cas").integer(*query.cas);
  }
  out.key("id").string(query.id.bytes);
  if (query.method == Method::announce_peer) {
    out.key("implied_port").integer(query.implied_port ? 1 : 0);
  }
  if (query.target && by_info_hash(query.method)) {
    out.key("info_hash").string(query.target->bytes);
  }
  if (author) {
    out.key("k").string(author->key.bytes);
  }
  if (query.port) {
    out.key("port").integer(*query.port);
  }
  if (!query.item.salt.empty()) {
    out.key("salt").string(query.item.salt);
  }
  if (author) {
    out.key("seq").integer(author->seq).key("sig").string(author->signature);
  } else if (query.seq) {
    out.key("seq").integer(*query.seq);
  }
  if (query.target && !by_info_hash(query.method)) {
    out.key("target").string(query.target->bytes);
  }
  if (!query.token.empty()) {
    out.key("token").string(query.token);
  }
  if (!query.item.value.empty()) {
    out.key("v").encoded(query.item.value);
  }
  if (query.want.v4 || query.want.v6) {
    out.key("want").open_list();
    if (query.want.v4) {
      out.string("n4");
    }
    if (query.want.v6) {
      out.string("n6");
    }
    out.close();
  }
  out.close();
}

void write_address(BencodeWriter& out, const SocketAddress& address) noexcept {
  std::array<std::uint8_t, 18> compact{};
  const auto bytes = address.address.bytes();
  copy_bytes(bytes, compact);
  store_be(Bytes{compact}.subspan(bytes.size()), address.port);
  out.string(ConstBytes{compact}.first(bytes.size() + 2));
}

void write_values(BencodeWriter& out,
                  const Response& response,
                  std::span<const SocketAddress> peers) noexcept {
  const auto& author = response.item.author;
  out.open_dictionary().key("id").string(response.id.bytes);
  if (author) {
    out.key("k").string(author->key.bytes);
  }
  if (!response.nodes.empty()) {
    out.key("nodes").string(response.nodes);
  }
  if (!response.nodes6.empty()) {
    out.key("nodes6").string(response.nodes6);
  }
  if (response.seq) {
    out.key("seq").integer(*response.seq);
  }
  if (author) {
    out.key("sig").string(author->signature);
  }
  if (!response.token.empty()) {
    out.key("token").string(response.token);
  }
  if (!response.item.value.empty()) {
    out.key("v").encoded(response.item.value);
  }
  if (!peers.empty()) {
    out.key("values").open_list();
    std::ranges::for_each(peers, [&](const auto& peer) { write_address(out, peer); });
    out.close();
  }
  out.close();
}

ConstBytes finish(const BencodeWriter& out) noexcept {
  return out.ok() ? out.written() : ConstBytes{};
}

}  // namespace

ConstBytes encode(const Query& query, Bytes out) noexcept {
  QE_ASSERT(query.method != Method::unknown);
  BencodeWriter writer{out};
  writer.open_dictionary().key("a");
  write_arguments(writer, query);
  writer.key("q").string(name_of(query.method));
  if (query.read_only) {
    writer.key("ro").integer(1);
  }
  writer.key("t").string(query.transaction).key("v").string(kClientVersion);
  writer.key("y").string("q").close();
  return finish(writer);
}

ConstBytes encode(const Response& response,
                  std::span<const SocketAddress> peers,
                  Bytes out) noexcept {
  BencodeWriter writer{out};
  writer.open_dictionary();
  if (response.your_address) {
    writer.key("ip");
    write_address(writer, *response.your_address);
  }
  writer.key("r");
  write_values(writer, response, peers);
  writer.key("t").string(response.transaction);
  if (!response.version.empty()) {
    writer.key("v").string(response.version);
  }
  writer.key("y").string("r").close();
  return finish(writer);
}

ConstBytes encode(const ErrorReply& error, Bytes out) noexcept {
  BencodeWriter writer{out};
  writer.open_dictionary().key("e").open_list();
  writer.integer(error.code).string(error.text).close();
  writer.key("t").string(error.transaction).key("v").string(kClientVersion);
  writer.key("y").string("e").close();
  return finish(writer);
}

}  // namespace quicether::dht
