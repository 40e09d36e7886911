#include "core/queue/fair_queue.hpp"

#include <quicether/core/path/resequencer.hpp>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace quicether::path {

namespace {

/// Numbers further away than this from what is expected begin a flow anew.
constexpr std::int32_t kReach = 1 << 16;

/// A flow that begins with a number below it began with 0, and what is before was overtaken.
constexpr std::uint32_t kBeginning = 1024;

constexpr std::size_t kSlotsFirst = 32;

/// How gaps closed is remembered for one to two of these.
constexpr Duration kHoldPeriod = std::chrono::seconds{5};
constexpr Duration kHoldMargin = std::chrono::milliseconds{5};

struct Slot {
  std::unique_ptr<queue::WaitingDatagram> held{};
  Instant came{};
  std::uint32_t sequence = 0;
  bool received = false;
};

/// Which numbers of a flow came, and what waits; a ring around `next`.
class Flow {
 public:
  std::uint32_t next = 0;     ///< the first that was not given out, or given up
  std::uint32_t missing = 0;  ///< the first from there on that did not come
  std::uint32_t end = 0;      ///< after the last that came
  std::size_t held = 0;
  Instant gap_since = Instant::never();
  Instant missed_since = Instant::never();  ///< gap_since of what was given up last
  bool listed = false;                      ///< among the flows that wait

  [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }

  [[nodiscard]] Slot& at(std::uint32_t sequence) noexcept {
    return slots_[sequence % slots_.size()];
  }

  [[nodiscard]] bool received(std::uint32_t sequence) noexcept {
    const auto& slot = at(sequence);
    return slot.received && slot.sequence == sequence;
  }

  /// A quarter of the ring is for what is to come, the rest for what was: after those that waited
  /// came out, what they waited for may still come.
  [[nodiscard]] bool covers(std::int32_t distance) const noexcept {
    const auto quarter = static_cast<std::int32_t>(slots_.size() / 4);
    return distance < quarter && distance >= -3 * quarter;
  }

  /// Whether the ring would know had a late one come before.
  [[nodiscard]] bool remembers(std::uint32_t sequence) const noexcept {
    const auto distance = static_cast<std::int32_t>(sequence - next);
    return covers(distance) && static_cast<std::int32_t>(sequence - remembered_from_) >= 0;
  }

  void resize(std::size_t slots) {
    // A larger ring reaches further back than the smaller one remembers.
    const auto from = next - static_cast<std::uint32_t>(3 * (slots_.size() / 4));
    if (static_cast<std::int32_t>(from - remembered_from_) > 0) {
      remembered_from_ = from;
    }
    std::vector<Slot> larger(slots);
    for (auto& slot : slots_) {
      if (slot.received) {
        larger[slot.sequence % slots] = std::move(slot);
      }
    }
    slots_ = std::move(larger);
  }

  void find_missing() noexcept {
    while (missing != end && received(missing)) {
      ++missing;
    }
  }

  /// When the first of those came that wait now. Something waits, or came after what is missing.
  [[nodiscard]] Instant waits_since() noexcept {
    auto first = next;
    while (!received(first)) {
      ++first;
    }
    return at(first).came;
  }

  void begin(std::uint32_t sequence) noexcept {
    next = missing = end = sequence;
    gap_since = Instant::never();
    missed_since = Instant::never();
    remembered_from_ = sequence - static_cast<std::uint32_t>(kReach);
    for (auto& slot : slots_) {
      slot.received = false;
    }
  }

 private:
  std::vector<Slot> slots_{};
  std::uint32_t remembered_from_ = 0;
};

}  // namespace

class Resequencer::Impl {
 public:
  explicit Impl(const ResequencerConfig& config)
      : config_{config}, closing_{config.hold_first, config.hold_first} {}

  void take(Instant now, SessionId session, const wire::Bonded& datagram);
  void on_timeout(Instant now);
  [[nodiscard]] Instant next_timeout() const noexcept;

  [[nodiscard]] std::span<const Released> released() const noexcept { return released_; }

  void clear_released() noexcept;

  [[nodiscard]] Duration hold() const noexcept {
    const auto longest = std::max(closing_[0], closing_[1]);
    return std::clamp(longest + longest / 4 + kHoldMargin, hold_min_, config_.hold_max);
  }

  void set_hold_min(Duration hold) noexcept { hold_min_ = std::min(hold, config_.hold_max); }

  [[nodiscard]] const ResequencerStats& stats() const noexcept { return stats_; }

