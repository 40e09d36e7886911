// The simulator's own cost: what a virtual network may carry per second of real time.

#include <quicether/env/datagram_socket.hpp>
#include <quicether/env/timer.hpp>
#include <quicether/sim/host.hpp>
#include <quicether/sim/link.hpp>
#include <quicether/sim/network.hpp>
#include <quicether/sim/simulation.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using quicether::ByteVector;
using quicether::DatagramSocket;
using quicether::Environment;
using quicether::error_code;
using quicether::OutgoingTrain;
using quicether::ReceivedTrain;
using quicether::SocketAddress;

/// Arms itself again and again at pseudo-random distances.
class Ticker {
 public:
  explicit Ticker(Environment& env) : env_{env}, timer_{env.make_timer()} { arm(); }

 private:
  void arm() {
    const auto distance = std::chrono::microseconds{1 + env_.random().below(1000)};
    timer_->async_wait(env_.now() + distance, [this](error_code code) {
      if (!code) {
        arm();
      }
    });
  }

  Environment& env_;
  std::unique_ptr<quicether::Timer> timer_;
};

void timer_events(benchmark::State& state) {
  quicether::sim::Simulation simulation{1};
  auto& host = simulation.network().add_host("host");
  std::vector<std::unique_ptr<Ticker>> tickers;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    tickers.push_back(std::make_unique<Ticker>(host));
  }
  for (auto _ : state) {
    simulation.run_for(1ms);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(simulation.events_processed()));
}

BENCHMARK(timer_events)->Name("sim/timer events")->Arg(1)->Arg(1000)->Arg(100'000);

/// Sends back every datagram to where it came from.
class Echo {
 public:
  Echo(Environment& env, const std::string& address)
      : socket_{env.open_datagram_socket({.bind = SocketAddress::parse(address).value()}).value()} {
    listen();
  }

  void send(const SocketAddress& remote, quicether::ConstBytes payload) {
    const std::array trains = {
        OutgoingTrain{.bytes = payload, .segment_bytes = payload.size(), .remote = remote}};
    benchmark::DoNotOptimize(socket_->send(trains));
  }

 private:
  void listen() {
    socket_->wait_readable([this](error_code code) {
      if (code) {
        return;
      }
      std::array<ReceivedTrain, 16> trains{};
      const std::size_t count = socket_->receive(trains);
      for (std::size_t i = 0; i < count; ++i) {
        const std::array reply = {OutgoingTrain{.bytes = trains[i].bytes,
                                                .segment_bytes = trains[i].segment_bytes,
                                                .remote = trains[i].remote}};
        benchmark::DoNotOptimize(socket_->send(reply));
      }
      listen();
    });
  }

  std::unique_ptr<DatagramSocket> socket_;
};

/// range(0) datagrams bounce between two hosts over links with rate, delay, jitter and queue.
void datagrams(benchmark::State& state) {
  quicether::sim::Simulation simulation{1};
  auto& network = simulation.network();
  auto& a = network.add_host("a", {"10.0.0.1/24"});
  auto& b = network.add_host("b", {"10.0.0.2/24"});
  a.interface().set_links({.rate_bits_per_second = 1'000'000'000, .queue_bytes = 1'000'000});
  network.set_path(a, b, {.delay = 10ms, .jitter = 1ms});
  Echo echo_a{a, "0.0.0.0:1"};
  Echo echo_b{b, "0.0.0.0:1"};
  const ByteVector payload(1200);
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    echo_a.send(SocketAddress::parse("10.0.0.2:1").value(), payload);
  }
  for (auto _ : state) {
    simulation.run_for(10ms);
  }
  const auto& forth = network.path(a, b).stats();
  const auto& back = network.path(b, a).stats();
  state.SetItemsProcessed(
      static_cast<std::int64_t>(forth.datagrams_passed + back.datagrams_passed));
  state.counters["events/s"] = benchmark::Counter(
      static_cast<double>(simulation.events_processed()), benchmark::Counter::kIsRate);
}

BENCHMARK(datagrams)->Name("sim/datagrams of 1200 bytes")->Arg(1)->Arg(100)->Arg(300);

void link_passages(benchmark::State& state) {
  quicether::sim::Link link{{.rate_bits_per_second = 1'000'000'000,
                             .delay = 10ms,
                             .jitter = 1ms,
                             .queue_bytes = 100'000,
                             .loss = 0.01},
                            1};
  quicether::Instant now{1h};
  for (auto _ : state) {
    now = now + 12us;
    benchmark::DoNotOptimize(link.pass(now, 1500, quicether::Ecn::not_ect));
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(link_passages)->Name("sim/link passages");

}  // namespace
