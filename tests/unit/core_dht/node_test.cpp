#include "support/dht_crypto.hpp"
#include "support/dht_ring.hpp"

#include <quicether/core/dht/node.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <chrono>
#include <set>
#include <string>
#include <variant>
#include <vector>

using namespace quicether;
using namespace quicether::dht;
using namespace std::chrono_literals;
using quicether::testing::Ring;
using quicether::testing::signed_item;

namespace {

const SocketAddress kStranger = SocketAddress::parse("203.0.113.5:7000").value();

/// A node, and a stranger who writes it messages by hand.
struct Alone {
  explicit Alone(NodeConfig config = {}) : node{std::move(config), crypto, random, now} {}

  testing::RealCrypto crypto{};
  SeededRandom random{11};
  Instant now{1h};
  Node node;

  /// What the node sends at once.
  std::vector<OutgoingMessage> say(ConstBytes bytes, const SocketAddress& from = kStranger) {
    node.on_datagram(now, from, bytes);
    return drain();
  }

  std::vector<OutgoingMessage> say(Query query, const SocketAddress& from = kStranger) {
    std::array<std::uint8_t, kMessageBytesMax> buffer{};
    query.transaction = as_bytes("tt");
    return say(encode(query, buffer), from);
  }

  std::vector<OutgoingMessage> drain() {
    const auto sent = node.poll_transmit();
    std::vector<OutgoingMessage> messages{sent.begin(), sent.end()};
    node.consume_transmit(sent.size());
    return messages;
  }

  static Query query(Method method) {
    Query made;
    made.method = method;
    made.read_only = true;  // else the node pings back
    return made;
  }

  /// The write token for a target.
  ByteVector token(const Id& target) {
    auto get = query(Method::get);
    get.target = target;
    const auto answers = say(get);
    REQUIRE(answers.size() == 1);
    const auto response = std::get<Response>(decode(answers[0].bytes).value());
    return {response.token.begin(), response.token.end()};
  }

  /// The code that a put is answered with; none when it is stored.
  KrpcError put(const Item& item,
                std::optional<std::int64_t> cas = {},
                std::optional<ByteVector> other_token = {}) {
    const auto own = other_token ? *other_token : token(target_of(item.view(), crypto));
    auto made = query(Method::put);
    made.item = item.view();
    made.token = own;
    made.cas = cas;
    const auto answers = say(made);
    REQUIRE(answers.size() == 1);
    const auto message = decode(answers[0].bytes).value();
    const auto* error = std::get_if<ErrorReply>(&message);
    return error == nullptr ? KrpcError::none : static_cast<KrpcError>(error->code);
  }
};

}  // namespace

// Test plan T-D10, over the wire.
TEST_CASE("node: refuses bad puts with the right code", "[dht][node]") {
  Alone a;
  const auto key = crypto::KeyPair::generate(a.random);
  auto forged = signed_item(key, "1:a", 3);
  forged.author->signature[5] ^= 1U;

  CHECK(a.put(signed_item(key, "1:b", 5)) == KrpcError::none);
  CHECK(a.put(signed_item(key, "1:a", 4)) == KrpcError::seq_too_low);
  CHECK(a.put(signed_item(key, "1:x", 5)) == KrpcError::seq_too_low);
  CHECK(a.put(signed_item(key, "1:c", 6), 4) == KrpcError::cas_mismatch);
  CHECK(a.put(signed_item(key, "1:c", 6), 5) == KrpcError::none);
  CHECK(a.put(forged) == KrpcError::invalid_signature);
  CHECK(a.put(signed_item(key, "997:" + std::string(997, 'x'), 9)) == KrpcError::value_too_large);
  CHECK(a.put(signed_item(key, "1:a", 9, std::string(65, 's'))) == KrpcError::salt_too_large);
  CHECK(a.put(signed_item(key, "d1:bi1e1:ai1ee", 9)) == KrpcError::protocol);
  CHECK(a.node.stored_items() == 1);
}

TEST_CASE("node: takes no put without the token for that very target", "[dht][node]") {
  Alone a;
  const auto key = crypto::KeyPair::generate(a.random);
  const auto other = a.token(Id{});

  CHECK(a.put(signed_item(key, "1:a", 1), {}, ByteVector{}) == KrpcError::protocol);
  CHECK(a.put(signed_item(key, "1:a", 1), {}, other) == KrpcError::protocol);
  CHECK(a.node.stored_items() == 0);
}

