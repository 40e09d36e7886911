#include "unit/core_quic/world.hpp"

#include <catch2/catch_test_macros.hpp>

namespace quicether::quic::test {
namespace {

EndpointConfig with_early_data() {
  EndpointConfig config;
  config.early_data = true;
  return config;
}

/// A client that has a ticket, and what its dial with early data does.
struct Early : Pair {
  explicit Early(const EndpointConfig& client_config = with_early_data(),
                 const EndpointConfig& server_config = with_early_data(),
                 std::uint64_t seed = 1)
      : Pair{seed, client_config, server_config} {
    QE_ASSERT(connect());
    hang_up();
  }

  // Ends the connection and waits until both sides have forgotten it.
  void hang_up() {
    world.run_for(seconds{1});  // the ticket comes after the handshake
    client.endpoint->close(world.now(), at_client, 0, "");
    world.run_for(seconds{5});
    forget();
  }

  void forget() {
    for (auto* const node : {&client, &server}) {
      node->events.clear();
      node->datagrams.clear();
      node->datagram_count = 0;
    }
  }

  /// Dials, offering early data.
  void dial_early() {
    auto wanted = options();
    wanted.early_data = true;
    at_client = client.endpoint->connect(world.now(), wanted).value();
  }

  void say(const ByteVector& payload, std::uint32_t token = 0) {
    const OutgoingDatagram datagram{{}, payload, 0, false, token};
    CHECK(client.endpoint->send_datagrams(world.now(), at_client, {&datagram, 1}) == 1);
  }

  bool finish(Duration limit = seconds{60}) {
    return world.run(
        [&] { return find(client, at_client) && !server.all<HandshakeCompleted>().empty(); },
        limit);
  }

  [[nodiscard]] bool takes() const { return client.endpoint->takes_early_data(at_client); }
};

const ByteVector kHello{'h', 'e', 'l', 'l', 'o'};

TEST_CASE("early_data: a datagram arrives with the first flight", "[quic][early]") {
  Early early;
  const auto began = early.world.now();
  early.dial_early();
  CHECK(early.takes());
  early.say(kHello);

  REQUIRE(early.world.run([&] { return early.server.datagram_count != 0; }));

  CHECK(early.world.now() - began == early.world.link.delay);
  CHECK(early.server.datagrams[0].second == kHello);
  CHECK(early.server.all<HandshakeCompleted>().empty());
  const auto accepted = early.server.all<EarlyDataAccepted>();
  REQUIRE(accepted.size() == 1);
  CHECK(accepted[0].first == early.server.datagrams[0].first);
  CHECK(accepted[0].second.peer == early.client.key.public_key());
  CHECK(early.takes());

  REQUIRE(early.finish());
  CHECK_FALSE(early.takes());
  const auto here = early.client.last<HandshakeCompleted>().value();
  const auto there = early.server.last<HandshakeCompleted>().value();
  CHECK(here.early_data);
  CHECK(there.early_data);
  CHECK(here.resumed);
  CHECK(here.exporter == there.exporter);
  CHECK(there.peer == early.client.key.public_key());
  CHECK(early.server.all<EarlyDataAccepted>().size() == 1);
  CHECK(early.client.all<EarlyDataAccepted>().empty());
  CHECK(early.server.datagram_count == 1);
  CHECK(early.client.endpoint->stats().early_data_accepted == 1);
  CHECK(early.server.endpoint->stats().early_data_accepted == 1);
  CHECK(early.client.endpoint->stats().early_data_rejected == 0);
  CHECK(early.server.endpoint->stats().early_data_rejected == 0);
}

}  // namespace
}  // namespace quicether::quic::test
