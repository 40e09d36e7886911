#include "support/replaceable_new.hpp"
#include "unit/core_quic/direct_pair.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <new>
#include <vector>

#if QE_TEST_REPLACEABLE_NEW

namespace {

std::size_t allocations = 0;

}  // namespace

// Counts what C++ code allocates; ngtcp2 and the TLS library have their own pools and use malloc.
void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* const memory = std::malloc(bytes == 0 ? 1 : bytes)) {
    return memory;
  }
  throw std::bad_alloc{};
}

void operator delete(void* memory) noexcept {
  std::free(memory);
}

void operator delete(void* memory, std::size_t /*bytes*/) noexcept {
  std::free(memory);
}

namespace quicether::quic::test {
namespace {

std::size_t allocations_of_steady_state(std::size_t payload_bytes, std::size_t batch_size) {
  DirectPair pair;
  pair.connect();
  const ByteVector body(payload_bytes);
  const std::vector<OutgoingDatagram> batch(batch_size, OutgoingDatagram{{}, body});
  pair.warm_up(3000, batch);

  const auto before = allocations;
  const auto received_before = pair.received_count;
  for (int round = 0; round < 1000; ++round) {
    (void)pair.a.send_datagrams(pair.now, pair.at_a, batch);
    pair.turn();
  }
  const auto counted = allocations - before;
  REQUIRE(pair.received_count > received_before + 900 * batch_size);
  return counted;
}

TEST_CASE("allocation: sending and receiving datagrams allocates nothing in steady state",
          "[quic][allocation]") {
  CHECK(allocations_of_steady_state(1380, 40) == 0);
  CHECK(allocations_of_steady_state(64, 40) == 0);
  CHECK(allocations_of_steady_state(64, 1) == 0);
}

TEST_CASE("allocation: nor does a full congestion window", "[quic][allocation]") {
  EndpointConfig config;
  config.datagram_control = DatagramControl::connection;
  DirectPair pair{config};
  pair.connect();
  const ByteVector body(1380);
  const std::vector<OutgoingDatagram> batch(64, OutgoingDatagram{{}, body});
  const auto overload = [&](int rounds) {
    for (int round = 0; round < rounds; ++round) {
      for (int i = 0; i < 8; ++i) {
        (void)pair.a.send_datagrams(pair.now, pair.at_a, batch);
      }
      pair.turn();
    }
  };
  overload(2000);
  REQUIRE(pair.a.stats(pair.at_a)->datagrams_dropped > 0);

  const auto before = allocations;
  overload(500);

  CHECK(allocations - before == 0);
}

}  // namespace
}  // namespace quicether::quic::test

#endif  // QE_TEST_REPLACEABLE_NEW
