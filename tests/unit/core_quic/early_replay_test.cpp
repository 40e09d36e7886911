#include "unit/core_quic/early_pair.hpp"

#include <catch2/catch_test_macros.hpp>

// Test T-A9: who replays a captured first flight delivers nothing with it.

namespace quicether::quic::test {
namespace {

/// A client whose first flight, up to the server's first answer, somebody records.
struct Recorded : EarlyPair {
  explicit Recorded(bool hold_back = false) {
    world.filter = [this, hold_back](const Node& from, const SocketAddress&, ByteVector& bytes) {
      recording_ = recording_ && &from == &client;
      if (recording_) {
        flight.push_back(bytes);
      }
      return !(recording_ && hold_back);
    };
    dial_early();
    for (std::uint8_t number = 0; number < kDatagrams; ++number) {
      say(ByteVector(600, number));
    }
    world.run_for(milliseconds{15});  // the flight is paced; nothing is repeated yet
    let_go();
    QE_ASSERT(flight.size() >= 3);
  }

  /// Records no more, and holds nothing back.
  void let_go() { recording_ = false; }

  void replay(const SocketAddress& from) {
    for (const auto& packet : flight) {
      world.inject(from, server.address, packet);
    }
  }

  static constexpr std::uint8_t kDatagrams = 5;
  std::vector<ByteVector> flight{};

