// Super-packets through a mesh: whole to peers that take chunks, packet by packet to others.

#include "mesh.hpp"
#include "support/super_packets.hpp"

#include <chrono>
#include <set>

using namespace quicether;
using namespace quicether::testing;
using namespace std::chrono_literals;

namespace {

/// A super-packet of TCP from one node's overlay address to another's.
test::SuperPacket super_packet(const MeshNode& from,
                               const MeshNode& to,
                               std::size_t payload_bytes,
                               std::uint32_t sequence) {
  ByteVector payload(payload_bytes);
  SeededRandom{payload_bytes}.fill(payload);
  test::SuperPacket super;
  super.bytes = test::tcp_packet(from.overlay(),
                                 to.overlay(),
                                 payload,
                                 {.sequence = sequence, .flags = wire::kTcpAck | wire::kTcpPsh});
  super.offload = {.kind = wire::OffloadKind::tcp4, .segment_bytes = 1348};
  return super;
}

struct Arrivals {
  std::size_t packets = 0;
  std::size_t payload_bytes = 0;
  std::set<std::uint32_t> sequences{};

  void on_packet(ConstBytes packet) {
    const auto info = *wire::parse_packet(packet);
    const auto transport = packet.subspan(info.transport_offset);
    REQUIRE(test::naive_transport_checksum(info.source, info.destination, 6, transport) == 0);
    ++packets;
    payload_bytes += transport.size() - 20;
    CHECK(sequences.insert(load_be<std::uint32_t>(transport.subspan(4))).second);
  }
};

/// By the queue of the session from one node to another.
std::uint64_t datagrams_dropped(const MeshNode& from, const MeshNode& to) {
  const auto* link = from.node->paths().peer(to.identity.node_id());
  REQUIRE((link != nullptr && !link->sessions.empty()));
  return from.node->transport().stats(link->sessions.front().session)->datagrams_dropped;
}

}  // namespace

TEST_CASE("super-packets: arrive byte for byte, and with losses almost all of the rest",
          "[sim][super_packet]") {
  for (const double loss : {0.0, 0.02}) {
    simulate(10, [&](sim::Simulation& simulation) {
      Mesh mesh{simulation, 2};
      mesh.start_all();
      mesh.settle();
      simulation.run_for(2s);  // path MTU discovery
      sim::LinkModel link;
      link.delay = 5ms;
      link.loss = loss;
      simulation.network().set_path(*mesh[0].host, *mesh[1].host, link);
      Arrivals arrivals;
      std::size_t before = 0;
      std::uint64_t dropped_before = 0;
      mesh[1].host->tun()->on_written([&](ConstBytes packet) { arrivals.on_packet(packet); });
      constexpr std::size_t kCount = 200;
      constexpr std::size_t kBytes = 45'000;
      // The first ones are for congestion control, if there is any: while it looks for the rate,
      // the queue before it may have to drop some.
      constexpr std::size_t kFirst = 20;
      for (std::size_t i = 0; i < kFirst + kCount; ++i) {
        if (i == kFirst) {
          simulation.run_for(100ms);
          before = arrivals.packets;
          dropped_before = datagrams_dropped(mesh[0], mesh[1]);
          arrivals = {};
        }
        const auto super =
            super_packet(mesh[0], mesh[1], kBytes, static_cast<std::uint32_t>(i * kBytes));
        REQUIRE(mesh[0].host->tun()->inject(super.bytes, super.offload));
        simulation.run_for(50ms);  // a rate that any congestion controller finds
      }
      simulation.run_for(1s);

      const auto share = static_cast<double>(arrivals.payload_bytes) / (kCount * kBytes);
      // Without control of datagrams nothing waits; with it, the queue may have to drop a few.
      const auto dropped = datagrams_dropped(mesh[0], mesh[1]) - dropped_before;
      CHECK(dropped < kCount / 4);
      if (loss == 0.0 && dropped == 0) {
        CHECK(share == 1.0);
        CHECK(arrivals.packets == kCount * ((kBytes + 1347) / 1348));
      } else {
        // One lost datagram costs little more than its own bytes, once the loss is noticed.
        const auto share_dropped = static_cast<double>(dropped) * 1400 / (kCount * kBytes);
        CHECK(share > 1 - 1.6 * loss - 2 * share_dropped);
      }
      CHECK(mesh[0].counter("link.super_packets_sent") == kFirst + kCount);
      CHECK(mesh[1].counter("link.chunks_refused") <= (loss == 0.0 ? 0U : 80U));
      CHECK(mesh[1].counter("router.peer_to_tun") == before + arrivals.packets);
    });
  }
}
