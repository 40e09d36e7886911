#include "shell/lane_table.hpp"

#include "support/packets.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <set>

namespace quicether::detail {
namespace {

const IpAddress kHere = test::address("fd00::1");
const IpAddress kThere = test::address("fd00::2");
constexpr std::uint8_t kShards = 4;
constexpr PeerIndex kPeer{7};  // its own shard is 3
constexpr std::size_t kLanes = 3;

wire::PacketInfo parsed(ConstBytes packet) {
  const auto info = wire::parse_packet(packet);
  REQUIRE(info.has_value());
  return *info;
}

LaneTable table_of(std::uint8_t index) {
  LaneTable table{1};
  table.join({index, kShards});
  return table;
}

ByteVector fragment(std::size_t offset, bool more, std::uint32_t id, std::uint16_t port) {
  const auto whole = test::udp_packet(kThere, kHere, test::counting_bytes(400), port, 53);
  auto body = test::fragment_header(17, offset, more, id);
  test::append(body, ConstBytes{whole}.subspan(40 + offset, 200));
  return test::ip_packet(kThere, kHere, 44, body);
}

}  // namespace

TEST_CASE("lane_table: without lanes a peer's shard judges everything", "[shell][lane]") {
  auto table = table_of(0);
  for (std::uint16_t port = 1; port < 100; ++port) {
    const auto packet = test::udp_packet(kHere, kThere, {}, port, 53);
    const auto judge = table.judge_of(kPeer, packet, parsed(packet));
    CHECK(judge.shard == 3);
    CHECK(judge.placed);
  }
  CHECK(table.here(PeerIndex{4}) == PeerIndex{4});
  CHECK_FALSE(table.here(kPeer).has_value());
}

TEST_CASE("lane_table: every shard knows the same judge, for both directions", "[shell][lane]") {
  std::array tables{table_of(0), table_of(1), table_of(2), table_of(3)};
  for (auto& table : tables) {
    table.set(kPeer, kLanes, std::nullopt);
  }
  std::set<std::size_t> judges;
  for (std::uint16_t port = 1; port < 200; ++port) {
    const auto out = test::tcp_packet(kHere, kThere, {}, {.source_port = port});
    const auto back = test::tcp_packet(
        kThere,
        kHere,
        {},
        {.source_port = test::TcpOptions{}.destination_port, .destination_port = port});
    const auto judge = tables[0].judge_of(kPeer, out, parsed(out));
    judges.insert(judge.shard);
    for (auto& table : tables) {
      CHECK(table.judge_of(kPeer, out, parsed(out)).shard == judge.shard);
      CHECK(table.judge_of(kPeer, back, parsed(back)).shard == judge.shard);
    }
  }
  CHECK(judges == std::set<std::size_t>{3, 0, 1});  // the peer's own, and those that follow
}

TEST_CASE("lane_table: an error goes where the flow is that it tells of", "[shell][lane]") {
  auto table = table_of(0);
  table.set(kPeer, kLanes, std::nullopt);
  for (std::uint16_t port = 1; port < 50; ++port) {
    const auto sent = test::udp_packet(kHere, kThere, {}, port, 53);
    const auto error = test::icmp_packet(kThere, kHere, 1, 4, 0, sent);
    CHECK(table.judge_of(kPeer, error, parsed(error)).shard ==
          table.judge_of(kPeer, sent, parsed(sent)).shard);
  }
}

TEST_CASE("lane_table: fragments follow the first one", "[shell][lane]") {
  std::array tables{table_of(0), table_of(1), table_of(2), table_of(3)};
  for (auto& table : tables) {
    table.set(kPeer, kLanes, std::nullopt);
  }
  for (std::uint16_t port = 1; port < 50; ++port) {
    CAPTURE(port);
    const auto first = fragment(0, true, port, port);
    const auto later = fragment(200, false, port, port);
    const auto whole = test::udp_packet(kThere, kHere, {}, port, 53);
    const auto wanted = tables[2].judge_of(kPeer, whole, parsed(whole)).shard;

    // Shard 2 is none of the lanes', so it is never the one that knows.
    const auto desk = tables[2].judge_of(kPeer, first, parsed(first));
    CHECK_FALSE(desk.placed);
    CHECK(tables[2].judge_of(kPeer, later, parsed(later)).shard == desk.shard);
    for (const auto& packet : {first, later}) {
      const auto judge = tables[desk.shard].judge_of(kPeer, packet, parsed(packet));
      CHECK(judge.placed);
      CHECK(judge.shard == wanted);
    }
  }
}

TEST_CASE("lane_table: a fragment whose first one nobody saw stays at the desk", "[shell][lane]") {
  auto table = table_of(2);
  table.set(kPeer, kLanes, std::nullopt);
  const auto later = fragment(200, false, 1, 1);
  const auto desk = table.judge_of(kPeer, later, parsed(later));
  auto at_desk = table_of(static_cast<std::uint8_t>(desk.shard));
  at_desk.set(kPeer, kLanes, std::nullopt);
  CHECK(at_desk.judge_of(kPeer, later, parsed(later)).shard == desk.shard);
}

TEST_CASE("lane_table: translates the names of a lane's peer", "[shell][lane]") {
  auto table = table_of(0);
  table.set(kPeer, kLanes, PeerIndex{12});
  CHECK(table.here(kPeer) == PeerIndex{12});
  CHECK(table.peer_of(PeerIndex{12}) == kPeer);
  CHECK_FALSE(table.peer_of(PeerIndex{8}).has_value());
}

}  // namespace quicether::detail
