#include "support/super_packets.hpp"

#include <quicether/base/hex.hpp>
#include <quicether/base/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <functional>
#include <map>
#include <string>
#include <string_view>

using namespace quicether;
using namespace quicether::test;
using wire::Coalescer;
using wire::OffloadKind;

namespace {

constexpr std::array kKinds = {
    OffloadKind::tcp4, OffloadKind::tcp6, OffloadKind::udp4, OffloadKind::udp6};

struct Joined {
  ByteVector bytes{};
  wire::Offload offload{};
  std::size_t parts = 0;
};

// Joins a batch. The packets are changed, as the Coalescer may.
std::vector<Joined> join(std::vector<ByteVector>& packets, wire::CoalesceOptions options = {}) {
  std::vector<Bytes> views(packets.begin(), packets.end());
  Coalescer coalescer{options};
  coalescer.start(views);
  std::vector<Joined> all;
  for (wire::Coalesced one; coalescer.next(one);) {
    Joined joined{{}, one.offload, one.parts.size()};
    for (const auto part : one.parts) {
      append(joined.bytes, part);
    }
    all.push_back(std::move(joined));
  }
  CHECK_FALSE([&] {
    wire::Coalesced none;
    return coalescer.next(none);
  }());
  return all;
}

// How many packets went into each of the things that came out.
std::vector<std::size_t> sizes(const std::vector<Joined>& all) {
  std::vector<std::size_t> counts;
  for (const auto& one : all) {
    counts.push_back(one.parts);
  }
  return counts;
}

using Sizes = std::vector<std::size_t>;

// Splits what came out back into packets.
std::vector<std::string> split(const std::vector<Joined>& all) {
  std::vector<std::string> packets;
  ByteVector arena(1U << 18U);
  std::array<Bytes, wire::kSegmentsMax> views{};
  for (const auto& one : all) {
    if (one.offload.kind == OffloadKind::none) {
      packets.push_back(to_hex(one.bytes));
      continue;
    }
    const auto count = wire::segment(one.bytes, one.offload, 65535, arena, views);
    REQUIRE(count.has_value());
    for (std::size_t i = 0; i < *count; ++i) {
      packets.push_back(to_hex(views[i]));
    }
  }
  return packets;
}

std::vector<std::string> hex(const std::vector<ByteVector>& packets) {
  std::vector<std::string> texts;
  for (const auto& packet : packets) {
    texts.push_back(to_hex(packet));
  }
  return texts;
}

}  // namespace

