#include "../../tests/support/super_packets.hpp"

#include <quicether/base/random.hpp>
#include <quicether/core/wire/checksum.hpp>
#include <quicether/core/wire/control_message.hpp>
#include <quicether/core/wire/icmp.hpp>
#include <quicether/core/wire/ip.hpp>
#include <quicether/core/wire/offload.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <vector>

using namespace quicether;
using wire::OffloadKind;

namespace {

void internet_checksum(benchmark::State& state) {
  ByteVector bytes(static_cast<std::size_t>(state.range(0)));
  SeededRandom{1}.fill(bytes);
  for (auto _ : state) {
    benchmark::DoNotOptimize(wire::internet_checksum(bytes));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

BENCHMARK(internet_checksum)->Arg(20)->Arg(64)->Arg(1400)->Arg(65535)->ArgName("bytes");

void parse_packet(benchmark::State& state) {
  const auto kind = static_cast<OffloadKind>(state.range(0));
  const auto packet = test::plain_packet(kind, test::counting_bytes(1340));
  for (auto _ : state) {
    benchmark::DoNotOptimize(wire::parse_packet(packet));
  }
}

BENCHMARK(parse_packet)->DenseRange(1, 4)->ArgName("kind");

void flow_hash(benchmark::State& state) {
  const auto kind = static_cast<OffloadKind>(state.range(0));
  const auto packet = test::plain_packet(kind, test::counting_bytes(64));
  const auto info = *wire::parse_packet(packet);
  for (auto _ : state) {
    benchmark::DoNotOptimize(wire::flow_hash(wire::flow_key(info), 7));
  }
}

BENCHMARK(flow_hash)->Arg(1)->Arg(2)->ArgName("kind");

void decrement_hop_limit(benchmark::State& state) {
  auto packet = test::plain_packet(OffloadKind::tcp4, test::counting_bytes(64));
  for (auto _ : state) {
    packet[8] = 64;
    wire::decrement_hop_limit(packet);
    benchmark::DoNotOptimize(packet.data());
  }
}

BENCHMARK(decrement_hop_limit);

// A super-packet of 44 times 1400 bytes; the time is per packet of it.
void segment(benchmark::State& state) {
  const auto kind = static_cast<OffloadKind>(state.range(0));
  constexpr std::size_t kSegment = 1400;
  constexpr std::size_t kCount = 44;
  const auto super = test::super_packet(kind, test::counting_bytes(kSegment * kCount), kSegment);
  ByteVector arena(1U << 17U);
  std::array<Bytes, wire::kSegmentsMax> packets{};
  for (auto _ : state) {
    const auto count = wire::segment(super.bytes, super.offload, 1500, arena, packets);
    benchmark::DoNotOptimize(count);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kCount));
}

BENCHMARK(segment)->Arg(1)->Arg(4)->ArgName("kind");

void coalesce(benchmark::State& state) {
  const auto kind = static_cast<OffloadKind>(state.range(0));
  constexpr std::size_t kSegment = 1400;
  constexpr std::size_t kCount = 44;
  const auto original =
      test::naive_segments(kind, test::counting_bytes(kSegment * kCount), kSegment);
  auto packets = original;
  std::vector<Bytes> views(packets.begin(), packets.end());
  wire::Coalescer coalescer;
  for (auto _ : state) {
    std::ranges::copy(original[0], packets[0].begin());  // its headers are rewritten
    coalescer.start(views);
    wire::Coalesced out;
    while (coalescer.next(out)) {
      benchmark::DoNotOptimize(out);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kCount));
}

BENCHMARK(coalesce)->Arg(1)->Arg(4)->ArgName("kind");

void control_codec(benchmark::State& state) {
  wire::Announce announce;
  announce.name = "node-1";
  announce.addresses = {test::address("100.64.0.1"), test::address("fd00::1")};
  announce.subnets.assign(static_cast<std::size_t>(state.range(0)), *Prefix::parse("10.0.0.0/8"));
  for (auto _ : state) {
    ByteVector bytes;
    wire::encode(announce, bytes);
    wire::ControlDecoder decoder;
    decoder.feed(bytes);
    benchmark::DoNotOptimize(decoder.poll());
  }
}

BENCHMARK(control_codec)->Arg(1)->Arg(256)->ArgName("subnets");

}  // namespace
