// How the DHT grows: runs rings of the given sizes in virtual time and prints what each node and
// each look-up costs, then what the sizes' trend says of a million nodes.
//
//   dht_scale [nodes…]      (without: 1000 10000 100000; the last takes an hour and 8 GiB)
//
// Memory is what a counting operator new says the nodes gave back when they were destroyed, with
// what malloc() adds to it.
#include "support/dht_ring.hpp"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kChunkHeaderBytes = 8;  // glibc's, in front of each block

std::size_t g_heap_bytes = 0;  // in use; this program has one thread

}  // namespace

void* operator new(std::size_t size) {
  void* block = std::malloc(size);
  if (block == nullptr) {
    throw std::bad_alloc{};
  }
  g_heap_bytes += malloc_usable_size(block) + kChunkHeaderBytes;
  return block;
}

void operator delete(void* block) noexcept {
  if (block != nullptr) {
    g_heap_bytes -= malloc_usable_size(block) + kChunkHeaderBytes;
    std::free(block);
  }
}

void operator delete(void* block, std::size_t) noexcept {
  operator delete(block);
}

using namespace quicether;
using namespace std::chrono_literals;
using quicether::testing::Ring;

namespace {

constexpr std::size_t kLookups = 2000;
constexpr double kHeaderBytes = 28;  // IPv4 and UDP

struct Figures {
  double nodes = 0;
  double hops_p50 = 0, hops_p99 = 0, hops_mean = 0;
  double queries_mean = 0;
  double lookup_p50_ms = 0, lookup_p99_ms = 0;
  double right = 0;            ///< share of look-ups that found the very nearest node
  double messages_hour = 0;    ///< per idle node
  double bits_per_second = 0;  ///< per idle node, sent, with IP and UDP headers
  double heap_per_node = 0;    ///< after all that
  double contacts = 0;
  double heap_per_contact = 0;
};

double quantile(std::vector<double>& values, double share) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const auto value : values) {
    sum += value;
  }
  return sum / static_cast<double>(values.size());
}

Figures measure(std::size_t count) {
  Figures figures;
  const auto nodes = static_cast<double>(count);
  figures.nodes = nodes;
  Ring ring{{.seed = 1}};
  // Joining takes one virtual minute whatever the size.
  ring.grow(count, Duration{60s} / static_cast<Duration::rep>(count));
  ring.run_for(90s);

  std::vector<std::pair<dht::Id, std::size_t>> ids;
  for (std::size_t i = 0; i < count; ++i) {
    ids.emplace_back(ring.node(i).id(dht::Family::v4), i);
  }
  std::vector<double> hops, queries, elapsed;
  std::size_t right = 0;
  for (std::size_t i = 0; i < kLookups; ++i) {
    const auto target = dht::Id::random(ring.random());
    const auto asker = ring.random().below(count);
    const auto done = ring.find_node(asker, target);
    const auto best = std::ranges::min_element(ids, [&](const auto& one, const auto& other) {
      return dht::closer(one.first, other.first, target);
    });
    right += best->second == asker || (!done.nodes.empty() && done.nodes[0].id == best->first);
    hops.push_back(static_cast<double>(done.hops));
    queries.push_back(static_cast<double>(done.queries));
    elapsed.push_back(std::chrono::duration<double, std::milli>(done.elapsed).count());
  }
  figures.hops_mean = mean(hops);
  figures.hops_p50 = quantile(hops, 0.5);
  figures.hops_p99 = quantile(hops, 0.99);
  figures.queries_mean = mean(queries);
  figures.lookup_p50_ms = quantile(elapsed, 0.5);
  figures.lookup_p99_ms = quantile(elapsed, 0.99);
  figures.right = static_cast<double>(right) / static_cast<double>(kLookups);

  // Idle: the second quarter of an hour. Joining is over, and each node refreshes what it has at
  // times of its own.
  ring.run_for(15min);
  const auto messages = ring.datagrams();
  const auto bytes = ring.bytes();
  ring.run_for(15min);
  const auto sent = static_cast<double>(ring.datagrams() - messages);
  figures.messages_hour = sent * 4 / nodes;
  figures.bits_per_second =
      (static_cast<double>(ring.bytes() - bytes) + kHeaderBytes * sent) * 8 / nodes / 900;

  for (std::size_t i = 0; i < count; ++i) {
    figures.contacts += static_cast<double>(ring.node(i).size(dht::Family::v4)) / nodes;
  }
  const auto heap = g_heap_bytes;
  for (std::size_t i = 0; i < count; ++i) {
    ring.stop(i);
  }
  figures.heap_per_node = static_cast<double>(heap - g_heap_bytes) / nodes;
  figures.heap_per_contact = figures.heap_per_node / figures.contacts;
  return figures;
}

void print(const Figures& f, const char* remark = "") {
  std::printf("%9.0f %6.1f %6.2f %6.1f %8.1f %8.0f %8.0f %8.4f %9.0f %8.0f %9.0f %9.1f %9.0f%s\n",
              f.nodes,
              f.hops_p50,
              f.hops_mean,
              f.hops_p99,
              f.queries_mean,
              f.lookup_p50_ms,
              f.lookup_p99_ms,
              f.right,
              f.messages_hour,
              f.bits_per_second,
              f.heap_per_node,
              f.contacts,
              f.heap_per_contact,
              remark);
  std::fflush(stdout);
}

/// The line through two sizes, over the logarithm of the size.
Figures extrapolate(const Figures& small, const Figures& large, double nodes) {
  const auto steps = std::log2(nodes / large.nodes) / std::log2(large.nodes / small.nodes);
  const auto at = [&](double Figures::* what) {
    return large.*what + (large.*what - small.*what) * steps;
  };
  Figures figures;
  figures.nodes = nodes;
  for (const auto what : {&Figures::hops_mean,
                          &Figures::hops_p50,
                          &Figures::hops_p99,
                          &Figures::queries_mean,
                          &Figures::lookup_p50_ms,
                          &Figures::lookup_p99_ms,
                          &Figures::messages_hour,
                          &Figures::bits_per_second,
                          &Figures::heap_per_node,
                          &Figures::contacts}) {
    figures.*what = at(what);
  }
  figures.heap_per_contact = figures.heap_per_node / figures.contacts;
  figures.right = large.right;
  return figures;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::size_t> sizes;
  for (int i = 1; i < argc; ++i) {
    sizes.push_back(std::stoul(argv[i]));
  }
  if (sizes.empty()) {
    sizes = {1000, 10'000, 100'000};
  }
  std::printf(
      "    nodes    hops (50 %%, mean, 99 %%)  queries  p50/ms   p99/ms    right  msgs/h   "
      "bit/s  heap/node  contacts  heap/contact\n");
  std::vector<Figures> all;
  for (const auto size : sizes) {
    all.push_back(measure(size));
    print(all.back());
  }
  if (all.size() >= 2) {
    print(extrapolate(all[all.size() - 2], all.back(), 1e6), "  (extrapolated)");
  }
}