TEST_CASE("coalesce: joining what was split gives the super-packet back", "[wire][offload]") {
  SeededRandom random{41};

  for (int round = 0; round < 300; ++round) {
    const auto kind = kKinds[random.below(kKinds.size())];
    TcpOptions tcp;
    tcp.sequence = static_cast<std::uint32_t>(random.next());
    tcp.flags = random.below(2) == 0 ? wire::kTcpAck : wire::kTcpAck | wire::kTcpPsh;
    tcp.options.resize(4 * random.below(11));
    random.fill(tcp.options);
    IpOptions ip;
    ip.id = static_cast<std::uint16_t>(random.next());
    ip.traffic_class = static_cast<std::uint8_t>(random.next());
    ip.flags = random.below(2) == 0 ? 0x4000 : 0;
    const auto segment_bytes = 1 + random.below(1400);
    const auto count_max = std::min<std::size_t>(is_tcp(kind) ? 128 : 64, 60'000 / segment_bytes);
    ByteVector payload(segment_bytes + 1 + random.below((count_max - 1) * segment_bytes));
    random.fill(payload);
    const auto original = super_packet(kind, payload, segment_bytes, tcp, ip);
    auto packets = naive_segments(kind, payload, segment_bytes, tcp, ip);
    CAPTURE(round, static_cast<int>(kind), segment_bytes, payload.size());

    const auto all = join(packets);

    REQUIRE(all.size() == 1);
    CHECK((all[0].bytes == original.bytes));
    CHECK(all[0].parts == packets.size());
    CHECK(all[0].offload.kind == kind);
    CHECK(all[0].offload.segment_bytes == segment_bytes);
    CHECK(all[0].offload.needs_checksum);
    CHECK(all[0].offload.checksum_start == original.offload.checksum_start);
    CHECK(all[0].offload.checksum_offset == original.offload.checksum_offset);
  }
}

TEST_CASE("coalesce: a single packet is passed on as it is", "[wire][offload]") {
  for (const auto kind : kKinds) {
    std::vector<ByteVector> packets = {plain_packet(kind, counting_bytes(100))};
    const auto before = hex(packets);

    const auto all = join(packets);

    REQUIRE(all.size() == 1);
    CHECK(all[0].offload.kind == OffloadKind::none);
    CHECK_FALSE(all[0].offload.needs_checksum);
    CHECK(to_hex(all[0].bytes) == before[0]);
  }
}

TEST_CASE("coalesce: an empty batch gives nothing", "[wire][offload]") {
  std::vector<ByteVector> packets;
  CHECK(join(packets).empty());
}

TEST_CASE("coalesce: what is no whole IP packet is passed on as it is", "[wire][offload]") {
  std::vector<ByteVector> packets = {
      {}, {0x45}, counting_bytes(30, 0x45), counting_bytes(60, 0x60), {0xff, 0xff}};
  const auto before = hex(packets);

  const auto all = join(packets);

  REQUIRE(all.size() == packets.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(to_hex(all[i].bytes) == before[i]);
  }
}

TEST_CASE("coalesce: one difference keeps packets apart", "[wire][offload]") {
  // Three packets of 100 bytes; the second differs in one way from what would continue the first.
  struct Case {
    std::string_view name;
    std::function<void(TcpOptions&, IpOptions&)> change;
    Sizes tcp;  // what comes out
    Sizes udp;
  };

  const auto id_of_v4 = [](TcpOptions&, IpOptions& ip) { ip.id = 9; };

  for (const auto& [name, change, tcp_sizes, udp_sizes] : std::vector<Case>{
           {"nothing", [](TcpOptions&, IpOptions&) {}, {3}, {3}},
           {"gap", [](TcpOptions& t, IpOptions&) { t.sequence += 1; }, {1, 1, 1}, {3}},
           {"overlap", [](TcpOptions& t, IpOptions&) { t.sequence -= 1; }, {1, 1, 1}, {3}},
           {"repeat", [](TcpOptions& t, IpOptions&) { t.sequence -= 100; }, {1, 1, 1}, {3}},
           {"ack", [](TcpOptions& t, IpOptions&) { t.acknowledgement += 1; }, {1, 1, 1}, {3}},
           {"window", [](TcpOptions& t, IpOptions&) { t.window += 1; }, {1, 1, 1}, {3}},
           {"PSH", [](TcpOptions& t, IpOptions&) { t.flags |= wire::kTcpPsh; }, {2, 1}, {3}},
           {"FIN", [](TcpOptions& t, IpOptions&) { t.flags |= wire::kTcpFin; }, {1, 1, 1}, {3}},
           {"SYN", [](TcpOptions& t, IpOptions&) { t.flags |= wire::kTcpSyn; }, {1, 1, 1}, {3}},
           {"RST", [](TcpOptions& t, IpOptions&) { t.flags |= wire::kTcpRst; }, {1, 1, 1}, {3}},
           {"URG", [](TcpOptions& t, IpOptions&) { t.flags |= wire::kTcpUrg; }, {1, 1, 1}, {3}},
           {"ECE", [](TcpOptions& t, IpOptions&) { t.flags |= wire::kTcpEce; }, {1, 1, 1}, {3}},
           {"CWR", [](TcpOptions& t, IpOptions&) { t.flags |= wire::kTcpCwr; }, {1, 1, 1}, {3}},
           {"no ACK", [](TcpOptions& t, IpOptions&) { t.flags = 0; }, {1, 1, 1}, {3}},
           {"options", [](TcpOptions& t, IpOptions&) { t.options[3] ^= 1U; }, {1, 1, 1}, {3}},
           {"option size", [](TcpOptions& t, IpOptions&) { t.options.resize(8); }, {1, 1, 1}, {3}},
           {"hop limit",
            [](TcpOptions&, IpOptions& ip) { ip.hop_limit = 9; },
            {1, 1, 1},
            {1, 1, 1}},
           {"DSCP", [](TcpOptions&, IpOptions& ip) { ip.traffic_class = 4; }, {1, 1, 1}, {1, 1, 1}},
           {"CE", [](TcpOptions&, IpOptions& ip) { ip.traffic_class = 3; }, {1, 1, 1}, {1, 1, 1}},
           {"id", id_of_v4, {1, 1, 1}, {1, 1, 1}},
           {"DF", [](TcpOptions&, IpOptions& ip) { ip.flags = 0x4000; }, {1, 1, 1}, {1, 1, 1}},
           {"IPv4 option",
            [](TcpOptions&, IpOptions& ip) { ip.options.resize(4); },
            {1, 1, 1},
            {1, 1, 1}},
       }) {
    for (const auto kind : kKinds) {
      const bool v4_only = name == "id" || name == "DF" || name == "IPv4 option";
      if (v4_only && !is_v4(kind)) {
        continue;
      }
      CAPTURE(name, static_cast<int>(kind));
      std::vector<ByteVector> packets;
      for (unsigned i = 0; i < 3; ++i) {
        TcpOptions tcp;
        tcp.sequence = 5000 + 100 * i;
        tcp.options.resize(4, 1);
        IpOptions ip;
        ip.flags = 0;
        ip.id = static_cast<std::uint16_t>(70 + i);
        if (i == 1) {
          change(tcp, ip);
        }
        packets.push_back(plain_packet(kind, counting_bytes(100), tcp, ip));
      }
      const auto before = hex(packets);

      const auto all = join(packets);

      CHECK(sizes(all) == (is_tcp(kind) ? tcp_sizes : udp_sizes));
      CHECK(split(all) == before);
    }
  }
}

TEST_CASE("coalesce: the flow label and extension headers keep IPv6 packets apart",
          "[wire][offload]") {
  std::vector<ByteVector> packets = naive_segments(OffloadKind::udp6, counting_bytes(300), 100);
  packets[1][3] = 7;
  CHECK(sizes(join(packets)) == Sizes{1, 1, 1});

  packets = naive_segments(OffloadKind::udp6, counting_bytes(300), 100);
  for (auto& packet : packets) {
    const auto options = extension_header(17);
    packet.insert(packet.begin() + 40, options.begin(), options.end());
    packet[6] = 60;
    put_u16(packet, 4, packet.size() - 40);
    REQUIRE(wire::parse_packet(packet).has_value());
  }
  CHECK(sizes(join(packets)) == Sizes{1, 1, 1});
}

TEST_CASE("coalesce: packets with IPv4 options stay alone", "[wire][offload]") {
  for (const auto kind : {OffloadKind::tcp4, OffloadKind::udp4}) {
    auto packets =
        naive_segments(kind, counting_bytes(300), 100, {}, {.options = ByteVector{1, 1, 1, 0}});
    CHECK(sizes(join(packets)) == Sizes{1, 1, 1});
  }
}

TEST_CASE("coalesce: reserved TCP bits keep packets apart", "[wire][offload]") {
  auto packets = naive_segments(OffloadKind::tcp6, counting_bytes(300), 100);
  packets[1][52] |= 1U;
  put_u16(packets[1], 56, 0);
  put_u16(packets[1],
          56,
          naive_transport_checksum(super_source(OffloadKind::tcp6),
                                   super_destination(OffloadKind::tcp6),
                                   6,
                                   ConstBytes{packets[1]}.subspan(40)));

  CHECK(sizes(join(packets)) == Sizes{1, 1, 1});
}

TEST_CASE("coalesce: UDP datagrams shorter than their packet stay alone", "[wire][offload]") {
  for (std::size_t shorter = 0; shorter < 3; ++shorter) {
    CAPTURE(shorter);
    auto packets = naive_segments(OffloadKind::udp4, counting_bytes(300), 100);
    auto& packet = packets[shorter];
    // The checksum is right when taken over the whole packet.
    put_u16(packet, 24, 106);
    put_u16(packet, 26, 0);
    put_u16(packet,
            26,
            naive_transport_checksum(super_source(OffloadKind::udp4),
                                     super_destination(OffloadKind::udp4),
                                     17,
                                     ConstBytes{packet}.subspan(20)));
    const auto before = hex(packets);

    CHECK(split(join(packets)) == before);
  }
}

TEST_CASE("coalesce: with DF the IPv4 identification means nothing", "[wire][offload]") {
  for (const auto kind : {OffloadKind::tcp4, OffloadKind::udp4}) {
    std::vector<ByteVector> packets;
    for (unsigned i = 0; i < 3; ++i) {
      TcpOptions tcp;
      tcp.sequence += 100 * i;
      packets.push_back(plain_packet(kind, counting_bytes(100), tcp, {.id = 0, .flags = 0x4000}));
    }
    CHECK(sizes(join(packets)) == Sizes{3});
  }
}

TEST_CASE("coalesce: fragments stay alone", "[wire][offload]") {
  for (const auto kind : {OffloadKind::tcp4, OffloadKind::udp4}) {
    const std::size_t segment_bytes = is_tcp(kind) ? 100 : 96;
    auto packets = naive_segments(
        kind, counting_bytes(3 * segment_bytes), segment_bytes, {}, {.flags = 0x2000});
    REQUIRE(wire::parse_packet(packets[0])->fragment == wire::Fragment::first);
    CHECK(sizes(join(packets)) == Sizes{1, 1, 1});
  }
}

TEST_CASE("coalesce: a wrong checksum stays wrong", "[wire][offload]") {
  for (const auto kind : kKinds) {
    for (std::size_t broken = 0; broken < 3; ++broken) {
      CAPTURE(static_cast<int>(kind), broken);
      auto packets = naive_segments(kind, counting_bytes(300), 100);
      packets[broken].back() ^= 1U;
      const auto before = hex(packets);

      const auto all = join(packets);

      CHECK(split(all) == before);
      for (const auto& one : all) {
        CHECK((one.parts == 1 || one.parts == 2));
      }
    }
  }
}

TEST_CASE("coalesce: UDP datagrams without a checksum stay alone", "[wire][offload]") {
  // The last word makes the sum of the rest such that zero would even be the right checksum.
  std::vector<ByteVector> packets;
  for (unsigned i = 0; i < 3; ++i) {
    auto payload = counting_bytes(100);
    put_u16(payload, 98, 0);
    const auto trial = plain_packet(OffloadKind::udp4, payload);
    put_u16(payload, 98, load_be<std::uint16_t>(ConstBytes{trial}.subspan(26)));
    packets.push_back(plain_packet(OffloadKind::udp4, payload));
    REQUIRE(load_be<std::uint16_t>(ConstBytes{packets.back()}.subspan(26)) == 0xffff);
  }
  auto with_checksum = packets;
  CHECK(sizes(join(with_checksum)) == Sizes{3});
  for (auto& packet : packets) {
    put_u16(packet, 26, 0);
  }
  const auto before = hex(packets);

  const auto all = join(packets);

  CHECK(sizes(all) == Sizes{1, 1, 1});
  CHECK(split(all) == before);
}

TEST_CASE("coalesce: a shorter packet ends a super-packet, a longer one starts the next",
          "[wire][offload]") {
  for (const auto kind : kKinds) {
    std::vector<ByteVector> packets;
    TcpOptions tcp;
    IpOptions ip;
    for (const std::size_t size : {100U, 100U, 60U, 60U, 60U, 90U, 10U, 0U, 10U, 10U}) {
      packets.push_back(plain_packet(kind, counting_bytes(size), tcp, ip));
      tcp.sequence += static_cast<std::uint32_t>(size);
      ++ip.id;
    }
    const auto before = hex(packets);

    const auto all = join(packets);

    CHECK(sizes(all) == Sizes{3, 2, 2, 1, 2});
    CHECK(split(all) == before);
  }
}

TEST_CASE("coalesce: super-packets stay within 65535 bytes and the system's segment counts",
          "[wire][offload]") {
  struct Case {
    OffloadKind kind;
    std::size_t segment_bytes;
    std::size_t packets;
    Sizes expected;
  };

  for (const auto& [kind, segment_bytes, count, expected] : {
           Case{OffloadKind::tcp4, 1400, 50, {46, 4}},  // 40 + 46 * 1400 = 64440
           Case{OffloadKind::tcp6, 1400, 50, {46, 4}},  // 60 + 46 * 1400 = 64460
           Case{OffloadKind::udp6, 1400, 50, {46, 4}},
           Case{OffloadKind::tcp4, 100, 200, {128, 72}},
           Case{OffloadKind::udp4, 100, 200, {64, 64, 64, 8}},
           Case{OffloadKind::tcp4, 32747, 3, {2, 1}},     // 40 + 2 * 32747 = 65534
           Case{OffloadKind::tcp4, 32748, 3, {1, 1, 1}},  // 65536
       }) {
    CAPTURE(static_cast<int>(kind), segment_bytes);
    auto packets = naive_segments(kind, ByteVector(count * segment_bytes), segment_bytes);
    const auto before = hex(packets);

    const auto all = join(packets);

    CHECK(sizes(all) == expected);
    CHECK(split(all) == before);
  }
}

TEST_CASE("coalesce: what is switched off is passed on", "[wire][offload]") {
  for (const auto kind : kKinds) {
    auto packets = naive_segments(kind, counting_bytes(300), 100);
    const auto all = join(packets, {.tcp = !is_tcp(kind), .udp = is_tcp(kind)});
    CHECK(sizes(all) == Sizes{1, 1, 1});
  }
}

TEST_CASE("coalesce: packets of other flows in between do not matter", "[wire][offload]") {
  for (const auto kind : {OffloadKind::udp6, OffloadKind::udp4}) {
    std::vector<ByteVector> packets;
    for (unsigned i = 0; i < 6; ++i) {
      TcpOptions ports;
      ports.source_port = static_cast<std::uint16_t>(i % 2 == 0 ? 1000 : 1001);
      packets.push_back(plain_packet(kind, counting_bytes(100), ports));
    }
    CHECK(sizes(join(packets)) == Sizes{3, 3});
  }
}

TEST_CASE("coalesce: interleaved flows are joined each for itself, at most sixteen at a time",
          "[wire][offload]") {
  const auto interleaved = [](unsigned flows) {
    std::vector<ByteVector> packets;
    for (unsigned round = 0; round < 4; ++round) {
      for (unsigned flow = 0; flow < flows; ++flow) {
        TcpOptions tcp;
        tcp.source_port = static_cast<std::uint16_t>(2000 + flow);
        tcp.sequence += 100 * round;
        packets.push_back(plain_packet(OffloadKind::tcp6, counting_bytes(100), tcp));
      }
    }
    return packets;
  };

  auto packets = interleaved(16);
  CHECK(sizes(join(packets)) == Sizes(16, 4));
  packets = interleaved(17);
  CHECK(sizes(join(packets)) == Sizes(17 * 4, 1));
}

TEST_CASE("coalesce: acknowledgements without payload do not count as flows", "[wire][offload]") {
  std::vector<ByteVector> packets;
  TcpOptions data;
  for (unsigned round = 0; round < 4; ++round) {
    packets.push_back(plain_packet(OffloadKind::tcp6, counting_bytes(100), data));
    data.sequence += 100;
    for (unsigned flow = 0; flow < 20; ++flow) {
      TcpOptions ack;
      ack.source_port = static_cast<std::uint16_t>(2000 + flow);
      packets.push_back(plain_packet(OffloadKind::tcp6, {}, ack));
    }
  }

  const auto all = join(packets);

  REQUIRE(all.size() == 81);
  CHECK(all[0].parts == 4);
}

TEST_CASE("coalesce: random traffic keeps every packet and the order within each flow",
          "[wire][offload]") {
  SeededRandom random{43};
  std::size_t joined = 0;

  for (int round = 0; round < 100; ++round) {
    std::vector<ByteVector> packets;
    std::array<TcpOptions, 4> flows{};
    for (unsigned i = 0; i < flows.size(); ++i) {
      flows[i].source_port = static_cast<std::uint16_t>(3000 + i);
    }
    const auto kind = kKinds[random.below(kKinds.size())];
    for (auto count = random.below(Coalescer::kBatchMax + 1); count > 0; --count) {
      auto& flow = flows[random.below(flows.size())];
      const auto size = random.below(10) == 0 ? random.below(200) : 100;
      flow.flags = random.below(20) == 0 ? 0x18 : random.below(20) == 0 ? 0x11 : 0x10;
      if (random.below(20) == 0) {
        flow.sequence += 1;
      }
      packets.push_back(plain_packet(kind, counting_bytes(size), flow));
      flow.sequence += static_cast<std::uint32_t>(size);
      if (random.below(20) == 0) {
        packets.back().back() ^= 1U;
      }
    }
    packets.resize(std::min(packets.size(), Coalescer::kBatchMax));
    // DF is set, so splitting counts identifications up from the first packet's: they are left out
    // of the comparison together with the header checksum over them.
    const auto by_flow = [kind](const std::vector<std::string>& texts) {
      std::map<std::string, std::vector<std::string>> flows_seen;
      for (auto text : texts) {
        if (is_v4(kind)) {
          text.replace(8, 4, "----").replace(20, 4, "----");
        }
        flows_seen[text.substr(is_v4(kind) ? 40 : 80, 4)].push_back(text);
      }
      return flows_seen;
    };
    const auto before = by_flow(hex(packets));

    const auto all = join(packets);

    joined += packets.size() - all.size();
    REQUIRE(by_flow(split(all)) == before);
  }

  CHECK(joined > 2'000);
}
