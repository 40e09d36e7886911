#include "core/path/bond_path.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/core/path/bond.hpp>
#include <quicether/core/wire/bonded.hpp>
#include <quicether/core/wire/datagram.hpp>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace quicether::path {

namespace {

using Seconds = std::chrono::duration<double>;

/// Bulk that is bound to a path and waits for its pace: so long a train may form.
constexpr Duration kBoundTime = std::chrono::milliseconds{2};
constexpr std::size_t kBoundBytesMax = 8U << 20U;
constexpr double kBoundBytesMin = 2.0 * PathRate::kPacketBytes;

/// A flow is bulk when it sends more than an eighth of the fastest path's rate, or than this, in a
/// while; and for some whiles after, and as long as its bulk may be on the slowest path: what then
/// is sent at once would come before it. Less fits in between without harm.
constexpr Duration kWhile = std::chrono::milliseconds{20};
constexpr std::uint32_t kWhileBytesMin = 16U << 10U;
constexpr double kSmallShare = 1.0 / 8;
constexpr int kBulkWhiles = 10;

/// A probe asks for an acknowledgement; what it bears is dropped by the peer.
constexpr std::array<std::uint8_t, 9> kProbe{wire::kContextEchoReply};

/// A path that comes back within three seconds is used at once, at the rate that it had; after that
/// its session may be gone at the other end, and another one is dialled.
constexpr int kProbesUntilSilent = 30;

/// What is good in the queue may last so many times longer when paths fail; beyond a second or two
/// the flows inside would do better without it.
constexpr double kPatienceMax = 5;
constexpr std::size_t kQueueBytesMin = 512U << 10U;
constexpr std::size_t kBatch = 32;

/// What was sent so often in vain is left to the flow itself. The first repeat may meet the queue
/// that was full before.
constexpr int kRepeats = 4;

/// Memory of datagrams that are bound, under way or to be repeated; beyond it losses stay losses.
constexpr std::size_t kRepeatsMax = 16384;

}  // namespace

class Bond::Impl {
 public:
  Impl(const BondConfig& config, std::unique_ptr<PathScheduler> scheduler)
      : config_{config},
        scheduler_{std::move(scheduler)},
        queue_{blocks_, pool_, config.queue_bytes_max, {config.queue_target}} {}

  void set_paths(Instant now, std::span<const BondPath> paths);
  void push(Instant now, std::span<const queue::OutgoingDatagram> datagrams);
  void on_fate(Instant now, SessionId session, std::uint32_t token, bool delivered);
  void suspect(Instant now, SessionId session);
  void on_timeout(Instant now);
  [[nodiscard]] Instant next_timeout() const noexcept;
  [[nodiscard]] std::optional<BondBatch> poll_transmit(Instant now);

  std::optional<SessionId> poll_silence() {
    if (silent_.empty()) {
      return std::nullopt;
    }
    const auto session = silent_.back();
    silent_.pop_back();
    return session;
  }

  [[nodiscard]] std::optional<BondPathStatus> status(SessionId session) const noexcept;

  [[nodiscard]] const BondStats& stats() const noexcept {
    stats_.dropped = dropped_ + queue_.dropped();
    return stats_;
  }

  [[nodiscard]] std::size_t datagram_bytes_max() const noexcept {
    std::size_t smallest = 0;
    for (const auto& path : paths_) {
      const auto bytes = path->path().datagram_payload_max;
      smallest = smallest == 0 ? bytes : std::min(smallest, bytes);
    }
    return smallest;
  }

 private:
  /// What is known of the flows of one number.
  struct Flow {
    std::uint32_t next = 0;
    Instant since{};  ///< beginning of the while
    std::uint32_t bytes = 0;
    int bulk_whiles = 0;
    bool goes_on = false;  ///< the last datagram was not the end of its packet
  };

  [[nodiscard]] bool is_bulk(Instant now, Flow& flow, std::size_t bytes) noexcept;