 private:
  bool recording_ = true;
};

const SocketAddress kElsewhere = SocketAddress::parse("203.0.113.66:6666").value();

TEST_CASE("early_data: a replay delivers nothing while the first connection lives",
          "[quic][early][replay]") {
  Recorded pair;
  SECTION("before its handshake is complete") {
    CHECK(pair.server.all<HandshakeCompleted>().empty());
  }
  SECTION("after it") {
    REQUIRE(pair.finish());
    pair.world.run_for(seconds{1});
  }
  pair.replay(pair.client.address);
  pair.replay(kElsewhere);
  REQUIRE(pair.finish());
  pair.world.run_for(seconds{20});

  CHECK(pair.server.datagram_count == Recorded::kDatagrams);
  CHECK(pair.server.all<EarlyDataAccepted>().size() == 1);
  CHECK(pair.server.all<HandshakeCompleted>().size() == 1);
  pair.say(kHello);
  CHECK(pair.world.run([&] { return pair.arrivals(kHello) == 1; }, seconds{1}));
}

TEST_CASE("early_data: a replay delivers nothing after the first connection has ended",
          "[quic][early][replay]") {
  Recorded pair;
  REQUIRE(pair.finish());
  pair.hang_up();
  REQUIRE(pair.server.endpoint->connection_count() == 0);
  const auto refused = pair.server_stats().tickets_refused;

  pair.replay(pair.client.address);
  pair.world.run_for(seconds{20});
  pair.replay(kElsewhere);
  pair.world.run_for(seconds{20});

  CHECK(pair.server.datagram_count == 0);
  CHECK(pair.server.all<EarlyDataAccepted>().empty());
  CHECK(pair.server.all<HandshakeCompleted>().empty());
  CHECK(pair.server_stats().tickets_refused == refused + 2);
  CHECK(pair.server_stats().early_data_rejected == 2);
  CHECK(pair.server_stats().early_data_accepted == 1);
}

TEST_CASE("early_data: a thousand replays deliver nothing, and the server goes on",
          "[quic][early][replay]") {
  Recorded pair;
  REQUIRE(pair.finish());
  pair.hang_up();
  for (int round = 0; round < 1000; ++round) {
    // Also from ports of many, and also faster than the handshakes that they begin time out.
    auto from = kElsewhere;
    from.port = static_cast<std::uint16_t>(1000 + round);
    pair.replay(from);
    pair.world.run_for(milliseconds{20});
  }
  CHECK(pair.server.datagram_count == 0);
  CHECK(pair.server.all<EarlyDataAccepted>().empty());
  CHECK(pair.server.all<HandshakeCompleted>().empty());
  CHECK(pair.server_stats().early_data_accepted == 1);
  CHECK(pair.server_stats().early_data_rejected != 0);

  pair.world.run_for(seconds{20});
  CHECK(pair.server.endpoint->connection_count() == 0);
  pair.dial_early();
  pair.say(kHello);
  REQUIRE(pair.finish());
  CHECK(pair.arrivals(kHello) == 1);
  CHECK(pair.server.last<HandshakeCompleted>()->early_data);
}

TEST_CASE("early_data: a flight that somebody else delivers first is delivered once",
          "[quic][early][replay]") {
  Recorded pair{true};
  CHECK(pair.server.datagram_count == 0);
  pair.replay(kElsewhere);
  pair.world.run_for(milliseconds{30});
  CHECK(pair.server.datagram_count == Recorded::kDatagrams);

  pair.replay(pair.client.address);
  pair.world.run_for(seconds{60});

  CHECK(pair.server.datagram_count == Recorded::kDatagrams);
  CHECK(pair.server.all<EarlyDataAccepted>().size() == 1);
}

TEST_CASE("early_data: two copies from two places at once are delivered once",
          "[quic][early][replay]") {
  Recorded pair{true};
  for (const auto& packet : pair.flight) {
    pair.world.inject(kElsewhere, pair.server.address, packet);
    pair.world.inject(pair.client.address, pair.server.address, packet);
  }
  pair.world.run_for(seconds{60});

  CHECK(pair.server.datagram_count == Recorded::kDatagrams);
  CHECK(pair.server.all<EarlyDataAccepted>().size() == 1);
}

TEST_CASE("early_data: a flight that was held back is late once its ticket was used",
          "[quic][early][replay]") {
  Recorded pair{true};
  pair.client.endpoint->close(pair.world.now(), pair.at_client, 0, "");  // the ticket comes back
  pair.dial_early();
  pair.say(kHello);
  REQUIRE(pair.finish());
  CHECK(pair.server.last<HandshakeCompleted>()->early_data);

  pair.replay(kElsewhere);
  pair.replay(pair.client.address);
  pair.world.run_for(seconds{20});

  CHECK(pair.server.datagram_count == 1);
  CHECK(pair.arrivals(kHello) == 1);
}

TEST_CASE("early_data: a flight that was held back for long is refused", "[quic][early][replay]") {
  Recorded pair{true};
  pair.world.filter = [](const Node&, const SocketAddress&, ByteVector&) { return false; };
  SECTION("not within a minute") {
    pair.world.run_for(seconds{55});
    pair.replay(kElsewhere);
    pair.world.run_for(seconds{20});
    CHECK(pair.server.datagram_count == Recorded::kDatagrams);
  }
  SECTION("but after it") {
    pair.world.run_for(seconds{65});
    pair.replay(kElsewhere);
    pair.world.run_for(seconds{20});
    CHECK(pair.server.datagram_count == 0);
    CHECK(pair.server_stats().early_data_rejected == 1);
  }
}

TEST_CASE("early_data: early packets without their ClientHello deliver nothing",
          "[quic][early][replay]") {
  Recorded pair{true};
  pair.world.filter = [](const Node&, const SocketAddress&, ByteVector&) { return false; };
  std::size_t injected = 0;
  for (const auto& packet : pair.flight) {
    if (first_type(packet) == PacketType::early) {
      pair.world.inject(pair.client.address, pair.server.address, packet);
      ++injected;
    }
  }
  pair.world.run_for(seconds{1});

  CHECK(injected != 0);
  CHECK(pair.server.datagram_count == 0);
  CHECK(pair.server.endpoint->connection_count() == 0);
}

TEST_CASE("early_data: a server that restarted takes no recorded flight", "[quic][early][replay]") {
  Recorded pair{true};
  pair.server.restart();
  pair.replay(kElsewhere);
  pair.world.run_for(seconds{20});

  CHECK(pair.server.datagram_count == 0);
  CHECK(pair.server.all<EarlyDataAccepted>().empty());
}

}  // namespace
}  // namespace quicether::quic::test
