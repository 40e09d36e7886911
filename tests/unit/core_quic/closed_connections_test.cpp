#include "core/quic/closed_connections.hpp"

#include <catch2/catch_test_macros.hpp>

namespace quicether::quic {
namespace {

OwnCid cid(std::uint32_t number) {
  OwnCid made;
  store_be<std::uint32_t>(Bytes{made.bytes}.first(4), number);
  return made;
}

Instant at(int second) {
  return Instant{std::chrono::seconds{second}};
}

TEST_CASE("closed_connections: answers while closing, is silent while draining, then forgets",
          "[quic][closed_connections]") {
  ClosedConnections closed;
  TransmitQueue transmit;
  const std::vector<OwnCid> closing{cid(1), cid(2)};
  const std::vector<OwnCid> draining{cid(3)};
  closed.add(closing, at(10), {}, ByteVector{1, 2, 3});
  closed.add(draining, at(20), {}, {});

  CHECK_FALSE(closed.on_packet(cid(9), transmit));
  CHECK(closed.on_packet(cid(3), transmit));
  CHECK(transmit.empty());
  CHECK(closed.on_packet(cid(2), transmit));
  REQUIRE(transmit.trains().size() == 1);
  CHECK(transmit.trains()[0].bytes.size() == 3);

  CHECK(closed.next_timeout() == at(10));
  closed.on_timeout(at(10));
  CHECK_FALSE(closed.on_packet(cid(1), transmit));
  CHECK_FALSE(closed.on_packet(cid(2), transmit));
  CHECK(closed.on_packet(cid(3), transmit));
  closed.on_timeout(at(20));
  CHECK_FALSE(closed.on_packet(cid(3), transmit));
  CHECK(closed.next_timeout().is_never());
}

TEST_CASE("closed_connections: bounded, and the one that ends first goes first",
          "[quic][closed_connections]") {
  ClosedConnections closed;
  TransmitQueue transmit;
  for (std::uint32_t i = 0; i < ClosedConnections::kMax + 10; ++i) {
    const std::vector<OwnCid> one{cid(i)};
    closed.add(one, at(static_cast<int>(i) + 1), {}, {});
  }

  CHECK_FALSE(closed.on_packet(cid(9), transmit));
  CHECK(closed.on_packet(cid(10), transmit));
  CHECK(closed.on_packet(cid(ClosedConnections::kMax + 9), transmit));
  CHECK(closed.next_timeout() == at(11));
}

}  // namespace
}  // namespace quicether::quic
