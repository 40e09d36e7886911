// A node of several shards, on real threads and sockets. What only a TUN shows is in tests/netns.

#include "unit/platform/platform_support.hpp"

#include <quicether/node.hpp>
#include <quicether/system_environment.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace quicether {
namespace {

constexpr std::size_t kShards = 3;
constexpr std::size_t kPeers = 9;

NodeConfig on_loopback() {
  NodeConfig config;
  config.transport.socket.bind = {IpAddress::v4({127, 0, 0, 1}), 0};
  return config;
}

NodePeer peer(const Identity& identity, std::vector<SocketAddress> addresses) {
  return {
      .id = identity.node_id(), .key = identity.public_key(), .addresses = std::move(addresses)};
}

std::uint64_t counter(const NodeStatus& status, std::string_view name) {
  const auto found = std::ranges::find(
      status.counters, name, [](const auto& one) -> const auto& { return one.first; });
  REQUIRE(found != status.counters.end());
  return found->second;
}

/// A hub of several shards, and peers of one each.
struct Star {
  Star() {
    SystemOptions options;
    options.events = &events;
    options.shards = kShards;
    hub_environment = system_environment(io.get_executor(), std::move(options));
    peer_environment = system_environment(io.get_executor());
    auto& random = peer_environment->random();
    hub_identity = std::make_unique<Identity>(Identity::generate(random));
    for (std::size_t i = 0; i < kPeers; ++i) {
      identities.push_back(std::make_unique<Identity>(Identity::generate(random)));
    }
  }

  /// The peers that dial the hub. The hub has their keys.
  NodeConfig hub_config() const {
    auto config = on_loopback();
    for (const auto& identity : identities) {
      config.peers.push_back(peer(*identity, {}));
    }
    return config;
  }

  void start_peers(const NodePeer& hub_as_seen) {
    for (const auto& identity : identities) {
      auto config = on_loopback();
      config.peers = {hub_as_seen};
      config.admission.peers = {{"hub", hub_identity->public_key(), std::nullopt}};
      peers.push_back(std::make_unique<Node>(*peer_environment, *identity, std::move(config)));
      REQUIRE(peers.back()->start().has_value());
    }
  }

  void stop(Node& node) {
    bool stopped = false;
    node.async_stop([&](error_code) { stopped = true; });
    test::run_until(io, [&] { return stopped; });
  }

  boost::asio::io_context io{1};
  test::EventLog events{};
  std::unique_ptr<Environment> hub_environment{};
  std::unique_ptr<Environment> peer_environment{};
  std::unique_ptr<Identity> hub_identity{};
  std::vector<std::unique_ptr<Identity>> identities{};
  std::vector<std::unique_ptr<Node>> peers{};
};

}  // namespace

TEST_CASE("shards: peers connect, whichever shard is theirs", "[shell][shard]") {
  Star star;
  Node hub{*star.hub_environment, *star.hub_identity, star.hub_config()};
  REQUIRE(hub.start().has_value());
  const auto address = hub.transport().local_endpoint();
  const bool by_id = GENERATE(true, false);
  star.start_peers(by_id ? peer(*star.hub_identity, {address}) : NodePeer{.addresses = {address}});

  test::run_until(star.io, [&] { return hub.status().peers_connected == kPeers; });

  const auto status = hub.status();
  CHECK(status.shards == kShards);
  CHECK(hub.peers().size() == kPeers);
  CHECK(counter(status, "quic.stateless_resets_sent") == 0);
  if (by_id) {
    CHECK(counter(status, "quic.handshakes_completed") == kPeers);
  }
  star.stop(hub);
  CHECK(hub.status().peers_connected == 0);
}