TEST_CASE("node: answers get with the item, or its version alone when that is known",
          "[dht][node]") {
  Alone a;
  const auto item = signed_item(crypto::KeyPair::generate(a.random), "1:b", 5);
  REQUIRE(a.put(item) == KrpcError::none);
  auto get = Alone::query(Method::get);
  get.target = target_of(item.view(), a.crypto);

  const auto whole_bytes = a.say(get).at(0).bytes;
  const auto whole = std::get<Response>(decode(whole_bytes).value());
  get.seq = 5;
  const auto known_bytes = a.say(get).at(0).bytes;
  const auto known = std::get<Response>(decode(known_bytes).value());
  get.seq = 4;
  const auto newer_bytes = a.say(get).at(0).bytes;
  const auto newer = std::get<Response>(decode(newer_bytes).value());

  CHECK(to_item(whole.item) == item);
  CHECK(known.seq == 5);
  CHECK(known.item.value.empty());
  CHECK(to_item(newer.item) == item);
  CHECK(whole.your_address == kStranger);
}

TEST_CASE("node: peers announce themselves and are found", "[dht][node]") {
  Alone a;
  Id hash;
  hash.bytes[0] = 7;
  const auto token = a.token(hash);
  auto announce = Alone::query(Method::announce_peer);
  announce.target = hash;
  announce.token = token;
  announce.port = 4000;
  const auto explicit_port = a.say(announce).at(0).bytes;
  announce.implied_port = true;
  const auto implied_port = a.say(announce).at(0).bytes;
  auto get_peers = Alone::query(Method::get_peers);
  get_peers.target = hash;
  const auto bytes = a.say(get_peers).at(0).bytes;
  const auto found = std::get<Response>(decode(bytes).value());

  CHECK(std::holds_alternative<Response>(decode(explicit_port).value()));
  CHECK(std::holds_alternative<Response>(decode(implied_port).value()));
  std::set<SocketAddress> peers;
  auto walk = found.values->items();
  while (const auto value = walk.next()) {
    peers.insert(parse_compact(*value->string()).value());
  }
  CHECK(peers == std::set{SocketAddress{kStranger.address, 4000}, kStranger});

  announce.token = as_bytes("wrong");
  CHECK(std::holds_alternative<ErrorReply>(decode(a.say(announce).at(0).bytes).value()));
}

TEST_CASE("node: answers unknown methods as BEP 5 advises", "[dht][node]") {
  Alone a;
  const auto with_target = a.say(as_bytes(
      "d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q4:vote2:roi1e1:t2:tt1:y1:"
      "qe"));
  const auto without =
      a.say(as_bytes("d1:ad2:id20:abcdefghij0123456789e1:q4:vote2:roi1e1:t2:tt1:y1:qe"));

  CHECK(std::holds_alternative<Response>(decode(with_target.at(0).bytes).value()));
  CHECK(std::get<ErrorReply>(decode(without.at(0).bytes).value()).code == 204);
}

// Test plan T-D8: what somebody else's messages look like when their source is forged.
TEST_CASE("node: says nothing to answers, errors and junk", "[dht][node]") {
  Alone a;
  for (const auto text : {
           "d1:rd2:id20:mnopqrstuvwxyz123456e1:t4:aaaa1:y1:re",
           "d1:rd2:id20:mnopqrstuvwxyz1234565:token8:aoeusnthe1:t2:aa1:y1:re",
           "d1:eli201e23:A Generic Error Ocurrede1:t4:aaaa1:y1:ee",
           "d1:eli203e0:e1:t2:aa1:y1:ee",
           "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:y1:qe",
           "d1:ad2:id3:abce1:q4:ping1:t2:aa1:y1:qe",
           "d1:y1:qe",
           "d1:t2:aa1:y1:ze",
           "d1:",
           "",
       }) {
    CAPTURE(text);
    CHECK(a.say(as_bytes(text)).empty());
  }
}

TEST_CASE("node: asks back who asks, but not who is read-only", "[dht][node]") {
  Alone a;
  auto ping = Alone::query(Method::ping);
  CHECK(a.say(ping).size() == 1);

  ping.read_only = false;
  const auto sent = a.say(ping);
  REQUIRE(sent.size() == 2);
  CHECK(std::get<Query>(decode(sent[1].bytes).value()).method == Method::ping);
  CHECK(a.node.size(Family::v4) == 0);
}

TEST_CASE("node: a read-only node says so and answers nobody", "[dht][node]") {
  NodeConfig config;
  config.read_only = true;
  Alone a{config};

  CHECK(a.say(Alone::query(Method::ping)).empty());
  CHECK(a.node.stats().dropped_read_only == 1);
  REQUIRE(a.node.ping(a.now, kStranger).has_value());
  CHECK(std::get<Query>(decode(a.drain().at(0).bytes).value()).read_only);
}

