#include "unit/core_quic/world.hpp"

#include <catch2/catch_test_macros.hpp>

namespace quicether::quic::test {
namespace {

// Both sides keep trying as long as one attempt may take; the whole series is bounded by T-A2.
EndpointConfig patient() {
  EndpointConfig config;
  config.handshake_timeout = seconds{60};
  config.idle_timeout = seconds{60};
  return config;
}

struct Series {
  int connected = 0;
  Duration total{};
};

Series fifty_handshakes(const LinkConfig& link) {
  Series series;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Pair pair{seed, patient(), patient()};
    pair.world.link = link;
    const auto start = pair.world.now();
    series.connected += pair.connect() ? 1 : 0;
    series.total += pair.world.now() - start;
  }
  return series;
}

TEST_CASE("endpoint: 50 of 50 handshakes succeed with 30 % loss in bursts of three",
          "[quic][handshake][loss]") {
  LinkConfig link;
  link.loss = 0.3;
  link.loss_burst = 3;

  const auto series = fifty_handshakes(link);

  CHECK(series.connected == 50);
  CHECK(series.total <= seconds{300});
}

TEST_CASE("endpoint: 50 of 50 handshakes succeed with 30 % corruption", "[quic][handshake][loss]") {
  LinkConfig link;
  link.corruption = 0.3;

  const auto series = fifty_handshakes(link);

  CHECK(series.connected == 50);
  CHECK(series.total <= seconds{300});
}

TEST_CASE("endpoint: handshakes survive reordering and duplication", "[quic][handshake][loss]") {
  LinkConfig link;
  link.jitter = milliseconds{40};
  link.duplication = 0.3;

  const auto series = fifty_handshakes(link);

  CHECK(series.connected == 50);
}

TEST_CASE("endpoint: a path of 1.5 s round trip connects in three of them", "[quic][handshake]") {
  Pair pair;
  pair.world.link.delay = milliseconds{750};
  pair.world.link.bits_per_second = 10e6;
  const auto start = pair.world.now();

  REQUIRE(pair.connect());

  CHECK(pair.world.now() - start <= milliseconds{4500});
}

}  // namespace
}  // namespace quicether::quic::test
