#ifndef QUICETHER_SRC_SIM_ENGINE_HPP
#define QUICETHER_SRC_SIM_ENGINE_HPP

#include "sim/event_queue.hpp"

#include <quicether/base/random.hpp>
#include <quicether/base/time.hpp>
#include <quicether/sim/trace_hash.hpp>

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string_view>

namespace quicether::sim::detail {

class PendingWait;

/// The heart of a Simulation: clock, events, handlers.
class Engine final : public EventTarget {
 public:
  explicit Engine(std::uint64_t seed);
  ~Engine();

  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }

  [[nodiscard]] Instant now() const noexcept { return now_; }

  [[nodiscard]] boost::asio::io_context& io() noexcept { return *io_; }

  [[nodiscard]] EventQueue& queue() noexcept { return queue_; }

  [[nodiscard]] TraceHash& trace() noexcept { return trace_; }

  [[nodiscard]] std::uint64_t events_processed() const noexcept { return events_processed_; }

  /// Seed of the random stream for `purpose`.
  [[nodiscard]] std::uint64_t derive_seed(std::string_view purpose) const noexcept;

  /// Queues an event, now when `time` has passed.
  EventId schedule(Instant time, EventTarget& target, std::uint64_t argument);

  void schedule_action(Instant time, std::function<void()> action);

  /// Runs events until `limit`, where the clock then stands, or until `done` (may be empty) holds.
  bool run(Instant limit, const std::function<bool()>& done);

  /// Keeps track of the waits that are outstanding: their handlers may own coroutines that own the
  /// very timers waited for, and nobody else would destroy them at the end.
  void add_wait(PendingWait& wait) noexcept;
  void remove_wait(PendingWait& wait) noexcept;

  /// Destroys all handlers that wait. From now on none is posted.
  void shut_down() noexcept;

  [[nodiscard]] bool stopping() const noexcept { return stopping_; }

  void on_event(std::uint64_t argument) override;

 private:
  void run_handlers();
  void count_step() noexcept;

  std::uint64_t seed_;
  Instant now_;
  EventQueue queue_;
  TraceHash trace_;
  std::map<std::uint64_t, std::function<void()>> actions_;
  std::uint64_t next_action_ = 0;
  std::uint64_t events_processed_ = 0;
  std::uint64_t steps_at_instant_ = 0;
  bool running_ = false;
  bool stopping_ = false;
  PendingWait* first_wait_ = nullptr;
  std::unique_ptr<boost::asio::io_context> io_;
};

}  // namespace quicether::sim::detail

#endif  // QUICETHER_SRC_SIM_ENGINE_HPP
