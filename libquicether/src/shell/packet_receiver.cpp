#include "packet_receiver.hpp"

#include <span>
#include <utility>

namespace quicether {

void PacketReceiver::on_packet(PeerIndex peer, SessionId session, Bytes packet) {
  if (auto* assembly = find(session)) {
    finish(*assembly);  // what it holds came first
  }
  if (count_ == packets_.size() || (count_ != 0 && sender_ != peer)) {
    flush();
  }
  sender_ = peer;
  packets_[count_++] = {packet, {}};
}

void PacketReceiver::on_chunk(PeerIndex peer, SessionId session, ConstBytes body) {
  auto& assembly = claim(peer, session);
  const bool was_empty = assembly.chunks.empty();
  auto taken = assembly.chunks.take(body);
  if (taken == wire::ChunkAssembler::Taken::not_yet) {
    finish(assembly);
    on_chunk(peer, session, body);
    return;
  }
  if (taken == wire::ChunkAssembler::Taken::no) {
    ++chunks_refused_;
    return;
  }
  open_ += was_empty ? 1U : 0U;
  if (assembly.chunks.complete()) {
    finish(assembly);
  }
}

void PacketReceiver::on_half(PeerIndex peer, SessionId session, ConstBytes body) {
  auto& joiner = halves_[session];
  const auto taken = joiner.take(body);
  if (taken == wire::HalfJoiner::Taken::whole) {
    on_packet(peer, session, joiner.packet());
    flush();  // the joiner's buffer is used again
  } else if (taken == wire::HalfJoiner::Taken::refused) {
    ++halves_refused_;
  }
}

void PacketReceiver::flush() {
  const auto count = std::exchange(count_, 0);
  if (count != 0 && sink_ != nullptr) {
    sink_->on_packets(sender_, std::span{packets_}.first(count));
  }
}

void PacketReceiver::end_turn() {
  flush();
  for (auto& assembly : assemblies_) {
    if (open_ == 0) {
      return;
    }
    if (!assembly.chunks.empty()) {
      finish(assembly);
    }
  }
}

PacketReceiver::Assembly* PacketReceiver::find(SessionId session) noexcept {
  if (open_ == 0) {
    return nullptr;
  }
  for (auto& assembly : assemblies_) {
    if (assembly.session == session && !assembly.chunks.empty()) {
      return &assembly;
    }
  }
  return nullptr;
}

// The assembly of a session: the one it has, or a free one, or another session's.
PacketReceiver::Assembly& PacketReceiver::claim(PeerIndex peer, SessionId session) {
  Assembly* chosen = nullptr;
  for (auto& assembly : assemblies_) {
    if (assembly.session == session && assembly.peer == peer) {
      return assembly;
    }
    if (chosen == nullptr && assembly.chunks.empty()) {
      chosen = &assembly;
    }
  }
  if (chosen == nullptr) {
    chosen = &assemblies_[next_evicted_++ % kAssemblies];
    finish(*chosen);
  }
  chosen->session = session;
  chosen->peer = peer;
  return *chosen;
}

void PacketReceiver::finish(Assembly& assembly) {
  flush();
  const auto packet = assembly.chunks.finish();
  --open_;
  if (sink_ != nullptr) {
    sink_->on_packets(assembly.peer, {&packet, 1});
  }
}

}  // namespace quicether