// Test plan T-D7: forged queries must not make a node shoot at a victim.
TEST_CASE("node: sends no more to a forged source than came in its name", "[dht][node]") {
  Alone a;
  const auto item =
      signed_item(crypto::KeyPair::generate(a.random), "990:" + std::string(990, 'x'), 5);
  REQUIRE(a.put(item) == KrpcError::none);
  const auto victim = SocketAddress::parse("198.51.100.77:53").value();
  auto get = Alone::query(Method::get);
  get.target = target_of(item.view(), a.crypto);
  auto find = get;
  find.method = Method::find_node;
  std::array<std::uint8_t, kMessageBytesMax> buffer{};
  std::size_t in = 0;
  std::size_t out = 0;
  for (int i = 0; i < 2000; ++i) {
    a.now = a.now + 10ms;
    auto& query = i % 2 == 0 ? get : find;
    query.transaction = as_bytes("tt");
    const auto bytes = encode(query, buffer);
    in += bytes.size();
    for (const auto& message : a.say(bytes, victim)) {
      out += message.bytes.size();
    }
  }
  CHECK(out <= in);
  CHECK(out > 0);
}

TEST_CASE("node: an honest stranger gets a long answer by showing the token", "[dht][node]") {
  NodeConfig config;
  config.limits.loan_bytes_per_second = {0, 0};  // no answer beyond what was sent
  Ring ring{{.node = config}};
  const auto holder = ring.add();
  const auto asker = ring.add();
  ring.start(holder, {});
  ring.start(asker, {ring[holder].address});
  ring.run_for(10s);
  const auto item =
      signed_item(crypto::KeyPair::generate(ring.random()), "990:" + std::string(990, 'x'), 5);
  REQUIRE(ring.put(asker, {item}).replicas == 1);

  const auto late = ring.add();
  auto read_only = config;
  read_only.read_only = true;  // nobody pings it, so nobody learns that it is where it says
  ring.start(late, {ring[holder].address}, {}, read_only);
  ring.run_for(5s);
  const auto done = ring.get(late, {.target = target_of(item.view(), ring.crypto())});

  CHECK_FALSE(done.error);
  CHECK(done.item == item);
  CHECK(ring.node(holder).stats().answers_trimmed > 0);
}

TEST_CASE("node: three nodes find each other, store, find and announce", "[dht][node]") {
  Ring ring{{}};
  ring.grow(3, 1s);
  ring.run_for(30s);
  const auto key = crypto::KeyPair::generate(ring.random());
  const auto first = signed_item(key, "5:apple", 1);
  const auto target = target_of(first.view(), ring.crypto());

  CHECK(ring[2].joined == 1);
  CHECK(ring.put(0, {first}).replicas == 2);
  CHECK(ring.get(2, {.target = target, .key = key.public_key()}).item == first);
  CHECK(ring.get(1, {.target = target}).item == first);
  CHECK(ring.put(1, {signed_item(key, "4:pear", 2), 9}).error == errc::superseded);
  CHECK_FALSE(ring.put(1, {signed_item(key, "4:pear", 2), 1}).error);
  CHECK(ring.put(0, {first}).error == errc::superseded);
  CHECK(ring.get(0, {.target = target}).item->author->seq == 2);
  CHECK(ring.get(0, {.target = Id{}}).error == errc::not_found);

  const auto other = crypto::KeyPair::generate(ring.random());
  CHECK(ring.get(0, {.target = target, .key = other.public_key()}).error == errc::not_found);

  const Id hash{};
  const auto announced = ring.run(0, [&](Node& node) { return node.announce(ring.now(), {hash}); });
  const auto peers = ring.run(2, [&](Node& node) { return node.get_peers(ring.now(), hash); });
  CHECK(announced.replicas == 2);
  CHECK(peers.peers == std::vector{ring[0].address});
}

TEST_CASE("node: refuses to put what others would refuse", "[dht][node]") {
  Alone a;
  auto forged = signed_item(crypto::KeyPair::generate(a.random), "1:a", 3);
  forged.author->signature[5] ^= 1U;
  CHECK(a.node.put(a.now, {forged}).error() == errc::invalid_argument);
  CHECK(a.node.publish(a.now, forged).error() == errc::invalid_argument);
}

TEST_CASE("node: a ping ends with its round trip or with its timeout", "[dht][node]") {
  Ring ring{{}};
  ring.grow(2, 1s);
  const auto nobody = ring.next_address();
  const auto alive =
      ring.run(0, [&](Node& node) { return node.ping(ring.now(), ring[1].address); });
  const auto dead = ring.run(0, [&](Node& node) { return node.ping(ring.now(), nobody); });

  CHECK_FALSE(alive.error);
  CHECK(alive.elapsed >= 20ms);
  CHECK(alive.elapsed <= 100ms);
  CHECK(dead.error == errc::timed_out);
  CHECK(dead.elapsed == 4s);
}

