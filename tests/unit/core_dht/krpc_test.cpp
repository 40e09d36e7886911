#include "support/dht_crypto.hpp"

#include <quicether/base/hex.hpp>
#include <quicether/base/random.hpp>
#include <quicether/core/dht/krpc.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

using namespace quicether;
using namespace quicether::dht;

namespace {

using Buffer = std::array<std::uint8_t, kMessageBytesMax>;

Id id(std::string_view text) {
  return Id::from_bytes(as_bytes(text));
}

Query query_of(std::string_view text) {
  return std::get<Query>(decode(as_bytes(text)).value());
}

Response response_of(std::string_view text) {
  return std::get<Response>(decode(as_bytes(text)).value());
}

Query make_query(Method method) {
  Query query;
  query.transaction = as_bytes("aa");
  query.method = method;
  query.id = id("abcdefghij0123456789");
  return query;
}

}  // namespace

// The examples of BEP 5.
TEST_CASE("krpc: reads the example queries of BEP 5", "[dht][krpc]") {
  const auto ping = query_of("d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe");
  const auto find_node = query_of(
      "d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q9:find_node1:t2:aa1:y1:"
      "qe");
  const auto get_peers = query_of(
      "d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers1:t2:aa1:"
      "y1:qe");
  const auto announce = query_of(
      "d1:ad2:id20:abcdefghij012345678912:implied_porti1e9:info_hash20:mnopqrstuvwxyz1234564:"
      "porti6881e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe");

  CHECK(ping.method == Method::ping);
  CHECK(as_text(ping.transaction) == "aa");
  CHECK(ping.id == id("abcdefghij0123456789"));
  CHECK(find_node.method == Method::find_node);
  CHECK(find_node.target == id("mnopqrstuvwxyz123456"));
  CHECK(get_peers.method == Method::get_peers);
  CHECK(get_peers.target == id("mnopqrstuvwxyz123456"));
  CHECK(announce.method == Method::announce_peer);
  CHECK(announce.implied_port);
  CHECK(announce.port == 6881);
  CHECK(as_text(announce.token) == "aoeusnth");
}

TEST_CASE("krpc: reads the example answers of BEP 5", "[dht][krpc]") {
  const auto pong = response_of("d1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re");
  const auto peers = response_of(
      "d1:rd2:id20:abcdefghij01234567895:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re");
  const auto error = std::get<ErrorReply>(
      decode(as_bytes("d1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee")).value());

  CHECK(pong.id == id("mnopqrstuvwxyz123456"));
  CHECK(as_text(peers.token) == "aoeusnth");
  auto values = peers.values->items();
  CHECK(parse_compact(*values.next()->string())->to_string() == "97.120.106.101:11893");
  CHECK(error.code == 201);
  CHECK(error.text == "A Generic Error Ocurred");
}

TEST_CASE("krpc: writes queries byte for byte", "[dht][krpc]") {
  Buffer buffer{};
  auto find_node = make_query(Method::find_node);
  find_node.target = id("mnopqrstuvwxyz123456");
  find_node.want = {true, true};
  find_node.read_only = true;
  auto announce = make_query(Method::announce_peer);
  announce.target = id("mnopqrstuvwxyz123456");
  announce.implied_port = true;
  announce.port = 6881;
  announce.token = as_bytes("aoeusnth");

  using namespace std::string_view_literals;
  CHECK(as_text(encode(make_query(Method::ping), buffer)) ==
        "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:v4:QE\0\1"
        "1:y1:qe"sv);
  CHECK(as_text(encode(find_node, buffer)) ==
        "d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz1234564:wantl2:n42:n6ee1:q9:"
        "find_node2:roi1e1:t2:aa1:v4:QE\0\1"
        "1:y1:qe"sv);
  CHECK(as_text(encode(announce, buffer)) ==
        "d1:ad2:id20:abcdefghij012345678912:implied_porti1e9:info_hash20:mnopqrstuvwxyz1234564:"
        "porti6881e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:v4:QE\0\1"
        "1:y1:qe"sv);
}

TEST_CASE("krpc: writes answers byte for byte", "[dht][krpc]") {
  Buffer buffer{};
  Response response;
  response.transaction = as_bytes("aa");
  response.id = id("mnopqrstuvwxyz123456");
  response.your_address = SocketAddress::parse("97.120.106.101:11893").value();
  response.token = as_bytes("aoeusnth");
  response.version = kClientVersion;
  const std::array peers = {SocketAddress::parse("105.100.104.116:28269").value()};

  using namespace std::string_view_literals;
  CHECK(as_text(encode(response, peers, buffer)) ==
        "d2:ip6:axje.u1:rd2:id20:mnopqrstuvwxyz1234565:token8:aoeusnth6:valuesl6:idhtnmee1:t2:aa1:"
        "v4:QE\0\1"
        "1:y1:re"sv);
  CHECK(as_text(encode(ErrorReply{as_bytes("aa"), 201, "no"}, buffer)) ==
        "d1:eli201e2:noe1:t2:aa1:v4:QE\0\1"
        "1:y1:ee"sv);
}

TEST_CASE("krpc: every message begins as the shared port needs it", "[dht][krpc]") {
  Buffer buffer{};
  Response with_address;
  with_address.transaction = as_bytes("aa");
  auto without = with_address;
  with_address.your_address = SocketAddress::parse("192.0.2.1:1").value();

  for (const auto text : {as_text(encode(make_query(Method::ping), buffer)).substr(0, 3)}) {
    CHECK(text == "d1:");
  }
  CHECK(as_text(encode(with_address, {}, buffer)).substr(0, 3) == "d2:");
  CHECK(as_text(encode(without, {}, buffer)).substr(0, 3) == "d1:");
  CHECK(as_text(encode(ErrorReply{as_bytes("aa"), 201, ""}, buffer)).substr(0, 3) == "d1:");
}

