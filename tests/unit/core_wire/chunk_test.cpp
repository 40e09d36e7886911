#include "support/super_packets.hpp"

#include <quicether/base/random.hpp>
#include <quicether/core/wire/chunk.hpp>
#include <quicether/core/wire/datagram.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <optional>

namespace quicether::wire {
namespace {

using test::SuperPacket;
using Taken = ChunkAssembler::Taken;

constexpr std::array kKinds{
    OffloadKind::tcp4, OffloadKind::tcp6, OffloadKind::udp4, OffloadKind::udp6};

SuperPacket make(OffloadKind kind, std::size_t payload_bytes, std::size_t segment_bytes) {
  ByteVector payload(payload_bytes);
  SeededRandom{payload_bytes}.fill(payload);
  return test::super_packet(kind,
                            payload,
                            segment_bytes,
                            {.sequence = 0xffff'ff00U, .flags = kTcpAck | kTcpPsh | kTcpCwr});
}

/// The chunks as DATAGRAM payloads.
std::vector<ByteVector> cut(const SuperPacket& super, const ChunkWriter::Options& options) {
  auto writer = ChunkWriter::make(super.bytes, super.offload, options).value();
  std::vector<ByteVector> chunks;
  std::array<std::uint8_t, kChunkHeadBytesMax> room{};
  while (!writer.done()) {
    const auto chunk = writer.next(room);
    ByteVector bytes{chunk.head.begin(), chunk.head.end()};
    bytes.insert(bytes.end(), chunk.payload.begin(), chunk.payload.end());
    CHECK(bytes.size() <= options.datagram_bytes_max);
    chunks.push_back(std::move(bytes));
  }
  return chunks;
}

/// The packets that it stands for.
std::vector<ByteVector> whole(const SuperPacket& super) {
  auto bytes = super.bytes;
  return test::split({bytes, super.offload});
}

ConstBytes body(const ByteVector& chunk) {
  CHECK(chunk.at(0) == kContextChunk);
  return ConstBytes{chunk}.subspan(1);
}

/// What comes out, packet by packet, when these chunks arrive in this order.
std::vector<ByteVector> assemble(const std::vector<ByteVector>& chunks,
                                 std::vector<std::size_t>* super_packets = nullptr) {
  ChunkAssembler assembler;
  std::vector<ByteVector> packets;
  const auto finish = [&] {
    auto packet = assembler.finish();
    if (packet.offload.kind == OffloadKind::none) {
      CHECK(complete_checksum(packet.bytes, packet.offload));
      packet.offload = {};
    }
    const auto parts = test::split(packet);
    if (super_packets != nullptr) {
      super_packets->push_back(parts.size());
    }
    packets.insert(packets.end(), parts.begin(), parts.end());
  };
  for (const auto& chunk : chunks) {
    auto taken = assembler.take(body(chunk));
    if (taken == Taken::not_yet) {
      finish();
      taken = assembler.take(body(chunk));
      CHECK(taken != Taken::not_yet);
    }
    if (assembler.complete()) {
      finish();
    }
  }
  if (!assembler.empty()) {
    finish();
  }
  return packets;
}

}  // namespace

TEST_CASE("chunk: what is cut comes together as it was", "[wire][chunk]") {
  for (const auto kind : kKinds) {
    for (const auto& [payload, segment] : std::vector<std::pair<std::size_t, std::size_t>>{
             {1349, 1348}, {1348 * 40, 1348}, {1348 * 46 + 7, 1348}, {500 * 100, 500}}) {
      for (const bool repeat : {false, true}) {
        CAPTURE(kind, payload, segment, repeat);
        const auto super = make(kind, payload, segment);
        std::vector<std::size_t> parts;
        const auto chunks =
            cut(super, {.number = 7, .datagram_bytes_max = 1420, .repeat_headers = repeat});
        CHECK(assemble(chunks, &parts) == whole(super));
        CHECK(parts.size() == 1);
      }
    }
  }
}

TEST_CASE("chunk: chunks hold whole packets where these fit, else TCP fills every datagram",
          "[wire][chunk]") {
  const auto tcp = cut(make(OffloadKind::tcp4, 40'000, 1348), {.datagram_bytes_max = 1420});
  CHECK(tcp[0].size() == kChunkHeadBytes + 40 + 1348);
  CHECK(tcp[1].size() == kChunkBytes + 1348);
  const auto narrow = cut(make(OffloadKind::tcp4, 40'000, 1348), {.datagram_bytes_max = 1150});
  for (std::size_t i = 0; i + 1 < narrow.size(); ++i) {
    CHECK(narrow[i].size() == 1150);
  }
  const auto udp = cut(make(OffloadKind::udp4, 40'000, 400), {.datagram_bytes_max = 1420});
  CHECK(udp[0].size() == kChunkHeadBytes + 28 + 3 * 400);
  CHECK(udp[1].size() == kChunkBytes + 3 * 400);
}

TEST_CASE("chunk: golden bytes", "[wire][chunk]") {
  const auto super = make(OffloadKind::udp4, 6, 4);
  const auto chunks = cut(super, {.number = 0x1234, .datagram_bytes_max = 42});
  REQUIRE(chunks.size() == 2);
  ByteVector first{8, 1, 0x12, 0x34, 0, 0, 0, 4, 0, 6};
  first.insert(first.end(), super.bytes.begin(), super.bytes.begin() + 32);
  ByteVector second{8, 0, 0x12, 0x34, 0, 4};
  second.insert(second.end(), super.bytes.end() - 2, super.bytes.end());
  CHECK(chunks[0] == first);
  CHECK(chunks[1] == second);
}

TEST_CASE("chunk: what is lost is missing, and nothing else when headers repeat", "[wire][chunk]") {
  for (const auto kind : kKinds) {
    const auto super = make(kind, 1300 * 20, 1300);
    const auto all = whole(super);
    // Chunks that hold exactly one packet each, so that a loss is one packet.
    const auto header = super.bytes.size() - 1300 * 20;
    auto chunks = cut(super,
                      {.number = 1,
                       .datagram_bytes_max = kChunkHeadBytes + header + 1300,
                       .repeat_headers = true});
    REQUIRE(chunks.size() == 20);
    for (const std::size_t lost : {0U, 1U, 10U, 19U}) {
      auto some = chunks;
      some.erase(some.begin() + static_cast<std::ptrdiff_t>(lost));
      auto expected = all;
      expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(lost));
      auto got = assemble(some);
      REQUIRE(got.size() == expected.size());
      for (std::size_t i = 0; i < got.size(); ++i) {
        // The last packet before a gap may not tell that the data ends there.
        CHECK(got[i].size() == expected[i].size());
        CHECK(ConstBytes{got[i]}.subspan(header).size() == 1300);
      }
    }
  }
}

TEST_CASE("chunk: without its head the rest is refused", "[wire][chunk]") {
  auto chunks = cut(make(OffloadKind::tcp4, 10'000, 1348), {.datagram_bytes_max = 1420});
  chunks.erase(chunks.begin());
  ChunkAssembler assembler;
  for (const auto& chunk : chunks) {
    CHECK(assembler.take(body(chunk)) == Taken::no);
  }
  CHECK(assembler.empty());
}

TEST_CASE("chunk: what comes after finish() still has its headers", "[wire][chunk]") {
  const auto super = make(OffloadKind::tcp4, 30'000, 1348);
  const auto chunks = cut(super, {.number = 3, .datagram_bytes_max = 1150});
  ChunkAssembler assembler;
  std::size_t payload = 0;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (i % 5 == 4) {
      continue;  // lost
    }
    auto taken = assembler.take(body(chunks[i]));
    if (taken == Taken::not_yet) {
      payload += assembler.finish().bytes.size() - 40;
      taken = assembler.take(body(chunks[i]));
    }
    CHECK(taken == Taken::yes);
    if (i % 3 == 0) {
      payload += assembler.finish().bytes.size() - 40;
    }
  }
  if (!assembler.empty()) {
    payload += assembler.finish().bytes.size() - 40;
  }
  CHECK(payload == 30'000 - chunks.size() / 5 * (1150 - kChunkBytes));
  auto other = chunks[1];
  other[2] = 9;  // of another super-packet
  CHECK(assembler.take(body(other)) == Taken::no);
}

TEST_CASE("chunk: a hole splits TCP into two super-packets with right sequence numbers",
          "[wire][chunk]") {
  const auto super = make(OffloadKind::tcp6, 30'000, 1348);
  auto chunks = cut(super, {.number = 9, .datagram_bytes_max = 1150, .repeat_headers = true});
  chunks.erase(chunks.begin() + 5);
  std::vector<std::size_t> parts;
  const auto packets = assemble(chunks, &parts);
  CHECK(parts.size() == 2);
  std::size_t payload = 0;
  for (const auto& packet : packets) {
    const auto info = *parse_packet(packet);
    const auto sequence = load_be<std::uint32_t>(ConstBytes{packet}.subspan(44));
    const auto offset = sequence - 0xffff'ff00U;
    const auto content = ConstBytes{packet}.subspan(60);
    CHECK(
        std::ranges::equal(content, ConstBytes{super.bytes}.subspan(60 + offset, content.size())));
    CHECK(((info.tcp_flags & kTcpPsh) != 0) == (offset + content.size() == 30'000));
    CHECK(((info.tcp_flags & kTcpCwr) != 0) == (offset == 0));
    payload += content.size();
  }
  CHECK(payload == 30'000 - (1150 - kChunkHeadBytes - 60));
}

TEST_CASE("chunk: what cannot be cut is left to others", "[wire][chunk]") {
  const auto super = make(OffloadKind::udp4, 4000, 1348);
  const ChunkWriter::Options options{.datagram_bytes_max = 1300};
  CHECK(ChunkWriter::make(super.bytes, super.offload, options).error() == errc::too_large);
  const auto tcp = make(OffloadKind::tcp4, 4000, 1348);
  CHECK(ChunkWriter::make(tcp.bytes, tcp.offload, {.datagram_bytes_max = 50}).error() ==
        errc::too_large);
  CHECK(ChunkWriter::make(tcp.bytes, {}, options).error() == errc::malformed);
  auto short_super = tcp;
  short_super.bytes.pop_back();
  CHECK(ChunkWriter::make(short_super.bytes, short_super.offload, options).error() ==
        errc::malformed);
}

TEST_CASE("chunk: lies are refused", "[wire][chunk]") {
  const auto good =
      cut(make(OffloadKind::udp4, 4000, 1000), {.number = 1, .datagram_bytes_max = 1100});
  const auto with = [&](std::size_t at, std::uint8_t value) {
    auto chunk = good[0];
    chunk[at] = value;
    return ChunkAssembler{}.take(body(chunk));
  };
  CHECK(ChunkAssembler{}.take(body(good[0])) == Taken::yes);
  CHECK(with(1, 3) == Taken::no);      // a flag of a later version
  CHECK(with(1, 0) == Taken::no);      // no headers
  CHECK(with(4, 1) == Taken::no);      // an offset inside a datagram
  CHECK(with(6, 0) == Taken::no);      // segments of 232 bytes: this chunk ends inside one
  CHECK(with(8, 0) == Taken::no);      // more here than in the whole
  CHECK(with(10, 0x46) == Taken::no);  // IPv4 options
  CHECK(with(10, 0x75) == Taken::no);  // IP version 7
  CHECK(with(16, 0x20) == Taken::no);  // a fragment
  CHECK(with(19, 6) == Taken::no);     // TCP with a bad data offset
  CHECK(with(19, 1) == Taken::no);     // ICMP

  auto too_long = good[0];  // above 65535 bytes with the headers
  too_long[8] = too_long[9] = 0xff;
  CHECK(ChunkAssembler{}.take(body(too_long)) == Taken::no);

  ChunkAssembler assembler;
  CHECK(assembler.take(body(good[0])) == Taken::yes);
  auto overlapping = good[1];
  overlapping[5] = 1;
  CHECK(assembler.take(body(overlapping)) == Taken::not_yet);
  CHECK(assembler.take(body(good[1]).first(5)) == Taken::no);
  auto longer = good[1];
  longer.resize(longer.size() + 5000);
  CHECK(assembler.take(body(longer)) == Taken::no);
  CHECK(assembler.take(body(good[1])) == Taken::yes);
}

}  // namespace quicether::wire
