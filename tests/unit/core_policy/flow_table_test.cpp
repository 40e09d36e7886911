#include <quicether/base/random.hpp>
#include <quicether/core/policy/flow_table.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <vector>

namespace quicether::policy {
namespace {

using namespace std::chrono_literals;

constexpr Party kSelf{};
constexpr Party kA{PeerIndex{0}};
constexpr Party kB{PeerIndex{1}};

// A flow that `from` starts, one per number.
FlowView flow(Party from, Party to, std::uint32_t number) {
  number += 0x8000'0000U;  // so that no flow is another's reverse
  return {from,
          to,
          {.source = IpAddress::v4(0x0a00'0000U + from.index()),
           .destination = IpAddress::v4(0x0a00'0000U + to.index()),
           .source_port = static_cast<std::uint16_t>(number >> 16U),
           .destination_port = static_cast<std::uint16_t>(number),
           .protocol = 17}};
}

TEST_CASE("flow_table: both directions of a flow are one entry", "[policy][flow_table]") {
  for (const auto& packet : {flow(kSelf, kA, 80), flow(kA, kSelf, 80), flow(kB, kA, 80)}) {
    FlowTable table{{}, 1};
    const Instant now{1s};

    const auto made = table.insert(now, packet);
    const auto same = table.find(now, packet);
    const auto answer = table.find(now, packet.reversed());

    CHECK(same.flow == made.flow);
    CHECK(same.direction == made.direction);
    CHECK(answer.flow == made.flow);
    CHECK(answer.direction == 1 - made.direction);
    CHECK(table.size() == 1);
  }
}

TEST_CASE("flow_table: parties, addresses, ports and protocol tell flows apart",
          "[policy][flow_table]") {
  FlowTable table{{}, 1};
  const Instant now{1s};
  const auto known = flow(kSelf, kA, 80);
  CHECK(table.insert(now, known).flow != nullptr);

  auto other_party = known;
  other_party.to = kB;
  auto other_source = known;
  other_source.key.source = IpAddress::v4(1U);
  auto other_port = known;
  other_port.key.destination_port = 81;
  auto other_protocol = known;
  other_protocol.key.protocol = 6;
  for (const auto& view : {other_party, other_source, other_port, other_protocol}) {
    CHECK(table.find(now, view).flow == nullptr);
    CHECK(table.find(now, view.reversed()).flow == nullptr);
  }
}

TEST_CASE("flow_table: flows time out by how they live", "[policy][flow_table]") {
  FlowTable table{{}, 1};
  const auto transient = flow(kSelf, kA, 1);
  const auto established = flow(kSelf, kA, 2);
  const Instant start{1s};
  CHECK(table.insert(start, transient).flow != nullptr);
  table.touch(start, table.insert(start, established), FlowLife::established);

  CHECK(table.find(start + kTransientTimeout - 1ns, transient).flow != nullptr);
  CHECK(table.find(start + kTransientTimeout, transient).flow == nullptr);
  CHECK(table.size() == 1);
  const auto late = start + kEstablishedTimeout - 1ns;
  table.touch(late, table.find(late, established), FlowLife::transient);
  CHECK(table.find(late + kTransientTimeout - 1ns, established).flow != nullptr);
  CHECK(table.find(late + kTransientTimeout, established).flow == nullptr);
  CHECK(table.size() == 0);
  CHECK(table.size(kSelf) == 0);
  CHECK(table.evictions() == 0);
}

TEST_CASE("flow_table: a party at its bound loses its own oldest flow", "[policy][flow_table]") {
  FlowTable table{{.flows_max = 100, .flows_per_party_max = 10}, 1};
  const Instant now{1s};
  CHECK(table.insert(now, flow(kB, kSelf, 0)).flow != nullptr);
  for (std::uint32_t i = 0; i < 10; ++i) {
    CHECK(table.insert(now + i * 1ms, flow(kA, kSelf, i)).flow != nullptr);
  }
  const auto later = now + 1s;
  table.touch(later, table.find(later, flow(kA, kSelf, 0)), FlowLife::transient);

  for (std::uint32_t i = 10; i < 14; ++i) {
    CHECK(table.insert(later, flow(kA, kSelf, i)).flow != nullptr);
  }

  CHECK(table.size(kA) == 10);
  CHECK(table.find(later, flow(kA, kSelf, 0)).flow != nullptr);
  for (std::uint32_t i = 1; i < 5; ++i) {
    CHECK(table.find(later, flow(kA, kSelf, i)).flow == nullptr);
  }
  CHECK(table.find(later, flow(kA, kSelf, 5)).flow != nullptr);
  CHECK(table.find(later, flow(kB, kSelf, 0)).flow != nullptr);
  CHECK(table.evictions() == 4);
}

TEST_CASE("flow_table: one greedy party cannot push others below their share",
          "[policy][flow_table]") {
  FlowTable table{{.flows_max = 90, .flows_per_party_max = 90}, 1};
  const Instant now{1s};
  for (std::uint32_t i = 0; i < 1000; ++i) {
    CHECK(table.insert(now, flow(kA, kSelf, i)).flow != nullptr);
  }
  CHECK(table.size(kA) == 90);

  // Others get their share out of it, and keep it.
  for (std::uint32_t i = 0; i < 30; ++i) {
    CHECK(table.insert(now, flow(kB, kSelf, i)).flow != nullptr);
    CHECK(table.insert(now, flow(kSelf, kA, 100'000 + i)).flow != nullptr);
  }
  for (std::uint32_t i = 1000; i < 5000; ++i) {
    CHECK(table.insert(now, flow(kA, kSelf, i)).flow != nullptr);
  }

  CHECK(table.size() == 90);
  CHECK(table.size(kA) == 30);
  CHECK(table.size(kB) == 30);
  CHECK(table.size(kSelf) == 30);
  for (std::uint32_t i = 0; i < 30; ++i) {
    CHECK(table.find(now, flow(kB, kSelf, i)).flow != nullptr);
  }
}

TEST_CASE("flow_table: flows that have timed out make room first", "[policy][flow_table]") {
  FlowTable table{{.flows_max = 4, .flows_per_party_max = 4}, 1};
  const Instant start{1s};
  const auto old_established = flow(kA, kSelf, 1);
  table.touch(start, table.insert(start, old_established), FlowLife::established);
  CHECK(table.insert(start + 1s, flow(kA, kSelf, 2)).flow != nullptr);
  const auto later = start + 1s + kTransientTimeout;
  CHECK(table.insert(later, flow(kA, kSelf, 3)).flow != nullptr);
  CHECK(table.insert(later, flow(kA, kSelf, 4)).flow != nullptr);

  CHECK(table.insert(later, flow(kA, kSelf, 5)).flow != nullptr);

  CHECK(table.evictions() == 0);
  CHECK(table.find(later, old_established).flow != nullptr);
  CHECK(table.find(later, flow(kA, kSelf, 3)).flow != nullptr);
}

TEST_CASE("flow_table: room is made among the kind of flows that are most",
          "[policy][flow_table]") {
  const Instant now{1s};
  for (const std::uint32_t established : {1U, 3U}) {
    CAPTURE(established);
    FlowTable table{{.flows_max = 4, .flows_per_party_max = 4}, 1};
    for (std::uint32_t i = 0; i < 4; ++i) {
      const auto found = table.insert(now, flow(kA, kSelf, i));
      table.touch(now, found, i < established ? FlowLife::established : FlowLife::transient);
    }

    CHECK(table.insert(now, flow(kA, kSelf, 4)).flow != nullptr);

    CHECK((table.find(now, flow(kA, kSelf, 0)).flow == nullptr) == (established == 3));
    CHECK((table.find(now, flow(kA, kSelf, established)).flow == nullptr) == (established == 1));
    CHECK(table.evictions() == 1);
  }
}

TEST_CASE("flow_table: agrees with a plain map under random use",
          "[policy][flow_table][property]") {
  constexpr std::size_t kMax = 64;
  constexpr std::size_t kPartyMax = 24;

  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    SeededRandom random{seed};
    FlowTable table{{.flows_max = kMax, .flows_per_party_max = kPartyMax}, seed};
    std::map<FlowView, Instant> expiry;  // of flows that must be there unless they were evicted
    Instant now{1s};
    std::uint64_t missing = 0;
    for (int step = 0; step < 20'000; ++step) {
      now = now + std::chrono::seconds{random.below(20)};
      const Party party = random.below(3) == 0
                              ? kSelf
                              : Party{PeerIndex{static_cast<std::uint32_t>(random.below(4))}};
      const auto other = party.is_self() ? kB : kSelf;
      const auto view = flow(party, other, static_cast<std::uint32_t>(random.below(40)));
      const auto found = table.find(now, random.below(2) == 0 ? view : view.reversed());
      const auto expected = expiry.find(view);
      const bool alive = expected != expiry.end() && expected->second > now;

      if (found.flow != nullptr) {
        REQUIRE(alive);  // never a flow that timed out or was erased
      } else if (alive) {
        ++missing;
        expiry.erase(view);
      }
      switch (random.below(4)) {
        case 0:
          if (found.flow != nullptr) {
            table.erase(found);
            expiry.erase(view);
          }
          break;
        case 1:
          if (found.flow != nullptr) {
            table.touch(now, found, FlowLife::established);
            expiry[view] = now + kEstablishedTimeout;
          }
          break;
        default:
          if (found.flow == nullptr) {
            CHECK(table.insert(now, view).flow->rule == std::array<std::uint32_t, 2>{});
            expiry[view] = now + kTransientTimeout;
          }
      }
      REQUIRE(table.size() <= kMax);
      REQUIRE(table.size(party) <= kPartyMax);
    }
    CHECK(missing <= table.evictions());
    CHECK(table.evictions() > 0);
    std::size_t total = table.size(kSelf);
    for (std::uint32_t i = 0; i < 4; ++i) {
      total += table.size(Party{PeerIndex{i}});
    }
    CHECK(total == table.size());
  }
}

}  // namespace
}  // namespace quicether::policy
