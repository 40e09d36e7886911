#include "../../tests/support/dht_crypto.hpp"

#include <quicether/base/random.hpp>
#include <quicether/core/dht/krpc.hpp>
#include <quicether/core/dht/node.hpp>

#include <benchmark/benchmark.h>

#include <malloc.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

using namespace quicether;
using namespace quicether::dht;

namespace {

using Buffer = std::array<std::uint8_t, kMessageBytesMax>;

ByteVector copy(ConstBytes bytes) {
  return {bytes.begin(), bytes.end()};
}

NodeInfo random_node(Random& random) {
  const auto value = static_cast<std::uint32_t>((random.next() % 0x70000000U) + 0x10000000U);
  const auto address = IpAddress::v4(value);
  return {make_secure_id(address, random), {address, 9000}};
}

/// The messages of a busy node: what it is asked, and what it is answered.
std::vector<ByteVector> mixed_messages() {
  SeededRandom random{1};
  Buffer buffer{};
  std::vector<ByteVector> messages;
  for (const auto method : {Method::ping, Method::find_node, Method::get_peers, Method::get}) {
    Query query;
    query.transaction = as_bytes("abcd");
    query.method = method;
    query.id = Id::random(random);
    query.target = Id::random(random);
    messages.push_back(copy(encode(query, buffer)));
  }
  ByteVector nodes;
  for (int i = 0; i < 8; ++i) {
    append_compact(nodes, random_node(random));
  }
  Response response;
  response.transaction = as_bytes("abcd");
  response.id = Id::random(random);
  response.your_address = random_node(random).address;
  response.version = kClientVersion;
  messages.push_back(copy(encode(response, {}, buffer)));
  response.nodes = nodes;
  response.token = as_bytes("12345678");
  messages.push_back(copy(encode(response, {}, buffer)));
  const auto item =
      testing::signed_item(crypto::KeyPair::generate(random), "500:" + std::string(500, 'x'), 7);
  response.item = item.view();
  response.seq = 7;
  messages.push_back(copy(encode(response, {}, buffer)));
  return messages;
}

void dht_decode(benchmark::State& state) {
  const auto messages = mixed_messages();
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(decode(messages[at]));
    at = at + 1 == messages.size() ? 0 : at + 1;
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(dht_decode);

/// A node with a full table.
struct BusyNode {
  BusyNode() : node{config(), crypto, random, now} {
    for (int i = 0; i < 1000; ++i) {  // as many as a node meets in its first hours
      const auto other = random_node(random);
      (void)node.ping(now, other.address);
      for (const auto& message : node.poll_transmit()) {
        const auto query = std::get<Query>(decode(message.bytes).value());
        Response response;
        response.transaction = query.transaction;
        response.id = other.id;
        Buffer buffer{};
        node.on_datagram(now, other.address, encode(response, {}, buffer));
      }
      node.consume_transmit(node.poll_transmit().size());
      while (node.poll_event()) {
      }
    }
  }

  static NodeConfig config() {
    NodeConfig config;
    config.limits.queries_total = {1'000'000'000, 1'000'000'000};
    config.limits.queries_per_source = {1'000'000'000, 1'000'000'000};
    config.limits.queries_per_subnet = {1'000'000'000, 1'000'000'000};
    return config;
  }

  testing::RealCrypto crypto{};
  SeededRandom random{7};
  Instant now{std::chrono::hours{1}};
  Node node;
};

/// Queries for nodes, answered with the eight nearest of the table.
void dht_answer_find_node(benchmark::State& state) {
  BusyNode busy;
  Buffer buffer{};
  std::vector<ByteVector> queries;
  for (int i = 0; i < 256; ++i) {
    Query query;
    query.transaction = as_bytes("abcd");
    query.method = Method::find_node;
    query.read_only = true;
    query.id = Id::random(busy.random);
    query.target = Id::random(busy.random);
    queries.push_back(copy(encode(query, buffer)));
  }
  const auto from = random_node(busy.random).address;
  (void)busy.node.ping(busy.now, from);
  std::size_t at = 0;
  for (auto _ : state) {
    busy.now = busy.now + std::chrono::microseconds{1};
    busy.node.on_datagram(busy.now, from, queries[at++ % queries.size()]);
    busy.node.consume_transmit(busy.node.poll_transmit().size());
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["contacts"] = static_cast<double>(busy.node.size(Family::v4));
}

BENCHMARK(dht_answer_find_node);

/// Heap bytes per contact of a node that met a thousand others: the contacts and spare ones of its
/// table, and what it remembers of all their addresses.
void dht_memory_per_contact(benchmark::State& state) {
  double bytes = 0;
  for (auto _ : state) {
    const auto before = mallinfo2().uordblks;
    const BusyNode busy;
    bytes = static_cast<double>(mallinfo2().uordblks - before) /
            static_cast<double>(busy.node.size(Family::v4));
  }
  state.counters["bytes"] = bytes;
}

BENCHMARK(dht_memory_per_contact)->Iterations(1);

}  // namespace