  /// Bytes per second that the paths deliver, or did before one failed a while ago.
  [[nodiscard]] double rate_lately(Instant now) const noexcept {
    return now < patient_until_ ? std::max(total_rate_, rate_before_) : total_rate_;
  }

  /// CoDel needs a while to slow a flow down that grows fast: until then this bounds its queue. One
  /// that was good before a path failed is not cut then.
  [[nodiscard]] std::size_t queue_bytes_max(Instant now) const noexcept {
    const auto bytes = rate_lately(now) * Seconds{config_.queue_time_max}.count();
    return std::clamp(static_cast<std::size_t>(bytes), kQueueBytesMin, config_.queue_bytes_max);
  }

  /// A path failed: what it took with it is missed in the rate of the next look().
  void be_patient(Instant now) noexcept {
    rate_before_ = rate_lately(now);
    patient_until_ = now + config_.patience;
  }

  [[nodiscard]] queue::CodelConfig codel(Instant now) const noexcept {
    if (now >= patient_until_) {
      return {config_.queue_target};
    }
    const auto slower = rate_lately(now) / std::max(total_rate_, 1.0);
    const Seconds longer{std::min(slower, kPatienceMax) * Seconds{config_.queue_time_max}};
    return {std::chrono::duration_cast<Duration>(longer)};
  }

  [[nodiscard]] Flow& flow_of(std::uint32_t hash) noexcept {
    return flows_[hash % wire::kBondedFlows];
  }

  [[nodiscard]] BondPathQueue* find(SessionId session) noexcept;
  bool suspect(Instant now, BondPathQueue& path);
  void look(Instant now) noexcept;
  void bind_waiting(Instant now);
  void bind_repeats(Instant now);
  void bind(std::unique_ptr<queue::WaitingDatagram> datagram, bool bulk, std::size_t count);
  [[nodiscard]] std::size_t choose(const PacketView& packet) noexcept;
  void put(std::size_t view, BoundDatagram bound);

  void release(std::unique_ptr<queue::WaitingDatagram> datagram) noexcept {
    queue::give_back(std::move(datagram), blocks_, pool_);
  }

  void fill(Instant now, BondPathQueue& path);

  BondConfig config_;
  std::unique_ptr<PathScheduler> scheduler_;
  queue::BlockPool blocks_{};
  queue::WaitingPool pool_{};
  queue::FairQueue queue_;
  std::vector<std::unique_ptr<BondPathQueue>> paths_{};
  std::array<Flow, wire::kBondedFlows> flows_{};
  bool packet_goes_on_ = false;          ///< the last datagram pushed is not the end of its packet
  bool bulk_ = false;                    ///< that packet is
  std::deque<BoundDatagram> repeats_{};  ///< to be sent again, oldest first
  std::vector<SessionId> silent_{};

  // The active paths as the scheduler sees them.
  std::array<PathView, kPathsMax> views_{};
  std::array<BondPathQueue*, kPathsMax> viewed_{};
  std::size_t view_count_ = 0;
  double fastest_rate_ = 0;
  double total_rate_ = 0;
  Duration slowest_rtt_{};
  Instant patient_until_{};
  double rate_before_ = 0;  ///< total_rate_ when that began
  std::array<std::uint8_t, kPathsMax> chosen_{};

  std::array<queue::OutgoingDatagram, kBatch> batch_{};
  std::size_t batch_count_ = 0;
  std::uint64_t dropped_ = 0;
  mutable BondStats stats_{};
};

