#include "packet_sender.hpp"

#include <quicether/core/wire/datagram.hpp>

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
      split(*batch, packet);
    }
  } else if (!packet.offload.needs_checksum ||
             wire::complete_checksum(packet.bytes, packet.offload)) {
    add(*batch, packet.bytes);
  }
}

void PacketSender::flush() {
  for (auto& batch : batches_) {
    if (batch) {
      send(*batch);
    }
  }
}

void PacketSender::add(Batch& batch, ConstBytes packet) {
  if (batch.count == kBatch) {
    send(batch);
  }
  batch.datagrams[batch.count++] = {kIpHead, packet};
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
    batch.datagrams[batch.count++] = {chunk.head, chunk.payload};
  }
  return true;
}

void PacketSender::split(Batch& batch, const wire::IpPacket& packet) {
  if (!scratch_) {
    scratch_ = std::make_unique_for_overwrite<std::uint8_t[]>(kSplitBytesMax);
  }
  std::array<Bytes, wire::kSegmentsMax> packets;
  const auto count = wire::segment(packet.bytes,
                                   packet.offload,
                                   packet.bytes.size(),
                                   Bytes{scratch_.get(), kSplitBytesMax},
                                   packets);
  if (!count) {
    return;
  }
  for (const auto one : std::span{packets}.first(*count)) {
    add(batch, one);
  }
  send(batch);  // the scratch buffer is used again
}

void PacketSender::send(Batch& batch) {
  if (batch.count != 0) {
    transport_.send_datagrams(batch.session, std::span{batch.datagrams}.first(batch.count));
    batch.count = 0;
  }
}

}  // namespace quicether
