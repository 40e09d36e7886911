#include <quicether/base/assert.hpp>
#include <quicether/sim/link.hpp>
#include <quicether/sim/trace_hash.hpp>

#include <algorithm>

namespace quicether::sim {

namespace {

constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;

[[nodiscard]] std::uint64_t derive(std::uint64_t seed, std::uint64_t purpose) noexcept {
  TraceHash hash{seed};
  hash.add(purpose);
  return hash.value();
}

[[nodiscard]] bool is_probability(double value) noexcept {
  return value >= 0 && value <= 1;
}

void check(const LinkModel& model) noexcept {
  QE_ASSERT(model.rate_bits_per_second > 0);
  QE_ASSERT(model.delay >= Duration::zero() && model.jitter >= Duration::zero());
  QE_ASSERT(model.reorder_delay >= Duration::zero());
  QE_ASSERT(is_probability(model.loss) && is_probability(model.corruption));
  QE_ASSERT(is_probability(model.duplication) && is_probability(model.reorder));
  if (model.bursts) {
    QE_ASSERT(is_probability(model.bursts->enter_bad) && is_probability(model.bursts->leave_bad));
    QE_ASSERT(is_probability(model.bursts->loss_good) && is_probability(model.bursts->loss_bad));
  }
}

[[nodiscard]] bool has_no_effect(const LinkModel& model) noexcept {
  return model.up && model.rate_bits_per_second == kUnlimited && model.delay == Duration::zero() &&
         model.jitter == Duration::zero() && model.loss == 0 && !model.bursts &&
         model.corruption == 0 && model.duplication == 0 && model.reorder == 0;
}

}  // namespace

GilbertElliott GilbertElliott::with_mean(double loss, double burst) noexcept {
  QE_ASSERT(loss >= 0 && loss < 1 && burst >= 1);
  // Bad states last 1 / leave_bad datagrams on average, and take enter / (enter + leave) of all.
  const double leave_bad = 1 / burst;
  const double enter_bad = leave_bad * loss / (1 - loss);
  return {.enter_bad = std::min(enter_bad, 1.0), .leave_bad = leave_bad};
}

bool Link::Strikes::next(double probability, std::size_t burst_max) noexcept {
  if (probability <= 0 || in_a_row >= burst_max) {
    in_a_row = 0;
    return false;
  }
  // 2^64: scaling by a power of two is exact, so every compiler gets the same threshold.
  const bool strikes =
      probability >= 1 ||
      random.next() < static_cast<std::uint64_t>(probability * 18446744073709551616.0);
  in_a_row = strikes ? in_a_row + 1 : 0;
  return strikes;
}

Link::Link(const LinkModel& model, std::uint64_t seed) noexcept
    : loss_{derive(seed, 1)},
      burst_state_{derive(seed, 2)},
      burst_loss_{derive(seed, 3)},
      corruption_{derive(seed, 4)},
      duplication_{derive(seed, 5)},
      reorder_{derive(seed, 6)},
      jitter_{derive(seed, 7)} {
  set_model(model);
}

void Link::set_model(const LinkModel& model) noexcept {
  check(model);
  model_ = model;
  transparent_ = has_no_effect(model);
  last_arrival_ = Instant{};
  time_carry_ = 0;
}

Passage Link::pass(Instant now, std::size_t ip_bytes, Ecn ecn) {
  if (!model_.up) {
    ++stats_.dropped_down;
    return {.fate = Fate::link_down};
  }
  if (ip_bytes > model_.mtu) {
    ++stats_.dropped_too_large;
    return {.fate = Fate::too_large};
  }
  const std::size_t backlog = backlog_bytes(now);
  if (backlog != 0 && (backlog >= model_.queue_bytes || ip_bytes > model_.queue_bytes - backlog)) {
    ++stats_.dropped_queue_full;
    return {.fate = Fate::queue_full};
  }
  Passage passage;
  passage.mark_ce = ecn != Ecn::not_ect && backlog >= model_.ecn_mark_bytes;
  const Instant finished = serialise(now, ip_bytes);
  if (loses()) {
    ++stats_.lost;
    return {.fate = Fate::lost};
  }
  if (corruption_.next(model_.corruption, model_.corruption_burst_max)) {
    passage.corruption = corruption_.random.next();
    ++stats_.corrupted;
  }
  passage.duplicate = duplication_.next(model_.duplication, kUnlimited);
  passage.arrival = propagate(finished);
  stats_.duplicated += passage.duplicate ? 1U : 0U;
  stats_.marked += passage.mark_ce ? 1U : 0U;
  ++stats_.datagrams_passed;
  stats_.bytes_passed += ip_bytes;
  return passage;
}

Instant Link::serialise(Instant now, std::size_t ip_bytes) {
  if (model_.rate_bits_per_second == kUnlimited) {
    return std::max(now, busy_until_);
  }
  if (busy_until_ <= now) {
    busy_until_ = now;
    time_carry_ = 0;
  }
  const std::uint64_t rate = model_.rate_bits_per_second;
  const std::uint64_t work = ip_bytes * 8 * kNanosecondsPerSecond + time_carry_;
  time_carry_ = work % rate;
  busy_until_ = busy_until_ + Duration{static_cast<Duration::rep>(work / rate)};
  queue_.push_back({busy_until_, ip_bytes});
  queued_bytes_ += ip_bytes;
  return busy_until_;
}

bool Link::loses() noexcept {
  bool lost = loss_.next(model_.loss, model_.loss_burst_max);
  if (model_.bursts) {
    const GilbertElliott& chain = *model_.bursts;
    const double change = in_bad_state_ ? chain.leave_bad : chain.enter_bad;
    in_bad_state_ ^= burst_state_.next(change, kUnlimited);
    lost |= burst_loss_.next(in_bad_state_ ? chain.loss_bad : chain.loss_good, kUnlimited);
  }
  return lost;
}

Instant Link::propagate(Instant finished) noexcept {
  Instant arrival = finished + model_.delay;
  if (model_.jitter > Duration::zero()) {
    const auto choices = static_cast<std::uint64_t>(model_.jitter.count()) + 1;
    arrival = arrival + Duration{static_cast<Duration::rep>(jitter_.below(choices))};
  }
  arrival = std::max(arrival, last_arrival_);
  if (reorder_.next(model_.reorder, kUnlimited)) {
    ++stats_.reordered;
    return arrival + model_.reorder_delay;
  }
  last_arrival_ = arrival;
  return arrival;
}

std::size_t Link::backlog_bytes(Instant now) noexcept {
  while (!queue_.empty() && queue_.front().finished <= now) {
    queued_bytes_ -= queue_.front().bytes;
    queue_.pop_front();
  }
  return queued_bytes_;
}

Instant Link::backlog_falls_to(Instant now, std::size_t bytes) noexcept {
  std::size_t left = backlog_bytes(now);
  Instant when = now;
  for (const Queued& queued : queue_) {
    if (left <= bytes) {
      break;
    }
    left -= queued.bytes;
    when = queued.finished;
  }
  return when;
}

void corrupt_payload(Bytes payload, std::uint64_t word, std::size_t span) noexcept {
  const std::size_t hit = std::min(payload.size(), span);
  if (hit != 0) {
    // High bits choose the place, low bits a difference that is never zero.
    payload[(word >> 8U) % hit] ^= static_cast<std::uint8_t>(1U + (word & 0xffU) % 255U);
  }
}

}  // namespace quicether::sim
