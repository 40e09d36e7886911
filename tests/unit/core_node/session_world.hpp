#ifndef QUICETHER_TESTS_UNIT_CORE_NODE_SESSION_WORLD_HPP
#define QUICETHER_TESTS_UNIT_CORE_NODE_SESSION_WORLD_HPP

#include <quicether/base/random.hpp>
#include <quicether/core/crypto/key_pair.hpp>
#include <quicether/core/crypto/node_address.hpp>
#include <quicether/core/node/session_table.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace quicether::node::testing {

using namespace std::chrono_literals;

inline constexpr UnixSeconds kToday = 1'795'000'000;

class Gate final : public AdmissionControl {
 public:
  Verdict admit(const PublicKey& key, const NodeId& /*id*/, bool network_member) override {
    const bool listed = std::ranges::find(allowed, key) != allowed.end();
    return {listed || network_member, listed || network_member ? "" : "not in peers.allowed"};
  }

  std::vector<PublicKey> allowed{};
};

struct Side {
  Side(std::uint64_t seed, std::uint16_t port, SessionTableConfig config = {})
      : random{seed},
        key{crypto::KeyPair::generate(random)},
        address{IpAddress::v4({192, 0, 2, 1}), port},
        table{std::make_unique<SessionTable>(std::move(config), key, random, gate, kToday)} {}

  [[nodiscard]] NodeId id() const { return crypto::node_id(key.public_key()); }

  template <typename Wanted>
  [[nodiscard]] std::vector<Wanted> seen() const {
    std::vector<Wanted> found;
    for (const auto& event : events) {
      if (const auto* wanted = std::get_if<Wanted>(&event)) {
        found.push_back(*wanted);
      }
    }
    return found;
  }

  SeededRandom random;
  crypto::KeyPair key;
  Gate gate{};
  SocketAddress address;
  std::unique_ptr<SessionTable> table;
  std::vector<SessionEvent> events{};
  std::vector<std::string> messages{};
};

/// Two tables joined by a wire without delay, in virtual time.
struct World {
  explicit World(SessionTableConfig client_config = {}, SessionTableConfig server_config = {})
      : client{1, 1111, std::move(client_config)}, server{2, 2222, std::move(server_config)} {}

  void admit_each_other() {
    client.gate.allowed = {server.key.public_key()};
    server.gate.allowed = {client.key.public_key()};
  }

  SessionId dial(std::optional<NodeId> expected = std::nullopt) {
    DialOptions options;
    options.local = client.address;
    options.remote = server.address;
    options.expected_id = expected;
    return client.table->dial(now, options).value();
  }

  void take(Side& side) {
    while (auto event = side.table->poll_event()) {
      side.events.push_back(std::move(*event));
    }
    for (const auto& datagram : side.table->received_datagrams()) {
      side.messages.emplace_back(as_text(datagram.payload));
    }
    side.table->clear_received();
  }

  bool carry(Side& from, Side& to) {
    const auto trains = from.table->poll_transmit(now);
    const auto count = trains.size();
    std::vector<ByteVector> bytes;
    std::vector<std::size_t> segments;
    for (const auto& train : trains) {
      bytes.emplace_back(train.bytes.begin(), train.bytes.end());
      segments.push_back(train.segment_bytes);
    }
    from.table->consume_transmit(count);
    for (std::size_t i = 0; i < count && !cut; ++i) {
      ReceivedTrain train;
      train.bytes = bytes[i];
      train.segment_bytes = segments[i];
      train.local = to.address;
      train.remote = from.address;
      to.table->on_train(now, train);
      take(to);
    }
    take(from);
    return count != 0;
  }

  void run(Duration span) {
    const auto end = now + span;
    while (true) {
      while (carry(client, server) || carry(server, client)) {
      }
      const auto next = std::min(client.table->next_timeout(), server.table->next_timeout());
      if (next > end) {
        break;
      }
      now = std::max(now, next);
      client.table->on_timeout(now);
      server.table->on_timeout(now);
      take(client);
      take(server);
    }
    now = end;
  }

  Instant now{1s};
  Side client;
  Side server;
  bool cut = false;
};

inline SessionTableConfig with_network(std::string_view secret) {
  SessionTableConfig config;
  config.network_key = crypto::NetworkKey::derive("home", as_bytes(secret)).value();
  return config;
}

}  // namespace quicether::node::testing

#endif  // QUICETHER_TESTS_UNIT_CORE_NODE_SESSION_WORLD_HPP
