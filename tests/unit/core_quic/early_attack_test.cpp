#include "unit/core_crypto/certificate_builder.hpp"
#include "unit/core_quic/attacker.hpp"
#include "unit/core_quic/early_pair.hpp"

#include <catch2/catch_test_macros.hpp>

// Clients that have a ticket and may not have what they ask for.

namespace quicether::quic::test {
namespace {

/// A client with a valid key, back with a ticket, that has sent its ClientHello.
struct EarlyAttack {
  EarlyAttack() {
    attacker.begin();
    attacker.run(milliseconds{500});
    QE_ASSERT(attacker.connected());
    attacker.send_frames({0x1d, 0, 0});  // APPLICATION_CLOSE
    attacker.run(seconds{1});
    victim.events.clear();
    attacker.begin();
    attacker.write();
  }

  World world{};
  Node& victim = world.add("198.51.100.1:9000", with_early_data());
  Attacker attacker{world, victim};
};

TEST_CASE("early_data: a datagram of a bare client is taken", "[quic][early][attack]") {
  EarlyAttack attack;

  attack.attacker.send_frames({0x31, 5, 'h', 'e', 'l', 'l', 'o'});
  attack.attacker.run(milliseconds{500});

  CHECK(attack.attacker.sent_forged == 2);
  CHECK(attack.attacker.connected());
  CHECK(attack.victim.all<EarlyDataAccepted>().size() == 1);
  CHECK(attack.victim.last<HandshakeCompleted>()->early_data);
  REQUIRE(attack.victim.datagram_count == 1);
  CHECK(attack.victim.datagrams[0].second == kHello);
}

TEST_CASE("early_data: who opens a stream in it breaks the protocol", "[quic][early][attack]") {
  struct Case {
    const char* name;
    ByteVector frames;
  };

  const std::vector<Case> cases{
      {"STREAM", {0x0a, 0, 5, 'h', 'e', 'l', 'l', 'o'}},
      {"STREAM, empty, with FIN", {0x0b, 0, 0}},
      {"RESET_STREAM", {0x04, 0, 0, 0}},
      {"STOP_SENDING", {0x05, 0, 0}},
      {"MAX_STREAM_DATA", {0x11, 0, 1}},
      {"a datagram, then STREAM", {0x31, 1, 'x', 0x0a, 4, 1, 'y'}},
  };
  for (const auto& [name, frames] : cases) {
    CAPTURE(name);
    EarlyAttack attack;

    attack.attacker.send_frames(frames);
    attack.attacker.run(milliseconds{500});

    CHECK(attack.attacker.sent_forged == 2);
    CHECK(attack.victim.all<EarlyDataAccepted>().size() == 1);
    CHECK(attack.victim.all<StreamOpened>().empty());
    CHECK(attack.victim.all<StreamReadable>().empty());
    CHECK(attack.victim.all<HandshakeCompleted>().empty());
    REQUIRE(attack.victim.last<ConnectionClosed>());
    CHECK(attack.victim.last<ConnectionClosed>()->reason == errc::protocol_error);
    CHECK(attack.victim.last<ConnectionClosed>()->detail == "a stream in early data");
    CHECK(attack.attacker.closed());
    CHECK(attack.attacker.error() == NGTCP2_PROTOCOL_VIOLATION);
    CHECK(attack.victim.endpoint->connection_count() == 0);
  }
}

TEST_CASE("early_data: a client whose certificate has expired since is refused",
          "[quic][early][attack]") {
  EndpointConfig config = with_early_data();
  Pair pair{1, config, config};
  crypto::test::CertificateBuilder builder{pair.client.key};
  builder.not_after = crypto::test::utc_time("260921142320Z");  // ten minutes after the start
  auto credentials = crypto::make_credentials(pair.client.key);
  credentials.chain = {builder.build()};
  pair.client.restart_with(credentials);
  REQUIRE(pair.connect());
  pair.world.run_for(seconds{1});
  pair.client.endpoint->close(pair.world.now(), pair.at_client, 0, "");
  pair.world.run_for(seconds{3600});
  pair.server.events.clear();

  auto wanted = pair.options();
  wanted.early_data = true;
  pair.at_client = pair.client.endpoint->connect(pair.world.now(), wanted).value();
  CHECK(pair.client.endpoint->takes_early_data(pair.at_client));
  pair.send(pair.client, pair.at_client, kHello);
  pair.world.run_for(seconds{20});

  CHECK(pair.server.datagram_count == 0);
  CHECK(pair.server.all<EarlyDataAccepted>().empty());
  CHECK(pair.server.all<HandshakeCompleted>().empty());
  REQUIRE(pair.server.last<ConnectionClosed>());
  CHECK(pair.server.last<ConnectionClosed>()->reason == errc::bad_certificate);
  REQUIRE(pair.client.last<ConnectionClosed>());
  CHECK(pair.client.last<ConnectionClosed>()->reason == errc::bad_certificate);
}

}  // namespace
}  // namespace quicether::quic::test
