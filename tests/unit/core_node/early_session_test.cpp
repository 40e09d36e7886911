// Sessions that are up before their HELLO (docs/adr/0025-early-data.md).
#include "session_world.hpp"

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

using namespace quicether;
using namespace quicether::node;
using namespace quicether::node::testing;
using namespace std::chrono_literals;

namespace {

SessionTableConfig with_early_data(SessionTableConfig config = {}) {
  config.quic.early_data = true;
  return config;
}

/// Two tables that know each other from a session that has ended.
struct Acquainted {
  explicit Acquainted(const SessionTableConfig& client = with_early_data(),
                      const SessionTableConfig& server = with_early_data())
      : world{client, server} {
    if (!client.network_key) {
      world.admit_each_other();
    }
    const auto first = dial();
    world.run(1s);
    REQUIRE(world.client.seen<SessionUp>().size() == 1);
    world.client.table->close(world.now, first, CloseCode::none, errc::closed_locally, "");
    world.run(5s);
    forget_events();
  }

  SessionId dial(std::uint8_t path_id = 0) {
    DialOptions options;
    options.local = world.client.address;
    options.remote = world.server.address;
    options.expected_id = world.server.id();
    options.path_id = path_id;
    options.early_data = true;
    return world.client.table->dial(world.now, options).value();
  }

  std::size_t send(Side& from, SessionId session, std::string_view text) {
    const quic::OutgoingDatagram datagram{{}, as_bytes(text)};
    return from.table->send_datagrams(world.now, session, {&datagram, 1});
  }

  void forget_events() {
    for (auto* side : {&world.client, &world.server}) {
      side->events.clear();
      side->messages.clear();
    }
  }

  World world;
};

}  // namespace

TEST_CASE("early session: each side is up as soon as it knows whom it talks to", "[node][early]") {
  Acquainted pair;
  auto [client, server] = std::tie(pair.world.client, pair.world.server);
  wire::Announce announce;
  announce.name = "colo";
  server.table->announce(announce);

  const auto session = pair.dial();
  REQUIRE(client.table->takes_early_data(session));
  REQUIRE(pair.send(client, session, "first") == 1);
  CHECK(client.seen<SessionUp>().empty());

  pair.world.carry(client, server);  // the first flight, and nothing came back yet
  REQUIRE(server.seen<SessionUp>().size() == 1);
  const auto accepted = server.seen<SessionUp>()[0].info;
  CHECK(accepted.early_data);
  CHECK(accepted.peer == client.key.public_key());
  CHECK(accepted.boot_id == client.table->boot_id());
  CHECK(accepted.capabilities != 0);
  CHECK_FALSE(accepted.group.empty());
  CHECK(server.messages == std::vector<std::string>{"first"});
  REQUIRE(pair.send(server, accepted.session, "answer") == 1);
  const auto stream = server.table->open_stream(accepted.session);  // waits for the handshake
  REQUIRE(stream.has_value());
  REQUIRE(
      server.table->write_stream(accepted.session, *stream, as_bytes("bytes"), true).has_value());

  pair.world.carry(server, client);
  REQUIRE(client.seen<SessionUp>().size() == 1);
  CHECK(client.seen<SessionUp>()[0].info.early_data);
  CHECK(client.messages == std::vector<std::string>{"answer"});
  CHECK(client.seen<PeerAnnounced>().empty());  // it says nothing before it heard HELLO

  pair.world.run(1min);
  CHECK(client.seen<SessionUp>().size() == 1);
  CHECK(server.seen<SessionUp>().size() == 1);
  CHECK(client.seen<SessionDown>().empty());
  CHECK(server.seen<SessionDown>().empty());
  REQUIRE(client.seen<PeerAnnounced>().size() == 1);
  CHECK(client.seen<PeerAnnounced>()[0].announce == announce);
  CHECK(server.seen<PeerAnnounced>().size() == 1);
  CHECK(client.seen<SessionStreamOpened>().size() == 1);
  CHECK(server.table->stats().sessions_early == 1);
}

TEST_CASE("early session: only where both sides want it", "[node][early]") {
  for (const auto& [client, server] : {std::pair{with_early_data(), SessionTableConfig{}},
                                       std::pair{SessionTableConfig{}, with_early_data()},
                                       std::pair{SessionTableConfig{}, SessionTableConfig{}}}) {
    CAPTURE(client.quic.early_data, server.quic.early_data);
    Acquainted pair{client, server};
    const auto session = pair.dial();
    CHECK_FALSE(pair.world.client.table->takes_early_data(session));
    CHECK(pair.send(pair.world.client, session, "first") == 0);
    pair.world.run(1s);
    REQUIRE(pair.world.server.seen<SessionUp>().size() == 1);
    CHECK_FALSE(pair.world.server.seen<SessionUp>()[0].info.early_data);
    CHECK(pair.world.server.messages.empty());
  }
}

