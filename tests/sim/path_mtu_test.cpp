// Packets that do not fit the path: in two datagrams where that helps, else with an error that says
// what fits.

#include "mesh.hpp"

#include <quicether/core/wire/control_message.hpp>

#include <chrono>

using namespace quicether;
using namespace quicether::testing;
using namespace std::chrono_literals;

namespace {

/// Largest packet of the overlay by default.
constexpr std::size_t kMtu = 1400;

/// Sends a UDP packet of so many bytes whose text is `mark` and padding.
void send_sized(MeshNode& from,
                const MeshNode& to,
                bool v6,
                std::size_t packet_bytes,
                char mark,
                std::uint16_t ipv4_flags = 0x4000) {
  const ByteVector text(packet_bytes - (v6 ? 40U : 20U) - 8U, static_cast<std::uint8_t>(mark));
  const auto packet =
      test::udp_packet(from.overlay(v6), to.overlay(v6), text, 4000, 5000, {.flags = ipv4_flags});
  REQUIRE(from.host->tun()->inject(packet));
}

/// How many packets of so many bytes came with this mark.
std::size_t arrived(const MeshNode& at, bool v6, std::size_t packet_bytes, char mark) {
  return at.count(std::string(packet_bytes - (v6 ? 40U : 20U) - 8U, mark));
}

}  // namespace

TEST_CASE("path mtu: packets of full size arrive before discovery is done", "[sim][path_mtu]") {
  for (const bool capable : {true, false}) {
    simulate(3, [&](sim::Simulation& simulation) {
      Mesh mesh{simulation, 2};
      sim::LinkModel link;
      link.delay = 20ms;
      link.mtu = 1470;  // less than the first size that is probed, so that discovery takes a while
      simulation.network().set_path(*mesh[0].host, *mesh[1].host, link);
      if (!capable) {
        mesh[1].adjust = [](NodeConfig& config) {
          config.transport.sessions.capabilities = wire::kCapabilityChunks;
        };
      }
      // Only one dials, so that there is one session from the first packet on.
      mesh[1].start({mesh[0].as_peer(false)});
      mesh[0].start({mesh[1].as_peer()});
      REQUIRE(simulation.run_until([&] { return mesh.all_connected(); }, 5s));

      for (const bool v6 : {false, true}) {
        send_sized(mesh[0], mesh[1], v6, kMtu, 'x');
        send_sized(mesh[1], mesh[0], v6, kMtu, 'y');
      }
      simulation.run_for(50ms);

      // The other side may always send halves: only those who do not know them get none.
      CHECK(mesh[0].counter("router.dropped.path_unproven") == (capable ? 0 : 2));
      CHECK(mesh[0].counter("link.packets_halved") == (capable ? 2 : 0));
      CHECK(mesh[1].counter("router.dropped.path_unproven") == 0);
      CHECK(mesh[1].counter("link.packets_halved") == 2);
      for (const bool v6 : {false, true}) {
        CHECK(arrived(mesh[1], v6, kMtu, 'x') == (capable ? 1 : 0));
        CHECK(arrived(mesh[0], v6, kMtu, 'y') == 1);
      }

      // Afterwards they are sent whole.
      simulation.run_for(3s);
      for (const bool v6 : {false, true}) {
        send_sized(mesh[0], mesh[1], v6, kMtu, 'z');
      }
      simulation.run_for(1s);
      for (const bool v6 : {false, true}) {
        CHECK(arrived(mesh[1], v6, kMtu, 'z') == 1);
      }
      CHECK(mesh[0].counter("link.packets_halved") == (capable ? 2 : 0));
      for (std::size_t i = 0; i < 2; ++i) {
        CHECK(mesh[i].counter("link.halves_refused") == 0);
        CHECK(mesh[i].icmp_errors == 0);
      }
    });
  }
}

TEST_CASE("path mtu: a path of 1280 bytes carries what its senders cannot make smaller",
          "[sim][path_mtu]") {
  simulate(3, [&](sim::Simulation& simulation) {
    Mesh mesh{simulation, 2};
    sim::LinkModel link;
    link.delay = 5ms;
    link.mtu = 1280;
    simulation.network().set_path(*mesh[0].host, *mesh[1].host, link);
    mesh.start_all();
    mesh.settle();
    simulation.run_for(5s);  // path MTU discovery

    const auto largest = mesh[0].peer(mesh[1])->paths.at(0).datagram_payload_max - 1;
    REQUIRE(largest < 1280);
    send_sized(mesh[0], mesh[1], true, largest, 'a');
    send_sized(mesh[0], mesh[1], false, largest, 'b');
    simulation.run_for(1s);
    CHECK(arrived(mesh[1], true, largest, 'a') == 1);
    CHECK(arrived(mesh[1], false, largest, 'b') == 1);
    CHECK(mesh[0].counter("link.packets_halved") == 0);

    // Every IPv6 link carries 1280 bytes; IPv4 without DF may be fragmented on its way.
    send_sized(mesh[0], mesh[1], true, largest + 1, 'c');
    send_sized(mesh[0], mesh[1], true, 1280, 'd');
    send_sized(mesh[0], mesh[1], false, kMtu, 'e', 0);
    simulation.run_for(1s);
    CHECK(arrived(mesh[1], true, largest + 1, 'c') == 1);
    CHECK(arrived(mesh[1], true, 1280, 'd') == 1);
    CHECK(arrived(mesh[1], false, kMtu, 'e') == 1);
    CHECK(mesh[0].counter("link.packets_halved") == 3);
    CHECK(mesh[0].icmp_errors == 0);

    // The others are told.
    send_sized(mesh[0], mesh[1], true, 1281, 'f');
    send_sized(mesh[0], mesh[1], false, largest + 1, 'g');
    simulation.run_for(1s);
    CHECK(mesh[0].icmp_errors == 2);
    CHECK(mesh[0].counter("router.dropped.too_large") == 2);
    CHECK(mesh[0].counter("link.packets_halved") == 3);
    CHECK(mesh[0].counter("router.dropped.path_unproven") == 0);
    CHECK(mesh[1].counter("link.halves_refused") == 0);
  });
}

TEST_CASE("path mtu: of a lost half nothing arrives, and nothing else is harmed",
          "[sim][path_mtu]") {
  simulate(5, [&](sim::Simulation& simulation) {
    Mesh mesh{simulation, 2};
    sim::LinkModel link;
    link.delay = 5ms;
    link.mtu = 1280;
    simulation.network().set_path(*mesh[0].host, *mesh[1].host, link);
    mesh.start_all();
    mesh.settle();
    simulation.run_for(5s);
    link.loss = 0.1;
    link.reorder = 0.1;
    link.duplication = 0.05;
    simulation.network().set_path(*mesh[0].host, *mesh[1].host, link);
    constexpr std::size_t kCount = 1000;
    for (std::size_t i = 0; i < kCount; ++i) {
      send_sized(mesh[0], mesh[1], true, 1280, 'm');
      simulation.run_for(5ms);
    }
    simulation.run_for(1s);

    // on_packet() checks each packet's headers; what came is whole.
    const auto whole = arrived(mesh[1], true, 1280, 'm');
    CHECK(whole == mesh[1].received.size());
    CHECK(whole > kCount * 70 / 100);  // 0.9 * 0.9 = 81 % are expected
    CHECK(whole < kCount * 90 / 100);
    CHECK(mesh[0].counter("link.packets_halved") == kCount);
  });
}