void Bond::Impl::set_paths(Instant now, std::span<const BondPath> paths) {
  QE_DASSERT(paths.size() <= kPathsMax);
  const bool same = std::ranges::equal(paths, paths_, [](const auto& path, const auto& known) {
    return path.session == known->path().session;
  });
  if (same) {
    for (std::size_t i = 0; i < paths.size(); ++i) {
      paths_[i]->update(paths[i]);
    }
    return;
  }
  std::vector<std::unique_ptr<BondPathQueue>> kept;
  for (const auto& path : paths) {
    const auto known = std::ranges::find_if(paths_, [&](const auto& candidate) {
      return candidate && candidate->path().session == path.session;
    });
    if (known == paths_.end()) {
      kept.push_back(std::make_unique<BondPathQueue>(path));
    } else {
      (*known)->update(path);
      kept.push_back(std::move(*known));
    }
  }
  for (const auto& gone : paths_) {
    if (gone) {
      gone->take_back(repeats_);
      be_patient(now);
    }
  }
  paths_ = std::move(kept);
  look(now);
}

BondPathQueue* Bond::Impl::find(SessionId session) noexcept {
  const auto found = std::ranges::find_if(
      paths_, [&](const auto& path) { return path->path().session == session; });
  return found == paths_.end() ? nullptr : found->get();
}

// When no path answers, the suspects are as good as any.
void Bond::Impl::look(Instant now) noexcept {
  const bool any_active =
      std::ranges::any_of(paths_, [](const auto& path) { return path->active(); });
  view_count_ = 0;
  fastest_rate_ = 0;
  total_rate_ = 0;
  slowest_rtt_ = {};
  for (const auto& path : paths_) {
    if (any_active && !path->active()) {
      continue;
    }
    auto& view = views_[view_count_];
    viewed_[view_count_++] = path.get();
    const auto& rate = path->rate();
    view.path_id = path->path().path_id;
    view.session = path->path().session;
    view.rtt = rate.smoothed_rtt();
    view.datagram_payload_max = path->path().datagram_payload_max;
    view.weight = path->path().weight;
    view.rate = rate.rate();
    view.delay = rate.min_rtt() / 2;
    view.loss = rate.random_loss(now);
    view.bytes_ahead = rate.bytes_queued() + static_cast<double>(path->bytes_bound());
    const auto room = std::max(view.rate * Seconds{kBoundTime}.count(), kBoundBytesMin);
    view.takes_more = static_cast<double>(path->bytes_bound()) < room;
    fastest_rate_ = std::max(fastest_rate_, view.rate);
    total_rate_ += view.rate;
    slowest_rtt_ = std::max(slowest_rtt_, view.rtt);
  }
  // A path that was never full is taken for as fast as the others: its window bounds what that
  // costs.
  for (std::size_t i = 0; i < view_count_; ++i) {
    const auto& rate = viewed_[i]->rate();
    if (rate.unknown() && views_[i].rate < fastest_rate_) {
      views_[i].rate = fastest_rate_;
      views_[i].bytes_ahead = static_cast<double>(viewed_[i]->bytes_bound());
    }
  }
}

bool Bond::Impl::is_bulk(Instant now, Flow& flow, std::size_t bytes) noexcept {
  if (now - flow.since > kWhile) {
    const auto whiles = (now - flow.since) / kWhile;
    flow.bulk_whiles = whiles >= flow.bulk_whiles ? 0 : flow.bulk_whiles - static_cast<int>(whiles);
    flow.since = now;
    flow.bytes = 0;
  }
  flow.bytes += static_cast<std::uint32_t>(bytes);
  const auto small = std::max(static_cast<double>(kWhileBytesMin),
                              fastest_rate_ * Seconds{kWhile}.count() * kSmallShare);
  if (static_cast<double>(flow.bytes) > small) {
    flow.bulk_whiles = kBulkWhiles + static_cast<int>(slowest_rtt_ / kWhile);
  }
  return flow.bulk_whiles > 0;
}

void Bond::Impl::push(Instant now, std::span<const queue::OutgoingDatagram> datagrams) {
  look(now);
  queue_.set_bytes_max(queue_bytes_max(now));
  queue_.set_codel(codel(now));
  for (const auto& datagram : datagrams) {
    const auto bytes = datagram.header.size() + datagram.body.size();
    const bool bulk = is_bulk(now, flow_of(datagram.flow), bytes);
    bulk_ = packet_goes_on_ ? bulk_ : bulk;
    packet_goes_on_ = datagram.more;
    if (bulk_ || view_count_ == 0) {
      queue_.push(now, datagram);
    } else if (auto copied = queue::copy_of(now, datagram, blocks_, pool_)) {
      const auto count = choose({datagram.flow, copied->bytes, false});
      bind(std::move(copied), false, count);
    } else {
      ++dropped_;
    }
  }
}