 private:
  [[nodiscard]] Flow& flow(const wire::BondedHead& head);
  [[nodiscard]] bool make_room(Instant now, Flow& flow, std::uint32_t sequence);
  void put(Instant now, Flow& flow, SessionId session, const wire::Bonded& datagram);
  void take_late(Instant now, Flow& flow, SessionId session, const wire::Bonded& datagram);
  void give_out(Flow& flow, std::uint32_t until);
  void give_out_packets(Instant now, Flow& flow);
  void give_up(Instant now, Flow& flow);
  void end_flow(Flow& flow);
  void on_closed(Instant now, Duration took) noexcept;

  ResequencerConfig config_;
  Duration hold_min_ = std::chrono::milliseconds{30};
  queue::BlockPool blocks_{};
  queue::WaitingPool pool_{};
  std::array<std::unique_ptr<Flow>, wire::kBondedFlows> flows_{};
  std::vector<Flow*> waiting_{};
  std::size_t slots_ = 0;
  std::size_t held_bytes_ = 0;
  std::vector<Released> released_{};
  std::vector<std::unique_ptr<queue::WaitingDatagram>> spent_{};
  std::array<Duration, 2>
      closing_;  ///< longest time a gap took to close, in this period and the last
  Instant period_end_{};
  ResequencerStats stats_{};
};

Flow& Resequencer::Impl::flow(const wire::BondedHead& head) {
  auto& flow = flows_[head.flow];
  if (!flow) {
    flow = std::make_unique<Flow>();
    flow->resize(kSlotsFirst);
    slots_ += kSlotsFirst;
    flow->begin(head.sequence < kBeginning ? 0 : head.sequence);
  }
  return *flow;
}

void Resequencer::Impl::take(Instant now, SessionId session, const wire::Bonded& datagram) {
  auto& into = flow(datagram.head);
  const auto sequence = datagram.head.sequence;
  const auto distance = static_cast<std::int32_t>(sequence - into.next);
  if (distance >= kReach || distance < -kReach) {
    end_flow(into);
    into.begin(sequence);
  } else if (distance < 0) {
    take_late(now, into, session, datagram);
    return;
  }
  if (!make_room(now, into, sequence)) {
    take_late(now, into, session, datagram);
    return;
  }
  if (into.received(sequence)) {
    ++stats_.duplicates;
    return;
  }
  put(now, into, session, datagram);
  give_out_packets(now, into);
  while (!into.gap_since.is_never() && now - into.gap_since >= hold()) {
    give_up(now, into);
  }
  if (into.held != 0 && !into.listed) {
    into.listed = true;
    waiting_.push_back(&into);
  }
}

// Makes the ring cover a number, or stops to wait for those before it; false when it then is late.
bool Resequencer::Impl::make_room(Instant now, Flow& flow, std::uint32_t sequence) {
  const auto distance = [&] { return static_cast<std::int32_t>(sequence - flow.next); };
  while (!flow.covers(distance())) {
    if (slots_ + flow.size() <= config_.slots_max) {
      slots_ += flow.size();
      flow.resize(2 * flow.size());
    } else if (flow.end != flow.next) {
      give_up(now, flow);
    } else {
      flow.begin(sequence);
    }
    if (distance() < 0) {
      return false;
    }
  }
  return true;
}

void Resequencer::Impl::put(Instant now,
                            Flow& flow,
                            SessionId session,
                            const wire::Bonded& datagram) {
  const auto sequence = datagram.head.sequence;
  auto& slot = flow.at(sequence);
  slot.sequence = sequence;
  slot.received = true;
  slot.came = now;
  const bool in_turn = sequence == flow.next && !datagram.head.more;
  if (datagram.head.at_once || in_turn) {
    released_.push_back({datagram.payload, session, in_turn && !datagram.head.at_once});
    ++stats_.in_order;
  } else {
    slot.held = queue::copy_of(now, {{}, datagram.payload, 0, datagram.head.more}, blocks_, pool_);
    if (slot.held) {  // else it is larger than anything that fits a UDP datagram
      ++flow.held;
      held_bytes_ += slot.held->cost();
      ++stats_.waited;
    }
  }
  if (static_cast<std::int32_t>(sequence + 1 - flow.end) > 0) {
    flow.end = sequence + 1;
  }
  if (sequence == flow.missing) {
    if (flow.end != sequence + 1 && !flow.gap_since.is_never()) {
      on_closed(now, now - flow.gap_since);
    }
    flow.gap_since = Instant::never();
    flow.find_missing();
  }
  if (in_turn) {
    ++flow.next;
  }
}

