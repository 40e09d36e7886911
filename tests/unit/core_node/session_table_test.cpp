#include "session_world.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace quicether;
using namespace quicether::node;
using namespace quicether::node::testing;
using namespace std::chrono_literals;

TEST_CASE("session_table: comes up on both sides when each admits the other",
          "[node][session_table]") {
  World world;
  world.admit_each_other();
  world.dial(world.server.id());
  world.run(1s);

  const auto client_up = world.client.seen<SessionUp>();
  const auto server_up = world.server.seen<SessionUp>();
  REQUIRE(client_up.size() == 1);
  REQUIRE(server_up.size() == 1);
  CHECK(client_up[0].info.dialled_here);
  CHECK_FALSE(server_up[0].info.dialled_here);
  CHECK(client_up[0].info.peer == world.server.key.public_key());
  CHECK(server_up[0].info.peer_id == world.client.id());
  CHECK(client_up[0].info.boot_id == world.server.table->boot_id());
  CHECK(server_up[0].info.boot_id == world.client.table->boot_id());
}

TEST_CASE("session_table: a peer that is not admitted is refused and told so",
          "[node][session_table]") {
  World world;
  world.client.gate.allowed = {world.server.key.public_key()};
  world.dial();
  world.run(1s);

  REQUIRE(world.client.seen<SessionUp>().empty());
  REQUIRE(world.server.seen<SessionUp>().empty());
  const auto down = world.client.seen<SessionDown>();
  REQUIRE(down.size() == 1);
  CHECK(down[0].reason == errc::not_admitted_by_peer);
  CHECK(down[0].detail == "not in peers.allowed");
  const auto refused = world.server.seen<SessionDown>();
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].reason == errc::not_admitted);
  CHECK(refused[0].peer == world.client.key.public_key());
  CHECK(world.server.table->stats().refused == 1);
}

TEST_CASE("session_table: the dialling side refuses a peer that it does not admit",
          "[node][session_table]") {
  World world;
  world.server.gate.allowed = {world.client.key.public_key()};
  world.dial();
  world.run(1s);

  REQUIRE(world.client.seen<SessionDown>().size() == 1);
  CHECK(world.client.seen<SessionDown>()[0].reason == errc::not_admitted);
  CHECK(world.server.seen<SessionUp>().empty());
}

TEST_CASE("session_table: expects the node that was dialled", "[node][session_table]") {
  World world;
  world.admit_each_other();
  auto other = world.server.id();
  other.bytes[19] ^= 1U;
  world.dial(other);
  world.run(1s);

  REQUIRE(world.client.seen<SessionDown>().size() == 1);
  CHECK(world.client.seen<SessionDown>()[0].reason == errc::wrong_node_id);
  CHECK(world.client.seen<SessionDown>()[0].remote == world.server.address);
  REQUIRE(world.server.seen<SessionDown>().size() == 1);  // of a peer whose key is not known yet
  CHECK(world.server.seen<SessionDown>()[0].remote == world.client.address);
  CHECK(world.server.seen<SessionUp>().empty());
}

TEST_CASE("session_table: members of a network admit each other by its secret",
          "[node][session_table]") {
  SECTION("the same secret") {
    World world{with_network("correct horse"), with_network("correct horse")};
    world.dial();
    world.run(1s);
    CHECK(world.client.seen<SessionUp>().size() == 1);
    CHECK(world.server.seen<SessionUp>().size() == 1);
  }
  SECTION("another secret") {
    World world{with_network("correct horse"), with_network("wrong horse")};
    world.dial();
    world.run(1s);
    CHECK(world.client.seen<SessionUp>().empty());
    CHECK(world.server.seen<SessionUp>().empty());
    REQUIRE(world.client.seen<SessionDown>().size() == 1);
    CHECK(world.client.seen<SessionDown>()[0].reason == errc::not_admitted_by_peer);
  }
}

TEST_CASE("session_table: announcements reach admitted peers, and again after a change",
          "[node][session_table]") {
  World world;
  world.admit_each_other();
  wire::Announce announce;
  announce.name = "server";
  announce.subnets = {Prefix::parse("10.0.0.0/24").value()};
  world.server.table->announce(announce);
  world.dial();
  world.run(1s);

  REQUIRE(world.client.seen<PeerAnnounced>().size() == 1);
  CHECK(world.client.seen<PeerAnnounced>()[0].announce == announce);

  announce.subnets.clear();
  world.server.table->announce(announce);
  world.run(1s);
  REQUIRE(world.client.seen<PeerAnnounced>().size() == 2);
  CHECK(world.client.seen<PeerAnnounced>()[1].announce == announce);
}

TEST_CASE("session_table: carries datagrams and streams of admitted peers",
          "[node][session_table]") {
  World world;
  world.admit_each_other();
  const auto session = world.dial();
  const std::array<std::uint8_t, 1> header{'>'};
  const quic::OutgoingDatagram early{header, as_bytes("early")};
  CHECK(world.client.table->send_datagrams(world.now, session, {&early, 1}) == 0);
  CHECK(world.client.table->open_stream(session).error() == errc::no_session);
  world.run(1s);

  const quic::OutgoingDatagram datagram{header, as_bytes("hello")};
  REQUIRE(world.client.table->send_datagrams(world.now, session, {&datagram, 1}) == 1);
  const auto stream = world.client.table->open_stream(session);
  REQUIRE(stream.has_value());
  REQUIRE(world.client.table->write_stream(session, *stream, as_bytes("bytes"), true).value() == 5);
  world.run(1s);

  CHECK(world.server.messages == std::vector<std::string>{">hello"});
  const auto opened = world.server.seen<SessionStreamOpened>();
  REQUIRE(opened.size() == 1);
  std::array<std::uint8_t, 16> buffer{};
  const auto read = world.server.table->read_stream(opened[0].session, opened[0].stream, buffer);
  REQUIRE(read.has_value());
  CHECK(as_text(ConstBytes{buffer}.first(*read)) == "bytes");
}

