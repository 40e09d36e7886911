#include "core/queue/fair_queue.hpp"

#include <quicether/base/assert.hpp>

#include <algorithm>

namespace quicether::queue {

FairQueue::~FairQueue() {
  if (!flows_) {
    return;
  }
  for (auto& flow : *flows_) {
    while (flow.head) {
      remove_head(flow);
    }
  }
}

std::unique_ptr<WaitingDatagram> copy_of(Instant now,
                                         const OutgoingDatagram& datagram,
                                         BlockPool& blocks,
                                         WaitingPool& pool) {
  const auto bytes = datagram.header.size() + datagram.body.size();
  if (bytes > kBlockBytes) {
    return nullptr;
  }
  auto waiting = pool.take();
  if (bytes > WaitingDatagram::kInlineBytes) {
    waiting->block = blocks.take();
  }
  waiting->since = now;
  waiting->flow = datagram.flow;
  waiting->token = datagram.token;
  waiting->bytes = static_cast<std::uint16_t>(bytes);
  waiting->more = datagram.more;
  const auto out = waiting->writable();
  copy_bytes(datagram.header, out);
  copy_bytes(datagram.body, out.subspan(datagram.header.size()));
  return waiting;
}

void give_back(std::unique_ptr<WaitingDatagram> datagram,
               BlockPool& blocks,
               WaitingPool& pool) noexcept {
  if (datagram->block) {
    blocks.give(std::move(datagram->block));
  }
  pool.give(std::move(datagram));
}

void FairQueue::push(Instant now, const OutgoingDatagram& datagram) {
  auto waiting = copy_of(now, datagram, blocks_, pool_);
  if (!waiting || waiting->cost() > bytes_max_) {
    ++dropped_;
    if (waiting) {
      give_back(std::move(waiting), blocks_, pool_);
    }
    return;
  }
  if (!flows_) {
    flows_ = std::make_unique<Flows>();
  }
  const auto bytes = waiting->payload().size();
  const auto cost = waiting->cost();
  while (used_ + cost > bytes_max_) {
    drop_from_longest();
  }
  used_ += cost;
  ++count_;

  const auto index = find(datagram.flow);
  auto& into = flow(index);
  into.bytes += bytes;
  auto* const last = waiting.get();
  (into.head ? into.tail->next : into.head) = std::move(waiting);
  into.tail = last;
  if (into.place == Place::idle) {
    into.credit = kQuantum;
    append(Place::fresh, index);
  }
}

// The flow's own queue, also one that it had lately; one that nobody uses; or, when all of the set
// are in use, one of those.
std::uint8_t FairQueue::find(std::uint32_t hash) noexcept {
  constexpr std::size_t kSets = kFlows / kWays;
  const auto set = kWays * (hash % kSets);
  auto own = kFlows;
  auto idle = kFlows;
  for (auto index = set; index < set + kWays; ++index) {
    const auto& candidate = (*flows_)[index];
    if (candidate.hash == hash) {
      own = index;
      if (candidate.place != Place::idle) {
        break;
      }
    } else if (candidate.place == Place::idle) {
      idle = index;
    }
  }
  if (own != kFlows) {
    return static_cast<std::uint8_t>(own);
  }
  if (idle != kFlows) {
    (*flows_)[idle] = Flow{};
    (*flows_)[idle].hash = hash;
    return static_cast<std::uint8_t>(idle);
  }
  return static_cast<std::uint8_t>(set + (hash / kSets) % kWays);
}

void FairQueue::append(Place place, std::uint8_t index) noexcept {
  auto& to = list(place);
  flow(index).place = place;
  flow(index).next = kNone;
  (to.first == kNone ? to.first : flow(to.last).next) = index;
  to.last = index;
}

void FairQueue::put_first(Place place, std::uint8_t index) noexcept {
  auto& to = list(place);
  flow(index).place = place;
  flow(index).next = to.first;
  (to.first == kNone ? to.last : to.first) = index;
  to.first = index;
}

std::uint8_t FairQueue::take_first(Place place) noexcept {
  auto& from = list(place);
  const auto index = from.first;
  QE_DASSERT(index != kNone);
  from.first = flow(index).next;
  flow(index).place = Place::idle;
  return index;
}

const WaitingDatagram* FairQueue::front(Instant now) noexcept {
  if (current_ == kNone) {
    current_ = choose(now);
  }
  return current_ == kNone ? nullptr : flow(current_).head.get();
}

// RFC 8290 section 4.2.
std::uint8_t FairQueue::choose(Instant now) noexcept {
  for (; packet_of_ != kNone; packet_of_ = kNone) {
    while (flow(packet_of_).inside) {
      if (survives(flow(packet_of_), now)) {
        return packet_of_;
      }
    }
  }
  while (count_ != 0) {
    const auto place = fresh_.first != kNone ? Place::fresh : Place::old;
    const auto index = take_first(place);
    auto& candidate = flow(index);
    while (candidate.head && candidate.credit > 0) {
      if (survives(candidate, now)) {
        put_first(place, index);
        return index;
      }
    }
    if (candidate.head) {
      candidate.credit += kQuantum;
    }
    // A fresh flow that is empty becomes old, or it could always come before the others.
    if (candidate.head || place == Place::fresh) {
      append(Place::old, index);
    }
  }
  return kNone;
}

// Whether CoDel lets the head pass; else it is gone.
bool FairQueue::survives(Flow& flow, Instant now) noexcept {
  const auto& head = *flow.head;
  const bool needed = head.more && !flow.inside;  // by the rest of its packet
  if (needed || !flow.codel.drops(codel_, now, now - head.since, flow.bytes - head.bytes)) {
    return true;
  }
  remove_head(flow);
  ++dropped_;
  return false;
}

std::unique_ptr<WaitingDatagram> FairQueue::take() noexcept {
  QE_DASSERT(current_ != kNone);
  const auto index = current_;
  flow(index).credit -= static_cast<std::int32_t>(flow(index).head->bytes);
  auto taken = unlink_head(flow(index));
  packet_of_ = flow(index).inside ? index : kNone;
  return taken;
}

std::unique_ptr<WaitingDatagram> FairQueue::unlink_head(Flow& flow) noexcept {
  auto head = std::move(flow.head);
  flow.head = std::move(head->next);
  flow.inside = head->more && flow.head;
  flow.bytes -= head->bytes;
  used_ -= head->cost();
  --count_;
  if (current_ != kNone && &(*flows_)[current_] == &flow) {
    current_ = kNone;
  }
  return head;
}

// To the end of the packet: what is left of one is of no use without its beginning.
void FairQueue::drop_from_longest() noexcept {
  auto& longest = *std::ranges::max_element(
      *flows_, {}, [](const Flow& flow) { return flow.head ? flow.bytes + 1 : 0; });
  QE_DASSERT(longest.head);
  do {
    remove_head(longest);
    ++dropped_;
  } while (longest.head && longest.inside);
}

}  // namespace quicether::queue