void Resequencer::Impl::take_late(Instant now,
                                  Flow& flow,
                                  SessionId session,
                                  const wire::Bonded& datagram) {
  const auto sequence = datagram.head.sequence;
  if (!flow.remembers(sequence) || flow.received(sequence)) {
    ++stats_.duplicates;
    return;
  }
  auto& slot = flow.at(sequence);
  slot.sequence = sequence;
  slot.received = true;
  ++stats_.late;
  released_.push_back({datagram.payload, session, false});
  if (!flow.missed_since.is_never()) {
    on_closed(now, now - flow.missed_since);
  }
}

// Gives out what waits before `until`.
void Resequencer::Impl::give_out(Flow& flow, std::uint32_t until) {
  for (; flow.next != until; ++flow.next) {
    auto& slot = flow.at(flow.next);
    if (slot.sequence == flow.next && slot.held) {
      --flow.held;
      held_bytes_ -= slot.held->cost();
      released_.push_back({slot.held->writable(), {}, true});
      spent_.push_back(std::move(slot.held));
    }
  }
}

// Gives out the whole packets before what is missing.
void Resequencer::Impl::give_out_packets(Instant now, Flow& flow) {
  auto until = flow.missing;
  while (until != flow.next) {
    const auto& held = flow.at(until - 1).held;
    if (!held || !held->more) {
      break;
    }
    --until;
  }
  give_out(flow, until);
  if (flow.held == 0 && flow.missing == flow.end) {
    flow.gap_since = Instant::never();
  } else if (flow.gap_since.is_never()) {
    flow.gap_since = flow.waits_since();
  }
  while (held_bytes_ > config_.held_bytes_max && flow.held != 0) {
    give_up(now, flow);
  }
}

// Stops to wait for what is missing next.
void Resequencer::Impl::give_up(Instant now, Flow& flow) {
  give_out(flow, flow.missing);
  if (flow.missing == flow.end) {
    flow.gap_since = Instant::never();
    return;
  }
  flow.missed_since = flow.gap_since;
  flow.gap_since = Instant::never();
  while (!flow.received(flow.missing)) {
    flow.at(flow.missing).received = false;
    ++flow.missing;
    ++stats_.missed;
  }
  flow.next = flow.missing;
  flow.find_missing();
  give_out_packets(now, flow);
}

// Gives out all that waits, in order.
void Resequencer::Impl::end_flow(Flow& flow) {
  while (flow.held != 0) {
    give_out(flow, flow.end);
  }
}

void Resequencer::Impl::on_closed(Instant now, Duration took) noexcept {
  if (now >= period_end_) {
    period_end_ = now + kHoldPeriod;
    closing_ = {Duration{}, closing_[0]};
  }
  closing_[0] = std::max(closing_[0], took);
}

void Resequencer::Impl::on_timeout(Instant now) {
  for (auto* const flow : waiting_) {
    while (flow->held != 0 && now - flow->gap_since >= hold()) {
      give_up(now, *flow);
    }
  }
  std::erase_if(waiting_, [](Flow* flow) {
    flow->listed = flow->held != 0;
    return !flow->listed;
  });
}

Instant Resequencer::Impl::next_timeout() const noexcept {
  auto next = Instant::never();
  for (const auto* const flow : waiting_) {
    if (flow->held != 0) {
      next = std::min(next, flow->gap_since + hold());
    }
  }
  return next;
}

void Resequencer::Impl::clear_released() noexcept {
  released_.clear();
  for (auto& datagram : spent_) {
    queue::give_back(std::move(datagram), blocks_, pool_);
  }
  spent_.clear();
}

// The shell around it.

Resequencer::Resequencer(const ResequencerConfig& config) : impl_{std::make_unique<Impl>(config)} {}

Resequencer::~Resequencer() = default;

void Resequencer::take(Instant now, SessionId session, const wire::Bonded& datagram) {
  impl_->take(now, session, datagram);
}

void Resequencer::set_hold_min(Duration hold) noexcept {
  impl_->set_hold_min(hold);
}

void Resequencer::on_timeout(Instant now) {
  impl_->on_timeout(now);
}

Instant Resequencer::next_timeout() const noexcept {
  return impl_->next_timeout();
}

std::span<const Resequencer::Released> Resequencer::released() const noexcept {
  return impl_->released();
}

void Resequencer::clear_released() noexcept {
  impl_->clear_released();
}

Duration Resequencer::hold() const noexcept {
  return impl_->hold();
}

const ResequencerStats& Resequencer::stats() const noexcept {
  return impl_->stats();
}

}  // namespace quicether::path
