#include "sim/engine.hpp"

#include <quicether/sim/network.hpp>
#include <quicether/sim/simulation.hpp>

#include <utility>

namespace quicether::sim {

class Simulation::Impl {
 public:
  explicit Impl(std::uint64_t seed) : engine{seed}, network{engine} {}

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  ~Impl() {
    // Coroutines that still wait own timers and sockets, which need their hosts to go.
    engine.shut_down();
  }

  detail::Engine engine;
  Network network;
};

Simulation::Simulation(std::uint64_t seed) : impl_{std::make_unique<Impl>(seed)} {}

Simulation::~Simulation() = default;

std::uint64_t Simulation::seed() const noexcept {
  return impl_->engine.seed();
}

Network& Simulation::network() noexcept {
  return impl_->network;
}

boost::asio::io_context& Simulation::io() noexcept {
  return impl_->engine.io();
}

Instant Simulation::now() const noexcept {
  return impl_->engine.now();
}

Duration Simulation::elapsed() const noexcept {
  return now() - kStart;
}

SeededRandom Simulation::make_random(std::string_view purpose) const noexcept {
  return SeededRandom{impl_->engine.derive_seed(purpose)};
}

void Simulation::at(Instant when, std::function<void()> action) {
  impl_->engine.schedule_action(when, std::move(action));
}

void Simulation::after(Duration delay, std::function<void()> action) {
  at(now() + delay, std::move(action));
}

void Simulation::run_for(Duration duration) {
  impl_->engine.run(now() + duration, {});
}

bool Simulation::run_until(const std::function<bool()>& done, Duration limit) {
  return impl_->engine.run(now() + limit, done);
}

bool Simulation::run_until_idle(Duration limit) {
  return run_until([this] { return impl_->engine.queue().empty(); }, limit);
}

std::uint64_t Simulation::trace_hash() const noexcept {
  return impl_->engine.trace().value();
}

void Simulation::add_to_trace(std::uint64_t word) noexcept {
  impl_->engine.trace().add(word);
}

std::uint64_t Simulation::events_processed() const noexcept {
  return impl_->engine.events_processed();
}

}  // namespace quicether::sim
