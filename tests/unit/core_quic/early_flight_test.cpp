#include "unit/core_quic/early_pair.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include <set>

// What a first flight looks like, and what becomes of it when parts of it are lost.

namespace quicether::quic::test {
namespace {

/// RFC 9000 section 14.1: a smaller one with an Initial packet in it is thrown away.
constexpr std::size_t kInitialBytesMin = 1200;

TEST_CASE("early_data: each size goes in the first flight, in packets of a proper size",
          "[quic][early]") {
  EarlyPair pair;
  std::size_t small = 0;
  pair.world.filter = [&](const Node& from, const SocketAddress&, ByteVector& bytes) {
    small += &from == &pair.client && first_type(bytes) == PacketType::initial &&
                     bytes.size() < kInitialBytesMin
                 ? 1U
                 : 0U;
    return true;
  };
  for (std::size_t bytes = 1; bytes <= 1151; bytes += bytes < 1100 ? 23 : 1) {
    CAPTURE(bytes);
    const auto began = pair.world.now();
    pair.dial_early();
    const auto most = pair.client.endpoint->stats(pair.at_client)->datagram_payload_max;
    CHECK(most == 1150);
    pair.say(ByteVector(bytes, 1));
    pair.say(ByteVector(bytes / 2, 2));  // may share a packet
    REQUIRE(pair.finish());
    const std::uint64_t expected = bytes <= most ? 2 : 1;
    CHECK(pair.server.datagram_count == expected);
    CHECK(pair.client.endpoint->stats(pair.at_client)->datagrams_dropped == 2 - expected);
    CHECK(pair.world.now() - began == 3 * pair.world.link.delay);
    CHECK(pair.client.endpoint->stats(pair.at_client)->datagram_payload_max > most);
    pair.hang_up();
  }
  CHECK(small == 0);
  CHECK(pair.client_stats().early_data_rejected == 0);
}

TEST_CASE("early_data: a burst keeps to the initial congestion window, and all of it arrives",
          "[quic][early]") {
  EarlyPair pair;
  std::size_t early_bytes = 0;
  std::size_t small = 0;
  bool answered = false;
  pair.world.filter = [&](const Node& from, const SocketAddress&, ByteVector& bytes) {
    answered = answered || &from == &pair.server;
    if (!answered) {
      early_bytes += bytes.size();
      small += first_type(bytes) == PacketType::initial && bytes.size() < kInitialBytesMin;
    }
    return true;
  };
  pair.dial_early();
  constexpr std::uint8_t kCount = 100;
  for (std::uint8_t number = 0; number < kCount; ++number) {
    pair.say(ByteVector(1000, number));
  }

  std::uint64_t early = 0;
  REQUIRE(pair.world.run([&] {
    const bool done = !pair.server.all<HandshakeCompleted>().empty();
    early = done ? early : pair.server.datagram_count;
    return done;
  }));
  pair.world.run_for(seconds{2});

  CHECK(early >= 5);
  CHECK(early_bytes <= 12'000 + kInitialBytesMin);  // RFC 9002 section 7.2: ten packets
  CHECK(small == 0);
  CHECK(pair.server.datagram_count == kCount);
  for (std::uint8_t number = 0; number < kCount; ++number) {
    CHECK(pair.arrivals(ByteVector(1000, number)) == 1);
  }
}

TEST_CASE("early_data: a ClientHello that is repeated behind a full window is long enough",
          "[quic][early][lossy]") {
  const std::size_t size = GENERATE(50U, 300U, 1000U);
  const unsigned mask = GENERATE(1U, 2U, 3U, 4U, 7U, 0xffU);
  CAPTURE(size, mask);
  EarlyPair pair;
  std::size_t small = 0;
  unsigned count = 0;
  const auto began = pair.world.now();
  pair.world.filter = [&](const Node& from, const SocketAddress&, ByteVector& bytes) {
    if (&from != &pair.client) {
      return true;
    }
    small += first_type(bytes) == PacketType::initial && bytes.size() < kInitialBytesMin;
    const auto number = count++;
    return number >= 8 || (mask >> number & 1U) == 0;
  };
  pair.dial_early();
  for (std::uint8_t number = 0; number < 250; ++number) {
    pair.say(ByteVector(size, number));
  }

  REQUIRE(pair.finish());

  CHECK(pair.world.now() - began < seconds{2});
  CHECK(small == 0);
}

TEST_CASE("early_data: what waits when the dial begins goes in the order of its flow",
          "[quic][early]") {
  EarlyPair pair;
  pair.dial_early();
  for (std::uint8_t number = 0; number < 6; ++number) {
    pair.say(ByteVector(200, number));
  }
  REQUIRE(pair.finish());

  REQUIRE(pair.server.datagram_count == 6);
  for (std::uint8_t number = 0; number < 6; ++number) {
    CHECK(pair.server.datagrams[number].second == ByteVector(200, number));
  }
}

TEST_CASE("early_data: any packets of the first second may be lost", "[quic][early][lossy]") {
  const auto mask = GENERATE(Catch::Generators::range(0U, 256U));
  CAPTURE(mask);
  EarlyPair pair;
  const auto began = pair.world.now();
  unsigned count = 0;
  std::size_t small = 0;
  pair.world.filter = [&](const Node& from, const SocketAddress&, ByteVector& bytes) {
    if (&from != &pair.client) {
      return true;
    }
    small += first_type(bytes) == PacketType::initial && bytes.size() < kInitialBytesMin;
    const auto number = count++;
    return number >= 8 || (mask >> number & 1U) == 0;
  };
  pair.dial_early();
  constexpr std::uint32_t kCount = 12;
  for (std::uint32_t number = 0; number < kCount; ++number) {
    pair.say(ByteVector(500, static_cast<std::uint8_t>(number)), number + 1);
  }

  REQUIRE(pair.finish());
  pair.world.run_for(seconds{5});

  CHECK(pair.world.now() - began < seconds{20});
  CHECK(small == 0);
  std::set<std::uint32_t> known;
  for (const auto& fate : pair.client.endpoint->datagram_fates()) {
    CHECK(known.insert(fate.token).second);
    const auto arrived = pair.arrivals(ByteVector(500, static_cast<std::uint8_t>(fate.token - 1)));
    CHECK(arrived <= 1);
    CHECK((!fate.delivered || arrived == 1));
  }
  CHECK(known.size() == kCount);
  CHECK((mask != 0 || pair.server.datagram_count == kCount));
}

TEST_CASE("early_data: over a bad network nothing arrives twice", "[quic][early][lossy]") {
  const auto seed = GENERATE(Catch::Generators::range(1U, 30U));
  CAPTURE(seed);
  EarlyPair pair{with_early_data(), with_early_data(), seed};
  pair.world.link.loss = 0.2;
  pair.world.link.duplication = 0.3;
  pair.world.link.corruption = 0.05;
  pair.world.link.jitter = milliseconds{15};
  pair.dial_early();
  for (std::uint8_t number = 0; number < 40; ++number) {
    pair.say(ByteVector(400, number));
  }
  REQUIRE(pair.finish());
  pair.world.run_for(seconds{5});

  for (std::uint8_t number = 0; number < 40; ++number) {
    CHECK(pair.arrivals(ByteVector(400, number)) <= 1);
  }
}

}  // namespace
}  // namespace quicether::quic::test
