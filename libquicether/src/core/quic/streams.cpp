#include "core/quic/streams.hpp"

#include <quicether/base/assert.hpp>

namespace quicether::quic {

// Queues may still name an erased stream: next() passes over those.
void Streams::erase(StreamId id) noexcept {
  streams_.erase(id);
}

void Streams::enqueue(Stream& stream) {
  if (!stream.queued && stream.has_work()) {
    stream.queued = true;
    queue_.push_back(stream.id);
  }
}

Stream* Streams::next() noexcept {
  while (!queue_.empty()) {
    auto* const stream = find(queue_.front());
    if (stream != nullptr && stream->has_work()) {
      return stream;
    }
    if (stream != nullptr) {
      stream->queued = false;
    }
    queue_.pop_front();
  }
  return nullptr;
}

void Streams::rotate() {
  QE_ASSERT(!queue_.empty());
  auto* const stream = find(queue_.front());
  queue_.pop_front();
  if (stream != nullptr) {
    stream->queued = false;
    enqueue(*stream);
  }
}

void Streams::block() {
  QE_ASSERT(!queue_.empty());
  blocked_.push_back(queue_.front());
  queue_.pop_front();  // stays marked as queued, so that it is not entered twice
}

void Streams::unblock() {
  for (const auto id : blocked_) {
    queue_.push_back(id);
  }
  blocked_.clear();
}

}  // namespace quicether::quic