TEST_CASE("krpc: the largest put and its answer fit a message", "[dht][krpc]") {
  SeededRandom random{3};
  const auto key = crypto::KeyPair::generate(random);
  const std::string value = "996:" + std::string(996, 'x');
  const auto item = testing::signed_item(
      key, value, std::numeric_limits<std::int64_t>::max(), std::string(kSaltBytesMax, 's'));
  Buffer buffer{};
  auto put = make_query(Method::put);
  put.item = item.view();
  const std::string token(kTokenBytesMax, 't');
  put.token = as_bytes(token);
  put.cas = std::numeric_limits<std::int64_t>::max();

  const auto bytes = encode(put, buffer);
  REQUIRE_FALSE(bytes.empty());
  const auto back = std::get<Query>(decode(bytes).value());

  CHECK(to_item(back.item) == item);
  CHECK(back.cas == put.cas);
  CHECK(BencodeValue::parse(bytes)->canonical());
}

TEST_CASE("krpc: get answers carry an item, or only its version", "[dht][krpc]") {
  SeededRandom random{3};
  const auto item = testing::signed_item(crypto::KeyPair::generate(random), "i7e", 9);
  Buffer buffer{};
  Response response;
  response.transaction = as_bytes("aa");
  response.item = item.view();
  response.seq = 9;

  const auto whole = std::get<Response>(decode(encode(response, {}, buffer)).value());
  CHECK(to_item(whole.item) == item);

  Response version;
  version.transaction = as_bytes("aa");
  version.seq = 9;
  const auto bare = std::get<Response>(decode(encode(version, {}, buffer)).value());
  CHECK(bare.seq == 9);
  CHECK(bare.item.value.empty());
  CHECK_FALSE(bare.item.author);
}

TEST_CASE("krpc: compact nodes survive, odd bytes at the end are ignored", "[dht][krpc]") {
  const NodeInfo v4{id("abcdefghij0123456789"), SocketAddress::parse("192.0.2.1:9000").value()};
  const NodeInfo v6{id("mnopqrstuvwxyz123456"), SocketAddress::parse("[2001:db8::1]:9").value()};
  ByteVector bytes4;
  append_compact(bytes4, v4);
  append_compact(bytes4, v4);
  bytes4.push_back(0);
  ByteVector bytes6;
  append_compact(bytes6, v6);

  CHECK(parse_compact_nodes(bytes4, Family::v4, 8) == std::vector{v4, v4});
  CHECK(parse_compact_nodes(bytes4, Family::v4, 1) == std::vector{v4});
  CHECK(parse_compact_nodes(bytes6, Family::v6, 8) == std::vector{v6});
  CHECK(parse_compact_nodes({}, Family::v4, 8).empty());
  CHECK_FALSE(parse_compact(as_bytes("12345")).has_value());
}

TEST_CASE("krpc: accepts unsorted and unknown keys, as the mainline DHT has them", "[dht][krpc]") {
  const auto query =
      query_of("d1:y1:q1:t2:aa1:q4:ping4:junkli1ee1:ad5:junk2de2:id20:abcdefghij0123456789ee");
  CHECK(query.method == Method::ping);
  const auto unknown = query_of("d1:ad2:id20:abcdefghij0123456789e1:q4:vote1:t2:aa1:y1:qe");
  CHECK(unknown.method == Method::unknown);
}

TEST_CASE("krpc: refuses messages without their essentials", "[dht][krpc]") {
  for (const auto text : {
           "i1e",
           "le",
           "de",
           "d1:t2:aae",
           "d1:t2:aa1:y1:qe",
           "d1:t2:aa1:y1:re",
           "d1:t2:aa1:y1:xe",
           "d1:ade1:q4:ping1:t2:aa1:y1:qe",                            // no id
           "d1:ad2:id19:abcdefghij012345678e1:q4:ping1:t2:aa1:y1:qe",  // short id
           "d1:ad2:idi1ee1:q4:ping1:t2:aa1:y1:qe",                     // id is no string
           "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:y1:qe",        // no transaction
           "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t0:1:y1:qe",
           "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t33:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1:y1:"
           "qe",
           "d1:rl2:id20:abcdefghij0123456789ee1:t2:aa1:y1:re",
           "d1:al2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe",
           "d1:ali1ee1:q4:ping1:t2:aa1:y1:qe",
       }) {
    CAPTURE(text);
    CHECK_FALSE(decode(as_bytes(text)).has_value());
  }
}

TEST_CASE("krpc: fields of the wrong type count as absent", "[dht][krpc]") {
  const auto query = query_of(
      "d1:ad3:cas1:x2:id20:abcdefghij01234567891:k3:abc4:porti70000e3:seqi1e3:sigi1e6:target2:ab5:"
      "tokeni1e4:want1:xe1:q3:put2:roi1e1:t2:aa1:y1:qe");
  CHECK_FALSE(query.cas);
  CHECK_FALSE(query.port);
  CHECK_FALSE(query.target);
  CHECK_FALSE(query.item.author);
  CHECK(query.token.empty());
  CHECK_FALSE(query.want.v4);
  CHECK(query.read_only);
}