TEST_CASE("early session: a stranger to the server waits for its HELLO", "[node][early]") {
  Acquainted pair;
  pair.world.server.table->readmit(pair.world.now);  // who is admitted is to be seen anew

  const auto session = pair.dial();
  REQUIRE(pair.send(pair.world.client, session, "first") == 1);
  pair.world.carry(pair.world.client, pair.world.server);
  CHECK(pair.world.server.seen<SessionUp>().empty());
  CHECK(pair.world.server.table->stats().datagrams_early == 1);

  pair.world.run(1s);
  REQUIRE(pair.world.server.seen<SessionUp>().size() == 1);
  CHECK_FALSE(pair.world.server.seen<SessionUp>()[0].info.early_data);
  CHECK(pair.world.server.messages.empty());
  CHECK(pair.world.client.seen<SessionDown>().empty());
}

TEST_CASE("early session: who is put out meanwhile stays out", "[node][early]") {
  Acquainted pair;
  pair.world.server.gate.allowed.clear();

  const auto session = pair.dial();
  REQUIRE(pair.send(pair.world.client, session, "first") == 1);
  pair.world.run(1s);

  CHECK(pair.world.server.seen<SessionUp>().empty());
  CHECK(pair.world.server.messages.empty());
  const auto down = pair.world.client.seen<SessionDown>();
  REQUIRE(down.size() == 1);
  CHECK(down[0].reason == errc::not_admitted_by_peer);

  // The next attempt takes nothing for granted.
  pair.forget_events();
  CHECK_FALSE(pair.world.client.table->takes_early_data(pair.dial()));
}

TEST_CASE("early session: membership counts as long as the network is the same", "[node][early]") {
  const auto home = with_early_data(with_network("a secret that nobody guesses"));
  for (const bool changed : {false, true}) {
    CAPTURE(changed);
    Acquainted pair{home, home};
    if (changed) {
      pair.world.server.table->set_network_key(with_network("another secret").network_key);
    }
    const auto session = pair.dial();
    REQUIRE(pair.send(pair.world.client, session, "first") == 1);
    pair.world.run(1s);

    CHECK(pair.world.server.seen<SessionUp>().size() == (changed ? 0U : 1U));
    CHECK(pair.world.server.messages.size() == (changed ? 0U : 1U));
    CHECK(pair.world.client.seen<SessionDown>().size() == (changed ? 1U : 0U));
  }
}

TEST_CASE("early session: not beside another session to the peer", "[node][early]") {
  Acquainted pair;
  pair.dial();
  pair.world.run(1s);
  REQUIRE(pair.world.server.seen<SessionUp>().size() == 1);

  const auto session = pair.dial();
  REQUIRE(pair.send(pair.world.client, session, "first") == 1);
  pair.world.carry(pair.world.client, pair.world.server);
  CHECK(pair.world.server.seen<SessionUp>().size() == 1);
  CHECK(pair.world.server.messages.empty());

  pair.world.run(1s);
  REQUIRE(pair.world.server.seen<SessionUp>().size() == 2);
  CHECK_FALSE(pair.world.server.seen<SessionUp>()[1].info.early_data);
}

TEST_CASE("early session: ends when the handshake does not come", "[node][early]") {
  Acquainted pair;
  const auto session = pair.dial();
  REQUIRE(pair.send(pair.world.client, session, "first") == 1);
  pair.world.carry(pair.world.client, pair.world.server);
  REQUIRE(pair.world.server.seen<SessionUp>().size() == 1);
  pair.world.cut = true;
  pair.world.run(30s);

  const auto down = pair.world.server.seen<SessionDown>();
  REQUIRE(down.size() == 1);
  CHECK(down[0].was_up);
  CHECK(down[0].reason == errc::timed_out);
}

TEST_CASE("early session: HELLO must say what was taken for granted", "[node][early]") {
  Acquainted pair;
  const auto session = pair.dial(3);  // early data is for path 0
  REQUIRE(pair.send(pair.world.client, session, "first") == 1);
  pair.world.run(1s);

  REQUIRE(pair.world.server.seen<SessionDown>().size() == 1);
  CHECK(pair.world.server.seen<SessionDown>()[0].reason == errc::protocol_error);
  CHECK(pair.world.server.table->stats().protocol_errors == 1);
}

TEST_CASE("early session: a restarted server is met as for the first time", "[node][early]") {
  Acquainted pair;
  auto& server = pair.world.server;
  server.table = std::make_unique<SessionTable>(
      with_early_data(), server.key, server.random, server.gate, kToday);

  const auto session = pair.dial();
  REQUIRE(pair.send(pair.world.client, session, "first") == 1);
  pair.world.run(1s);

  REQUIRE(server.seen<SessionUp>().size() == 1);
  CHECK_FALSE(server.seen<SessionUp>()[0].info.early_data);
  CHECK(server.messages.empty());
  REQUIRE(pair.world.client.seen<SessionUp>().size() == 1);
  CHECK(pair.world.client.seen<SessionUp>()[0].info.boot_id == server.table->boot_id());
}