TEST_CASE("shards: the hub dials peers whose ids it does not know", "[shell][shard]") {
  Star star;
  for (auto& identity : star.identities) {
    auto config = on_loopback();
    config.peers = {peer(*star.hub_identity, {})};
    star.peers.push_back(
        std::make_unique<Node>(*star.peer_environment, *identity, std::move(config)));
    REQUIRE(star.peers.back()->start().has_value());
  }
  auto config = on_loopback();
  for (std::size_t i = 0; i < kPeers; ++i) {
    config.peers.push_back({.addresses = {star.peers[i]->transport().local_endpoint()}});
    config.admission.peers.push_back({"", star.identities[i]->public_key(), std::nullopt});
  }
  Node hub{*star.hub_environment, *star.hub_identity, std::move(config)};
  REQUIRE(hub.start().has_value());

  test::run_until(star.io, [&] { return hub.status().peers_connected == kPeers; });

  star.stop(hub);
}

TEST_CASE("shards: a reload puts peers of all shards out, and lets them in again",
          "[shell][shard]") {
  Star star;
  Node hub{*star.hub_environment, *star.hub_identity, star.hub_config()};
  REQUIRE(hub.start().has_value());
  star.start_peers(peer(*star.hub_identity, {hub.transport().local_endpoint()}));
  test::run_until(star.io, [&] { return hub.status().peers_connected == kPeers; });

  REQUIRE(hub.reload(on_loopback()).has_value());
  test::run_until(star.io, [&] { return hub.status().peers_connected == 0; });
  REQUIRE(hub.reload(star.hub_config()).has_value());
  test::run_until(star.io, [&] { return hub.status().peers_connected == kPeers; });

  star.stop(hub);
}

TEST_CASE("shards: every peer answers a ping, whichever shard is its own", "[shell][shard]") {
  Star star;
  Node hub{*star.hub_environment, *star.hub_identity, star.hub_config()};
  REQUIRE(hub.start().has_value());
  star.start_peers(peer(*star.hub_identity, {hub.transport().local_endpoint()}));
  test::run_until(star.io, [&] { return hub.status().peers_connected == kPeers; });

  std::size_t answered = 0;
  std::size_t failed = 0;
  for (const auto& identity : star.identities) {
    hub.async_ping(identity->node_id(), {}, [&](error_code error, const PingReply& reply) {
      ++(error || reply.rtt <= Duration{} ? failed : answered);
    });
  }
  for (const auto& node : star.peers) {
    node->async_ping(star.hub_identity->node_id(), {}, [&](error_code error, const PingReply&) {
      ++(error ? failed : answered);
    });
  }
  test::run_until(star.io, [&] { return answered + failed == 2 * kPeers; });

  CHECK(answered == 2 * kPeers);
  star.stop(hub);
}

TEST_CASE("shards: invites are redeemed at inviters of all shards", "[shell][shard]") {
  Star star;
  Node hub{*star.hub_environment, *star.hub_identity, on_loopback()};
  REQUIRE(hub.start().has_value());
  std::vector<error_code> outcomes;
  const auto redeem = [&](Node& guest, const Identity& inviter, const SocketAddress& address) {
    record::Invite invite;
    invite.inviter = inviter.public_key();
    invite.endpoints = {address};
    guest.async_redeem(invite,
                       [&](error_code error, const wire::Grant&) { outcomes.push_back(error); });
  };
  for (const auto& identity : star.identities) {
    star.peers.push_back(std::make_unique<Node>(*star.peer_environment, *identity, on_loopback()));
    REQUIRE(star.peers.back()->start().has_value());
  }
  for (std::size_t i = 0; i < kPeers; ++i) {
    redeem(hub, *star.identities[i], star.peers[i]->transport().local_endpoint());
    redeem(*star.peers[i], *star.hub_identity, hub.transport().local_endpoint());
  }
  test::run_until(star.io, [&] { return outcomes.size() == 2 * kPeers; });

  // Nobody made them: that is what each inviter answers, on its own thread.
  CHECK(std::ranges::count(outcomes, error_code{errc::invite_unknown}) == 2 * kPeers);
  star.stop(hub);
}

}  // namespace quicether
