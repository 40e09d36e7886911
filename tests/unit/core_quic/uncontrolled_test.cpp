// Datagrams outside congestion control, beside streams that stay inside it. A build with an ngtcp2
// without our patch controls both: it has nothing to test here.

#include "unit/core_quic/world.hpp"

#include <catch2/catch_test_macros.hpp>
#include <ngtcp2/ngtcp2.h>

namespace quicether::quic::test {
namespace {

#ifdef NGTCP2_WRITE_DATAGRAM_FLAG_UNCONTROLLED
constexpr bool kPatched = true;
#else
constexpr bool kPatched = false;
#endif

std::size_t send(Pair& pair, std::size_t count, std::size_t bytes) {
  const ByteVector body(bytes);
  const std::vector<OutgoingDatagram> batch(count, OutgoingDatagram{{}, body});
  return pair.client.endpoint->send_datagrams(pair.world.now(), pair.at_client, batch);
}

void let_confirm(Pair& pair) {
  REQUIRE(pair.connect());
  pair.world.run_for(seconds{1});
}

TEST_CASE("uncontrolled: datagrams leave at once, whatever the congestion window",
          "[quic][uncontrolled]") {
  if (!kPatched) {
    SKIP("this ngtcp2 has not our patch");
  }
  Pair pair;
  let_confirm(pair);
  const auto before = pair.client.endpoint->stats(pair.at_client).value();

  CHECK(send(pair, 1000, 1000) == 1000);
  pair.world.run_for(milliseconds{1});

  const auto after = pair.client.endpoint->stats(pair.at_client).value();
  CHECK(after.packets_sent - before.packets_sent >= 1000);
  CHECK(after.bytes_in_flight <= before.bytes_in_flight);
  CHECK(after.congestion_window == before.congestion_window);
  CHECK(pair.world.run([&] { return pair.server.datagram_count == 1000; }));
}

TEST_CASE("uncontrolled: loss of datagrams does not slow streams down", "[quic][uncontrolled]") {
  if (!kPatched) {
    SKIP("this ngtcp2 has not our patch");
  }
  Pair pair;
  let_confirm(pair);
  pair.world.link.loss = 0.2;
  for (int i = 0; i < 100; ++i) {
    CHECK(send(pair, 20, 1000) == 20);
    pair.world.run_for(milliseconds{10});
  }
  const auto after = pair.client.endpoint->stats(pair.at_client).value();
  CHECK(after.packets_lost > 200);
  CHECK(after.congestion_window >= 10'000);
  CHECK(pair.server.datagram_count > 1400);
}

// BBR looks at the loss of a packet with what was in flight when it left, which it knows of the
// packets that it controls only: at the loss of another one an assertion ended the process.
TEST_CASE("uncontrolled: heavy loss beside a stream is survived", "[quic][uncontrolled]") {
  Pair pair;
  pair.client.keep_datagrams = false;
  pair.server.keep_datagrams = false;
  let_confirm(pair);
  const auto stream = pair.client.endpoint->open_stream(pair.at_client).value();
  const ByteVector data(20'000, 7);
  std::array<std::uint8_t, 60'000> buffer{};
  std::size_t arrived = 0;
  for (int round = 0; round < 3000; ++round) {
    pair.world.link.loss = round % 300 < 200 ? 0 : 0.5;
    (void)send(pair, 1, 1200);
    (void)pair.client.endpoint->write_stream(pair.at_client, stream, data, false);
    pair.world.run_for(milliseconds{10});
    if (const auto got = pair.server.endpoint->read_stream(pair.at_server, stream, buffer)) {
      arrived += *got;
    }
  }
  CHECK(pair.client.endpoint->stats(pair.at_client).has_value());
  CHECK(arrived > 1'000'000);
}

TEST_CASE("uncontrolled: a stream makes its way beside a flood of datagrams",
          "[quic][uncontrolled]") {
  for (const double loss : {0.0, 0.02}) {
    Pair pair;
    pair.client.keep_datagrams = false;
    let_confirm(pair);
    pair.world.link.loss = loss;
    const auto stream = pair.client.endpoint->open_stream(pair.at_client).value();
    const ByteVector data(300'000, 7);
    ConstBytes rest{data};
    std::size_t arrived = 0;
    std::array<std::uint8_t, 3000> buffer{};
    const auto end = pair.world.now() + seconds{20};
    while (arrived < data.size() && pair.world.now() < end) {
      (void)send(pair, 10, 1200);
      if (!rest.empty()) {
        rest = rest.subspan(
            pair.client.endpoint->write_stream(pair.at_client, stream, rest, true).value());
      }
      pair.world.run_for(milliseconds{5});
      const auto opened = pair.server.all<StreamOpened>();
      while (!opened.empty()) {
        const auto got = pair.server.endpoint->read_stream(pair.at_server, stream, buffer);
        if (!got) {
          break;
        }
        arrived += *got;
      }
    }
    CHECK(arrived == data.size());
  }
}

TEST_CASE("uncontrolled: a peer that falls silent costs a bounded number of packets",
          "[quic][uncontrolled]") {
  if (!kPatched) {
    SKIP("this ngtcp2 has not our patch");
  }
  Pair pair;
  let_confirm(pair);
  pair.world.link.loss = 1;
  const auto before = pair.client.endpoint->stats(pair.at_client)->packets_sent;
  for (int i = 0; i < 200; ++i) {
    (void)send(pair, 1000, 1000);
    pair.world.run_for(milliseconds{1});
  }
  const auto sent = pair.client.endpoint->stats(pair.at_client)->packets_sent - before;
  CHECK(sent > 65'000);
  CHECK(sent < 67'000);

  pair.world.link.loss = 0;
  const auto count = pair.server.datagram_count;
  pair.world.run_for(seconds{2});
  CHECK(send(pair, 1000, 1000) == 1000);
  CHECK(pair.world.run([&] { return pair.server.datagram_count >= count + 1000; }, seconds{5}));
}

}  // namespace
}  // namespace quicether::quic::test