std::size_t Bond::Impl::choose(const PacketView& packet) noexcept {
  const auto count =
      scheduler_->select(std::span{views_}.first(view_count_), packet, std::span{chosen_});
  if (count == 0 && !packet.bulk) {
    chosen_[0] = 0;
    return 1;
  }
  // Whatever a scheduler thinks, what is bound is bounded.
  const bool too_much =
      packet.bulk && std::ranges::any_of(std::span{chosen_}.first(count), [this](auto view) {
        return viewed_[view]->bytes_bound() > kBoundBytesMax;
      });
  return too_much ? 0 : count;
}

// Gives a datagram its number and binds it to the chosen paths.
void Bond::Impl::bind(std::unique_ptr<queue::WaitingDatagram> datagram,
                      bool bulk,
                      std::size_t count) {
  wire::BondedHead head;
  head.flow = static_cast<std::uint16_t>(datagram->flow % wire::kBondedFlows);
  auto& flow = flow_of(datagram->flow);
  head.sequence = flow.next++;
  head.more = datagram->more;
  // The parts of a packet are of use in order only.
  const bool whole = !std::exchange(flow.goes_on, datagram->more) && !datagram->more;
  head.at_once = whole && (!bulk || count > 1);
  wire::write_bonded_head(head, datagram->writable());
  for (std::size_t i = 1; i < count; ++i) {
    const queue::OutgoingDatagram again{{}, datagram->payload(), datagram->flow, datagram->more};
    put(chosen_[i], {queue::copy_of(datagram->since, again, blocks_, pool_), bulk, 0});
  }
  put(chosen_[0], {std::move(datagram), bulk, 0});
}

void Bond::Impl::put(std::size_t view, BoundDatagram bound) {
  auto& path = *viewed_[view];
  const auto bytes = bound.datagram->bytes;
  if (bytes > path.path().datagram_payload_max) {
    ++dropped_;
    release(std::move(bound.datagram));
    return;
  }
  path.bind(std::move(bound));
  views_[view].bytes_ahead += static_cast<double>(bytes);
}

// From the fair queue to the paths.
void Bond::Impl::bind_waiting(Instant now) {
  while (view_count_ != 0) {
    const auto* const head = queue_.front(now);
    if (head == nullptr) {
      return;
    }
    look(now);
    const auto count = choose({head->flow, head->bytes, true});
    if (count == 0) {
      return;
    }
    bind(queue_.take(), true, count);
  }
}

// What got lost goes where it arrives first, before bulk.
void Bond::Impl::bind_repeats(Instant now) {
  while (!repeats_.empty() && view_count_ != 0) {
    look(now);
    auto bound = std::move(repeats_.front());
    repeats_.pop_front();
    const PacketView packet{bound.datagram->flow, bound.datagram->bytes, true};
    std::size_t best = 0;
    for (std::size_t i = 1; i < view_count_; ++i) {
      best = arrival(views_[i], packet) < arrival(views_[best], packet) ? i : best;
    }
    ++bound.repeats;
    ++stats_.repeated;
    put(best, std::move(bound));
  }
}

void Bond::Impl::on_fate(Instant now, SessionId session, std::uint32_t token, bool delivered) {
  auto* const path = find(session);
  if (path == nullptr) {
    return;
  }
  auto bound = path->on_fate(now, token, delivered);
  if (!bound.datagram) {
    return;
  }
  if (delivered || bound.repeats == kRepeats || repeats_.size() >= kRepeatsMax) {
    release(std::move(bound.datagram));
  } else {
    repeats_.push_back(std::move(bound));
  }
}

