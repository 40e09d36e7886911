// A full line: greedy flows, within one session and beside others, do not push polite ones out.

#include "mesh.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

using namespace quicether;
using namespace quicether::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kPeers = 10;  // the first is greedy
constexpr std::size_t kPacketBytes = 1250;
constexpr std::size_t kLineBytes = 12'500'000;  // a second: 100 Mbit/s
constexpr std::size_t kTicks = 3000;            // milliseconds
constexpr std::uint16_t kPolitePort = 1;
constexpr std::uint16_t kGreedyPort = 1000;

/// What arrived of the polite flow to one node.
struct Polite {
  std::size_t sent = 0;
  std::vector<Duration> delays{};
};

/// A hub with a line of 100 Mbit/s and ten peers behind it.
class Star {
 public:
  Star(sim::Simulation& simulation, const std::function<void(NodeConfig&)>& adjust)
      : simulation_{simulation}, mesh_{simulation, 1 + kPeers} {
    sim::LinkModel path;
    path.delay = 5ms;
    std::vector<NodePeer> peers;
    for (std::size_t i = 1; i <= kPeers; ++i) {
      simulation.network().set_path(*mesh_[0].host, *mesh_[i].host, path);
      mesh_[i].start({mesh_[0].as_peer(false)});
      peers.push_back(mesh_[i].as_peer());
    }
    mesh_[0].adjust = adjust;
    mesh_[0].start(std::move(peers));
    REQUIRE(simulation.run_until([&] { return connected(); }, 5s));
    simulation.run_for(3s);  // path MTU discovery
    sim::LinkModel uplink;
    uplink.rate_bits_per_second = kLineBytes * 8;
    uplink.queue_bytes = kLineBytes / 20;  // 50 ms
    mesh_[0].host->interface().egress().set_model(uplink);
    for (std::size_t i = 1; i <= kPeers; ++i) {
      mesh_[i].host->tun()->on_written([this, i](ConstBytes packet) { on_packet(i, packet); });
    }
  }

  /// For some seconds, a packet every 10 ms to each peer (1 Mbit/s), and `greedy` every millisecond
  /// to the first, in ten flows.
  void run(std::size_t greedy) {
    polite_ = {};
    for (std::size_t tick = 0; tick < kTicks; ++tick) {
      for (std::size_t i = 0; i < greedy; ++i) {
        send(1, static_cast<std::uint16_t>(kGreedyPort + i % 10));
      }
      // One at a time: their own burst is not what is measured.
      const auto peer = tick % kPeers;
      send(1 + peer, kPolitePort);
      ++polite_[peer].sent;
      simulation_.run_for(1ms);
    }
    simulation_.run_for(1s);
  }

  [[nodiscard]] const std::array<Polite, kPeers>& polite() const noexcept { return polite_; }

  [[nodiscard]] std::size_t greedy_bytes() const noexcept { return greedy_bytes_; }

 private:
  [[nodiscard]] bool connected() {
    for (std::size_t i = 1; i <= kPeers; ++i) {
      if (!mesh_[0].connected(mesh_[i]) || !mesh_[i].connected(mesh_[0])) {
        return false;
      }
    }
    return true;
  }

  void send(std::size_t peer, std::uint16_t port) {
    ByteVector text(kPacketBytes - 28);
    store_be(Bytes{text}.first(8),
             static_cast<std::uint64_t>(mesh_[0].host->now().since_start().count()));
    (void)mesh_[0].host->tun()->inject(
        test::udp_packet(mesh_[0].overlay(), mesh_[peer].overlay(), text, port, 5000));
  }

  void on_packet(std::size_t peer, ConstBytes packet) {
    const auto info = *wire::parse_packet(packet);
    if (info.source_port != kPolitePort) {
      greedy_bytes_ += packet.size();
      return;
    }
    const auto sent = load_be<std::uint64_t>(packet.subspan(28, 8));
    polite_[peer - 1].delays.push_back(mesh_[peer].host->now().since_start() -
                                       Duration{static_cast<Duration::rep>(sent)});
  }

  sim::Simulation& simulation_;
  Mesh mesh_;
  std::array<Polite, kPeers> polite_{};
  std::size_t greedy_bytes_ = 0;
};

Duration percentile_99(std::vector<Duration> delays) {
  REQUIRE(delays.size() > 100);
  std::ranges::sort(delays);
  return delays[delays.size() * 99 / 100];
}

void check_fairness(const std::function<void(NodeConfig&)>& adjust) {
  simulate(2, [&](sim::Simulation& simulation) {
    Star star{simulation, adjust};
    star.run(0);
    const auto idle = star.polite();
    star.run(20);  // 200 Mbit/s

    for (std::size_t i = 0; i < kPeers; ++i) {
      CAPTURE(i);
      const auto& flow = star.polite()[i];
      CHECK(flow.delays.size() * 10 >= flow.sent * 9);
      CHECK(percentile_99(flow.delays) - percentile_99(idle[i].delays) <= 20ms);
    }
    // What the polite ones leave is used.
    CHECK(star.greedy_bytes() > kLineBytes * kTicks / 1000 * 70 / 100);
  });
}

}  // namespace

TEST_CASE("fairness: a socket that is slower than the flows inside", "[sim][fairness]") {
  check_fairness([](NodeConfig& config) { config.transport.socket.send_buffer_bytes = 131'072; });
}

TEST_CASE("fairness: congestion control that is slower than the flows inside", "[sim][fairness]") {
  check_fairness([](NodeConfig& config) {
    config.transport.sessions.quic.datagram_control = quic::DatagramControl::connection;
  });
}
