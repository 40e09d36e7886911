#include "../../tests/support/packets.hpp"

#include <quicether/base/random.hpp>
#include <quicether/core/route/forwarder.hpp>
#include <quicether/core/route/lpm_table.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <vector>

using namespace quicether;
using route::Hop;
using route::LpmTable;

namespace {

IpAddress random_address(Random& random, bool v6) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  if (!v6) {
    return *IpAddress::from_bytes(ConstBytes{bytes}.first(4));
  }
  bytes[0] = 0xfd;  // overlay addresses
  return *IpAddress::from_bytes(bytes);
}

// Lengths as an overlay has them: mostly hosts and site subnets, some larger blocks.
unsigned random_length(Random& random, bool v6) {
  constexpr std::array<unsigned, 8> kV4 = {32, 32, 32, 24, 24, 24, 20, 16};
  constexpr std::array<unsigned, 8> kV6 = {128, 128, 128, 128, 64, 64, 56, 48};
  return (v6 ? kV6 : kV4)[random.below(8)];
}

struct Table {
  LpmTable<Hop> table{};
  std::vector<Prefix> prefixes{};
  std::vector<IpAddress> addresses{};  // half inside a prefix of the table
};

Table make_table(std::size_t size, bool v6) {
  SeededRandom random{size};
  Table made;
  while (made.table.size() < size) {
    const auto prefix = *Prefix::make(random_address(random, v6), random_length(random, v6));
    const auto peer = static_cast<std::uint32_t>(random.below(2000));
    if (made.table.insert(prefix, Hop{PeerIndex{peer}})) {
      made.prefixes.push_back(prefix);
    }
  }
  for (int i = 0; i < 1 << 16; ++i) {
    made.addresses.push_back(i % 2 == 0 ? random_address(random, v6)
                                        : made.prefixes[random.below(size)].address());
  }
  return made;
}

void lpm_lookup(benchmark::State& state) {
  const auto made = make_table(static_cast<std::size_t>(state.range(0)), state.range(1) == 6);
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(made.table.lookup(made.addresses[at]));
    at = (at + 1) % made.addresses.size();
  }
}

BENCHMARK(lpm_lookup)->ArgsProduct({{10, 1'000, 100'000}, {4, 6}})->ArgNames({"entries", "ip"});

void lpm_erase_and_insert(benchmark::State& state) {
  auto made = make_table(static_cast<std::size_t>(state.range(0)), state.range(1) == 6);
  SeededRandom random{5};
  for (auto _ : state) {
    const auto& prefix = made.prefixes[random.below(made.prefixes.size())];
    made.table.erase(prefix);
    made.table.insert(prefix, Hop{});
  }
}

BENCHMARK(lpm_erase_and_insert)->ArgsProduct({{100'000}, {4, 6}})->ArgNames({"entries", "ip"});

void forwarder_from_peer(benchmark::State& state) {
  const bool v6 = state.range(0) == 6;
  const auto own = test::address(v6 ? "fd00::1" : "100.64.0.1");
  const auto peers = test::address(v6 ? "fd00::2" : "100.64.0.2");
  route::Forwarder forwarder;
  forwarder.set_local({own}, {});
  forwarder.set_peer(PeerIndex{1}, {Prefix::host(peers)});
  const auto packet = test::tcp_packet(peers, own, test::counting_bytes(1340));
  for (auto _ : state) {
    benchmark::DoNotOptimize(forwarder.from_peer(PeerIndex{1}, packet));
  }
}

BENCHMARK(forwarder_from_peer)->Arg(4)->Arg(6)->ArgName("ip");

}  // namespace
