#include "packet_sender.hpp"

#include <quicether/core/wire/datagram.hpp>
#include <quicether/core/wire/half.hpp>

#include <algorithm>
#include <utility>

namespace quicether {

namespace {

// A context id, and in front of it room for a bond's head.
constexpr std::array<std::uint8_t, wire::kBondedHeadBytes + 1> kIpHead{};
static_assert(wire::kContextIpPacket == 0);

}  // namespace

void PacketSender::put(const Path& path, const wire::IpPacket& packet) {
  if (path_.session != path.session || path_.bond != path.bond) {
    flush();
  }
  path_ = path;
  if (packet.offload.kind != wire::OffloadKind::none) {
    if (!put_chunks(packet)) {
      split(packet);
    }
  } else if (!packet.offload.needs_checksum ||
             wire::complete_checksum(packet.bytes, packet.offload)) {
    add(packet.bytes, packet.flow);
  }
}

void PacketSender::flush() {
  const auto datagrams = std::span{datagrams_}.first(std::exchange(count_, 0));
  if (datagrams.empty()) {
    return;
  }
  if (path_.bond != nullptr) {
    path_.bond->push(environment_.now(), datagrams);
  } else {
    transport_.send_datagrams(path_.session, datagrams);
  }
}

// Bytes in front of every datagram.
std::size_t PacketSender::room() const noexcept {
  return path_.bond == nullptr ? 0 : wire::kBondedHeadBytes;
}

std::size_t PacketSender::datagram_bytes_max() const noexcept {
  return path_.datagram_bytes_max - std::min(path_.datagram_bytes_max, room());
}

// Where the head of the next datagram goes, behind the room.
Bytes PacketSender::next_head() {
  if (count_ == kBatch) {
    flush();
  }
  return Bytes{heads_[count_]}.subspan(room());
}

void PacketSender::add(ConstBytes packet, std::uint32_t flow) {
  if (1 + packet.size() > datagram_bytes_max() && path_.takes_halves &&
      packet.size() <= wire::halved_packet_bytes_max(datagram_bytes_max())) {
    add_halves(packet, flow);
    return;
  }
  if (count_ == kBatch) {
    flush();
  }
  datagrams_[count_++] = {ConstBytes{kIpHead}.last(room() + 1), packet, flow};
}

void PacketSender::add_halves(ConstBytes packet, std::uint32_t flow) {
  const auto number = static_cast<std::uint16_t>(packets_halved_++);
  bool first = true;
  for (const auto& half : wire::cut_in_halves(packet, number)) {
    copy_bytes(half.head, next_head());
    const auto head = ConstBytes{heads_[count_]}.first(room() + half.head.size());
    datagrams_[count_++] = {head, half.part, flow, std::exchange(first, false)};
  }
}

bool PacketSender::put_chunks(const wire::IpPacket& packet) {
  if (!path_.takes_chunks) {
    return false;
  }
  const auto number = static_cast<std::uint16_t>(super_packets_sent_);
  auto writer = wire::ChunkWriter::make(
      packet.bytes, packet.offload, {number, datagram_bytes_max(), path_.loses});
  if (!writer) {
    return false;
  }
  ++super_packets_sent_;
  while (!writer->done()) {
    const auto chunk = writer->next(next_head());
    const auto head = ConstBytes{heads_[count_]}.first(room() + chunk.head.size());
    datagrams_[count_++] = {head, chunk.payload, packet.flow, !writer->done()};
  }
  return true;
}

void PacketSender::split(const wire::IpPacket& packet) {
  const auto packets = splitter_.split(packet, packet.bytes.size());
  if (!packets) {
    return;
  }
  for (const auto one : *packets) {
    add(one, packet.flow);
  }
  flush();  // the splitter's buffer is used again
}

}  // namespace quicether
