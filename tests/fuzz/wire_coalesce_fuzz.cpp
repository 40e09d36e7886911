#include "support/packets.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/core/wire/ip.hpp>
#include <quicether/core/wire/offload.hpp>
#include <quicether/core/wire/varint.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

using namespace quicether;

namespace {

// Makes the checksums of a packet right, so that changed packets still have a chance to be joined.
void mend(ByteVector& packet) {
  if (packet.size() >= 20 && packet[0] == 0x45) {
    test::put_u16(packet, 10, 0);
    test::put_u16(packet, 10, test::naive_checksum(ConstBytes{packet}.first(20)));
  }
  const auto info = wire::parse_packet(packet);
  if (!info || info->fragment != wire::Fragment::none ||
      (info->protocol != wire::kProtocolTcp && info->protocol != wire::kProtocolUdp)) {
    return;
  }
  const std::size_t field =
      info->transport_offset + (info->protocol == wire::kProtocolTcp ? 16U : 6U);
  test::put_u16(packet, field, 0);
  test::put_u16(packet,
                field,
                test::naive_transport_checksum(info->source,
                                               info->destination,
                                               info->protocol,
                                               ConstBytes{packet}.subspan(info->transport_offset)));
}

// The input is a batch: each packet after two bytes, its size and whether to mend it.
std::vector<ByteVector> read_batch(ConstBytes input) {
  std::vector<ByteVector> packets;
  wire::Reader reader{input};
  while (packets.size() < wire::Coalescer::kBatchMax) {
    const auto head = reader.integer<std::uint16_t>();
    if (!head) {
      break;
    }
    const auto bytes = reader.bytes(std::min<std::size_t>(*head & 0x7fffU, reader.rest().size()));
    packets.emplace_back(bytes->begin(), bytes->end());
    if (*head >= 0x8000U) {
      mend(packets.back());
    }
  }
  return packets;
}

// With DF the identification means nothing and splitting counts it up: it is left out.
ByteVector without_id(ConstBytes packet) {
  ByteVector bytes(packet.begin(), packet.end());
  const auto info = wire::parse_packet(packet);
  if (info && info->version == 4 && info->dont_fragment) {
    test::put_u16(bytes, 4, 0);
    test::put_u16(bytes, 10, 0);
  }
  return bytes;
}

// A super-packet, and headers for each packet of it.
constexpr std::size_t kArenaBytes = 65535 + 128 * wire::kSegmentsMax;

using Flows = std::map<wire::FlowKey, std::vector<ByteVector>>;

void add(Flows& flows, ConstBytes packet) {
  const auto info = wire::parse_packet(packet);
  flows[info ? wire::flow_key(*info) : wire::FlowKey{}].push_back(without_id(packet));
}

}  // namespace

// Packets from peers, on their way to the interface: any bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto packets = read_batch(ConstBytes{data, size});
  Flows before;
  for (const auto& packet : packets) {
    add(before, packet);
  }

  std::vector<Bytes> views(packets.begin(), packets.end());
  wire::Coalescer coalescer;
  coalescer.start(views);
  Flows after;
  static ByteVector arena(kArenaBytes);  // making it anew would cost most of the time
  std::array<Bytes, wire::kSegmentsMax> split{};
  for (wire::Coalesced one; coalescer.next(one);) {
    ByteVector joined;
    for (const auto part : one.parts) {
      test::append(joined, part);
    }
    if (one.offload.kind == wire::OffloadKind::none) {
      add(after, joined);
      continue;
    }
    const auto count = wire::segment(joined, one.offload, 65535, arena, split);
    QE_ASSERT(count.has_value() && *count == one.parts.size());
    for (std::size_t i = 0; i < *count; ++i) {
      add(after, split[i]);
    }
  }
  // Every packet comes out once, in the order of its flow, as it went in.
  QE_ASSERT(before == after);
  return 0;
}
