// Packets that go with the first flight of a resumed session (docs/adr/0025-early-data.md).
#include "mesh.hpp"

#include <quicether/sim/network.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

using namespace quicether;
using namespace quicether::testing;
using namespace std::chrono_literals;

namespace {

constexpr Duration kRoundTrip = 100ms;
constexpr Duration kEvery = 5ms;  ///< between packets

/// Two nodes, of which the first dials, and somebody on the line between them.
class Line {
 public:
  Line(sim::Simulation& simulation,
       bool early_data,
       bool both_dial = false,
       Duration round_trip = kRoundTrip)
      : mesh_{simulation, 2} {
    sim::LinkModel line;
    line.delay = round_trip / 2;
    simulation.network().set_path(*mesh_[0].host, *mesh_[1].host, line);
    simulation.network().set_path(*mesh_[1].host, *mesh_[0].host, line);
    for (auto& node : mesh_.nodes) {
      node->adjust = [early_data](NodeConfig& config) {
        config.transport.sessions.quic.early_data = early_data;
      };
    }
    simulation.network().intercept(
        [this](const sim::InterceptedDatagram& datagram) { return passes(datagram); });
    mesh_[1].start({mesh_[0].as_peer(both_dial)});
    mesh_[0].start({mesh_[1].as_peer()});
    mesh_.settle();
  }

  [[nodiscard]] MeshNode& client() { return mesh_[0]; }

  [[nodiscard]] MeshNode& server() { return mesh_[1]; }

  /// Both sides lose their link, and the client is not about to dial.
  void lose_link() {
    blocked = true;
    REQUIRE(simulation().run_until(
        [&] { return !up(client(), server()) && !up(server(), client()); }, 2min));
    REQUIRE(simulation().run_until([&] { return state(client(), server()) == "waiting"; }, 2min));
  }

  /// Lets everything pass again and notes what the client sends until something can be answered.
  void restore_and_record() {
    blocked = false;
    flight.clear();
    began.reset();
    recording = true;
  }

  /// Sends packets, each with another text, until `done`.
  template <typename Done>
  [[nodiscard]] bool send_until(const Done& done, Duration most) {
    const auto end = now() + most;
    while (now() < end && !done()) {
      client().send(server().overlay(), "n" + std::to_string(sent++));
      simulation().run_for(kEvery);
    }
    return done();
  }

  void replay(const SocketAddress& source) {
    for (const auto& datagram : flight) {
      simulation().network().inject(source, server().underlay, datagram);
    }
    simulation().run_for(1ms);
  }

  /// No packet of the client came out twice at the server.
  [[nodiscard]] bool each_once() {
    for (std::size_t i = 0; i < sent; ++i) {
      if (server().count("n" + std::to_string(i)) > 1) {
        return false;
      }
    }
    return true;
  }

  [[nodiscard]] sim::Simulation& simulation() { return mesh_.simulation; }

  [[nodiscard]] Instant now() const { return mesh_.nodes[0]->host->now(); }

  bool blocked = false;
  bool recording = false;
  bool withheld = false;           ///< what is recorded is not let through
  std::optional<Instant> began{};  ///< the first datagram of the flight
  std::vector<ByteVector> flight{};
  std::size_t sent = 0;

 private:
  [[nodiscard]] static std::string state(const MeshNode& from, const MeshNode& to) {
    return from.peer(to)->state;
  }

  [[nodiscard]] static bool up(const MeshNode& from, const MeshNode& to) {
    return state(from, to) == "connected";
  }

  bool passes(const sim::InterceptedDatagram& datagram) {
    if (blocked) {
      return false;
    }
    if (!recording || datagram.source != mesh_[0].underlay) {
      return true;
    }
    began = began.value_or(now());
    if (now() - *began >= kRoundTrip) {
      recording = false;
      return true;
    }
    flight.push_back(datagram.payload);
    return !withheld;
  }

  Mesh mesh_;
};

/// From the first datagram of a new session to the first answer to a packet in it.
Duration time_to_first_answer(sim::Simulation& simulation, bool early_data) {
  Line line{simulation, early_data};
  line.lose_link();
  line.restore_and_record();
  const auto end = line.now() + 1min;
  while (line.client().count("pong") == 0) {
    REQUIRE(line.now() < end);
    line.client().send(line.server().overlay(), "ping");
    simulation.run_for(kEvery);
  }
  REQUIRE(line.began.has_value());
  CHECK(line.server().counter("session.sessions_early") == (early_data ? 1U : 0U));
  return line.now() - *line.began;
}

}  // namespace