TEST_CASE("session_table: closes sessions that are no longer admitted", "[node][session_table]") {
  World world;
  world.admit_each_other();
  world.dial();
  world.run(1s);
  world.server.gate.allowed.clear();
  world.server.table->readmit(world.now);
  world.run(1s);

  REQUIRE(world.client.seen<SessionDown>().size() == 1);
  CHECK(world.client.seen<SessionDown>()[0].was_up);
  CHECK(world.client.seen<SessionDown>()[0].reason == errc::not_admitted_by_peer);
}

TEST_CASE("session_table: a node that dials itself notices", "[node][session_table]") {
  World world;
  world.client.gate.allowed = {world.client.key.public_key()};
  DialOptions options;
  options.local = world.client.address;
  options.remote = world.client.address;
  REQUIRE(world.client.table->dial(world.now, options).has_value());
  for (int i = 0; i < 20; ++i) {
    world.carry(world.client, world.client);
  }

  const auto down = world.client.seen<SessionDown>();
  REQUIRE_FALSE(down.empty());
  CHECK(std::ranges::any_of(down, [](const auto& one) { return one.reason == errc::to_self; }));
  CHECK(world.client.seen<SessionUp>().empty());
}

TEST_CASE("session_table: a restarted peer resets what it no longer knows",
          "[node][session_table]") {
  World world;
  world.admit_each_other();
  const auto session = world.dial();
  world.run(1s);
  world.server.table = std::make_unique<SessionTable>(
      SessionTableConfig{}, world.server.key, world.server.random, world.server.gate, kToday);
  world.client.table->ping(session);
  world.run(2s);

  const auto down = world.client.seen<SessionDown>();
  REQUIRE(down.size() == 1);
  CHECK(down[0].reason == errc::stateless_reset);
}

TEST_CASE("session_table: a peer that never answers times out", "[node][session_table]") {
  World world;
  world.cut = true;
  world.dial();
  world.run(30s);

  REQUIRE(world.client.seen<SessionDown>().size() == 1);
  CHECK(world.client.seen<SessionDown>()[0].reason == errc::timed_out);
}

TEST_CASE("session_table: one shard of a node has the sessions of a peer", "[node][shard]") {
  const auto right = lane_between(World{}.client.id(), World{}.server.id()) % 2U;
  for (std::uint8_t index = 0; index < 2; ++index) {
    CAPTURE(index, right);
    SessionTableConfig config;
    config.quic.shard = {index, 2};
    World world{{}, std::move(config)};
    world.admit_each_other();
    world.dial();
    world.run(1s);

    if (index == right) {
      CHECK(world.client.seen<SessionUp>().size() == 1);
      continue;
    }
    CHECK(world.client.seen<SessionUp>().empty());
    const auto down = world.client.seen<SessionDown>();
    REQUIRE(down.size() == 1);
    CHECK(down[0].reason == errc::wrong_shard);
    CHECK(down[0].peer == world.server.key.public_key());  // so that it can be dialled rightly
  }
}

TEST_CASE("session_table: a further lane is the next shard's, where the node takes it",
          "[node][shard]") {
  constexpr std::uint8_t kShards = 3;
  const auto lane = lane_between(World{}.client.id(), World{}.server.id());
  for (std::uint8_t index = 0; index < kShards; ++index) {
    for (const std::uint8_t taken : {std::uint8_t{1}, kShards}) {
      for (std::uint8_t number = 1; number < kShards; ++number) {
        CAPTURE(index, taken, number);
        SessionTableConfig config;
        config.quic.shard = {index, kShards};
        config.lanes = taken;
        SessionTableConfig client;
        client.quic.shard = {static_cast<std::uint8_t>((lane + number) % kShards), kShards};
        client.lanes = kShards;
        World world{std::move(client), std::move(config)};
        world.admit_each_other();
        DialOptions options;
        options.local = world.client.address;
        options.remote = world.server.address;
        options.expected_id = world.server.id();
        options.lane = {number, kShards};
        REQUIRE(world.client.table->dial(world.now, options).has_value());
        world.run(1s);

        const bool right = taken == kShards && (lane + number) % kShards == index;
        const auto up = world.server.seen<SessionUp>();
        REQUIRE(up.size() == (right ? 1U : 0U));
        if (right) {
          CHECK(up[0].info.lane == number);
          CHECK(up[0].info.peer_shards == kShards);
          REQUIRE(world.client.seen<SessionUp>().size() == 1);
          CHECK(world.client.seen<SessionUp>()[0].info.lane == number);
          CHECK(world.client.seen<SessionUp>()[0].info.peer_shards == kShards);
        } else {
          REQUIRE(world.client.seen<SessionDown>().size() == 1);
          CHECK(world.client.seen<SessionDown>()[0].reason == errc::wrong_shard);
        }
      }
    }
  }
}
