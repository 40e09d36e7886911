#include "mesh.hpp"

#include <array>
#include <chrono>

using namespace quicether;
using namespace quicether::testing;
using namespace std::chrono_literals;

namespace {

/// A pings the other every 50 ms until a pong comes back; returns how long that took.
Duration ping_until_answered(sim::Simulation& simulation,
                             MeshNode& from,
                             const IpAddress& to,
                             Duration limit) {
  const auto begin = simulation.now();
  const auto before = from.count("pong");
  while (simulation.now() - begin < limit) {
    from.send(to, "ping");
    if (simulation.run_until([&] { return from.count("pong") > before; }, 50ms)) {
      break;
    }
  }
  return simulation.now() - begin;
}

}  // namespace

TEST_CASE("mesh: nodes that know each other's addresses reach each other over both families",
          "[sim][mesh]") {
  simulate(5, [](sim::Simulation& simulation) {
    Mesh mesh{simulation, 3};
    mesh.start_all();
    REQUIRE(simulation.run_until([&] { return mesh.all_connected(); }, 5s));

    for (auto& from : mesh.nodes) {
      for (auto& to : mesh.nodes) {
        if (from != to) {
          CHECK(ping_until_answered(simulation, *from, to->overlay(false), 2s) < 1s);
          CHECK(ping_until_answered(simulation, *from, to->overlay(true), 2s) < 1s);
        }
      }
    }
  });
}

TEST_CASE("mesh: crossed dials leave one session and lose no reachability", "[sim][mesh]") {
  simulate(1000, [](sim::Simulation& simulation) {
    Mesh mesh{simulation, 2};
    auto random = simulation.make_random("crossed dials");
    sim::LinkModel link;
    link.delay = Duration{random.below(100'000'000)};
    link.jitter = Duration{random.below(20'000'000)};
    simulation.network().set_path(*mesh[0].host, *mesh[1].host, link);
    mesh[0].start({mesh[1].as_peer()});
    // The second starts while the first one's handshake is under way, or just before or after.
    simulation.run_for(
        Duration{random.below(static_cast<std::uint64_t>(link.delay.count()) * 5 / 2 + 1)});
    mesh[1].start({mesh[0].as_peer()});

    REQUIRE(simulation.run_until([&] { return mesh.all_connected(); }, 5s));
    CHECK(ping_until_answered(simulation, mesh[0], mesh[1].overlay(), 2s) < 1s);
    CHECK(ping_until_answered(simulation, mesh[1], mesh[0].overlay(), 2s) < 1s);
    simulation.run_for(5s);
    CHECK(mesh[0].peer(mesh[1])->paths.size() == 1);
    CHECK(mesh[1].peer(mesh[0])->paths.size() == 1);
    CHECK(mesh[0].counter("quic.handshakes_completed") <= 2);
    for (const std::size_t node : {0U, 1U}) {
      const auto& events = mesh[node].host->recorded().events();
      CHECK(std::ranges::find(events, Severity::warning, &sim::RecordedEvent::severity) ==
            events.end());
    }
    CHECK(ping_until_answered(simulation, mesh[0], mesh[1].overlay(), 2s) < 1s);
  });
}