/// Returns whether the path was active.
bool Bond::Impl::suspect(Instant now, BondPathQueue& path) {
  if (!path.suspect()) {
    return false;
  }
  ++stats_.suspected;
  const auto before = repeats_.size();
  path.take_back(repeats_);
  if (repeats_.size() != before) {
    be_patient(now);
  }
  return true;
}

void Bond::Impl::suspect(Instant now, SessionId session) {
  if (auto* const path = find(session)) {
    suspect(now, *path);
  }
}

void Bond::Impl::on_timeout(Instant now) {
  for (const auto& path : paths_) {
    if (now >= path->silence_deadline(config_) && !suspect(now, *path) &&
        path->probes_unanswered() == kProbesUntilSilent) {
      silent_.push_back(path->path().session);
    }
  }
}

Instant Bond::Impl::next_timeout() const noexcept {
  auto next = Instant::never();
  for (const auto& path : paths_) {
    next = std::min({next, path->silence_deadline(config_), path->next_send()});
  }
  return next;
}

std::optional<BondBatch> Bond::Impl::poll_transmit(Instant now) {
  look(now);
  bind_repeats(now);
  bind_waiting(now);
  for (const auto& path : paths_) {
    fill(now, *path);
    if (batch_count_ != 0) {
      stats_.sent += batch_count_;
      return BondBatch{path->path().session, std::span{batch_}.first(batch_count_)};
    }
    path->on_nothing_to_send();
  }
  return std::nullopt;
}

void Bond::Impl::fill(Instant now, BondPathQueue& path) {
  batch_count_ = 0;
  if (path.wants_probe(now, config_)) {
    batch_[batch_count_++] = {{}, kProbe, 0, false, path.send_probe(now)};
  }
  while (batch_count_ < kBatch) {
    std::uint32_t token = 0;
    const auto* const datagram = path.send(now, token);
    if (datagram == nullptr) {
      return;
    }
    batch_[batch_count_++] = {{}, datagram->payload(), datagram->flow, false, token};
  }
}

std::optional<BondPathStatus> Bond::Impl::status(SessionId session) const noexcept {
  for (const auto& path : paths_) {
    if (path->path().session == session) {
      const auto& rate = path->rate();
      return BondPathStatus{path->state(),
                            rate.rate(),
                            rate.smoothed_rtt(),
                            rate.min_rtt(),
                            rate.jitter(),
                            rate.loss(),
                            rate.bytes_in_flight()};
    }
  }
  return std::nullopt;
}

// The shell around it.

Bond::Bond(const BondConfig& config, std::unique_ptr<PathScheduler> scheduler)
    : impl_{std::make_unique<Impl>(config, std::move(scheduler))} {}

Bond::~Bond() = default;

void Bond::set_paths(Instant now, std::span<const BondPath> paths) {
  impl_->set_paths(now, paths);
}

void Bond::push(Instant now, std::span<const queue::OutgoingDatagram> datagrams) {
  impl_->push(now, datagrams);
}

void Bond::on_fate(Instant now, SessionId session, std::uint32_t token, bool delivered) {
  impl_->on_fate(now, session, token, delivered);
}

void Bond::suspect(Instant now, SessionId session) {
  impl_->suspect(now, session);
}

void Bond::on_timeout(Instant now) {
  impl_->on_timeout(now);
}

Instant Bond::next_timeout() const noexcept {
  return impl_->next_timeout();
}

std::optional<BondBatch> Bond::poll_transmit(Instant now) {
  return impl_->poll_transmit(now);
}

std::optional<SessionId> Bond::poll_silence() {
  return impl_->poll_silence();
}

std::optional<BondPathStatus> Bond::status(SessionId session) const noexcept {
  return impl_->status(session);
}

const BondStats& Bond::stats() const noexcept {
  return impl_->stats();
}

std::size_t Bond::datagram_bytes_max() const noexcept {
  return impl_->datagram_bytes_max();
}

}  // namespace quicether::path
