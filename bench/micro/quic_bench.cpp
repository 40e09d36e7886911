#include "../../tests/unit/core_quic/direct_pair.hpp"

#include <benchmark/benchmark.h>

#include <malloc.h>
#include <time.h>

#include <chrono>
#include <vector>

// Two Endpoints in one process. Each benchmark times one side only; "packet" is one datagram of the
// given payload unless the name says otherwise.

namespace {

using namespace quicether;
using quic::OutgoingDatagram;
using quic::test::DirectPair;

/// Counts the CPU time of this thread: what the machine does besides does not show.
class Stopwatch {
 public:
  void start() noexcept { started_ = cpu_seconds(); }

  void stop() noexcept { total_ += cpu_seconds() - started_; }

  [[nodiscard]] double seconds() const noexcept { return total_; }

 private:
  static double cpu_seconds() noexcept {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  }

  double started_ = 0;
  double total_ = 0;
};

struct Carried {
  Stopwatch sending{};
  Stopwatch receiving{};
  std::uint64_t payloads = 0;
};

/// One batch from a to b and the acknowledgements back, timed by side.
void carry_batch(DirectPair& pair,
                 std::span<const OutgoingDatagram> batch,
                 std::vector<std::uint8_t>& buffer,
                 Carried& carried) {
  carried.sending.start();
  carried.payloads += pair.a.send_datagrams(pair.now, pair.at_a, batch);
  const auto trains = pair.a.poll_transmit(pair.now);
  carried.sending.stop();
  for (const auto& train : trains) {
    copy_bytes(train.bytes, buffer);
    const ReceivedTrain received{{buffer.data(), train.bytes.size()},
                                 train.segment_bytes,
                                 pair.b_address(),
                                 pair.a_address(),
                                 train.ecn};
    carried.receiving.start();
    pair.b.on_train(pair.now, received);
    benchmark::DoNotOptimize(pair.b.received_datagrams().data());
    pair.b.clear_received();
    carried.receiving.stop();
  }
  pair.a.consume_transmit(trains.size());
  pair.turn();
}

void quic_datagrams(benchmark::State& state, bool sending) {
  DirectPair pair;
  pair.connect();
  const ByteVector body(static_cast<std::size_t>(state.range(0)));
  const std::vector<OutgoingDatagram> batch(static_cast<std::size_t>(state.range(1)),
                                            OutgoingDatagram{{}, body});
  pair.warm_up(4000, batch);
  std::vector<std::uint8_t> buffer(kTrainBytesMax);
  Carried all;
  for (auto _ : state) {
    Carried carried;
    carry_batch(pair, batch, buffer, carried);
    all.payloads += carried.payloads;
    state.SetIterationTime(sending ? carried.sending.seconds() : carried.receiving.seconds());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(all.payloads));
  state.SetBytesProcessed(static_cast<std::int64_t>(all.payloads) * state.range(0));
}

void quic_send(benchmark::State& state) {
  quic_datagrams(state, true);
}

void quic_receive(benchmark::State& state) {
  quic_datagrams(state, false);
}

/// Sending, receiving and acknowledging datagrams one by one, both sides together.
void quic_one_by_one(benchmark::State& state) {
  DirectPair pair;
  pair.connect();
  const ByteVector body(static_cast<std::size_t>(state.range(0)));
  const std::vector<OutgoingDatagram> batch(1, OutgoingDatagram{{}, body});
  pair.warm_up(4000, batch);
  for (auto _ : state) {
    pair.warm_up(1, batch);
  }
  state.SetItemsProcessed(state.iterations());
}

/// Full handshakes, both sides on one core, without resumption.
void quic_handshake_both_sides(benchmark::State& state) {
  quic::EndpointConfig config;
  config.resumption = false;
  DirectPair pair{config};
  for (auto _ : state) {
    pair.connect();
    state.PauseTiming();
    pair.a.close(pair.now, pair.at_a, 0, "");
    pair.turn();
    pair.now = pair.now + std::chrono::seconds{5};
    pair.turn();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations());
}

/// Heap that one idle, established connection holds at one end.
void quic_idle_connection_bytes(benchmark::State& state) {
  constexpr int kConnections = 200;
  double bytes = 0;
  for (auto _ : state) {
    DirectPair pair;
    pair.connect();
    const auto before = mallinfo2().uordblks;
    for (int i = 0; i < kConnections; ++i) {
      pair.connect();
    }
    for (int i = 0; i < 4000; ++i) {
      pair.turn();
    }
    bytes = static_cast<double>(mallinfo2().uordblks - before) / (2.0 * kConnections);
  }
  state.counters["bytes_per_end"] = bytes;
}

BENCHMARK(quic_send)->Args({1380, 44})->Args({64, 44})->UseManualTime();
BENCHMARK(quic_receive)->Args({1380, 44})->Args({64, 44})->UseManualTime();
BENCHMARK(quic_one_by_one)->Arg(1380)->Arg(64);
BENCHMARK(quic_handshake_both_sides)->Unit(benchmark::kMicrosecond);
BENCHMARK(quic_idle_connection_bytes)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