// Requirement B5.
TEST_CASE("early data: the first answer comes after one round trip instead of three",
          "[sim][early]") {
  simulate(20, [](sim::Simulation& simulation) {
    CHECK(time_to_first_answer(simulation, true) <= kRoundTrip + 2 * kEvery);
  });
  simulate(20, [](sim::Simulation& simulation) {
    const auto waited = time_to_first_answer(simulation, false);
    CHECK(waited >= 2 * kRoundTrip);
    CHECK(waited <= 3 * kRoundTrip + 2 * kEvery);
  });
}

// T-A9. The flight comes again, from wherever, while its session lives and long after.
TEST_CASE("early data: a replayed flight delivers nothing", "[sim][early]") {
  simulate(20, [](sim::Simulation& simulation) {
    Line line{simulation, true};
    line.lose_link();
    line.restore_and_record();
    REQUIRE(line.send_until([&] { return !line.server().received.empty(); }, 1min));
    simulation.run_for(1s);
    REQUIRE(line.server().counter("session.sessions_early") == 1);
    REQUIRE(line.flight.size() > 2);

    const SocketAddress stranger{IpAddress::v4({198, 51, 100, 7}), 4444};
    for (int i = 0; i < 500; ++i) {
      line.replay(line.client().underlay);
      line.replay(stranger);
    }
    const auto delivered = line.server().received.size();
    simulation.run_for(20s);
    CHECK(line.server().received.size() == delivered);
    CHECK(line.server().counter("session.sessions_early") == 1);

    line.lose_link();
    for (int i = 0; i < 500; ++i) {
      line.replay(line.client().underlay);
      line.replay(stranger);
    }
    simulation.run_for(20s);
    CHECK(line.server().received.size() == delivered);
    CHECK(line.server().counter("session.sessions_early") == 1);
    CHECK(line.each_once());

    line.restore_and_record();
    CHECK(line.send_until([&] { return line.server().received.size() > delivered; }, 1min));
  });
}

// What somebody holds back comes late, as it may with every packet; but once, and to no harm.
TEST_CASE("early data: a flight that is held back comes out once at most", "[sim][early]") {
  simulate(20, [](sim::Simulation& simulation) {
    Line line{simulation, true};
    line.lose_link();
    line.restore_and_record();
    line.withheld = true;
    (void)line.send_until([&] { return line.began && !line.recording; }, 1min);
    line.blocked = true;
    simulation.run_for(2s);
    REQUIRE(line.server().received.empty());
    const bool before =
        line.client().host->random().below(2) == 0;  // the client's own next session
    const SocketAddress stranger{IpAddress::v4({198, 51, 100, 7}), 4444};
    if (before) {
      line.replay(stranger);
      line.replay(stranger);
      CHECK_FALSE(line.server().received.empty());
    }
    const auto delivered = line.server().received.size();

    line.blocked = false;
    REQUIRE(line.send_until([&] { return line.server().received.size() > delivered; }, 1min));
    line.replay(stranger);
    simulation.run_for(20s);
    CHECK(line.client().peer(line.server())->state == "connected");
    CHECK(line.server().peer(line.client())->state == "connected");
    CHECK(line.each_once());
  });
}

// Each side takes the other's first flight for a session while its own is on the way.
TEST_CASE("early data: crossed first flights leave one session", "[sim][early]") {
  simulate(100, [](sim::Simulation& simulation) {
    Line line{simulation, true, true, 600ms};
    for (int round = 0; round < 3; ++round) {
      line.lose_link();
      line.restore_and_record();
      const auto client = line.client().received.size();
      const auto server = line.server().received.size();
      const auto lost = line.client().host->recorded().count("link.down");
      const auto end = line.now() + 10s;
      while (line.client().received.size() == client || line.server().received.size() == server) {
        REQUIRE(line.now() < end);
        line.client().send(line.server().overlay(), "n" + std::to_string(line.sent++));
        line.server().send(line.client().overlay(), "to the client");
        simulation.run_for(kEvery);
      }
      simulation.run_for(5s);
      CHECK(line.client().host->recorded().count("link.down") == lost);
      CHECK(line.client().peer(line.server())->paths.size() == 1);
      CHECK(line.server().peer(line.client())->paths.size() == 1);
      CHECK(line.each_once());
    }
  });
}
