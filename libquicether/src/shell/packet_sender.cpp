#include "packet_sender.hpp"

#include <quicether/core/wire/datagram.hpp>
#include <quicether/core/wire/half.hpp>

#include <utility>

namespace quicether {

namespace {

constexpr std::array<std::uint8_t, 1> kIpHead{wire::kContextIpPacket};

}  // namespace

void PacketSender::put(std::size_t index, const Path& path, const wire::IpPacket& packet) {
  auto& batch = batches_[index];
  if (!batch) {
    batch = std::make_unique<Batch>();
  }
  if (batch->session != path.session) {
    send(*batch);
    batch->session = path.session;
  }
  if (packet.offload.kind != wire::OffloadKind::none) {
    if (!put_chunks(*batch, path, packet)) {
      split(*batch, path, packet);
    }
  } else if (!packet.offload.needs_checksum ||
             wire::complete_checksum(packet.bytes, packet.offload)) {
    add(*batch, path, packet.bytes, packet.flow);
  }
}

void PacketSender::flush() {
  for (auto& batch : batches_) {
    if (batch) {
      send(*batch);
    }
  }
}

void PacketSender::add(Batch& batch, const Path& path, ConstBytes packet, std::uint32_t flow) {
  const auto bytes = kIpHead.size() + packet.size();
  if (bytes > path.datagram_bytes_max && path.takes_halves &&
      packet.size() <= wire::halved_packet_bytes_max(path.datagram_bytes_max)) {
    add_halves(batch, packet, flow);
    return;
  }
  if (batch.count == kBatch) {
    send(batch);
  }
  batch.datagrams[batch.count++] = {kIpHead, packet, flow};
}

void PacketSender::add_halves(Batch& batch, ConstBytes packet, std::uint32_t flow) {
  const auto number = static_cast<std::uint16_t>(packets_halved_++);
  bool first = true;
  for (const auto& half : wire::cut_in_halves(packet, number)) {
    if (batch.count == kBatch) {
      send(batch);
    }
    const auto head = Bytes{batch.heads[batch.count]}.first(half.head.size());
    copy_bytes(half.head, head);
    batch.datagrams[batch.count++] = {head, half.part, flow, std::exchange(first, false)};
  }
}

bool PacketSender::put_chunks(Batch& batch, const Path& path, const wire::IpPacket& packet) {
  if (!path.takes_chunks) {
    return false;
  }
  const auto number = static_cast<std::uint16_t>(super_packets_sent_);
  auto writer = wire::ChunkWriter::make(
      packet.bytes, packet.offload, {number, path.datagram_bytes_max, path.loses});
  if (!writer) {
    return false;
  }
  ++super_packets_sent_;
  while (!writer->done()) {
    if (batch.count == kBatch) {
      send(batch);
    }
    const auto chunk = writer->next(batch.heads[batch.count]);
    batch.datagrams[batch.count++] = {chunk.head, chunk.payload, packet.flow, !writer->done()};
  }
  return true;
}

void PacketSender::split(Batch& batch, const Path& path, const wire::IpPacket& packet) {
  const auto packets = splitter_.split(packet, packet.bytes.size());
  if (!packets) {
    return;
  }
  for (const auto one : *packets) {
    add(batch, path, one, packet.flow);
  }
  send(batch);  // the splitter's buffer is used again
}

void PacketSender::send(Batch& batch) {
  if (batch.count != 0) {
    transport_.send_datagrams(batch.session, std::span{batch.datagrams}.first(batch.count));
    batch.count = 0;
  }
}

}  // namespace quicether
