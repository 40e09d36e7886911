// How the DHT grows: runs rings of the given sizes in virtual time and prints what each node and
// each look-up costs, then what the sizes' trend says of a million nodes.
//
//   dht_scale [nodes…]      (without: 1000 10000 100000; the last takes an hour and 8 GiB)
//
// The table goes to standard output, what it is at to standard error.
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
constexpr std::size_t kLookupsAtOnce = 50;  ///< by different nodes: they do not slow each other
constexpr std::size_t kJoinsPerLine = 10'000;
constexpr double kHeaderBytes = 28;  // IPv4 and UDP

/// Joining is over then, and each node refreshes what it has at times of its own: with a quarter of
/// an hour instead the figures differ by less than 3 % (1000 nodes, 2026-11-21).
constexpr auto kSettling = 5min;

struct Figures {
  double nodes = 0;
  double hops_p50 = 0, hops_p99 = 0, hops_mean = 0;
  double queries_mean = 0;
  double lookup_p50_ms = 0, lookup_p99_ms = 0;
  double right = 0;          ///< share of look-ups that found the very nearest node
  double messages_hour = 0;  ///< sent per idle node
  double bytes_hour = 0;     ///< the same, with IP and UDP headers
  double bits_per_second = 0;
  double heap_per_node = 0;  ///< after all that
  double contacts = 0;
  double heap_per_contact = 0;
};

double quantile(std::vector<double>& values, double share) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

/// Says on standard error how far a size is.
class Progress {
 public:
  explicit Progress(std::size_t nodes) : nodes_{nodes} {}

  void say(const std::string& what) const {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin_;
    std::fprintf(stderr, "%zu nodes, after %.0f s: %s\n", nodes_, took.count(), what.c_str());
  }

 private:
  std::size_t nodes_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const auto value : values) {
    sum += value;
  }
  return sum / static_cast<double>(values.size());
}

/// What 2000 look-ups of random targets by random nodes cost.
void measure_lookups(Ring& ring, Figures& figures, const Progress& progress) {
  std::vector<dht::Id> ids;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    ids.push_back(ring.node(i).id(dht::Family::v4));
  }

  struct Lookup {
    dht::Id target{};
    std::size_t asker = 0;
    std::uint64_t operation = 0;
  };

  std::vector<double> hops, queries, elapsed;
  std::size_t right = 0;
  while (hops.size() < kLookups) {
    std::vector<Lookup> running;
    for (std::size_t i = 0; i < kLookupsAtOnce; ++i) {
      Lookup lookup{dht::Id::random(ring.random()), ring.random().below(ring.size())};
      lookup.operation =
          ring.call(lookup.asker,
                    [&](dht::Node& node) { return node.find_node(ring.now(), lookup.target); })
              .value()
              .value;
      running.push_back(lookup);
    }
    const auto ended = [&](const Lookup& one) {
      return ring[one.asker].done.contains(one.operation);
    };
    if (!ring.run_until([&] { return std::ranges::all_of(running, ended); }, 2min)) {
      std::fprintf(stderr, "a look-up does not end\n");
      std::exit(1);
    }
    for (const auto& one : running) {
      const auto done = std::move(ring[one.asker].done.extract(one.operation).mapped());
      const auto best = *std::ranges::min_element(
          ids, [&](const auto& a, const auto& b) { return dht::closer(a, b, one.target); });
      right += best == ids[one.asker] || (!done.nodes.empty() && done.nodes[0].id == best);
      hops.push_back(static_cast<double>(done.hops));
      queries.push_back(static_cast<double>(done.queries));
      elapsed.push_back(std::chrono::duration<double, std::milli>(done.elapsed).count());
    }
  }
  figures.hops_mean = mean(hops);
  figures.hops_p50 = quantile(hops, 0.5);
  figures.hops_p99 = quantile(hops, 0.99);
  figures.queries_mean = mean(queries);
  figures.lookup_p50_ms = quantile(elapsed, 0.5);
  figures.lookup_p99_ms = quantile(elapsed, 0.99);
  figures.right = static_cast<double>(right) / static_cast<double>(hops.size());
  progress.say("looked up " + std::to_string(hops.size()) + " targets");
}

/// What a node sends that nobody uses: over a quarter of an hour, in which each refreshes once all
/// that it has.
void measure_idle(Ring& ring, Figures& figures, const Progress& progress) {
  ring.run_for(kSettling);
  const auto messages = ring.datagrams();
  const auto bytes = ring.bytes();
  for (int minute = 1; minute <= 15; ++minute) {
    ring.run_for(1min);
    progress.say("minute " + std::to_string(minute) + " of 15 idle");
  }
  const auto sent = static_cast<double>(ring.datagrams() - messages);
  const auto octets = static_cast<double>(ring.bytes() - bytes) + kHeaderBytes * sent;
  const auto nodes = static_cast<double>(ring.size());
  figures.messages_hour = sent * 4 / nodes;
  figures.bytes_hour = octets * 4 / nodes;
  figures.bits_per_second = octets * 8 / nodes / 900;
}

Figures measure(std::size_t count) {
  const Progress progress{count};
  Figures figures;
  const auto nodes = static_cast<double>(count);
  figures.nodes = nodes;
  Ring ring{{.seed = 1}};
  // Joining takes one virtual minute whatever the size.
  while (ring.size() < count) {
    ring.grow(std::min(kJoinsPerLine, count - ring.size()),
              Duration{60s} / static_cast<Duration::rep>(count));
    progress.say(std::to_string(ring.size()) + " have joined");
  }
  ring.run_for(90s);
  measure_lookups(ring, figures, progress);
  measure_idle(ring, figures, progress);

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
  std::printf(
      "%9.0f %6.1f %6.2f %6.1f %8.1f %8.0f %8.0f %8.4f %9.0f %9.0f %8.0f %9.0f %9.1f %9.0f%s\n",
      f.nodes,
      f.hops_p50,
      f.hops_mean,
      f.hops_p99,
      f.queries_mean,
      f.lookup_p50_ms,
      f.lookup_p99_ms,
      f.right,
      f.messages_hour,
      f.bytes_hour,
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
                          &Figures::bytes_hour,
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
      "    nodes    hops (50 %%, mean, 99 %%)  queries  p50/ms   p99/ms    right    msgs/h   "
      "bytes/h   "
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
