#include "sim/engine.hpp"

#include "sim/pending_wait.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/sim/simulation.hpp>

#include <algorithm>
#include <utility>

namespace quicether::sim::detail {

namespace {

/// More handlers and events than this without any time passing are a loop that never ends.
constexpr std::uint64_t kStepsPerInstantMax = 10'000'000;

}  // namespace

Engine::Engine(std::uint64_t seed)
    : seed_{seed},
      now_{Simulation::kStart},
      trace_{seed},
      io_{std::make_unique<boost::asio::io_context>(1)} {
  // Otherwise polling an empty io_context stops it.
  io_->get_executor().on_work_started();
}

Engine::~Engine() {
  shut_down();
}

std::uint64_t Engine::derive_seed(std::string_view purpose) const noexcept {
  TraceHash hash{seed_};
  hash.add(purpose);
  return hash.value();
}

EventId Engine::schedule(Instant time, EventTarget& target, std::uint64_t argument) {
  return queue_.push(std::max(time, now_), target, argument);
}

void Engine::schedule_action(Instant time, std::function<void()> action) {
  actions_.emplace(next_action_, std::move(action));
  schedule(time, *this, next_action_++);
}

void Engine::on_event(std::uint64_t argument) {
  const auto action = actions_.extract(argument);
  action.mapped()();
}

bool Engine::run(Instant limit, const std::function<bool()>& done) {
  QE_ASSERT(!running_);  // a handler must not run the simulation that runs it
  running_ = true;
  run_handlers();
  bool reached = done && done();
  while (!reached && !queue_.empty() && queue_.next_time() <= limit) {
    const EventQueue::Due due = queue_.pop();
    QE_DASSERT(due.time >= now_);
    if (due.time != now_) {
      now_ = due.time;
      steps_at_instant_ = 0;
    }
    ++events_processed_;
    count_step();
    due.target->on_event(due.argument);
    run_handlers();
    reached = done && done();
  }
  if (!reached) {
    now_ = std::max(now_, limit);
  }
  running_ = false;
  return reached;
}

void Engine::run_handlers() {
  while (io_->poll_one() != 0) {
    count_step();
  }
}

void Engine::count_step() noexcept {
  ++steps_at_instant_;
  QE_ASSERT(steps_at_instant_ < kStepsPerInstantMax);  // virtual time stands still: a busy loop
}

void Engine::add_wait(PendingWait& wait) noexcept {
  wait.next_ = first_wait_;
  if (first_wait_ != nullptr) {
    first_wait_->previous_ = &wait;
  }
  first_wait_ = &wait;
}

void Engine::remove_wait(PendingWait& wait) noexcept {
  (wait.previous_ != nullptr ? wait.previous_->next_ : first_wait_) = wait.next_;
  if (wait.next_ != nullptr) {
    wait.next_->previous_ = wait.previous_;
  }
  wait.previous_ = nullptr;
  wait.next_ = nullptr;
}

void Engine::shut_down() noexcept {
  stopping_ = true;
  actions_.clear();
  while (first_wait_ != nullptr) {
    first_wait_->complete(errc::cancelled);
  }
  io_.reset();  // last: handlers above refer to it
}

}  // namespace quicether::sim::detail
