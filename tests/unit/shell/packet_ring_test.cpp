#include "shell/packet_ring.hpp"

#include <quicether/base/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <deque>
#include <thread>
#include <utility>

namespace quicether::detail {
namespace {

constexpr std::size_t kRingBytes = 128U << 10U;

Parcel parcel(ByteVector& bytes, Errand errand = Errand::from_tun) {
  Parcel made;
  made.errand = errand;
  made.packet.bytes = bytes;
  return made;
}

ByteVector packet_of(Random& random) {
  // Mostly small, sometimes a super-packet.
  ByteVector bytes(random.below(8) == 0 ? random.below(65'536) : random.below(1500));
  random.fill(bytes);
  return bytes;
}

TEST_CASE("packet_ring: gives back what it was given, with all that belongs to it",
          "[shell][packet_ring]") {
  PacketRing ring{kRingBytes};
  ByteVector bytes{1, 2, 3};
  Parcel sent{Errand::to_peer, PeerIndex{7}, PeerIndex{9}, true, {bytes, {}}};
  sent.packet.offload = {wire::OffloadKind::tcp6, 1348, true, 40, 16};

  REQUIRE(ring.push(sent));
  const auto got = ring.next();

  REQUIRE(got.has_value());
  CHECK(got->errand == Errand::to_peer);
  CHECK(got->to == PeerIndex{7});
  CHECK(got->sender == PeerIndex{9});
  CHECK(got->placed);
  CHECK(ByteVector{got->packet.bytes.begin(), got->packet.bytes.end()} == bytes);
  CHECK(got->packet.offload.kind == wire::OffloadKind::tcp6);
  CHECK(got->packet.offload.segment_bytes == 1348);
  CHECK(got->packet.offload.needs_checksum);
  CHECK(got->packet.offload.checksum_start == 40);
  CHECK(got->packet.offload.checksum_offset == 16);
  CHECK_FALSE(ring.next().has_value());
}

TEST_CASE("packet_ring: is bounded, and goes on when there is room again", "[shell][packet_ring]") {
  PacketRing ring{kRingBytes};
  ByteVector large(60'000);
  REQUIRE(ring.push(parcel(large)));
  REQUIRE(ring.push(parcel(large)));
  CHECK_FALSE(ring.push(parcel(large)));
  REQUIRE(ring.next().has_value());
  CHECK_FALSE(ring.push(parcel(large)));  // what was returned is still in use
  ring.release();
  CHECK(ring.push(parcel(large)));
}

TEST_CASE("packet_ring: is a queue, like a model of one", "[shell][packet_ring]") {
  SeededRandom random{3};
  PacketRing ring{kRingBytes};
  std::deque<ByteVector> model;
  for (int step = 0; step < 20'000; ++step) {
    auto bytes = packet_of(random);
    if (ring.push(parcel(bytes))) {
      model.push_back(bytes);
    } else {
      CHECK_FALSE(model.empty());
    }
    for (auto take = random.below(3); take != 0; --take) {
      const auto got = ring.next();
      REQUIRE(got.has_value() == !model.empty());
      if (got) {
        REQUIRE(ByteVector{got->packet.bytes.begin(), got->packet.bytes.end()} == model.front());
        model.pop_front();
      }
    }
    ring.release();
  }
}

TEST_CASE("packet_ring: carries packets from one thread to another", "[shell][packet_ring]") {
  PacketRing ring{kRingBytes};
  constexpr int kPackets = 20'000;
  std::thread writer{[&] {
    SeededRandom random{5};
    for (int i = 0; i < kPackets; ++i) {
      auto bytes = packet_of(random);
      while (!ring.push(parcel(bytes))) {
        std::this_thread::yield();
      }
    }
  }};
  SeededRandom random{5};
  int wrong = 0;
  for (int i = 0; i < kPackets; ++i) {
    auto got = ring.next();
    while (!got) {
      ring.release();
      std::this_thread::yield();
      got = ring.next();
    }
    const auto expected = packet_of(random);
    wrong += ByteVector{got->packet.bytes.begin(), got->packet.bytes.end()} == expected ? 0 : 1;
    ring.release();
  }
  writer.join();
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace quicether::detail