TEST_CASE("mesh: traffic is back within 2 s when a peer restarts uncleanly", "[sim][mesh]") {
  simulate(1000, [](sim::Simulation& simulation) {
    Mesh mesh{simulation, 2};
    auto random = simulation.make_random("restart");
    sim::LinkModel link;
    link.delay = Duration{1'000'000 + random.below(50'000'000)};
    simulation.network().set_path(*mesh[0].host, *mesh[1].host, link);
    // Either both know where the other is, or only one does.
    const auto known = random.below(3);
    mesh[0].start({mesh[1].as_peer(known != 1)});
    mesh[1].start({mesh[0].as_peer(known != 2)});
    REQUIRE(simulation.run_until([&] { return mesh.all_connected(); }, 5s));
    const auto to = mesh[1].overlay();
    REQUIRE(ping_until_answered(simulation, mesh[0], to, 2s) < 1s);

    auto& victim = mesh[random.below(2)];
    victim.kill();
    const auto dead_for = Duration{random.below(20'000'000'000)};
    if (&victim == &mesh[1]) {
      // The other side goes on sending meanwhile.
      for (const auto end = simulation.now() + dead_for; simulation.now() < end;) {
        mesh[0].send(to, "lost");
        simulation.run_for(std::min<Duration>(100ms, end - simulation.now()));
      }
    } else {
      simulation.run_for(dead_for);
    }
    victim.restart();

    CHECK(ping_until_answered(simulation, mesh[0], to, 4s) <= 2s);
  });
}

TEST_CASE("mesh: a stranger is refused by name and told why", "[sim][mesh]") {
  simulate(1, [](sim::Simulation& simulation) {
    Mesh mesh{simulation, 2};
    mesh[0].start({});
    mesh[1].start({mesh[0].as_peer()});
    simulation.run_for(3s);

    const auto refused = mesh[1].peer(mesh[0]);
    REQUIRE(refused.has_value());
    CHECK(refused->state == "refused");
    CHECK(refused->detail.find("not in peers.allowed") != std::string::npos);
    CHECK(mesh[0].counter("session.refused") >= 1);
  });
}

TEST_CASE("mesh: an empty policy lets nothing through either way", "[sim][mesh]") {
  simulate(1, [](sim::Simulation& simulation) {
    Mesh mesh{simulation, 2};
    mesh[1].rules = std::vector<policy::Rule>{};
    mesh.start_all();
    mesh.settle();
    mesh[0].send(mesh[1].overlay(), "in");
    mesh[1].send(mesh[0].overlay(), "out");
    simulation.run_for(1s);

    CHECK(mesh[0].received.empty());
    CHECK(mesh[1].received.empty());
    CHECK(mesh[1].counter("router.dropped.denied_inbound") == 1);
    CHECK(mesh[1].counter("router.dropped.denied_outbound") == 1);
    // Both senders are told.
    CHECK(mesh[0].icmp_errors == 1);
    CHECK(mesh[1].icmp_errors == 1);
  });
}

TEST_CASE("mesh: without a policy a node may start flows and its peers may not", "[sim][mesh]") {
  simulate(1, [](sim::Simulation& simulation) {
    Mesh mesh{simulation, 2};
    mesh[0].rules.reset();
    mesh.connect_all();

    CHECK(ping_until_answered(simulation, mesh[0], mesh[1].overlay(), 1s) < 1s);
    mesh[1].host->tun()->inject(
        test::udp_packet(mesh[1].overlay(), mesh[0].overlay(), as_bytes("unasked"), 1, 2));
    simulation.run_for(1s);
    CHECK(mesh[0].count("unasked") == 0);
  });
}

TEST_CASE("mesh: packets with foreign sources are dropped and reported once", "[sim][mesh]") {
  simulate(1, [](sim::Simulation& simulation) {
    Mesh mesh{simulation, 3};
    mesh.start_all();
    mesh.settle();
    // The sender's own router would stop these: its links are used directly, as a hostile peer
    // would.
    const auto victim = mesh[1].overlay();
    const auto peer = mesh[0].node->paths().peer(mesh[1].identity.node_id())->index;
    for (std::uint32_t i = 0; i < 1000; ++i) {
      auto packet = test::udp_packet(
          i == 0 ? mesh[2].overlay() : IpAddress::v4(0x0a00'0000U + i), victim, as_bytes("forged"));
      const wire::IpPacket one{packet, {}};
      mesh[0].node->paths().send_packets(peer, {&one, 1});
      mesh[0].node->paths().flush();
      simulation.run_for(100us);
    }
    simulation.run_for(3s);

    CHECK(mesh[1].count("forged") == 0);
    CHECK(mesh[1].counter("router.dropped.source_not_owned") == 1000);
    CHECK(mesh[1].host->recorded().count("router.dropped") == 1);
  });
}

TEST_CASE("mesh: a node that roams keeps its session", "[sim][mesh]") {
  simulate(50, [](sim::Simulation& simulation) {
    Mesh mesh{simulation, 2};
    sim::LinkModel link;
    link.delay = 20ms;
    simulation.network().set_path(*mesh[0].host, *mesh[1].host, link);
    mesh[0].underlay.address = IpAddress{};  // listen on every address
    mesh[0].start({mesh[1].as_peer()});
    mesh[1].start({mesh[0].as_peer(false)});
    REQUIRE(simulation.run_until([&] { return mesh.all_connected(); }, 5s));
    const auto to = mesh[1].overlay();
    REQUIRE(ping_until_answered(simulation, mesh[0], to, 2s) < 1s);

    mesh[0].host->interface().set_addresses({{IpAddress::v4({198, 51, 100, 7}), 24}});

    // The round trip is 40 ms: one to prove the new path, one for the ping (requirement B6).
    CHECK(ping_until_answered(simulation, mesh[0], to, 5s) <= 2 * 40ms + 100ms);
    CHECK(mesh[1].counter("quic.handshakes_completed") == 1);
    CHECK(mesh[1].peer(mesh[0])->paths.at(0).remote.address == IpAddress::v4({198, 51, 100, 7}));
  });
}

TEST_CASE("mesh: a dialled node that roams dials in its turn", "[sim][mesh]") {
  simulate(50, [](sim::Simulation& simulation) {
    Mesh mesh{simulation, 2};
    mesh[1].underlay.address = IpAddress{};
    mesh[0].start({mesh[1].as_peer(false)});
    path::PeerTarget target;
    target.id = mesh[1].identity.node_id();
    target.addresses = {{IpAddress::v4({192, 0, 2, 2}), 9000}};
    REQUIRE(mesh[0].node->paths().add_peer(std::move(target)).has_value());
    simulation.run_for(1s);
    mesh[1].start({mesh[0].as_peer()});
    REQUIRE(simulation.run_until([&] { return mesh.all_connected(); }, 10s));
    const auto to = mesh[1].overlay();
    REQUIRE(ping_until_answered(simulation, mesh[0], to, 2s) < 1s);

    mesh[1].host->interface().set_addresses({{IpAddress::v4({198, 51, 100, 7}), 24}});

    // Nothing can come to the old address any more, so it is not waited for.
    CHECK(ping_until_answered(simulation, mesh[0], to, 10s) <= 1s);
  });
}

TEST_CASE("mesh: a node whose next network has only the other family is back in a second",
          "[sim][mesh]") {
  for (const std::size_t mover : {0U, 1U}) {  // the one that dialled, and the other one
    CAPTURE(mover);
    simulate(20, [&](sim::Simulation& simulation) {
      Mesh mesh{simulation, 2};
      const auto v6 = [](std::uint8_t number) {
        return IpAddress::v6({0x20, 0x01, 0x0d, 0xb8, 0, number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
      };
      std::array<std::vector<SocketAddress>, 2> homes;
      for (std::uint8_t i = 0; i < 2; ++i) {
        const auto v4 = mesh[i].underlay.address;
        homes[i] = {{v4, 9000}, {v6(i), 9000}};
        mesh[i].host->interface().set_addresses({{v4, 24}, {v6(i), 64}});
        mesh[i].underlay.address = IpAddress::v6({});
      }
      auto first = mesh[0].as_peer();
      auto second = mesh[1].as_peer();
      first.addresses = homes[0];
      second.addresses = homes[1];
      mesh[0].start({second});
      mesh[1].start({mover == 1 ? first : mesh[0].as_peer(false)});
      REQUIRE(simulation.run_until([&] { return mesh.all_connected(); }, 5s));
      simulation.run_for(2s);
      const auto to = mesh[1 - mover].overlay();
      REQUIRE(ping_until_answered(simulation, mesh[mover], to, 2s) < 1s);

      for (const auto& next : {v6(7), IpAddress::v4({198, 51, 100, 7}), v6(8)}) {
        const std::uint8_t length = next.is_v4() ? 24 : 64;
        mesh[mover].host->interface().set_addresses({{next, length}});
        CHECK(ping_until_answered(simulation, mesh[mover], to, 10s) <= 1s);
        simulation.run_for(2s);  // a session that ends as soon as it begins is not dialled at once
      }
    });
  }
}

TEST_CASE("mesh: nodes with the same IPv4 address settle who keeps it", "[sim][mesh]") {
  simulate(1, [](sim::Simulation& simulation) {
    Mesh mesh{simulation, 2};
    mesh.connect_all();
    const auto first_smaller = mesh[0].identity.node_id() < mesh[1].identity.node_id();
    auto& larger = mesh[first_smaller ? 1 : 0];
    auto& smaller = mesh[first_smaller ? 0 : 1];
    const auto before = larger.overlay();
    // The smaller one comes back with the address of the larger one set by hand.
    wire::Announce claim;
    claim.addresses = {before};
    smaller.node->transport().announce(claim);
    simulation.run_for(1s);

    CHECK(larger.overlay() != before);
    CHECK(larger.host->tun()->addresses().front().address == larger.overlay());
  });
}

TEST_CASE("mesh: a policy reload stops a flow that it denies", "[sim][mesh]") {
  simulate(1, [](sim::Simulation& simulation) {
    Mesh mesh{simulation, 2};
    mesh.connect_all();
    REQUIRE(ping_until_answered(simulation, mesh[0], mesh[1].overlay(), 1s) < 1s);

    NodeConfig config;
    config.name = "b";
    config.tun = true;
    config.peers = mesh[1].wanted;
    config.rules = std::vector<policy::Rule>{};
    REQUIRE(mesh[1].node->reload(std::move(config)).has_value());
    const auto before = mesh[1].received.size();
    mesh[0].send(mesh[1].overlay(), "ping");
    simulation.run_for(1s);
    CHECK(mesh[1].received.size() == before);
    CHECK(mesh[1].connected(mesh[0]));
  });
}

TEST_CASE("mesh: a reload gives a peer another name, and its link is no news", "[sim][mesh]") {
  simulate(1, [](sim::Simulation& simulation) {
    Mesh mesh{simulation, 2};
    mesh.connect_all();
    simulation.run_for(2s);
    const auto ups = mesh[0].host->recorded().count("link.up");

    auto peers = mesh[0].wanted;
    peers[0].name = "another name";
    mesh[0].reload(peers);
    simulation.run_for(2s);

    CHECK(mesh[0].peer(mesh[1])->name == "another name");
    CHECK(mesh[0].connected(mesh[1]));
    CHECK(mesh[0].host->recorded().count("link.up") == ups);
  });
}

TEST_CASE("mesh: a peer that is no longer configured is put out", "[sim][mesh]") {
  simulate(1, [](sim::Simulation& simulation) {
    Mesh mesh{simulation, 2};
    mesh.connect_all();

    NodeConfig config;
    config.name = "b";
    config.tun = true;
    config.rules = MeshNode::allow_all();
    REQUIRE(mesh[1].node->reload(std::move(config)).has_value());
    REQUIRE(simulation.run_until([&] { return !mesh[0].connected(mesh[1]); }, 1s));
    simulation.run_for(5s);
    CHECK(mesh[0].peer(mesh[1])->state == "refused");
    CHECK(mesh[0].node->routes().size() == 4);  // to itself and to whom it still wants
    CHECK(mesh[1].node->peers().empty());
    CHECK(mesh[1].node->routes().size() == 2);
  });
}

// Requirement B5.
TEST_CASE("mesh: a link that was lost comes back by resumption", "[sim][mesh]") {
  simulate(5, [](sim::Simulation& simulation) {
    Mesh mesh{simulation, 2};
    mesh.start_all();
    mesh.settle();
    const auto before = mesh[0].counter("quic.handshakes_resumed");
    simulation.network().partition({mesh[0].host}, {mesh[1].host});
    REQUIRE(simulation.run_until([&] { return !mesh[0].connected(mesh[1]); }, 2min));

    simulation.network().heal();

    REQUIRE(simulation.run_until([&] { return mesh.all_connected(); }, 2min));
    simulation.run_for(1s);
    CHECK(mesh[0].counter("quic.handshakes_resumed") > before);
  });
}