TEST_CASE("node: operations are bounded, cancelled ones stay silent", "[dht][node]") {
  NodeConfig config;
  config.limits.operations_max = 2;
  Alone a{config};
  const auto first = a.node.ping(a.now, kStranger);
  REQUIRE(first.has_value());
  REQUIRE(a.node.ping(a.now, kStranger).has_value());
  CHECK(a.node.ping(a.now, kStranger).error() == errc::limit_reached);
  a.node.cancel(*first);
  CHECK(a.node.ping(a.now, kStranger).has_value());

  a.now = a.now + 10s;
  a.node.on_timeout(a.now);
  std::size_t ended = 0;
  while (const auto event = a.node.poll_event()) {
    CHECK(std::get<OperationDone>(*event).operation != *first);
    ++ended;
  }
  CHECK(ended == 2);
}

TEST_CASE("node: takes answers only from where it asked", "[dht][node]") {
  Alone a;
  REQUIRE(a.node.ping(a.now, kStranger).has_value());
  const auto bytes = a.drain().at(0).bytes;
  const auto query = std::get<Query>(decode(bytes).value());
  Response response;
  response.transaction = query.transaction;
  std::array<std::uint8_t, kMessageBytesMax> buffer{};
  const auto answer = encode(response, {}, buffer);

  a.node.on_datagram(a.now, SocketAddress{kStranger.address, 7001}, answer);
  CHECK(a.node.stats().dropped_unsolicited == 1);
  CHECK_FALSE(a.node.poll_event());
  a.node.on_datagram(a.now, kStranger, answer);
  CHECK(a.node.poll_event());
  CHECK(a.node.size(Family::v4) == 1);
}

TEST_CASE("node: learns its address from a majority and takes an id that fits", "[dht][node]") {
  Alone a;
  const auto before = a.node.id(Family::v4);
  for (std::uint8_t i = 1; i <= 5; ++i) {
    const SocketAddress other{IpAddress::v4({20, i, 0, 1}), 9000};
    REQUIRE(a.node.ping(a.now, other).has_value());
    const auto bytes = a.drain().at(0).bytes;
    Response response;
    response.transaction = std::get<Query>(decode(bytes).value()).transaction;
    response.id = make_secure_id(other.address, a.random);
    response.your_address = SocketAddress::parse("198.51.100.9:6881").value();
    std::array<std::uint8_t, kMessageBytesMax> buffer{};
    a.node.on_datagram(a.now, other, encode(response, {}, buffer));
  }
  CHECK(a.node.external(Family::v4) == SocketAddress::parse("198.51.100.9:6881").value());
  CHECK(a.node.id(Family::v4) != before);
  CHECK(is_secure_id(a.node.id(Family::v4), IpAddress::parse("198.51.100.9").value()));
  CHECK(a.node.size(Family::v4) == 5);
}

TEST_CASE("node: with enforced ids, contacts must have the one of their address", "[dht][node]") {
  NodeConfig config;
  config.enforce_secure_ids = true;
  Alone a{config};
  for (const bool secure : {false, true}) {
    const SocketAddress other{IpAddress::v4({20, 1, 1, 1}), 9000};
    REQUIRE(a.node.ping(a.now, other).has_value());
    const auto bytes = a.drain().at(0).bytes;
    Response response;
    response.transaction = std::get<Query>(decode(bytes).value()).transaction;
    response.id = make_secure_id(secure ? other.address : kStranger.address, a.random);
    std::array<std::uint8_t, kMessageBytesMax> buffer{};
    a.node.on_datagram(a.now, other, encode(response, {}, buffer));
    CHECK(a.node.size(Family::v4) == (secure ? 1U : 0U));
  }
}

TEST_CASE("node: works over IPv6, and each family is a ring of its own", "[dht][node]") {
  Ring ring{{}};
  for (std::uint8_t i = 1; i <= 4; ++i) {
    const auto text = "[2001:db8:" + std::to_string(i) + "::1]:9000";
    const auto index = ring.add(SocketAddress::parse(text).value());
    ring.start(index, index == 0 ? std::vector<SocketAddress>{} : std::vector{ring[0].address});
    ring.run_for(1s);
  }
  ring.run_for(30s);
  const auto item = signed_item(crypto::KeyPair::generate(ring.random()), "2:v6", 1);

  CHECK(ring.node(3).size(Family::v6) == 3);
  CHECK(ring.node(3).size(Family::v4) == 0);
  CHECK(ring.put(1, {item}).replicas == 3);
  CHECK(ring.get(3, {.target = target_of(item.view(), ring.crypto())}).item == item);
}
